"""The worker: claims jobs that are due, runs their steps, and sleeps until the next job is due.

New recordings and webhooks wake it. It keeps the heartbeat of each claimed job running, and turns every error into
another attempt or a failure, in one place (`bot.worker.retries`).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import assert_never

import structlog

from bot.clock import Clock
from bot.slack.pauses import Paused
from bot.worker.claim import LEASE, Claim, Later
from bot.worker.effects import UnderWay
from bot.worker.retries import PATIENCE, GiveUp, Retry, decide, describe, may_have_it
from bot.worker.steps import hold
from bot.worker.steps.backpressure import LONGEST_WAIT, paused, record_slack_outcome, slack_dependency, wait_in_line
from bot.worker.steps.check import check
from bot.worker.steps.followups import step_after, without_it
from bot.worker.steps.locate import locate
from bot.worker.steps.reply import plan, reply
from bot.worker.steps.submit import submit
from bot.worker.tools import Tools
from bot.worker.tries import failures_before, refuse_endless
from storage.claiming import FairShare, claim, next_due
from storage.database import StorageUnavailable, Transaction
from storage.job import Failure, Job, JobId, JobState, LeaseLost, Reason
from transcription.errors import RateLimited

LONGEST_SLEEP = timedelta(seconds=5)
"""Another process, e.g. the command line, may change a job without waking us; we see it after this time."""

AFTER_TROUBLE = timedelta(seconds=1)
"""Pause before the database is called again after an error."""

GRACE = timedelta(seconds=10)
"""How long running steps may go on after `stop`; then they are cancelled."""

BACKLOG_EVERY = 4
"""One of this many claims prefers a job that was not started yet; the others prefer jobs in progress."""

_WITH_PROVIDER = frozenset({JobState.RECEIVED, JobState.SUBMITTING, JobState.SUBMITTED})

Step = Callable[[Claim, Tools], Awaitable[Job | Later]]

_log = structlog.get_logger()


class Worker:
    """Runs at most `settings.concurrency` jobs at a time with `tools`; `clock` must be the one in `tools`."""

    def __init__(self, tools: Tools, *, clock: Clock) -> None:
        self._tools = tools
        self._clock = clock
        self._woken = asyncio.Event()
        self._stopping = False
        self._ended = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._claimed: set[JobId] = set()
        self._fair_share = FairShare()
        self._claims = 0
        self._database_trouble = False
        self._last_run = tools.clock()

    def wake(self) -> None:
        """Wake the loop: a job may be due."""
        self._woken.set()

    def stop(self) -> None:
        """Claim no more jobs; `run` returns when the running ones have finished or were released."""
        self._stopping = True
        self._woken.set()

    @property
    def is_alive(self) -> bool:
        """Whether `run` is running and its last iteration claimed at most 25 seconds ago."""
        return not self._ended and self._tools.clock() - self._last_run < 3 * LONGEST_SLEEP + timedelta(seconds=10)

    async def run(self) -> None:
        """Claim and run jobs until `stop` is called."""
        try:
            while not self._stopping:
                await self._run_once()
        finally:
            self._ended = True
            await self._finish()

    async def _run_once(self) -> None:
        try:
            self._woken.clear()
            await self._claim_all_due()
            self._last_run = self._tools.clock()
            await self._sleep()
        except Exception as error:  # noqa: BLE001 - e.g. an unreadable row: events must still be accepted
            _log.error("worker_error", error=describe(error))
            await asyncio.sleep(AFTER_TROUBLE.total_seconds())

    async def _claim_all_due(self) -> None:
        while not self._stopping and (free := self._tools.settings.concurrency - len(self._tasks)) > 0:
            try:
                claims = await self._claim(most=free)
            except StorageUnavailable as error:
                _log.error("database_unavailable", error=str(error))
                self._tools.metrics.database_unavailable()
                self._database_trouble = True
                return
            self._database_trouble = False
            for one in claims:
                task = asyncio.create_task(self._work(one), name=f"job {one.job.id}")
                self._tasks.add(task)
                self._claimed.add(one.job.id)
                task.add_done_callback(partial(self._done, one.job.id))
            if len(claims) < free:
                return

    async def _claim(self, *, most: int) -> list[Claim]:
        """Claim at most `most` jobs in one transaction."""
        tools, asked = self._tools, asyncio.get_running_loop().time()
        # All machines must use one clock to decide whether a lease has expired.
        now = await self._clock.agree(tools.database) or tools.clock()
        until, held = now + LEASE, tuple(self._claimed)

        def next_one(tx: Transaction) -> Job | None:
            self._claims += 1
            backlog_first = self._claims % BACKLOG_EVERY == 0
            return claim(tx, fair_share=self._fair_share, now=now, until=until, held=held, backlog_first=backlog_first)

        def work(tx: Transaction) -> list[Job]:
            return list(islice(iter(partial(next_one, tx), None), most))

        jobs = await tools.database.write(work)
        return [Claim(job, database=tools.database, clock=tools.clock, until=until, asked=asked) for job in jobs]

    def _done(self, job: JobId, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._claimed.discard(job)
        self._woken.set()
        if not task.cancelled() and (error := task.exception()):
            # E.g. the database is unavailable: the lease expires, and the job is claimed again.
            _log.error("job_dropped", task=task.get_name(), error=type(error).__name__)

    async def _sleep(self) -> None:
        due = None
        with suppress(StorageUnavailable):
            due = await self._tools.database.read(next_due)
        busy = len(self._tasks) >= self._tools.settings.concurrency
        wait = LONGEST_SLEEP if busy or due is None else min(due - self._tools.clock(), LONGEST_SLEEP)
        if self._database_trouble:
            await asyncio.sleep(AFTER_TROUBLE.total_seconds())
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), max(wait.total_seconds(), 0.01))

    async def _work(self, claim: Claim) -> None:
        heartbeat = asyncio.create_task(claim.keep_alive())
        steps = asyncio.create_task(self._steps(claim))
        try:
            await asyncio.wait({heartbeat, steps}, return_when=asyncio.FIRST_COMPLETED)
            if not steps.done():
                _log.warning("lease_lost", job=claim.job.id)
            else:
                steps.result()
        except LeaseLost:
            _log.warning("lease_lost", job=claim.job.id)
        finally:
            for task in (heartbeat, steps):
                task.cancel()
            await asyncio.gather(heartbeat, steps, return_exceptions=True)

    async def _steps(self, claim: Claim) -> None:
        try:
            refuse_endless(claim)
            while True:
                outcome = await self._one_step(claim)
                if isinstance(outcome, Later):
                    await claim.release(outcome)
                    return
        except asyncio.CancelledError:
            with suppress(LeaseLost, StorageUnavailable):
                await claim.release(Later(due=self._tools.clock()))
            raise
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - the one place that decides about errors
            await self._recover(claim, error)

    async def _one_step(self, claim: Claim) -> Job | Later:
        held = paused(claim, self._tools)
        if held is not None:
            return held
        step: Step
        match claim.job.state:
            case JobState.RECEIVED:
                step = locate
            case JobState.SUBMITTING:
                step = submit
            case JobState.SUBMITTED:
                step = check
            case JobState.READY:
                step = plan
            case JobState.REPLYING:
                step = reply
            case JobState.REPLIED | JobState.ABANDONED:
                step = step_after(claim.job)
            case _:
                assert_never(claim.job.state)
        before = claim.job
        try:
            outcome = await step(claim, self._tools)
        except UnderWay as earlier:
            return Later(due=earlier.until)
        finally:
            self._count(before, claim.job)
        if isinstance(outcome, Job):
            record_slack_outcome(before, self._tools, None)
        return outcome

    def _count(self, before: Job, after: Job) -> None:
        self._tools.metrics.moved(before, after, age=self._tools.clock() - after.created_at)

    async def _recover(self, claim: Claim, error: Exception) -> None:
        job, now = claim.job, self._tools.clock()
        if isinstance(error, Paused) and claim.observed <= PATIENCE:
            await claim.release(wait_in_line(job, self._tools, slack_dependency(job), span=error.left))
            return
        record_slack_outcome(job, self._tools, error)
        sent = may_have_it(job.state, sendings=job.sendings)
        chance = random.random()  # noqa: S311 - jitter
        before = await failures_before(claim, self._tools, error)
        decision = decide(error, attempts=before, age=_tried_for(claim), chance=chance, sent=sent)
        note = describe(error)
        self._tools.metrics.step_failed(job.state, error, given_up=isinstance(decision, GiveUp))
        match decision:
            case GiveUp(failure=failure):
                await self._give_up(claim, failure, note=note)
            case Retry(wait=wait, alarm=alarm):
                if isinstance(error, RateLimited):
                    self._tools.limits.pause(self._tools.transcriber_of(job).name, until=now + wait)
                # If the dependency is paused now, the job waits in line like the others, without extra backoff.
                held = paused(claim, self._tools)
                due = held.due if held and held.due else now + min(wait, LONGEST_WAIT)
                if alarm:  # somebody has to mend something
                    due = await hold.tell(claim, self._tools, error, due=due)
                level = logging.ERROR if alarm else logging.WARNING
                again_in = round((due - now).total_seconds(), 1)
                _log.log(level, "step_failed", job=job.id, state=str(job.state), error=note, again_in=again_in)
                await claim.fail(due=due, note=note)

    async def _give_up(self, claim: Claim, failure: Failure, *, note: str) -> None:
        job = claim.job
        if not job.state.is_open:  # only a follow-up or the cleanup failed
            await claim.save(without_it(job), note=note)
            await claim.release(Later(due=None))
            return
        _log.warning("job_given_up", job=job.id, state=str(job.state), reason=str(failure.reason))
        if job.state in _WITH_PROVIDER and job.origin.thread is not None:
            ended = replace(job, state=JobState.READY, failure=failure)
        elif job.state is JobState.READY and job.failure is None:
            # The transcript cannot be posted, so the failure message is.
            ended = replace(job, failure=Failure(reason=Reason.GAVE_UP), state_since=self._tools.clock())
        else:
            ended = replace(job, state=JobState.ABANDONED, failure=Failure(reason=Reason.NOWHERE_TO_REPLY))
        self._count(job, await claim.save(ended, note=note))
        await claim.release(Later(due=self._tools.clock(), attempts=0))

    async def _finish(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE.total_seconds())
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _tried_for(claim: Claim) -> timedelta:
    """Return for how long this step has been retried, to be compared with `PATIENCE`.

    While the provider works (submitted), only the time of failures in a row counts, for at most twice `PATIENCE`.
    """
    if claim.job.state is JobState.SUBMITTED and claim.observed <= 2 * PATIENCE:
        return claim.failing_for
    return claim.observed
