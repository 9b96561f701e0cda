"""What every transcriber promises: the one protocol between the worker and a provider.

A recording goes through `prepare` (nothing is sent that costs), `submit` (it is sent), and `check` until a
`Transcript` comes. What `prepare` returns is committed before `submit` is called, so that after a crash `find`
can tell whether the audio had arrived.
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
"""Opaque text held before sending; only the transcriber that wrote it reads it. May hold a short-lived secret."""

Handle = NewType("Handle", str)
"""Opaque text: the provider's own id for the job."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PollSchedule:
    """How a provider is expected to work, as shares of the recording's length.

    The first look is at `first` times the length (at least `soonest`), later ones every `every` times the length
    (between `soonest` and `latest`); once the provider is known better, that tells. After `patience` times the length
    (at least `patience_floor`) it is given up. `called`: the provider calls, and looks are for calls that got lost.
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
    """What a provider takes: data, so that a refusal needs no request.

    `longest` and `largest` (bytes of 16-bit mono WAV) are the provider's own limits. `languages` is None where any
    text is passed on. Every transcriber gets WAV (PCM, 16-bit, mono) at `sample_rate`, with `stereo` two channels
    where the recording has them. `sendings` is how often one recording may be sent when nobody can tell whether an
    earlier sending arrived: each could be billed. `model`: how quick one is says nothing about another. `offers`: the
    languages that people are offered to choose from; empty where there is nothing to choose. `undetected`: those of
    them that are not found by themselves where none is chosen. `place`: where the sound goes, as people are told.
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
    place: str = ""
    speaker_hints: bool = False
    vocabulary: bool = False
    sendings: int = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Audio:
    """A recording ready to be sent: a WAV file (PCM, 16-bit) in a folder that belongs to this job alone.

    A transcriber may write beside it; the folder is removed when the job no longer needs it. `key` names the job
    and is unique; it is safe in a file name and an address. `channels` are the file's own. `hints` are for this
    recording.
    """

    key: str
    path: Path
    duration: timedelta
    sample_rate: int
    channels: int = 1
    hints: Hints = NO_HINTS


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """The provider has the audio. `keeps_audio` is true while the provider still reads the file from our disk.

    `given`: the handle is the provider's own answer, not found by what fits.
    """

    handle: Handle
    keeps_audio: bool = False
    given: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Inquiry:
    """What is known about a job when its provider is asked about it.

    `age` is the time since the submission and `length` the recording's, as we measured it. `notice` is the newest
    body of an admitted webhook about this handle, if one came, and `earlier` are those before it, the oldest first; an
    unsigned one is a hint, not an answer. `given`: the provider
    itself gave us the handle, in its answer to our submission. `failing_for`: for how long it has given no answer that
    is as documented. `overdue`: this is the last time of asking.
    """

    age: timedelta
    length: timedelta | None = None
    notice: bytes | None = None
    earlier: tuple[bytes, ...] = ()
    given: bool = False
    failing_for: timedelta = timedelta(0)
    overdue: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """Not yet. `poll_after` overrides the pace where the provider knows better."""

    poll_after: timedelta | None = None


class Transcriber(Protocol):
    """A provider of transcripts. All methods raise only errors of `transcription.errors`."""

    @property
    def name(self) -> str:
        """The name in settings, logs and the job row: lower case, no spaces."""
        ...

    @property
    def title(self) -> str:
        """The name for people."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it takes."""
        ...

    async def prepare(self, audio: Audio) -> Ticket:
        """Get ready to send; repeating it is harmless."""
        ...

    async def submit(self, audio: Audio, ticket: Ticket) -> Submission:
        """Send the recording. A repeat with the same ticket leads to the same job where the provider allows it."""
        ...

    async def find(self, ticket: Ticket, *, age: timedelta, orphans: Sequence[bytes]) -> Submission | None:
        """Tell whether an earlier `submit` with this ticket arrived; None if it did not.

        `age` is the time since the ticket was saved. `orphans` are kept webhook bodies that belong to no known job,
        offered only while no other job of the same length could claim them. Raises `Unavailable` with
        `retry_after` while it is too early to tell.
        """
        ...

    async def check(self, handle: Handle, inquiry: Inquiry) -> Transcript | Pending:
        """Ask once whether the transcript is there. Raises `Lost` or `Failed` where there is no hope."""
        ...

    async def close(self) -> None:
        """Let go of connections and processes."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Callback:
    """A webhook as it arrived: what authentication needs, before anything is believed."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@runtime_checkable
class CallsBack(Protocol):
    """A transcriber whose provider calls us when a transcript is ready."""

    def authenticate(self, *, query: Mapping[str, str], headers: Mapping[str, str]) -> None:
        """Raise `BadSignature` unless address and headers show the provider; called before the body is read."""
        ...

    def admit(self, callback: Callback) -> Handle:
        """Name the job that the callback is about; raises `BadSignature` or `Misunderstood`."""
        ...

    @property
    def can_be_asked(self) -> bool:
        """Whether its provider answers questions, as far as is known; where not, results come by webhook only."""
        ...

    @property
    def facts(self) -> Mapping[str, str]:
        """What was found out about the provider that its pages leave open; a restarted bot gets it by `recall`."""
        ...

    def recall(self, facts: Mapping[str, str]) -> None:
        """Go on from what was found out earlier, by this process or another."""
        ...
