"""replied, and speakers were named since: the reply is edited (`bot.worker.steps.edit`)."""

from __future__ import annotations

from dataclasses import replace

from bot.slack.errors import SlackRefused
from bot.worker.claim import Claim
from bot.worker.steps.edit import drop_new_files, edit_reply
from bot.worker.tools import Tools
from storage import namings, transcripts
from storage.job import Job


async def revise(claim: Claim, tools: Tools) -> Job:
    """Show the newest speaker names; if Slack refuses to edit the reply, it stays unchanged."""
    naming = await tools.database.read(lambda tx: namings.newest(tx, claim.job.id))
    if not await tools.database.read(lambda tx: transcripts.is_kept(tx, claim.job.id)):
        return await claim.save(as_shown(claim.job, naming), note="not changed: no longer kept")
    try:
        await edit_reply(claim, tools, naming)
    except SlackRefused as refused:
        await drop_new_files(claim, tools)
        return await claim.save(as_shown(claim.job, naming), note=f"not changed: {refused.code}")
    return await claim.save(as_shown(claim.job, naming))


def as_shown(job: Job, naming: namings.Naming | None) -> Job:
    """Return the job with this naming shown, so that no edit is owed."""
    version = naming.version if naming else job.naming
    return replace(job, naming=version, shown=version, under_way_since=None)
