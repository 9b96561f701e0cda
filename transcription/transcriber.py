"""The interface between the worker and a transcription provider.

For each recording the worker calls `prepare` (nothing that costs money is sent), `submit` (the recording is sent), and
`check` until it returns a `Transcript`. The result of `prepare` is committed before `submit` is called, so that after a
crash `find` can tell whether the audio arrived.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import NewType, Protocol, runtime_checkable

from transcription.hints import NO_HINTS, Hints
from transcription.transcript import Transcript

Ticket = NewType("Ticket", str)
"""Opaque text that is stored before sending.

Only the transcriber that wrote it reads it. It may contain a short-lived secret.
"""

Handle = NewType("Handle", str)
"""Opaque text: the provider's own id of the job."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PollSchedule:
    """A polling schedule, in multiples of the recording's length.

    The first poll is at `first` times the length (at least `soonest`), later ones every `every` times the length
    (between `soonest` and `latest`). These are initial values: measured durations of the provider replace them. After
    `patience` times the length (at least `patience_floor`) the job is given up. `called`: the provider sends webhooks,
    and polls only cover lost ones.
    """

    first: float
    every: float
    soonest: timedelta
    latest: timedelta
    patience: float
    patience_floor: timedelta
    called: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What a provider accepts and supports, as data, so that a recording can be refused without a request.

    `longest` and `largest` (bytes of 16-bit mono WAV) are the provider's own limits. `languages` is None if any code is
    passed on. Every transcriber gets WAV (PCM, 16-bit, mono) at `sample_rate`; with `stereo`, two channels if the
    recording has them. `sendings` is the maximum number of submissions of one recording if it is unknown whether an
    earlier one arrived: each could be billed. `model` separates the statistics of models with different speed. `offers`
    are the languages that users can choose; empty if there is no choice. `undetected` are those among them that are not
    detected automatically. `assumed` is the language where none is chosen; None if it is detected. `place` tells users
    where the audio is sent.
    """

    poll_schedule: PollSchedule
    model: str = ""
    sample_rate: int = 16_000
    stereo: bool = False
    longest: timedelta | None = None
    largest: int | None = None
    languages: frozenset[str] | None = None
    offers: tuple[str, ...] = ()
    undetected: tuple[str, ...] = ()
    assumed: str | None = None
    place: str = ""
    speaker_hints: bool = False
    vocabulary: bool = False
    sendings: int = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Audio:
    """A recording that is ready to be sent: a WAV file (PCM, 16-bit) in a folder that belongs to this job alone.

    A transcriber may write files next to it; the folder is deleted when the job no longer needs it. `key` is the unique
    name of the job, and safe in file names and addresses. `channels` is the file's number of channels. `hints` are for
    this recording.
    """

    key: str
    path: Path
    duration: timedelta
    sample_rate: int
    channels: int = 1
    hints: Hints = NO_HINTS


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """The provider has the audio. `keeps_audio`: the provider still reads the file from our disk.

    `given`: the provider itself returned the handle; it was not guessed from a matching webhook.
    """

    handle: Handle
    keeps_audio: bool = False
    given: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Inquiry:
    """What is known about a job when the provider is polled.

    `age` is the time since the submission, and `length` is the recording's duration as we measured it. `notice` is the
    newest body of an admitted webhook with this handle, if there is one, and `earlier` are the previous ones, the
    oldest first; an unsigned body is a hint and not an answer. `oversized`: a webhook came that is larger than anything
    about the recording can be, and is not passed. `given`: the provider itself returned the handle in its answer to our
    submission. `failing_for`: how long the provider has given no documented answer. `overdue`: this is the last poll.
    """

    age: timedelta
    length: timedelta | None = None
    notice: bytes | None = None
    earlier: tuple[bytes, ...] = ()
    oversized: bool = False
    given: bool = False
    failing_for: timedelta = timedelta(0)
    overdue: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """There is no result yet. `poll_after` overrides the polling schedule if the provider knows better."""

    poll_after: timedelta | None = None


class Transcriber(Protocol):
    """A transcription provider. All methods raise only errors of `transcription.errors`."""

    @property
    def name(self) -> str:
        """Return the name in settings, logs and the job row: lower case, no spaces."""
        ...

    @property
    def title(self) -> str:
        """Return the name that users see."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """Return what the provider accepts and supports."""
        ...

    async def prepare(self, audio: Audio) -> Ticket:
        """Prepare a submission. Idempotent."""
        ...

    async def submit(self, audio: Audio, ticket: Ticket) -> Submission:
        """Send the recording. Sending again with the same ticket leads to the same job if the provider allows it."""
        ...

    async def find(self, ticket: Ticket, *, age: timedelta, orphans: Sequence[bytes]) -> Submission | None:
        """Return the submission if an earlier `submit` with this ticket arrived, and None if it did not.

        `age` is the time since the ticket was saved. `orphans` are stored webhook bodies without a known job; they are
        passed only if no other job of the same length could claim them. Raises `Unavailable` with `retry_after` while
        it is too early to tell.
        """
        ...

    async def check(self, handle: Handle, inquiry: Inquiry) -> Transcript | Pending:
        """Poll once for the transcript. Raises `Lost` or `Failed` if there will be none."""
        ...

    async def close(self) -> None:
        """Close connections and processes."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Callback:
    """A webhook as received, with everything that its authentication needs."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@runtime_checkable
class CallsBack(Protocol):
    """A transcriber whose provider sends a webhook when a transcript is ready."""

    def authenticate(self, *, query: Mapping[str, str], headers: Mapping[str, str]) -> None:
        """Raise `BadSignature` unless the address and the headers come from the provider.

        Called before the body is read.
        """
        ...

    def admit(self, callback: Callback) -> Handle:
        """Return the job that the webhook is about. Raises `BadSignature` or `Misunderstood`."""
        ...

    @property
    def can_be_asked(self) -> bool:
        """Return whether the provider has a status call, as far as is known. If not, results come by webhook only."""
        ...

    @property
    def facts(self) -> Mapping[str, str]:
        """Return facts learned about the provider that its documentation leaves open.

        After a restart `recall` gets them.
        """
        ...

    def recall(self, facts: Mapping[str, str]) -> None:
        """Restore facts that this or another process learned earlier."""
        ...
