"""What a changed id of its conversation means for a job: it may have to end, or has to find the new id."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.slack.errors import SlackRefused
from bot.slack.objects import SlackFile
from bot.worker.claim import Claim, Later
from bot.worker.tools import Tools
from storage import channel_ids, preferences
from storage.job import Failure, Job, JobState, Reason
from storage.preferences import Preferences

NOT_FOUND = "channel_not_found"

PATIENCE = timedelta(hours=1)
"""How long a job waits for the new id of its conversation."""


async def reason_to_keep_out(job: Job, tools: Tools, wishes: Preferences) -> Reason | None:
    """Return why nothing may leave the conversation or be said there; None if it may.

    Raises `SlackRefused` if Slack does not show the conversation.
    """
    conversation = await tools.workspace_of(job).conversation(job.origin.channel)
    allowed = tools.settings.allow_slack_connect if wishes.outside is None else wishes.outside
    return conversation.objection(allow_shared=allowed)


async def end_if_not_allowed(claim: Claim, tools: Tools) -> Job | None:
    """End a job whose conversation has another id now, if it may not be answered any more. Nothing is posted."""
    job = claim.job
    if job.channel_was is None or job.shown_as is not None:
        return None
    try:
        wishes = await tools.database.read(lambda tx: preferences.of_recording(tx, job.origin))
        reason = await reason_to_keep_out(job, tools, wishes)
    except SlackRefused:
        return None  # the step that follows meets the same refusal, and knows what to do
    if reason is None:
        await claim.save(replace(job, channel_was=None))
        return None
    return await claim.save(
        replace(job, state=JobState.ABANDONED, failure=Failure(reason=reason), channel_was=None), note=str(reason)
    )


async def wait_for_new_id(claim: Claim, tools: Tools) -> Later | None:
    """Return when to try again after `channel_not_found`; None if there is nothing more to wait for.

    Slack tells the new id in an event, which an installation with an older manifest does not get. The file may be known
    to be there already.
    """
    job, now = claim.job, tools.clock()
    try:
        new = _found_elsewhere(await tools.workspace_of(job).file(job.origin.file), job)
    except SlackRefused:
        new = None
    if new is not None:
        origin = job.origin
        await tools.database.write(
            lambda tx: channel_ids.change(tx, team=origin.team, enterprise=None, old=origin.channel, new=new, now=now)
        )
        return Later(due=now)
    if claim.age > PATIENCE:
        return None
    return Later(due=now + min(max(claim.age / 4, timedelta(seconds=1)), timedelta(minutes=5)), missed=True)


def _found_elsewhere(file: SlackFile, job: Job) -> str | None:
    """Return the conversation in which the very message with the file is now, if it is another one."""
    for channel, places in {**file.shares.public, **file.shares.private}.items():
        if channel != job.origin.channel and any(place.ts == job.message_ts for place in places):
            return channel
    return None
