"""The clock of a running bot: wall time that never runs backwards, the same for every machine on one database.

A wall clock may be set back under a running process; what was noted for later would then lie hours ahead. So time goes
on from where it was, measured by the monotonic clock, and follows the wall clock forwards only. Machines that share a
database go by the server's clock: a lease must end for everybody at one moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from storage.database import Database


def wall_time() -> datetime:
    """What this machine's clock shows."""
    return datetime.now(UTC)


class Clock:
    """Called, it tells the moment, aware UTC. `wall` and `monotonic` (seconds) are what it is made of."""

    def __init__(
        self, *, wall: Callable[[], datetime] = wall_time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._zero = wall() - self._elapsed()
        self._latest: datetime | None = None
        self._is_set = False

    def __call__(self) -> datetime:
        """The moment; never before one that was told earlier."""
        if not self._is_set:
            self._zero = max(self._zero, self._wall() - self._elapsed())
        now = self._zero + self._elapsed()
        self._latest = now if self._latest is None else max(self._latest, now)
        return self._latest

    def set(self, moment: datetime) -> None:
        """Go by another clock, which shows `moment` now. If that is behind, stand still until it has caught up.

        What was never told binds nothing: set before the first call, it is wrong by no more than the other clock.
        """
        self._is_set = True
        self._zero = moment - self._elapsed()

    async def agree(self, database: Database) -> datetime | None:
        """Go by the database's clock where several machines share it, and tell what that shows.

        It can be before a moment told earlier: that binds this process, between machines the server decides. Raises
        `StorageUnavailable`.
        """
        moment = await database.time()
        if moment is not None:
            self.set(moment)
        return moment

    def _elapsed(self) -> timedelta:
        return timedelta(seconds=self._monotonic())
