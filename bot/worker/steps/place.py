"""A conversation's first transcript says where the audio goes: who says it is noted before the reply is made."""

from __future__ import annotations

from dataclasses import replace

from bot.worker.claim import Claim
from bot.worker.steps.intent import Intent, usual_transcriber
from bot.worker.tools import Tools
from storage import first_transcripts


async def note_place(claim: Claim, tools: Tools) -> None:
    """Note in the intent of the reply that it says where the audio goes, if it is the conversation's first transcript.

    It stays noted, so that the sentence stays when the reply is edited. Of two that are planned at once, one says it. A
    recording that went elsewhere than what others share there, as its sharer chose, does not.
    """
    job = claim.job
    intent = Intent.load(job.reply_intent)
    if job.failure is not None or intent.tells_place:
        return
    if not await tools.database.read(lambda tx: first_transcripts.is_first(tx, job)):
        return
    if (await usual_transcriber(job, tools)).name == job.provider:
        noted = replace(job, reply_intent=replace(intent, tells_place=True).dump())
        await claim.save(lambda tx: noted if first_transcripts.is_still_first(tx, job) else job)
