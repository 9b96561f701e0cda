"""The jobs of the Botlhale stand-in: the state of every recording that its storage received."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field, replace

from sandbox.botlhale.options import Odd, Options
from sandbox.botlhale.orders import Order
from sandbox.script import BOTLHALE_LINES, Heard, Segment, play
from sandbox.wav import PCM, Recording

LONGEST = 400 * 60
WIDTH = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Uploaded:
    """What the storage received under one key: size, WAV header (None: no WAV), and the number of uploads."""

    length: int
    sha256: str
    sample_rate: int | None
    channels: int | None
    seconds: float
    received: int


@dataclass(kw_only=True, slots=True)
class Job:
    """One job; it has no `recording` until the storage received one. `number` is the 18-digit id in its status.

    `odd` counts how many more polls get each kind of odd answer.
    """

    name: str
    order: Order
    number: int
    recording: Recording | None = None
    ready_at: float = 0.0
    held: bool = False
    failed_word: str | None = None
    odd: dict[Odd, int] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Return whether the job finished successfully."""
        return self.failed_word is None and self._is_over

    @property
    def _is_over(self) -> bool:
        return self.recording is not None and not self.held and asyncio.get_running_loop().time() >= self.ready_at

    def is_odd(self, way: Odd) -> bool:
        """Return whether this poll gets that kind of odd answer, and count it."""
        left = self.odd.get(way, 0)
        self.odd[way] = max(left - 1, 0)
        return left > 0

    def word(self, options: Options) -> str | None:
        """Return the status word; None while the job must not be known yet."""
        if self.recording is None:
            return options.word_before_upload
        if not self._is_over:
            return options.running_word
        return self.failed_word or options.done_word


class Jobs:
    """All jobs of the account, by name."""

    def __init__(self, options: Options) -> None:
        self.uploads: dict[str, Uploaded] = {}
        self._options = options
        self._jobs: dict[str, Job] = {}
        self._failures: list[str] = []

    def open(self, name: str, order: Order) -> None:
        """Create a job that waits for its recording."""
        self._jobs[name] = Job(name=name, order=order, number=random.randrange(10**17, 10**18))

    def find(self, name: str) -> Job | None:
        """Return the job with this name, or None."""
        return self._jobs.get(name)

    def order(self, name: str) -> Order:
        """Return the options that were requested for this name."""
        return self._jobs[name].order

    def fail_next(self, word: str) -> None:
        """Make the next recording that arrives end with this status."""
        self._failures.append(word)

    def release(self, name: str | None) -> None:
        """Continue one held job, or all of them."""
        for job in self._jobs.values() if name is None else [self._jobs[name]]:
            job.held = False

    def receive(self, name: str, recording: Recording) -> None:
        """Start processing a recording. A second upload under the same name starts over."""
        job, wav = self._jobs[name], recording.wav
        known = self.uploads.get(name)
        uploaded = Uploaded(
            length=recording.length,
            sha256=recording.sha256,
            sample_rate=wav.sample_rate if wav else None,
            channels=wav.channels if wav else None,
            seconds=recording.seconds,
            received=1,
        )
        self.uploads[name] = replace(uploaded, received=known.received + 1) if known else uploaded
        job.recording = recording
        job.held = self._options.hold
        job.ready_at = asyncio.get_running_loop().time() + self._options.speed * recording.seconds
        job.odd = self._options.oddities()
        if self._failures:
            job.failed_word = self._failures.pop(0)
        else:
            job.failed_word = None if _usable(recording, job.order) else "failed"

    def hear(self, job: Job) -> list[Segment]:
        """Return the transcript of the job's recording."""
        recording = job.recording
        if recording is None:
            return []
        heard = Heard(name=job.name, seconds=recording.seconds, sha256=recording.sha256)
        return list(play(self._options.script, heard, lines=BOTLHALE_LINES))


def _usable(recording: Recording, order: Order) -> bool:
    wav = recording.wav
    return (
        wav is not None
        and wav.readable
        and (wav.encoding, wav.channels, wav.sample_width) == (PCM, 1, WIDTH)
        and wav.sample_rate == order.sample_rate
        and wav.seconds <= LONGEST
    )
