"""What a changed id of its conversation means for a job: it may have to end, or has to find the new id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from bot.slack.errors import SlackRefused
from bot.slack.objects import FileSharing, SlackFile
from bot.worker.claim import Claim, Later
from bot.worker.tools import Tools
from storage import channel_ids, preferences
from storage.job import Failure, Job, JobState, Reason, seconds
from storage.preferences import Preferences

NOT_FOUND = "channel_not_found"

PATIENCE = timedelta(hours=1)
"""How long a job waits for the new id of its conversation."""


async def reason_to_keep_out(job: Job, tools: Tools, chosen: Preferences) -> Reason | None:
    """Return why nothing may leave the conversation or be said there; None if it may.

    Raises `SlackRefused` if Slack does not show the conversation.
    """
    conversation = await tools.workspace_of(job).conversation(job.origin.channel)
    allowed = tools.settings.allow_slack_connect if chosen.outside is None else chosen.outside
    return conversation.objection(allow_shared=allowed)


async def end_if_not_allowed(claim: Claim, tools: Tools) -> Job | None:
    """End a job whose conversation has another id now, if it may not be answered any more. Nothing is posted."""
    job = claim.job
    if job.channel_was is None or job.shown_as is not None:
        return None
    try:
        chosen = await tools.database.read(lambda tx: preferences.of_recording(tx, job.origin))
        reason = await reason_to_keep_out(job, tools, chosen)
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
    if claim.observed > PATIENCE:
        return None
    return Later(due=now + min(max(claim.observed / 4, timedelta(seconds=1)), timedelta(minutes=5)), missed=True)


def _found_elsewhere(file: SlackFile, job: Job) -> str | None:
    """Return the conversation in which the very message with the file is now, if it is another one."""
    return next((channel for channel, place in _elsewhere(file, job) if place.ts == job.message_ts), None)


def may_have_moved(job: Job, file: SlackFile) -> bool:
    """Return whether a message that Slack told of in a conversation that is not there is, or may be, in another one."""
    return not file.conversations or _found_elsewhere(file, job) is not None


async def sharing_elsewhere(
    job: Job, tools: Tools, file: SlackFile, *, within: float
) -> tuple[str, FileSharing] | None:
    """Return where the file of a new job is now, if the conversation that Slack told of is not there any more.

    Slack repeats an event as it was, also where the id has changed meanwhile. `within`: how many seconds the message
    may be away from the event. That does not prove that the two are one, so only this job may be carried over.
    """
    near = [found for found in _elsewhere(file, job) if distance(found[1], job.origin.occasion) <= within]
    return near[0] if near and not await _is_there(job, tools) else None


async def _is_there(job: Job, tools: Tools) -> bool:
    try:
        await tools.workspace_of(job).conversation(job.origin.channel)
    except SlackRefused as refused:
        return refused.code != NOT_FOUND
    return True


def _elsewhere(file: SlackFile, job: Job) -> Iterator[tuple[str, FileSharing]]:
    for channel, places in {**file.shares.public, **file.shares.private}.items():
        for place in places:
            if channel != job.origin.channel:
                yield channel, place


def distance(place: FileSharing, occasion: str) -> float:
    """Return the seconds between a message and an event."""
    return abs(seconds(place.ts) - seconds(occasion))
