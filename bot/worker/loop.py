"""The worker: claims what is due, takes it as many steps further as it will go, and sleeps until the next is due.

It is woken by new recordings and by webhooks, keeps the leases of what is in its hands alive, and is the one place
where an error becomes a decision (`bot.worker.retries`).
"""

from __future__ import annotations

import asyncio
import logging
import random
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import assert_never

import structlog

from bot.clock import Clock
from bot.slack.pauses import Paused
from bot.worker.claim import LEASE, Claim, Later
from bot.worker.effects import UnderWay
from bot.worker.retries import EXPECTED, PATIENCE, GiveUp, Retry, decide, may_have_it
from bot.worker.steps.backpressure import LONGEST_WAIT, paused, record_slack_outcome, slack_dependency, wait_in_line
from bot.worker.steps.check import check
from bot.worker.steps.followups import step_after, without_it
from bot.worker.steps.locate import locate
from bot.worker.steps.reply import plan, reply
from bot.worker.steps.submit import submit
from bot.worker.tools import Tools
from storage.claiming import FairShare, claim, next_due
from storage.database import StorageUnavailable, Transaction
from storage.job import Failure, Job, JobId, JobState, LeaseLost, Reason
from transcription.errors import RateLimited

LONGEST_SLEEP = timedelta(seconds=5)
"""The command line may change a job beside us; this is how soon we notice."""

AFTER_TROUBLE = timedelta(seconds=1)
"""Before the database is asked again."""

GRACE = timedelta(seconds=10)
"""How long a step may go on after we were asked to stop."""

LINE_EVERY = 4
"""Of so many claims one goes to a recording that nobody has looked at yet, the others to what is in work already."""

_WITH_PROVIDER = frozenset({JobState.RECEIVED, JobState.SUBMITTING, JobState.SUBMITTED})

Step = Callable[[Claim, Tools], Awaitable[Job | Later]]

_log = structlog.get_logger()


