"""submitting: the provider gets the audio, once as far as anybody can know."""

from __future__ import annotations

from dataclasses import replace

from bot.claim import Claim
from bot.effects import once
from bot.steps.audio import obtain
from bot.tools import Tools
from storage import inbox, jobs
from storage.database import Transaction
from storage.job import Failure, Job, JobState, Reason
from transcription.errors import TicketExpired, TimedOut, TranscriptionError
from transcription.transcriber import Submission, Ticket, Transcriber


class SentTooOften(Exception):
    """Nobody can tell whether the audio arrived, and another sending could be billed once more."""


async def submit(claim: Claim, tools: Tools) -> Job:
    """Send, or learn that it was sent; the handle is saved."""
    transcriber = tools.transcriber_of(claim.job)
    try:
        submission = await once(
            claim,
            look=lambda: _find(claim, tools, transcriber),
            act=lambda: _send(claim, tools, transcriber),
        )
    except SentTooOften:
        failure = Failure(reason=Reason.GAVE_UP)
        return await claim.save(replace(claim.job, state=JobState.READY, failure=failure), note="sent too often")
    except TicketExpired:
        # Counted as a sending although nothing arrived: a storage that refuses every ticket must come to an end.
        return await claim.save(replace(claim.job, state=JobState.RECEIVED, ticket=None), note="ticket expired")
    saved = await claim.save(replace(claim.job, state=JobState.SUBMITTED, handle=submission.handle, ticket=None))
    if not submission.keeps_audio:
        await tools.spool.clear(saved.id)
    return saved


async def _find(claim: Claim, tools: Tools, transcriber: Transcriber) -> Submission | None:
    job = claim.job

    def unclaimed(tx: Transaction) -> list[bytes]:
        # Two jobs of one length could take each other's words: then neither is offered them.
        return [] if jobs.rivals(tx, job) else inbox.orphans(tx, provider=transcriber.name, since=job.state_since)

    orphans = await tools.database.read(unclaimed)
    found = await transcriber.find(Ticket(job.ticket or ""), age=claim.age, orphans=orphans)
    if found is None:
        if job.sendings >= transcriber.capabilities.sendings:
            raise SentTooOften
        # Noted before it is sent again, so that a crash cannot lose count.
        await claim.save(replace(job, sendings=job.sendings + 1), note="sent again")
    return found


async def _send(claim: Claim, tools: Tools, transcriber: Transcriber) -> Submission:
    job = claim.job
    audio = (await obtain(job, tools, transcriber)).audio
    try:
        return await transcriber.submit(audio, Ticket(job.ticket or ""))
    except (TimedOut, TicketExpired):
        raise
    except TranscriptionError:
        # It surely did not arrive, so it does not count.
        await claim.save(replace(claim.job, sendings=max(claim.job.sendings - 1, 0)))
        raise
