"""A conversation's first transcript says where the audio goes: who says it is noted before the reply is made."""

from __future__ import annotations

from dataclasses import replace

from bot.worker.claim import Claim
from bot.worker.steps.intent import Intent
from bot.worker.tools import Tools
from storage import first_transcripts


async def note_place(claim: Claim, tools: Tools) -> None:
    """Note in the intent of the reply that it says where the audio goes, if it is the conversation's first transcript.

    It stays noted, so that the sentence stays when the reply is edited. Of two that are planned at once, one says it.
    """
    job = claim.job
    intent = Intent.load(job.reply_intent)
    if job.failure is not None or intent.tells_place:
        return
    if await tools.database.read(lambda tx: first_transcripts.is_first(tx, job)):
        noted = replace(job, reply_intent=replace(intent, tells_place=True).dump())
        await claim.save(lambda tx: noted if first_transcripts.is_still_first(tx, job) else job)
