"""L1: the delay between a finished transcript at a polled provider and the reply in the thread.

Recordings of realistic lengths (median 15 minutes, some of hours) are processed by the complete worker in virtual time,
with a simulated Slack and a simulated provider. The baseline is the same bot with exponential backoff of its polls:
after 1 s, then doubled each time, at most 30 s. The figure is the average delay as a share of the provider's processing
time.

Without history, the provider's speed varies between recordings from 0.05 to 0.5 of the length. With history, each
installation has a provider of constant speed in that range, with a deviation of about a quarter.
"""

from __future__ import annotations

import asyncio
import math
import random
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from unittest import mock

from benchmarks.measuring import ROUNDS, Figures, Found, Goal, compare, folder
from bot.settings.model import Settings
from storage import job_lists
from storage.job import JobState
from tests.simulation.faults import Faults
from tests.simulation.host import Delays, Host
from tests.simulation.invariants import Witness
from tests.simulation.pretended_providers import Asked, Provider, Work, seconds_of, sound_of
from tests.simulation.pretended_slack import PretendedSlack
from tests.simulation.process import Process, Surroundings
from tests.simulation.shared_database import Disk
from tests.simulation.virtual_time import VirtualTime
from transcription.botlhale.transcriber import Botlhale

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RECORDINGS, LEARNED_FROM = 120, 30
BETWEEN = 45.0
"""Seconds between two recordings."""

L1 = Goal(
    key="L1",
    what="delay after a polled provider is ready, nothing known of it: share of its time",
    against="doubling waits, 30 s at most",
    most=0.4,
)
L1_ASKED = Goal(key="L1", what="the same: requests", against="doubling waits", most=1)
L1_LEARNED = Goal(
    key="L1", what="the same with a learned speed, give or take a quarter", against="doubling waits", most=0.25
)
L1_LEARNED_ASKED = Goal(key="L1", what="the same: requests", against="doubling waits", most=1)


def measure() -> list[Found]:
    """Measure the delay and the number of requests, without and with history."""
    fresh, learned = ([round_of(number, learning=learning) for number in range(ROUNDS)] for learning in (False, True))
    return [
        compare(L1, fresh, ours="ours", theirs="doubling", figure="delay"),
        compare(L1_ASKED, fresh, ours="ours", theirs="doubling", figure="requests"),
        compare(L1_LEARNED, learned, ours="ours", theirs="doubling", figure="delay"),
        compare(L1_LEARNED_ASKED, learned, ours="ours", theirs="doubling", figure="requests"),
    ]


def round_of(number: int, *, learning: bool, recordings: int = RECORDINGS) -> Mapping[str, Figures]:
    """Run the same recordings with both polling schedules."""
    with _doubling():
        theirs = _live(number, learning=learning, recordings=recordings)
    return {"ours": _live(number, learning=learning, recordings=recordings), "doubling": theirs}


@contextmanager
def _doubling() -> Iterator[None]:
    def first(*_: object) -> timedelta:
        return timedelta(seconds=1)

    def following(*_: object, age: timedelta, chance: float) -> timedelta:
        del chance
        return min(age + timedelta(seconds=1), timedelta(seconds=30))

    with (
        mock.patch("bot.worker.steps.check.first_poll", first),
        mock.patch("bot.worker.steps.check.next_poll", following),
    ):
        yield


class _Provider(Provider):
    """A provider with given processing times that counts polls."""

    def __init__(self, *, takes: Callable[[float], float], time: VirtualTime, rng: random.Random) -> None:
        super().__init__(time=time, rng=rng, name="botlhale")
        self._takes = takes
        self.took: dict[str, float] = {}
        self.asked = dict[str, int]()

    def arrive(self, job: str, sound: str, *, generation: int, key: str | None = None) -> str:
        """Accept a recording."""
        del generation
        assert key is not None
        self.took[job] = self._takes(seconds_of(sound))
        self.works[key] = Work(handle=key, sound=sound, ready_at=self.time.now + self.took[job])
        return key

    def work(self, handle: str) -> Work | None:
        """Return the state of a recording, and count the poll."""
        job = handle.rsplit("-", 1)[0]
        self.asked[job] = self.asked.get(job, 0) + 1
        return super().work(handle)


