"""replied, abandoned, and to be forgotten: the words here go first, then the reply and every file, the reactions too.

Every call may be repeated; what is gone already is as it should be.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from bot.claim import Claim
from bot.slack_errors import SlackNotAuthorised, SlackRefused
from bot.steps import progress
from bot.steps.export import message_of
from bot.steps.intent import Intent
from bot.tools import Tools
from storage import exports, forgetting
from storage.job import Job


async def forget(claim: Claim, tools: Tools) -> Job:
    """Remove what is left of the job; what Slack will not remove stays, and the history says so."""
    job, intent = claim.job, Intent.load(claim.job.reply_intent)
    await claim.save(job, also=lambda tx: forgetting.drop(tx, job))
    exported = await tools.database.read(lambda tx: exports.of_job(tx, job.id))
    messages = [(job.origin.channel, job.reply_ts)]
    messages += [(each.channel or "", await message_of(job, tools, each)) for each in exported]
    notes: list[str] = []
    for channel, ts in messages:
        try:
            if ts:
                await tools.workspace_of(job).delete(channel, ts)
        except SlackRefused as refused:
            notes.append(f"reply not removed: {refused.code}")
    for file in (*intent.own_files, *(each.file for each in exported if each.file)):
        try:
            await tools.workspace_of(job).discard(file)
        except SlackRefused as refused:
            notes.append(f"file not removed: {refused.code}")
    await progress.take_away(claim, tools)
    with suppress(SlackRefused, SlackNotAuthorised):  # a courtesy, and the message may be gone
        await _take_reactions_back(job, tools)
    return await claim.save(
        as_forgotten(claim.job), note=", ".join(notes) or None, also=lambda tx: exports.drop(tx, job.id)
    )


def as_forgotten(job: Job) -> Job:
    """The job, nothing to be removed any more."""
    return replace(job, forgotten=2, reply_intent=None, shown=job.naming, exported=job.exports)


async def _take_reactions_back(job: Job, tools: Tools) -> None:
    if job.message_ts is None or await tools.database.read(lambda tx: forgetting.has_neighbours(tx, job)):
        return
    settings = tools.settings
    for emoji in (settings.reaction_pending, settings.reaction_done, settings.reaction_failed):
        await tools.workspace_of(job).unreact(job.origin.channel, job.message_ts, emoji)
