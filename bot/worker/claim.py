"""A job in the hands of one worker: its lease, kept alive, and every write under the lease's token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from storage import claiming, jobs
from storage.database import Database, StorageUnavailable, Transaction
from storage.job import Job, JobState, LeaseLost

LEASE = timedelta(seconds=60)
HEARTBEAT = LEASE / 3
RETRY_RECORDING = timedelta(seconds=1)

T = TypeVar("T")
_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Later:
    """Nothing more can be done now; the job is due at `due` (never, if None).

    `attempts` is given where something was achieved, so that failed tries are counted anew. `missed`: something was
    looked for and not found. `waited`: for how long the provider has been at work. `unless_webhook`: at once where a
    webhook about it has come.
    """

    due: datetime | None
    attempts: int | None = None
    missed: bool = False
    waited: timedelta | None = None
    unless_webhook: bool = False
    note: str | None = None


class Claim:
    """`job` is the row as last written. `fresh`: its state was reached in this very claim and nothing was tried.

    `settled`: what was tried in this claim is known to have had no effect. `until` is when the lease ends by `clock`,
    `asked` when it was asked for by the event loop's: the other may be set, or stand still.
    """

    def __init__(
        self, job: Job, *, database: Database, clock: Callable[[], datetime], until: datetime, asked: float
    ) -> None:
        self.job = job
        self.fresh = False
        self.settled = False
        self._database = database
        self._clock = clock
        self._until = until
        self._asked = asked

    @property
    def age(self) -> timedelta:
        """The time since the job came to its state; never negative, whatever the clock does."""
        return max(self._clock() - self.job.state_since, timedelta(0))

    @property
    def failing_for(self) -> timedelta:
        """For how long the tries of this step have failed, one after the other; zero if the last one did not."""
        since = self.job.failing_since
        return max(self._clock() - since, timedelta(0)) if since is not None and self.job.attempts > 0 else timedelta(0)

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
            self.fresh, self.settled = True, False
            _log.info(
                "job_state_changed", job=self.job.id, state=str(self.job.state), provider=self.job.provider, note=note
            )
        return self.job

    async def record(self, after: Job) -> Job:
        """Commit the outcome of an effect that has happened, again and again while the lease lasts.

        If it cannot be written, the effect would have to be looked for, and may not be found.
        """
        while True:
            try:
                return await self.save(after)
            except StorageUnavailable:
                if self._left() < RETRY_RECORDING:
                    raise
            await asyncio.sleep(RETRY_RECORDING.total_seconds())

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
                misses=self.job.misses + int(later.missed),
                waited=later.waited,
                settled=self.fresh or self.settled,
                unless_webhook=later.unless_webhook,
                note=later.note,
            )
        )

    async def fail(self, *, due: datetime, note: str) -> None:
        """Let the job go after a failed try, counting it. Raises `LeaseLost`."""
        # What a webhook brings may be just what failed.
        asked = self.job.state is JobState.SUBMITTED
        await self.release(Later(due=due, attempts=self.job.attempts + 1, unless_webhook=asked, note=note))

    async def under_way_until(self, landing: timedelta) -> datetime | None:
        """Until when what was begun earlier may still land, `landing` after it was begun; None where nothing can."""
        since, now = self.job.under_way_since, self._clock()
        if since is not None and since > now:  # the clock was set back
            since = (await self.save(replace(self.job, under_way_since=now))).under_way_since
        return since + landing if since is not None and since + landing > now else None

    async def begin(self, span: timedelta) -> None:
        """Before an effect that takes `span` at most: the lease covers it, and it is noted. Raises `LeaseLost`.

        Where the state was reached just now, it was noted with that.
        """
        if not self.fresh:
            await self.save(replace(self.job, under_way_since=self._clock()))
        self.fresh = self.settled = False
        await self._cover(span)

    async def _cover(self, span: timedelta) -> None:
        while self._left() < span:
            await self._extend()

    def _left(self) -> timedelta:
        """For how long the lease surely lasts."""
        since = timedelta(seconds=asyncio.get_running_loop().time() - self._asked)
        return min(self._until - self._clock(), LEASE - since)

    async def keep_alive(self) -> None:
        """Extend the lease again and again until cancelled. Raises `LeaseLost` once it is somebody else's."""
        while True:
            await asyncio.sleep(HEARTBEAT.total_seconds())
            try:
                await self._extend()
            except StorageUnavailable:
                if self._left() < timedelta(0):
                    raise LeaseLost(self.job.id) from None

    async def _extend(self) -> None:
        until, asked = self._clock() + LEASE, asyncio.get_running_loop().time()
        await self._database.write(lambda tx: claiming.extend(tx, self.job, until=until))
        self._until, self._asked = until, asked