def _live(number: int, *, learning: bool, recordings: int) -> Figures:
    """Share recordings with a bot, and return the average delay and number of polls."""
    rng = random.Random(number)
    usual = rng.uniform(0.05, 0.5)

    def takes(seconds: float) -> float:
        rate = usual * math.exp(rng.gauss(0, 0.25)) if learning else rng.uniform(0.05, 0.5)
        return rate * seconds + rng.expovariate(1 / 10)

    time = VirtualTime()
    provider = _Provider(takes=takes, time=time, rng=random.Random(number))
    rows = _lives(time, provider, lengths=[_length(rng) for _ in range(recordings)], learning=learning)
    counted = rows[LEARNED_FROM:] if learning else rows
    return {
        "delay": statistics.mean(delay / provider.took[job] for job, delay in counted),
        "requests": statistics.mean(provider.asked[job] for job, _ in counted),
    }


def _length(rng: random.Random) -> float:
    while True:
        length = rng.lognormvariate(math.log(15 * 60), 1.2)
        if 12 <= length <= 400 * 60:  # noqa: PLR2004 - a voice note, and the longest that Botlhale takes
            return length


def _lives(time: VirtualTime, provider: _Provider, *, lengths: list[float], learning: bool) -> list[tuple[str, float]]:
    """Return each job, in order of creation, with the seconds between the finished transcript and the reply."""
    rng, faults = random.Random(1), Faults(random.Random(1), possible={})
    disk = Disk(shared=False, clock=lambda: NOON + timedelta(seconds=time.now))
    if not learning:
        disk.connection.execute("CREATE TRIGGER forget AFTER INSERT ON speeds BEGIN DELETE FROM speeds; END")
    slack = PretendedSlack(time=time, rng=rng, history=False)
    host = Host("bot", time=time, faults=faults, delays=Delays(usual=(0.02, 0.1)), rng=rng)
    around = Surroundings(
        disk=disk,
        slack=slack,
        provider=provider,
        witness=cast(Witness, _Unconcerned()),
        settings=Settings(_env_file=None, transcriber="botlhale"),
    )
    with folder() as spool, mock.patch.object(Asked, "capabilities", Botlhale.capabilities):
        process = Process(host, around, spool=spool, wall=disk.clock)
        time.go_on(5)
        for number, seconds in enumerate(lengths, start=1):
            _share(slack, process, number, seconds)
            time.go_on(BETWEEN)
        time.go_on(2 * max(lengths))
        host.crash()
        time.go_on(1)
    jobs = disk.run(lambda tx: job_lists.newest(tx, limit=len(lengths) + 1))
    assert len(jobs) == len(lengths)
    assert all(job.state is JobState.REPLIED and job.failure is None for job in jobs)
    ready = {work.handle.rsplit("-", 1)[0]: work.ready_at or 0.0 for work in provider.works.values()}
    ended = {job.id: (job.state_since - NOON).total_seconds() for job in jobs}
    return [(job.id, ended[job.id] - ready[job.id]) for job in sorted(jobs, key=lambda job: job.created_at)]


def _share(slack: PretendedSlack, process: Process, number: int, seconds: float) -> None:
    sound = sound_of(number, seconds=seconds, long=False)
    sharing = slack.share(f"F{number}", sound=sound, channel=f"C{number % 20}", thread=None, lag=0.2)
    event = {"file_id": sharing.file, "channel_id": sharing.channel, "user_id": "U1", "event_ts": sharing.ts}
    heard: asyncio.Task[Any] = process.hear("file_shared", event)
    heard.add_done_callback(lambda task: task.result())


class _Unconcerned:
    """A witness that checks nothing."""

    def sending(self, *_: object) -> int:
        """Do nothing: nothing is checked here."""
        return 0

    def acting(self, *_: object, **__: object) -> None:
        """Do nothing: nothing is checked here."""