class Worker:
    """Works with `tools` on at most `settings.concurrency` jobs at a time; `clock` is the one in `tools`."""

    def __init__(self, tools: Tools, *, clock: Clock) -> None:
        self._tools = tools
        self._clock = clock
        self._woken = asyncio.Event()
        self._stopping = False
        self._ended = False
        self._at_work: set[asyncio.Task[None]] = set()
        self._in_hand: set[JobId] = set()
        self._turns = FairShare()
        self._claims = 0
        self._database_trouble = False
        self._last_turn = tools.clock()

    def wake(self) -> None:
        """Something is due."""
        self._woken.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what is in hand is finished or let go."""
        self._stopping = True
        self._woken.set()

    @property
    def is_alive(self) -> bool:
        """Whether the loop has turned lately, and still does."""
        return not self._ended and self._tools.clock() - self._last_turn < 3 * LONGEST_SLEEP + timedelta(seconds=10)

    async def run(self) -> None:
        """Work until stopped."""
        try:
            while not self._stopping:
                await self._turn()
        finally:
            self._ended = True
            await self._finish()

    async def _turn(self) -> None:
        try:
            self._woken.clear()
            await self._take_all_that_is_due()
            self._last_turn = self._tools.clock()
            await self._sleep()
        except Exception as error:  # noqa: BLE001 - a row that nobody can read, say: what is heard must go on being kept
            _log.error("worker_error", error=describe(error))
            await asyncio.sleep(AFTER_TROUBLE.total_seconds())

    async def _take_all_that_is_due(self) -> None:
        while not self._stopping and (free := self._tools.settings.concurrency - len(self._at_work)) > 0:
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
                self._at_work.add(task)
                self._in_hand.add(one.job.id)
                task.add_done_callback(partial(self._done, one.job.id))
            if len(claims) < free:
                return

    async def _claim(self, *, most: int) -> list[Claim]:
        """Claim what can be claimed, at most so many, in one transaction."""
        tools, asked = self._tools, asyncio.get_running_loop().time()
        # Whether another machine's lease has ended is for the clock that all of them go by.
        now = await self._clock.agree(tools.database) or tools.clock()
        until, held = now + LEASE, tuple(self._in_hand)

        def next_one(tx: Transaction) -> Job | None:
            self._claims += 1
            line_first = self._claims % LINE_EVERY == 0
            return claim(tx, turns=self._turns, now=now, until=until, held=held, line_first=line_first)

        def work(tx: Transaction) -> list[Job]:
            return list(islice(iter(partial(next_one, tx), None), most))

        jobs = await tools.database.write(work)
        return [Claim(job, database=tools.database, clock=tools.clock, until=until, asked=asked) for job in jobs]

    def _done(self, job: JobId, task: asyncio.Task[None]) -> None:
        self._at_work.discard(task)
        self._in_hand.discard(job)
        self._woken.set()
        if not task.cancelled() and (error := task.exception()):
            # E.g. the database went away: the lease ends by itself and the job is tried again.
            _log.error("job_dropped", task=task.get_name(), error=type(error).__name__)

    async def _sleep(self) -> None:
        due = None
        with suppress(StorageUnavailable):
            due = await self._tools.database.read(next_due)
        busy = len(self._at_work) >= self._tools.settings.concurrency
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
        except Exception as error:  # noqa: BLE001 - the one place where anything becomes a decision
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
        if isinstance(error, Paused) and claim.age <= PATIENCE:
            await claim.release(wait_in_line(job, self._tools, slack_dependency(job), span=error.left))
            return
        record_slack_outcome(job, self._tools, error)
        sent = may_have_it(job.state, sendings=job.sendings)
        chance = random.random()  # noqa: S311 - jitter
        decision = decide(error, attempts=job.attempts, age=_tried_for(claim), chance=chance, sent=sent)
        note = describe(error)
        self._tools.metrics.step_failed(job.state, error, given_up=isinstance(decision, GiveUp))
        match decision:
            case GiveUp(failure=failure):
                await self._give_up(claim, failure, note=note)
            case Retry(wait=wait, alarm=alarm):
                if isinstance(error, RateLimited):
                    self._tools.limits.pause(self._tools.transcriber_of(job).name, until=now + wait)
                # In an outage it waits with the others, and is no worse off for having been the one that tried.
                held = paused(claim, self._tools)
                due = held.due if held and held.due else now + min(wait, LONGEST_WAIT)
                level = logging.ERROR if alarm else logging.WARNING
                again_in = round((due - now).total_seconds(), 1)
                _log.log(level, "step_failed", job=job.id, state=str(job.state), error=note, again_in=again_in)
                await claim.fail(due=due, note=note)

    async def _give_up(self, claim: Claim, failure: Failure, *, note: str) -> None:
        job = claim.job
        if not job.state.is_open:  # only the tidying up failed, or what was owed besides the reply
            await claim.save(without_it(job), note=note)
            await claim.release(Later(due=None))
            return
        _log.warning("job_given_up", job=job.id, state=str(job.state), reason=str(failure.reason))
        if job.state in _WITH_PROVIDER and job.origin.thread is not None:
            ended = replace(job, state=JobState.READY, failure=failure)
        elif job.state is JobState.READY and job.failure is None:
            # The transcript cannot be shown: then at least the sentence that says so.
            ended = replace(job, failure=Failure(reason=Reason.GAVE_UP), state_since=self._tools.clock())
        else:
            ended = replace(job, state=JobState.ABANDONED, failure=Failure(reason=Reason.NOWHERE_TO_REPLY))
        self._count(job, await claim.save(ended, note=note))
        await claim.release(Later(due=self._tools.clock(), attempts=0))

    async def _finish(self) -> None:
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=GRACE.total_seconds())
        for task in self._at_work:
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)


def _tried_for(claim: Claim) -> timedelta:
    """For how long a step was tried in vain.

    What the provider has is asked for as long as that makes sense: only failures in a row count, for two days at most.
    """
    if claim.job.state is JobState.SUBMITTED and claim.age <= 2 * PATIENCE:
        return claim.failing_for
    return claim.age


def describe(error: Exception) -> str:
    """What may be logged of an error: ours are written for it, of others only where they came from."""
    match error:
        case OSError(strerror=str(strerror)):
            return f"{type(error).__name__}: {strerror}"
        case _ if isinstance(error, EXPECTED):
            return f"{type(error).__name__}: {error}"[:200]
        case _:
            last = traceback.extract_tb(error.__traceback__)[-1]
            return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
