"""Botlhale's workshop: what became of every recording that storage received."""

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
    """What storage received under one key: bytes, what the WAV header says (None: no WAV), how often it came."""

    length: int
    sha256: str
    sample_rate: int | None
    channels: int | None
    seconds: float
    received: int


@dataclass(kw_only=True, slots=True)
class Job:
    """One order; it has no `recording` until storage received one. `number` is the 18-digit id of its status.

    `odd` says how often it is still answered in an odd way.
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
        """Say whether the work is over and went well."""
        return self.failed_word is None and self._over

    @property
    def _over(self) -> bool:
        return self.recording is not None and not self.held and asyncio.get_running_loop().time() >= self.ready_at

    def is_odd(self, way: Odd) -> bool:
        """Say whether this ask is to be answered in that way; it counts."""
        left = self.odd.get(way, 0)
        self.odd[way] = max(left - 1, 0)
        return left > 0

    def word(self, options: Options) -> str | None:
        """Say where the job stands; None when nobody may know of it yet."""
        if self.recording is None:
            return options.word_before_upload
        if not self._over:
            return options.running_word
        return self.failed_word or options.done_word


class Jobs:
    """Every job of the account, by name."""

    def __init__(self, options: Options) -> None:
        self.uploads: dict[str, Uploaded] = {}
        self._options = options
        self._jobs: dict[str, Job] = {}
        self._failures: list[str] = []

    def open(self, name: str, order: Order) -> None:
        """Await the recording of a new job."""
        self._jobs[name] = Job(name=name, order=order, number=random.randrange(10**17, 10**18))

    def find(self, name: str) -> Job | None:
        """Return the job of that name."""
        return self._jobs.get(name)

    def order(self, name: str) -> Order:
        """Return what was ordered under that name."""
        return self._jobs[name].order

    def fail_next(self, word: str) -> None:
        """Let the next recording that arrives end with this word."""
        self._failures.append(word)

    def release(self, name: str | None) -> None:
        """Go on with one held job, or with all of them."""
        for job in self._jobs.values() if name is None else [self._jobs[name]]:
            job.held = False

    def receive(self, name: str, recording: Recording) -> None:
        """Start work on a recording; one that comes again under the same name starts over."""
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
        """Say what is in the job's recording."""
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
