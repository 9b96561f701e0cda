"""submitting: sends the audio to the provider, once as far as that can be known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.worker.claim import Claim, Later
from bot.worker.effects import once
from bot.worker.provider_facts import keep_facts
from bot.worker.steps.audio import obtain
from bot.worker.steps.backpressure import calling
from bot.worker.steps.channel import end_if_not_allowed
from bot.worker.tools import Tools
from storage import inbox, jobs
from storage.database import Transaction
from storage.job import Failure, HandleFrom, Job, JobState, Reason
from transcription.bounds import most_bytes
from transcription.errors import TicketExpired, TimedOut, TranscriptionError
from transcription.transcriber import Submission, Ticket, Transcriber

BETWEEN_TICKETS = timedelta(minutes=1)

FOR_THE_PROVIDER_TO_SAY = timedelta(0)
"""A transcriber that cannot tell yet whether a submission arrived raises `Unavailable`: see `Transcriber.find`."""


class SentTooOften(Exception):
    """It is unknown whether the audio arrived, and another submission could be billed again."""


async def submit(claim: Claim, tools: Tools) -> Job | Later:
    """Submit the audio, or find that it was submitted, and save the provider's handle."""
    ended = await end_if_not_allowed(claim, tools) if claim.job.sendings == 0 else None
    if ended is not None:
        return ended
    transcriber = tools.transcriber_of(claim.job)
    try:
        submission = await once(
            claim,
            look=lambda: _find(claim, tools, transcriber),
            act=lambda: _send(claim, tools, transcriber),
            landing=FOR_THE_PROVIDER_TO_SAY,
        )
    except SentTooOften:
        failure = Failure(reason=Reason.GAVE_UP)
        return await claim.save(replace(claim.job, state=JobState.READY, failure=failure), note="sent too often")
    except TicketExpired:
        await claim.save(replace(claim.job, state=JobState.RECEIVED, ticket=None), note="ticket expired")
        return Later(due=tools.clock() + BETWEEN_TICKETS)
    told = HandleFrom.ANSWER if submission.given else HandleFrom.WEBHOOK
    saved = await claim.record(
        replace(claim.job, state=JobState.SUBMITTED, handle=submission.handle, handle_from=told, ticket=None)
    )
    if not submission.keeps_audio:
        await tools.spool.clear(saved.id)
    return saved


async def _find(claim: Claim, tools: Tools, transcriber: Transcriber) -> Submission | None:
    job = claim.job
    if job.sendings == 0:
        return None

    def unclaimed(tx: Transaction) -> list[bytes]:
        # Jobs of the same length could take each other's transcript, so none of them is offered an unclaimed webhook.
        if jobs.rivals(tx, job, now=tools.clock()):
            return []
        most = most_bytes(job.duration)
        return inbox.orphans(tx, provider=transcriber.name, since=job.state_since, most=most)

    orphans = await tools.database.read(unclaimed)
    try:
        return await transcriber.find(Ticket(job.ticket or ""), age=claim.observed, orphans=orphans)
    finally:
        await keep_facts(transcriber, tools)


async def _send(claim: Claim, tools: Tools, transcriber: Transcriber) -> Submission:
    if claim.job.sendings >= transcriber.capabilities.sendings:
        raise SentTooOften
    audio = (await obtain(claim.job, tools, transcriber)).audio
    # Counted before sending, so that a crash cannot lose the count.
    await claim.save(replace(claim.job, sendings=claim.job.sendings + 1, under_way_since=tools.clock()))
    try:
        with calling(claim.job, tools, transcriber.name):
            submission = await transcriber.submit(audio, Ticket(claim.job.ticket or ""))
    except TimedOut:
        raise
    except TranscriptionError:
        # It certainly did not arrive, so it does not count.
        await claim.save(replace(claim.job, sendings=claim.job.sendings - 1))
        raise
    tools.limits.record_success(transcriber.name)
    return submission
