"""Rate limits of outgoing calls: message slots per channel, pauses of dependencies, and who waits for them.

Kept in memory only: after a restart the worst case is one more 429.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

CHANNEL_INTERVAL = timedelta(seconds=1.1)
"""Slack accepts about one message per second and channel; a margin is added, because requests take different times to
arrive. https://docs.slack.dev/apis/web-api/rate-limits
"""

OUTAGE = 3
"""So many different jobs in a row without an answer pause a dependency; a single job could be at fault itself."""

SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(minutes=1)
"""First and longest pause of a dependency that does not answer; the pause doubles each time it still does not."""

SPACING = timedelta(milliseconds=20)
"""Between two jobs that wait for the same dependency, so that a long queue does not retry all at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A job that waits for a paused dependency: its workspace, its channel, and since when it exists."""

    job: str
    team: str
    channel: str
    since: datetime


class RateLimits:
    """Pauses, waiting lines and message slots of one process. Times are timezone-aware UTC."""

    def __init__(self) -> None:
        self._paused: dict[str, datetime] = {}
        self._free_from: dict[str, datetime] = {}
        self._reserved: dict[str, datetime] = {}
        self._unanswered: dict[str, set[str]] = defaultdict(set)
        self._pauses: Counter[str] = Counter()
        self._queues: dict[str, _Queue] = {}

    def pause(self, name: str, *, until: datetime) -> None:
        """Pause the dependency `name` until then; a longer pause stays."""
        self._paused[name] = max(until, self._paused.get(name, until))

    def paused_until(self, name: str, *, now: datetime) -> datetime | None:
        """Return when the pause of `name` ends; None if it is not paused."""
        until = self._paused.get(name)
        if until is not None and until <= now:
            del self._paused[name]
            return None
        return until

    def record_failure(self, name: str, job: str, *, now: datetime) -> None:
        """Note that `name` did not answer the job; pause `name` if `OUTAGE` jobs in a row got no answer."""
        jobs = self._unanswered[name]
        if len(jobs) < OUTAGE:
            jobs.add(job)
        if len(jobs) < OUTAGE or self.paused_until(name, now=now):
            return
        longer: timedelta = min(SHORTEST_PAUSE * (1 << min(self._pauses[name], 16)), LONGEST_PAUSE)
        self._pauses[name] += 1
        self.pause(name, until=now + longer)

    def record_success(self, name: str) -> None:
        """Note that `name` answered: reset its failures, its backoff and its waiting line."""
        for book in (self._unanswered, self._pauses, self._queues):
            book.pop(name, None)

    def due_in_line(self, name: str, waiting: Waiting, *, until: datetime) -> datetime:
        """Return when a job is due that waits for `name` until `until`; the channels of a workspace take turns."""
        queue = self._queues.setdefault(name, _Queue())
        return until + SPACING * queue.place(waiting)

    def message_slot(self, channel: str, job: str, *, now: datetime) -> datetime | None:
        """Return when the job may post to the channel; None means now. Its slot stays reserved until then."""
        slot = self._reserved.get(job)
        if slot is None:
            slot = max(now, self._free_from.get(channel, now))
            self._free_from[channel] = slot + CHANNEL_INTERVAL
            self._reserved[job] = slot
        if slot > now:
            return slot
        del self._reserved[job]
        # The job came after its slot, so the next slot counts from now.
        self._free_from[channel] = max(self._free_from.get(channel, now), now + CHANNEL_INTERVAL)
        self._forget_the_past(now)
        return None

    def _forget_the_past(self, now: datetime) -> None:
        for book in (self._free_from, self._reserved):
            for name in [name for name, moment in book.items() if moment < now - timedelta(minutes=1)]:
                del book[name]


class _Queue:
    """The jobs that wait for one dependency. They arrive in any order; each gets its position at once."""

    def __init__(self) -> None:
        self._channels: dict[str, dict[str, list[tuple[datetime, str]]]] = defaultdict(lambda: defaultdict(list))

    def place(self, waiting: Waiting) -> int:
        """Return how many jobs of the workspace go first, if its channels take turns (round robin)."""
        channels = self._channels[waiting.team]
        own, entry = channels[waiting.channel], (waiting.since, waiting.job)
        rounds = bisect_left(own, entry)
        if own[rounds : rounds + 1] != [entry]:
            own.insert(rounds, entry)
        return rounds + sum(min(len(line), rounds + 1) for name, line in channels.items() if name != waiting.channel)
