"""The bot's clock: wall time that never runs backwards, the same for all machines on one database.

If a wall clock is set back under a running process, times noted for later lie hours ahead. So time is measured by the
monotonic clock, and follows the wall clock forwards only. Machines that share a database use the server's clock,
because a lease must end for all of them at the same moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from storage.database import Database


def wall_time() -> datetime:
    """Return the time of this machine's clock."""
    return datetime.now(UTC)


class Clock:
    """Call it for the time, timezone-aware UTC. `wall` and `monotonic` (seconds) are its sources."""

    def __init__(
        self, *, wall: Callable[[], datetime] = wall_time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._zero = wall() - self._elapsed()
        self._latest: datetime | None = None
        self._is_set = False

    def __call__(self) -> datetime:
        """Return the time; never before a time returned earlier."""
        if not self._is_set:
            self._zero = max(self._zero, self._wall() - self._elapsed())
        now = self._zero + self._elapsed()
        self._latest = now if self._latest is None else max(self._latest, now)
        return self._latest

    def set(self, moment: datetime) -> None:
        """Set the clock to `moment`. If it has shown later times, it stands still until it has caught up.

        Times that were never returned do not count: before the first call it can be set back.
        """
        self._is_set = True
        self._zero = moment - self._elapsed()

    async def agree(self, database: Database) -> datetime | None:
        """Set the clock to the database's if several machines share it; return that time, else None.

        It can be before a time returned earlier: that binds this process only, between machines the server decides.
        Raises `StorageUnavailable`.
        """
        moment = await database.time()
        if moment is not None:
            self.set(moment)
        return moment

    def _elapsed(self) -> timedelta:
        return timedelta(seconds=self._monotonic())
