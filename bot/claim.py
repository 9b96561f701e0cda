"""A job in the hands of one worker: its lease, kept alive, and every write under the lease's token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from storage import jobs
from storage.database import Database, Transaction
from storage.job import Job

LEASE = timedelta(seconds=60)
HEARTBEAT = LEASE / 3

T = TypeVar("T")
_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Later:
    """Nothing more can be done now; the job is due at `due` (never, if None). Not a failure: attempts start anew."""

    due: datetime | None
    note: str | None = None


class Claim:
    """`job` is the row as last written. `fresh`: its state was reached in this very claim and nothing was tried."""

    def __init__(self, job: Job, *, database: Database, clock: Callable[[], datetime], until: datetime) -> None:
        self.job = job
        self.fresh = False
        self._database = database
        self._clock = clock
        self._until = until

    @property
    def age(self) -> timedelta:
        """The time since the job came to its state; never negative, whatever the clock does."""
        return max(self._clock() - self.job.state_since, timedelta(0))

    async def save(
        self, after: Job, *, note: str | None = None, also: Callable[[Transaction], object] | None = None
    ) -> Job:
        """Commit `after`, and `also` with it, while the lease is ours. Raises `LeaseLost`."""
        before = self.job

        def work(tx: Transaction) -> Job:
            saved = jobs.save(tx, before, after, now=self._clock(), note=note)
            if also is not None:
                also(tx)
            return saved

        self.job = await self._database.write(work)
        if self.job.state is not before.state:
            self.fresh = True
            _log.info("job moved", job=self.job.id, to=str(self.job.state), provider=self.job.provider, note=note)
        return self.job

    async def release(self, later: Later) -> None:
        """Let the job go. Raises `LeaseLost`."""
        await self._let_go(later.due, attempts=0, note=later.note)

    async def fail(self, *, due: datetime, note: str) -> None:
        """Let the job go after a failed try, counting it. Raises `LeaseLost`."""
        await self._let_go(due, attempts=self.job.attempts + 1, note=note)

    async def _let_go(self, due: datetime | None, *, attempts: int, note: str | None) -> None:
        await self._database.write(
            lambda tx: jobs.release(tx, self.job, now=self._clock(), due=due, attempts=attempts, note=note)
        )

    async def cover(self, span: timedelta) -> None:
        """Make sure that the lease lasts for `span` from now. Raises `LeaseLost`."""
        if self._until - self._clock() < span:
            await self._extend()

    async def keep_alive(self) -> None:
        """Extend the lease again and again until cancelled. Raises `LeaseLost` once it is somebody else's."""
        while True:
            await asyncio.sleep(HEARTBEAT.total_seconds())
            await self._extend()

    async def _extend(self) -> None:
        until = self._clock() + LEASE
        await self._database.write(lambda tx: jobs.extend(tx, self.job, until=until))
        self._until = until
