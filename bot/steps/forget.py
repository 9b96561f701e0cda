"""replied, abandoned, and to be forgotten: the words here go first, then the reply and its files, the reactions too.

Every call may be repeated; what is gone already is as it should be.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from bot.claim import Claim
from bot.slack_errors import SlackNotAuthorised, SlackRefused
from bot.steps import progress
from bot.steps.intent import Intent
from bot.tools import Tools
from storage import forgetting
from storage.job import Job


async def forget(claim: Claim, tools: Tools) -> Job:
    """Remove what is left of the job; what Slack will not remove stays, and the history says so."""
    job, intent = claim.job, Intent.load(claim.job.reply_intent)
    await claim.save(job, also=lambda tx: forgetting.drop(tx, job))
    notes: list[str] = []
    try:
        if job.reply_ts:
            await tools.workspace_of(job).delete(job.origin.channel, job.reply_ts)
    except SlackRefused as refused:
        notes.append(f"reply not removed: {refused.code}")
    for file in intent.own_files:
        try:
            await tools.workspace_of(job).discard(file)
        except SlackRefused as refused:
            notes.append(f"file not removed: {refused.code}")
    await progress.take_away(claim, tools)
    with suppress(SlackRefused, SlackNotAuthorised):  # a courtesy, and the message may be gone
        await _take_reactions_back(job, tools)
    return await claim.save(as_forgotten(claim.job), note=", ".join(notes) or None)


def as_forgotten(job: Job) -> Job:
    """The job, nothing to be removed any more."""
    return replace(job, forgotten=2, reply_intent=None, shown=job.naming)


async def _take_reactions_back(job: Job, tools: Tools) -> None:
    if job.message_ts is None or await tools.database.read(lambda tx: forgetting.has_neighbours(tx, job)):
        return
    settings = tools.settings
    for emoji in (settings.reaction_pending, settings.reaction_done, settings.reaction_failed):
        await tools.workspace_of(job).unreact(job.origin.channel, job.message_ts, emoji)
