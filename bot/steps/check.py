"""submitted: look whether the transcript is there, in the provider's own time."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from bot.claim import Claim, Later
from bot.steps.holding import asking
from bot.tools import Tools
from handlers import words
from storage import inbox, transcripts
from storage.database import Transaction
from storage.job import Failure, Job, JobState, Reason
from transcription.errors import Lost
from transcription.transcriber import Handle, Pace, Pending, Transcriber
from transcription.transcript import Transcript


async def check(claim: Claim, tools: Tools) -> Job | Later:
    """Look once; keep the transcript, or come back when the pace says so."""
    job = claim.job
    transcriber = tools.transcriber_of(job)
    handle = Handle(job.handle or "")
    pace = _pace(transcriber, tools)
    if claim.fresh:
        return Later(due=tools.clock() + first_look(pace, job.duration), unless_webhook=True)
    notice = await _notice(job, tools)
    try:
        with asking(job, tools, transcriber.name):
            answer = await transcriber.check(handle, age=claim.age, notice=notice)
    except Lost:
        return await _start_again(claim, limit=transcriber.capabilities.sendings)
    tools.limits.answered(transcriber.name)
    match answer:
        case Transcript():
            return await _keep(claim, tools, answer)
        case Pending():
            return await _come_back(claim, tools, answer, pace=pace)


def _pace(transcriber: Transcriber, tools: Tools) -> Pace:
    pace, soonest = transcriber.capabilities.pace, tools.settings.soonest_look
    return pace if soonest is None else replace(pace, soonest=timedelta(seconds=soonest))


async def _notice(job: Job, tools: Tools) -> bytes | None:
    """The newest webhook body about the job. Marked as seen before the look, so that only a newer one cuts a wait."""
    provider, handle = job.provider or "", job.handle or ""
    if await tools.database.read(lambda tx: inbox.has_unread(tx, provider=provider, handle=handle)):
        await tools.database.write(lambda tx: inbox.mark_read(tx, provider=provider, handle=handle, now=tools.clock()))
    return await tools.database.read(lambda tx: inbox.newest(tx, provider=provider, handle=handle))


async def _keep(claim: Claim, tools: Tools, transcript: Transcript) -> Job:
    job = claim.job
    ready = replace(job, state=JobState.READY)
    if job.damaged:
        note = " ".join(part for part in (transcript.note, words.DAMAGED) if part)
        transcript = replace(transcript, note=note)

    def also(tx: Transaction) -> None:
        transcripts.put(tx, job.id, transcript, now=tools.clock())
        inbox.forget(tx, provider=job.provider or "", handle=job.handle or "")

    return await claim.save(ready, also=also)


async def _start_again(claim: Claim, *, limit: int) -> Job:
    job = claim.job
    if job.sendings >= limit:
        return await claim.save(replace(job, state=JobState.READY, failure=Failure(reason=Reason.PROVIDER_FAILED)))
    return await claim.save(replace(job, state=JobState.RECEIVED, handle=None), note="lost at the provider")


async def _come_back(claim: Claim, tools: Tools, pending: Pending, *, pace: Pace) -> Job | Later:
    job = claim.job
    length = job.duration or timedelta(0)
    if claim.age > max(pace.patience_floor, pace.patience * length):
        return await claim.save(replace(job, state=JobState.READY, failure=Failure(reason=Reason.TOO_SLOW)))
    wait = pending.look_after or next_look(pace, job.duration, chance=random.random())  # noqa: S311 - jitter
    return Later(due=tools.clock() + wait, attempts=0, unless_webhook=True)


def first_look(pace: Pace, duration: timedelta | None) -> timedelta:
    """How long after the submission the first look is worth a request."""
    return max(pace.first * (duration or timedelta(0)), pace.soonest)


def next_look(pace: Pace, duration: timedelta | None, *, chance: float) -> timedelta:
    """How long until the next look; in proportion to the recording, with up to a tenth of jitter."""
    wait = min(max(pace.every * (duration or timedelta(0)), pace.soonest), pace.latest)
    return wait * (1 + chance / 10)
