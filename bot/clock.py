"""The bot's clock: wall time that never runs backwards, the same for all machines on one database.

If a wall clock is set back under a running process, times noted for later lie hours ahead. So time is measured by the
monotonic clock, and follows the wall clock forwards only. Machines that share a database use the server's clock,
because a lease must end for all of them at the same moment.

A clock that is set forward ends nothing: `passed` leaves out what it leapt, and `certain` tells a time that has come by
Slack's clock, too. See docs/decisions/0034.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from storage.database import Database

LEAP = timedelta(seconds=1)
"""Faster than the monotonic clock by more than this: the wall clock was set, or the machine slept."""

AGREED = timedelta(minutes=5)
"""By how much Slack's clock and ours may differ: by as much as Slack allows a signed request to be old."""

ENOUGH = timedelta(hours=24)
"""After so long awake the clock is taken as right, whatever Slack says of the time."""

_LEAPS = 100
"""Leaps that are kept."""


def wall_time() -> datetime:
    """Return the time of this machine's clock."""
    return datetime.now(UTC)


class Clock:
    """Call it for the time, timezone-aware UTC. `wall` and `monotonic` (seconds) are its sources.

    `monotonic` stands still while the machine sleeps: that time passes like one that is leapt over.
    """

    def __init__(
        self, *, wall: Callable[[], datetime] = wall_time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._zero = wall() - self._elapsed()
        self._latest: datetime | None = None
        self._is_set = False
        self._started = self._sure_since = self._elapsed()
        self._leaps = deque[tuple[datetime, timedelta]](maxlen=_LEAPS)
        self._ahead: timedelta | None = None

    def __call__(self) -> datetime:
        """Return the time; never before a time returned earlier."""
        if not self._is_set:
            self._move(max(self._zero, self._wall() - self._elapsed()))
        now = self._zero + self._elapsed()
        self._latest = now if self._latest is None else max(self._latest, now)
        return self._latest

    def set(self, moment: datetime) -> None:
        """Set the clock to `moment`. If it has shown later times, it stands still until it has caught up.

        Times that were never returned do not count: before the first call it can be set back.
        """
        self._is_set = True
        self._move(moment - self._elapsed())

    async def agree(self, database: Database) -> datetime | None:
        """Set the clock to the database's if several machines share it; return that time, else None.

        It can be before a time returned earlier: that binds this process only, between machines the server decides.
        Raises `StorageUnavailable`.
        """
        moment = await database.time()
        if moment is not None:
            self.set(moment)
        return moment

    @property
    def awake(self) -> timedelta:
        """Return for how long this process has been running, without the time in which the machine slept."""
        return self._elapsed() - self._started

    def leapt(self, since: datetime) -> timedelta:
        """Return by how much the clock was set forward after `since`, as far as this process has seen it."""
        self()
        return sum((span for begun, span in self._leaps if since <= begun), timedelta(0))

    def compare(self, moment: datetime) -> timedelta:
        """Compare with Slack's clock, which shows `moment` now. Return how far this one is ahead (or behind, < 0)."""
        ahead = self() - moment
        self._ahead = ahead if ahead > AGREED else timedelta(0)
        return ahead

    def certain(self) -> datetime | None:
        """Return a time that has come by Slack's clock, too; None while nobody can say that.

        Slack's clock is known from its answers (`compare`), until this one is set. If Slack has not answered, this one
        is believed after `ENOUGH`.
        """
        now = self()
        if self._ahead is not None:
            return now - self._ahead
        return now if self._elapsed() - self._sure_since >= ENOUGH else None

    def _move(self, zero: datetime) -> None:
        """Move the clock, and note it if that is a leap. Before it is read for the first time, it is only being set."""
        leap = zero - self._zero
        self._zero = zero
        if self._latest is None or abs(leap) <= LEAP:
            return
        self._sure_since, self._ahead = self._elapsed(), None
        if leap > LEAP:
            self._leaps.append((zero - leap + self._elapsed(), leap))

    def _elapsed(self) -> timedelta:
        return timedelta(seconds=self._monotonic())


def passed(clock: Callable[[], datetime], since: datetime) -> timedelta:
    """Return the time since then, without what the clock leapt meanwhile; never negative."""
    leapt = clock.leapt(since) if isinstance(clock, Clock) else timedelta(0)
    return max(clock() - since - leapt, timedelta(0))


def certain(clock: Callable[[], datetime]) -> datetime | None:
    """Return what `Clock.certain` does; any other clock is certain."""
    return clock.certain() if isinstance(clock, Clock) else clock()


def seen(clock: Callable[[], datetime], since: datetime, *, most: timedelta) -> timedelta:
    """Return what of the time since then this process can vouch for: `passed`, at most `most`, and while it ran."""
    awake = clock.awake if isinstance(clock, Clock) else most
    return min(passed(clock, since), most, awake)
