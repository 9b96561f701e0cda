"""A job in the hands of one worker: its lease, kept alive, and every write under the lease's token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from storage import claiming, jobs
from storage.database import Database, StorageUnavailable, Transaction
from storage.job import Job, LeaseLost

LEASE = timedelta(seconds=60)
HEARTBEAT = LEASE / 3
RECORD_AGAIN = timedelta(seconds=1)

T = TypeVar("T")
_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Later:
    """Nothing more can be done now; the job is due at `due` (never, if None).

    `attempts` is given where something was achieved, so that failed tries are counted anew. `unless_webhook`: at
    once where a webhook about it has come.
    """

    due: datetime | None
    attempts: int | None = None
    unless_webhook: bool = False
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

    async def record(self, after: Job) -> Job:
        """Commit the outcome of an effect that has happened, again and again while the lease lasts.

        If it cannot be written, the effect would have to be looked for, and may not be found.
        """
        while True:
            try:
                return await self.save(after)
            except StorageUnavailable:
                if self._clock() + RECORD_AGAIN > self._until:
                    raise
            await asyncio.sleep(RECORD_AGAIN.total_seconds())

    async def release(self, later: Later) -> None:
        """Let the job go. Raises `LeaseLost`."""
        attempts = self.job.attempts if later.attempts is None else later.attempts
        await self._database.write(
            lambda tx: claiming.release(
                tx,
                self.job,
                now=self._clock(),
                due=later.due,
                attempts=attempts,
                unless_webhook=later.unless_webhook,
                note=later.note,
            )
        )

    async def fail(self, *, due: datetime, note: str) -> None:
        """Let the job go after a failed try, counting it. Raises `LeaseLost`."""
        await self.release(Later(due=due, attempts=self.job.attempts + 1, note=note))

    async def cover(self, span: timedelta) -> None:
        """Make sure that the lease lasts for `span` from now. Raises `LeaseLost`."""
        if self._until - self._clock() < span:
            await self._extend()

    async def keep_alive(self) -> None:
        """Extend the lease again and again until cancelled. Raises `LeaseLost` once it is somebody else's."""
        while True:
            await asyncio.sleep(HEARTBEAT.total_seconds())
            try:
                await self._extend()
            except StorageUnavailable:
                if self._clock() > self._until:
                    raise LeaseLost(self.job.id) from None

    async def _extend(self) -> None:
        until = self._clock() + LEASE
        await self._database.write(lambda tx: claiming.extend(tx, self.job, until=until))
        self._until = until
