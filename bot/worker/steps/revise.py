"""replied, and speakers were named or words corrected since: the reply is edited (`bot.worker.steps.edit`)."""

from __future__ import annotations

from dataclasses import replace

from bot.slack.errors import SlackRefused
from bot.worker.claim import Claim
from bot.worker.steps.edit import drop_new_files, edit_reply
from bot.worker.tools import Tools
from storage import corrections, namings, transcripts
from storage.database import Transaction
from storage.job import Job
from storage.namings import Naming


async def revise(claim: Claim, tools: Tools) -> Job:
    """Show the newest speaker names and words; if Slack refuses to edit the reply, it stays unchanged."""
    job_id = claim.job.id

    def newest(tx: Transaction) -> tuple[Naming | None, int]:
        return namings.newest(tx, job_id), corrections.shown_by(tx, job_id)

    naming, corrected = await tools.database.read(newest)
    if not await tools.database.read(lambda tx: transcripts.is_kept(tx, job_id)):
        return await claim.save(as_shown(claim.job, naming, corrected), note="not changed: no longer kept")
    try:
        await edit_reply(claim, tools, naming)
    except SlackRefused as refused:
        await drop_new_files(claim, tools)
        return await claim.save(as_shown(claim.job, naming, corrected), note=f"not changed: {refused.code}")
    return await claim.save(as_shown(claim.job, naming, corrected))


def as_shown(job: Job, naming: Naming | None = None, corrected: int | None = None) -> Job:
    """Return the job with this naming and this version of its words shown, so that no edit is owed."""
    version = naming.version if naming else job.naming
    words = job.corrections if corrected is None else corrected
    return replace(job, naming=version, shown=version, corrections=words, corrections_shown=words, under_way_since=None)
