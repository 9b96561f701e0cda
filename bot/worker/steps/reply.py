"""ready, replying: posts the one reply in the thread, the transcript or the reason why there is none.

The intent is noted before posting: a message is recognised by a mark in its metadata, files by their ids.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from bot.rendering.reply import ReplyForm
from bot.slack.errors import SlackRefused
from bot.slack.objects import GONE
from bot.timeouts import LANDING
from bot.worker.claim import Claim, Later
from bot.worker.effects import once
from bot.worker.steps import fold
from bot.worker.steps.channel import NOT_FOUND, end_if_not_allowed, wait_for_new_id
from bot.worker.steps.intent import TOO_MUCH, Intent, rendered
from bot.worker.steps.place import note_place
from bot.worker.steps.rerun import keep_previous_reply, replace_reply
from bot.worker.steps.sharing import SHARINGS, begin, recheck, shared_once
from bot.worker.steps.unfold import unfold, withdrawn
from bot.worker.tools import Tools
from storage import forgetting
from storage.job import Failure, Job, JobState, Reason


async def plan(claim: Claim, tools: Tools) -> Job | Later:
    """Ready → replying: wait for the channel's message slot, upload files unseen, note what will be posted."""
    job = claim.job
    if job.forgotten:
        return await _unwanted(claim)
    ended = await end_if_not_allowed(claim, tools)
    if ended is not None:
        return ended
    job = claim.job
    if job.failure is not None and job.shown_as is not None:
        return await keep_previous_reply(claim, tools)
    slot = tools.limits.message_slot(job.origin.channel, job.id, now=tools.clock())
    if slot is not None:
        return Later(due=slot)
    await note_place(claim, tools)
    job = claim.job
    folds = job.failure is None and tools.settings.fold != "never"
    intent = replace(Intent.load(job.reply_intent), mark=secrets.token_hex(4), folded=folds, unfolded=False)
    reply = await rendered(job, tools, intent)
    intent = replace(intent, folded=reply.is_folded)
    if intent.folded and not await fold.may_fold(job, tools):  # a workspace is asked only where there is what to fold
        intent = replace(intent, folded=False)
        reply = await rendered(job, tools, intent)
    if reply.attachments and job.reply_ts is None:
        files = [
            (await tools.workspace_of(job).upload(attachment), attachment.title) for attachment in reply.attachments
        ]
        intent = replace(intent, files=tuple(files), sharings=intent.sharings + 1)
    return await claim.save(replace(job, state=JobState.REPLYING, reply_intent=intent.dump()))


async def reply(claim: Claim, tools: Tools) -> Job | Later:
    """Replying → replied: search for the reply if an earlier try may have posted it; otherwise post it."""
    if claim.job.reply_ts is not None:
        return await (_unwanted(claim) if claim.job.forgotten else replace_reply(claim, tools))
    intent = Intent.load(claim.job.reply_intent)
    deliver = _share if intent.files else _post
    try:
        ts = await deliver(claim, tools, intent)
    except _Unwanted:
        return await _unwanted(claim)
    except SlackRefused as refused:
        if intent.folded and refused.code in TOO_MUCH:
            await unfold(claim, tools, intent, refused)
            return await reply(claim, tools)
        later = await wait_for_new_id(claim, tools) if refused.code == NOT_FOUND else None
        return later or await _refused(claim, intent, refused)
    if ts is None:
        return recheck(claim, tools) or await _without_files(claim, intent, note="never shared")
    return await claim.record(replace(claim.job, state=JobState.REPLIED, reply_ts=ts))


class _Unwanted(Exception):
    """The reply is not in the thread, and the recording is to be forgotten."""


async def _unwanted(claim: Claim) -> Job:
    """Abandon a job that is to be forgotten, without posting anything."""
    job = claim.job
    ended = replace(job, state=JobState.ABANDONED, failure=Failure(reason=Reason.CANCELLED))
    return await claim.save(ended, also=lambda tx: forgetting.drop(tx, job))


async def _post(claim: Claim, tools: Tools, intent: Intent) -> str | None:
    """Post the message once; return its timestamp."""
    job = claim.job
    channel, thread = job.origin.channel, job.origin.thread or ""
    message = await rendered(job, tools, intent, files=False)

    async def look() -> str | None:
        return await tools.workspace_of(job).find_reply(channel, thread, intent.mark)

    async def act() -> str:
        if job.forgotten:
            raise _Unwanted
        return await tools.workspace_of(job).post(
            channel, thread, text=message.text, blocks=message.blocks, mark=intent.mark
        )

    return await once(claim, look=look, act=act)


async def _share(claim: Claim, tools: Tools, intent: Intent) -> str | None:
    """Share the files once; return their message's timestamp, or None until it shows: Slack answers earlier."""
    job, first = claim.job, intent.files[0][0]
    channel, thread = job.origin.channel, job.origin.thread or ""
    if not claim.fresh and job.under_way_since is None:  # it is certain that no earlier try has shared them
        await begin(claim, tools)

    async def share() -> None:
        if job.forgotten:
            raise _Unwanted
        message = await rendered(job, tools, intent, files=False)
        await claim.begin(LANDING)  # a long transcript takes its time: another worker may have taken over meanwhile
        await tools.workspace_of(job).share(channel, thread, files=dict(intent.files), blocks=message.blocks)

    return await shared_once(claim, tools, file=first, channel=channel, thread=thread, share=share)


async def _without_files(claim: Claim, intent: Intent, *, note: str) -> Job:
    """Return to ready, for new files; after `SHARINGS` uploads, without files."""
    form: ReplyForm = "message" if intent.sharings >= SHARINGS else intent.form
    again = intent.without_files(form).dump()
    return await claim.save(replace(claim.job, state=JobState.READY, reply_intent=again), note=note)


async def _refused(claim: Claim, intent: Intent, refused: SlackRefused) -> Job:
    job = claim.job
    again: Intent | None = None
    if refused.code in TOO_MUCH and intent.files and not intent.plain:
        again = replace(intent.without_files(intent.form), plain=True)
    elif refused.code in TOO_MUCH and intent.form != "file":
        again = intent.without_files("file")
    if again is not None:
        ready = replace(job, state=JobState.READY, reply_intent=again.dump())
        return await claim.save(ready, note=refused.code, also=withdrawn(job) if intent.unfolded else None)
    if refused.code in GONE and intent.files:
        return await _without_files(claim, intent, note=refused.code)
    failure = Failure(reason=Reason.NOWHERE_TO_REPLY)
    return await claim.save(replace(job, state=JobState.ABANDONED, failure=failure), note=refused.code)
