"""A claimed job: its lease, the heartbeat that renews it, and every write made under it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from bot.clock import passed, seen
from storage import claiming, jobs
from storage.claiming import FARTHEST
from storage.database import Database, StorageUnavailable, Transaction
from storage.job import Job, JobState, LeaseLost

LEASE = timedelta(seconds=60)
HEARTBEAT = LEASE / 3
RETRY_RECORDING = timedelta(seconds=1)

T = TypeVar("T")
_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Later:
    """Returned by a step that can do no more now: the job is due again at `due` (never, if None).

    `attempts`: the new number of failed attempts, given where the step made progress. `missed`: this was a missed poll.
    `waited`: how long the provider has worked on the recording so far. `unless_webhook`: due at once if a new webhook
    about the job has come. `note`: a line for the job's history.
    """

    due: datetime | None
    attempts: int | None = None
    missed: bool = False
    waited: timedelta | None = None
    unless_webhook: bool = False
    note: str | None = None


class Claim:
    """A job and its lease. `job` is the row as last saved.

    `fresh`: the job reached its state in this claim and nothing was tried in it yet. `settled`: what was tried in this
    claim is known to have had no effect. `until`: when the lease ends, by `clock`. `asked`: when the lease was
    requested, by the event loop's clock; it is kept too because `clock` may be set forward or stand still.

    What ends a job goes by `observed`, what is scheduled by `age`: see docs/decisions/0034.
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
        self._seen_before = job.observed + seen(clock, job.observed_until or job.state_since, most=FARTHEST)
        self._seen_from = asked

    @property
    def age(self) -> timedelta:
        """Return the time since the job reached its state, without what this process saw the clock leap."""
        return passed(self._clock, self.job.state_since)

    @property
    def losing_for(self) -> timedelta:
        """Return the time since the first of the leases in a row that this step outlived."""
        since = self.job.losing_since
        return timedelta(0) if since is None else passed(self._clock, since)

    @property
    def observed(self) -> timedelta:
        """Return how long somebody was awake to see the job in its state.

        It is the time between one claim and the next, at most `FARTHEST` each time, and the claims themselves.
        """
        return self._seen_before + timedelta(seconds=asyncio.get_running_loop().time() - self._seen_from)

    @property
    def failing_for(self) -> timedelta:
        """Return for how long this step has failed without a success in between; zero if its last try succeeded."""
        since = self.job.failing_since
        if since is None or self.job.attempts == 0:
            return timedelta(0)
        return min(passed(self._clock, since), self.observed)

    async def save(
        self,
        after: Job | Callable[[Transaction], Job],
        *,
        note: str | None = None,
        also: Callable[[Transaction], object] | None = None,
    ) -> Job:
        """Commit `after`, and `also` in the same transaction, if the lease is still ours. Raises `LeaseLost`.

        `after` may be decided in the transaction.
        """
        before = self.job

        def work(tx: Transaction) -> Job:
            saved = jobs.save(tx, before, after(tx) if callable(after) else after, now=self._clock(), note=note)
            if also is not None:
                also(tx)
            return saved

        self.job = await self._database.write(work)
        if self.job.state is not before.state:
            self.fresh, self.settled = True, False
            self._seen_before, self._seen_from = timedelta(0), asyncio.get_running_loop().time()
            _log.info(
                "job_state_changed", job=self.job.id, state=str(self.job.state), provider=self.job.provider, note=note
            )
        return self.job

    async def record(self, after: Job) -> Job:
        """Commit the outcome of an effect that has happened; retry every second while the lease lasts.

        If it is not recorded, a later try has to search for the effect and may not find it. Raises `LeaseLost`,
        `StorageUnavailable`.
        """
        while True:
            try:
                return await self.save(after)
            except StorageUnavailable:
                if self._left() < RETRY_RECORDING:
                    raise
            await asyncio.sleep(RETRY_RECORDING.total_seconds())

    async def release(self, later: Later) -> None:
        """Release the lease and save when the job is due again. Raises `LeaseLost`."""
        attempts = self.job.attempts if later.attempts is None else later.attempts
        observed = self.observed  # the event loop's clock cannot be read in the database's thread
        await self._database.write(
            lambda tx: claiming.release(
                tx,
                self.job,
                now=self._clock(),
                due=later.due,
                attempts=attempts,
                misses=self.job.misses + int(later.missed),
                waited=later.waited,
                observed=observed,
                settled=self.fresh or self.settled,
                unless_webhook=later.unless_webhook,
                note=later.note,
            )
        )

    async def fail(self, *, due: datetime, note: str) -> None:
        """Release the job after a failed try and count a failed attempt. Raises `LeaseLost`."""
        # A webhook may bring the result that this poll failed to get.
        asked = self.job.state is JobState.SUBMITTED
        await self.release(Later(due=due, attempts=self.job.attempts + 1, unless_webhook=asked, note=note))

    async def under_way_until(self, landing: timedelta) -> datetime | None:
        """Return until when an effect begun earlier may still land (`landing` after it began); None if none can."""
        since, now = self.job.under_way_since, self._clock()
        if since is not None and since > now:  # the clock was set back
            since = (await self.save(replace(self.job, under_way_since=now))).under_way_since
        left = landing - passed(self._clock, since) if since is not None else timedelta(0)
        return now + left if left > timedelta(0) else None

    async def begin(self, span: timedelta) -> None:
        """Prepare for an effect that takes at most `span`: note that it begins, and make the lease cover it.

        If the state was reached in this claim, saving the state has noted the beginning. Raises `LeaseLost`.
        """
        if not self.fresh:
            await self.save(replace(self.job, under_way_since=self._clock()))
        self.fresh = self.settled = False
        await self._cover(span)

    async def _cover(self, span: timedelta) -> None:
        while self._left() < span:
            await self._extend()

    def _left(self) -> timedelta:
        """Return for how long the lease surely lasts: the shorter of what the two clocks say."""
        since = timedelta(seconds=asyncio.get_running_loop().time() - self._asked)
        return min(self._until - self._clock(), LEASE - since)

    async def keep_alive(self) -> None:
        """Send heartbeats: renew the lease until cancelled. Raises `LeaseLost` if it is lost or has expired."""
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
