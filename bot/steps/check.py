"""submitted: look whether the transcript is there, in the provider's own time."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from bot.claim import Claim, Later
from bot.tools import Tools
from handlers import words
from storage import inbox, transcripts
from storage.database import Transaction
from storage.inbox import Notice
from storage.job import Failure, Job, JobState, Reason
from transcription.errors import Lost
from transcription.transcriber import Handle, Pace, Pending, Transcriber
from transcription.transcript import Transcript

SOON = timedelta(seconds=5)
"""After a webhook that the status call does not confirm yet."""


async def check(claim: Claim, tools: Tools) -> Job | Later:
    """Look once; keep the transcript, or come back when the pace says so."""
    job = claim.job
    transcriber = tools.transcriber_of(job)
    handle = Handle(job.handle or "")
    pace = _pace(transcriber, tools)
    if claim.fresh and not await _has_notice(job, tools):
        return Later(due=tools.clock() + first_look(pace, job.duration))
    notice = await tools.database.read(lambda tx: inbox.newest(tx, provider=transcriber.name, handle=handle))
    try:
        answer = await transcriber.check(handle, age=claim.age, notice=notice.body if notice else None)
    except Lost:
        return await _start_again(claim, limit=transcriber.capabilities.sendings)
    match answer:
        case Transcript():
            return await _keep(claim, tools, answer)
        case Pending():
            return await _come_back(claim, tools, answer, notice=notice, pace=pace)


def _pace(transcriber: Transcriber, tools: Tools) -> Pace:
    pace, soonest = transcriber.capabilities.pace, tools.settings.soonest_look
    return pace if soonest is None else replace(pace, soonest=timedelta(seconds=soonest))


async def _has_notice(job: Job, tools: Tools) -> bool:
    return await tools.database.read(
        lambda tx: inbox.has_unread(tx, provider=job.provider or "", handle=job.handle or "")
    )


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


async def _come_back(claim: Claim, tools: Tools, pending: Pending, *, notice: Notice | None, pace: Pace) -> Job | Later:
    job = claim.job
    length = job.duration or timedelta(0)
    if claim.age > max(pace.patience_floor, pace.patience * length):
        return await claim.save(replace(job, state=JobState.READY, failure=Failure(reason=Reason.TOO_SLOW)))
    if notice is not None:
        await tools.database.write(
            lambda tx: inbox.mark_read(tx, provider=job.provider or "", digest=notice.digest, now=tools.clock())
        )
    wait = pending.look_after or next_look(pace, job.duration, chance=random.random())  # noqa: S311 - jitter
    return Later(due=tools.clock() + wait)


def first_look(pace: Pace, duration: timedelta | None) -> timedelta:
    """How long after the submission the first look is worth a request."""
    return max(pace.first * (duration or timedelta(0)), pace.soonest)


def next_look(pace: Pace, duration: timedelta | None, *, chance: float) -> timedelta:
    """How long until the next look; in proportion to the recording, with up to a tenth of jitter."""
    wait = min(max(pace.every * (duration or timedelta(0)), pace.soonest), pace.latest)
    return wait * (1 + chance / 10)
