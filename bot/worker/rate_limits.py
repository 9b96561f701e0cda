"""Paces what goes out: who may go when, and what is left in peace for a while because it asked for that or is away.

In memory only: after a restart the worst that can happen is one more 429.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

CHANNEL_INTERVAL = timedelta(seconds=1.1)
"""Slack takes about one message per second and channel, and two requests seldom take the same time on their way.
https://docs.slack.dev/apis/web-api/rate-limits
"""

OUTAGE = 3
"""So many different recordings in a row that got no answer: it is not the recording. One alone could be at fault."""

SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(minutes=1)
"""How long whoever is away is left in peace: twice as long each time that nobody gets an answer again."""

SPACING = timedelta(milliseconds=20)
"""Between two jobs that waited for the same: not all of a long queue find out in one moment whether it goes on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A job that has to wait: whose it is, and since when it is there."""

    job: str
    team: str
    channel: str
    since: datetime


class RateLimits:
    """Who may go when. Moments are aware UTC."""

    def __init__(self) -> None:
        self._paused: dict[str, datetime] = {}
        self._free_from: dict[str, datetime] = {}
        self._reserved: dict[str, datetime] = {}
        self._unanswered: dict[str, set[str]] = defaultdict(set)
        self._pauses: Counter[str] = Counter()
        self._queues: dict[str, _Queue] = {}

    def pause(self, name: str, *, until: datetime) -> None:
        """Hold back everything that goes to `name`."""
        self._paused[name] = max(until, self._paused.get(name, until))

    def paused_until(self, name: str, *, now: datetime) -> datetime | None:
        """When `name` may be asked again; None means now."""
        until = self._paused.get(name)
        if until is not None and until <= now:
            del self._paused[name]
            return None
        return until

    def record_failure(self, name: str, job: str, *, now: datetime) -> None:
        """The job got no answer from `name`. If nobody does, everything that goes there is held back for a while."""
        jobs = self._unanswered[name]
        if len(jobs) < OUTAGE:
            jobs.add(job)
        if len(jobs) < OUTAGE or self.paused_until(name, now=now):
            return
        longer: timedelta = min(SHORTEST_PAUSE * (1 << min(self._pauses[name], 16)), LONGEST_PAUSE)
        self._pauses[name] += 1
        self.pause(name, until=now + longer)

    def record_success(self, name: str) -> None:
        """Somebody got an answer from `name`."""
        for book in (self._unanswered, self._pauses, self._queues):
            book.pop(name, None)

    def due_in_line(self, name: str, waiting: Waiting, *, until: datetime) -> datetime:
        """When something is due that waits for `name` until then: in the turn of its workspace and channel."""
        queue = self._queues.setdefault(name, _Queue())
        return until + SPACING * queue.place(waiting)

    def message_slot(self, channel: str, job: str, *, now: datetime) -> datetime | None:
        """When the job's message may go to the channel; None means now. A slot once given is kept for the job."""
        slot = self._reserved.get(job)
        if slot is None:
            slot = max(now, self._free_from.get(channel, now))
            self._free_from[channel] = slot + CHANNEL_INTERVAL
            self._reserved[job] = slot
        if slot > now:
            return slot
        del self._reserved[job]
        # Late to its slot: the next one counts from now.
        self._free_from[channel] = max(self._free_from.get(channel, now), now + CHANNEL_INTERVAL)
        self._forget_the_past(now)
        return None

    def _forget_the_past(self, now: datetime) -> None:
        for book in (self._free_from, self._reserved):
            for name in [name for name, moment in book.items() if moment < now - timedelta(minutes=1)]:
                del book[name]


class _Queue:
    """Those that wait for the same. They come one by one and in any order; each gets its place at once."""

    def __init__(self) -> None:
        self._channels: dict[str, dict[str, list[tuple[datetime, str]]]] = defaultdict(lambda: defaultdict(list))

    def place(self, waiting: Waiting) -> int:
        """How many of the workspace are before it, if each of its channels has a turn in every round."""
        channels = self._channels[waiting.team]
        own, entry = channels[waiting.channel], (waiting.since, waiting.job)
        rounds = bisect_left(own, entry)
        if own[rounds : rounds + 1] != [entry]:
            own.insert(rounds, entry)
        return rounds + sum(min(len(line), rounds + 1) for name, line in channels.items() if name != waiting.channel)
