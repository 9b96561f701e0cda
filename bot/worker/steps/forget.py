"""replied, abandoned, to be forgotten: deletes the stored transcript, then the reply, its files, the reactions.

Every call is idempotent: something that is deleted already is not an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace

from bot.slack.errors import SlackNotAuthorised, SlackRefused
from bot.worker.claim import Claim
from bot.worker.steps import progress
from bot.worker.steps.export import message_of
from bot.worker.steps.intent import Intent
from bot.worker.tools import Tools
from storage import exports, forgetting
from storage.exports import Export
from storage.job import Job


async def forget(claim: Claim, tools: Tools) -> Job:
    """Delete everything of the job. What Slack refuses to delete stays, and the job's history says so."""
    job, intent = claim.job, Intent.load(claim.job.reply_intent)
    await claim.save(job, also=lambda tx: forgetting.drop(tx, job))
    left = await _remove(job, tools, channel=job.origin.channel, ts=job.reply_ts, files=intent.own_files)
    for export in await tools.database.read(lambda tx: exports.of_job(tx, job.id)):
        # Row by row: after a rate limit the next try goes on with the rest.
        await _take_back(claim, tools, export)
    await progress.remove(claim, tools)
    with suppress(SlackRefused, SlackNotAuthorised):  # best effort, and the message may be gone
        await _take_reactions_back(job, tools)
    return await claim.save(as_forgotten(claim.job), note=left)


async def _take_back(claim: Claim, tools: Tools, export: Export) -> None:
    job, ts = claim.job, await message_of(claim.job, tools, export)
    files = [export.file] if export.file else []
    left = await _remove(job, tools, channel=export.channel or "", ts=ts, files=files)
    await claim.save(job, note=left, also=lambda tx: exports.drop(tx, export))


async def _remove(job: Job, tools: Tools, *, channel: str, ts: str | None, files: Iterable[str]) -> str | None:
    """Delete a message and files of ours; return what Slack refused to delete, for the history."""
    workspace, left = tools.workspace_of(job), list[str]()
    try:
        if ts:
            await workspace.delete(channel, ts)
    except SlackRefused as refused:
        left.append(f"reply not removed: {refused.code}")
    for file in files:
        try:
            await workspace.discard(file)
        except SlackRefused as refused:
            left.append(f"file not removed: {refused.code}")
    return ", ".join(left) or None


def as_forgotten(job: Job) -> Job:
    """Return the job as forgotten: nothing is left to delete."""
    return replace(
        job, forgotten=2, reply_intent=None, shown=job.naming, corrections_shown=job.corrections, exported=job.exports
    )


async def _take_reactions_back(job: Job, tools: Tools) -> None:
    if job.message_ts is None or await tools.database.read(lambda tx: forgetting.has_neighbours(tx, job)):
        return
    settings = tools.settings
    for emoji in (settings.reaction_pending, settings.reaction_done, settings.reaction_failed):
        await tools.workspace_of(job).unreact(job.origin.channel, job.message_ts, emoji)
