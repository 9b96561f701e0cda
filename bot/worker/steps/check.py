"""submitted: poll the provider for the transcript, by its polling schedule."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.clock import seen
from bot.worker.claim import Claim, Later
from bot.worker.polling import first_poll, is_overdue, next_poll, time_taken
from bot.worker.provider_facts import keep_facts
from bot.worker.steps import progress
from bot.worker.steps.backpressure import calling
from bot.worker.tools import Tools
from handlers import words
from storage import corrections, inbox, namings, search, speeds, transcripts
from storage.claiming import FARTHEST
from storage.database import Transaction
from storage.job import Failure, HandleFrom, Job, JobState, Reason
from storage.speeds import Speed
from transcription.bounds import most_bytes
from transcription.errors import Failed, Lost
from transcription.transcriber import Handle, Inquiry, Pending, PollSchedule, Transcriber
from transcription.transcript import Transcript


async def check(claim: Claim, tools: Tools) -> Job | Later:
    """Poll once: save the transcript, or return when the next poll is due."""
    job = claim.job
    transcriber = tools.transcriber_of(job)
    handle = Handle(job.handle or "")
    schedule, length = _schedule(transcriber, tools), job.duration or timedelta(0)
    fresh = claim.fresh
    await progress.report(claim, tools)
    if fresh:
        speed = await tools.database.read(_speed(job, transcriber))
        return Later(due=tools.clock() + first_poll(schedule, length, speed), unless_webhook=True)
    known = await _known(job, tools, transcriber)
    notice, speed = known.notice, known.speed
    waited = _waited(claim, tools)
    overdue = is_overdue(schedule, length, observed=claim.observed, waited=waited)
    inquiry = Inquiry(
        age=claim.age,
        length=job.duration,
        notice=notice,
        earlier=known.earlier,
        oversized=known.oversized,
        # An id noted by an earlier release counts as given by the provider: its recording was sent and may be billed.
        given=job.handle_from is not HandleFrom.WEBHOOK,
        failing_for=claim.failing_for,
        overdue=overdue,
    )
    try:
        with calling(job, tools, transcriber.name):
            answer = await transcriber.check(handle, inquiry)
    except Lost:
        return await _start_again(claim, limit=transcriber.capabilities.sendings)
    except Failed as failed:
        if failed.report is not None:
            await claim.save(replace(job, report=failed.report))
        raise
    finally:
        await keep_facts(transcriber, tools)
    tools.limits.record_success(transcriber.name)
    match answer:
        case Transcript():
            learnt = time_taken(schedule, length, speed, age=claim.age, misses=job.misses, called=notice is not None)
            return await _keep(claim, tools, answer, time_taken=learnt)
        case Pending():
            if overdue:
                return await claim.save(replace(job, state=JobState.READY, failure=Failure(reason=Reason.TOO_SLOW)))
            return _come_back(claim, tools, answer, schedule=schedule, speed=speed, waited=waited)


def _schedule(transcriber: Transcriber, tools: Tools) -> PollSchedule:
    schedule, soonest = transcriber.capabilities.poll_schedule, tools.settings.soonest_look
    return schedule if soonest is None else replace(schedule, soonest=timedelta(seconds=soonest))


def _speed(job: Job, transcriber: Transcriber) -> Callable[[Transaction], Speed]:
    model = transcriber.capabilities.model
    return lambda tx: speeds.speed_of(tx, provider=job.provider or "", model=model)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """The newest webhook body about a job, the earlier ones, whether one was too large, and the provider's speed."""

    notice: bytes | None
    earlier: tuple[bytes, ...]
    oversized: bool
    speed: Speed


async def _known(job: Job, tools: Tools, transcriber: Transcriber) -> _Known:
    """Load what is known, of webhooks only what is no larger than anything about the recording can be.

    Bodies are marked as read before the poll: only a newer one may shorten the next wait.
    """
    provider, handle, speed_of = job.provider or "", job.handle or "", _speed(job, transcriber)

    most = most_bytes(job.duration)

    def mark(tx: Transaction) -> None:
        inbox.cut(tx, provider=provider, handle=handle, most=most)
        inbox.mark_read(tx, provider=provider, handle=handle, now=tools.clock())

    def known(tx: Transaction) -> _Known:
        notice = inbox.newest(tx, provider=provider, handle=handle)
        earlier = inbox.earlier(tx, provider=provider, handle=handle, most=most) if notice is not None else ()
        oversized = inbox.has_cut(tx, provider=provider, handle=handle)
        return _Known(notice=notice, earlier=earlier, oversized=oversized, speed=speed_of(tx))

    if await tools.database.read(lambda tx: inbox.has_unread(tx, provider=provider, handle=handle)):
        await tools.database.write(mark)
    return await tools.database.read(known)


async def _keep(claim: Claim, tools: Tools, transcript: Transcript, *, time_taken: timedelta | None) -> Job:
    job = claim.job
    if job.shown_as is not None and not transcript.turns:  # the transcript in the thread is better than none
        nothing = Failure(reason=Reason.REFUSED, sentence=words.NOTHING_HEARD)
        return await claim.save(replace(job, state=JobState.READY, failure=nothing), note="nothing heard")
    ready = replace(job, state=JobState.READY, shown_as=None, report=transcript.report)
    if job.retried:
        ready = replace(ready, naming=0, shown=0, corrections_shown=job.corrections)
    model = tools.transcriber_of(job).capabilities.model
    if job.damaged:
        note = " ".join(part for part in (transcript.note, words.DAMAGED) if part)
        transcript = replace(transcript, note=note)

    def also(tx: Transaction) -> None:
        transcripts.put(tx, job.id, transcript, now=tools.clock())
        inbox.forget(tx, provider=job.provider or "", handle=job.handle or "")
        if job.retried:
            namings.start_over(tx, job)
            corrections.start_over(tx, job.id)
        if job.duration is not None and time_taken is not None:
            speeds.learn(tx, provider=job.provider or "", model=model, length=job.duration, time_taken=time_taken)

    saved = await claim.save(ready, also=also)
    await search.index(tools.database, job.id)
    return saved


async def _start_again(claim: Claim, *, limit: int) -> Job:
    job = claim.job
    if job.sendings >= limit:
        return await claim.save(replace(job, state=JobState.READY, failure=Failure(reason=Reason.PROVIDER_FAILED)))
    return await claim.save(
        replace(job, state=JobState.RECEIVED, handle=None, handle_from=None), note="lost at the provider"
    )


def _waited(claim: Claim, tools: Tools) -> timedelta:
    """Return how long the provider has worked: the time between answered polls, each at most `FARTHEST`.

    The time after a failed poll does not count, nor does time in which the bot was not running: nothing is known of it.
    """
    job = claim.job
    if job.attempts > 0:
        return job.waited
    return job.waited + seen(tools.clock, job.waited_until or job.state_since, most=FARTHEST)


def _come_back(
    claim: Claim, tools: Tools, pending: Pending, *, schedule: PollSchedule, speed: Speed, waited: timedelta
) -> Later:
    length = claim.job.duration or timedelta(0)
    chance = random.random()  # noqa: S311 - jitter
    wait = pending.poll_after or next_poll(schedule, length, speed, age=claim.age, chance=chance)
    return Later(due=tools.clock() + wait, attempts=0, missed=True, waited=waited, unless_webhook=True)
