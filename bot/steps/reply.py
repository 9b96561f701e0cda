"""ready, replying: the thread gets its one reply, the transcript or the sentence why there is none.

What is about to be posted is noted first: a message by the job's id in its metadata, files by their ids.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from pydantic import TypeAdapter

from bot.claim import Claim, Later
from bot.effects import once
from bot.rendering import Form, Reply, render
from bot.slack_errors import SlackRefused, SlackUnavailable
from bot.tools import Tools
from storage import transcripts
from storage.job import Failure, Job, JobState, Reason

TOO_MUCH = frozenset({"msg_blocks_too_long", "msg_too_long", "invalid_blocks", "invalid_blocks_format"})
"""Slack's words for a message that is too large after all: then it goes as a file."""

SETTLING = timedelta(minutes=2)
"""A shared file shows in its thread some time after the call; one that does not by then was lost by Slack."""

SHARINGS = 2
"""How often the files are shared, each time as new files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """How the reply is recognised: `files` (ids and titles) where it is a file, the job's id otherwise."""

    form: Form = "auto"
    files: tuple[tuple[str, str], ...] = ()
    sharings: int = 0

    def dump(self) -> str:
        """As text for the job's row."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str | None) -> Intent:
        """As it was dumped; without any, the usual form."""
        return _INTENT.validate_json(text) if text else cls()


_INTENT = TypeAdapter(Intent)


async def plan(claim: Claim, tools: Tools) -> Job | Later:
    """Ready → replying: wait for the channel's turn, hand over files unseen, note what will be posted."""
    job = claim.job
    slot = tools.limits.message_slot(job.origin.channel, job.id, now=tools.clock())
    if slot is not None:
        return Later(due=slot)
    intent = Intent.load(job.reply_intent)
    reply = await _render(job, tools, intent)
    if reply.attachments and not intent.files:
        files = [(await tools.workspace.upload(attachment), attachment.title) for attachment in reply.attachments]
        intent = replace(intent, files=tuple(files), sharings=intent.sharings + 1)
    return await claim.save(replace(job, state=JobState.REPLYING, reply_intent=intent.dump()))


async def reply(claim: Claim, tools: Tools) -> Job | Later:
    """Replying → replied: look for the reply if an earlier try may have posted it; else post it."""
    job = claim.job
    intent = Intent.load(job.reply_intent)
    channel, thread = job.origin.channel, job.origin.thread or ""
    try:
        if intent.files:
            return await _share(claim, tools, intent)
        ts = await once(
            claim,
            look=lambda: tools.workspace.find_reply(channel, thread, job.id),
            act=lambda: _post(job, tools, intent),
        )
    except SlackUnavailable as unavailable:
        if unavailable.maybe_done:
            raise
        # Surely not posted: no need to look for it, and the slot must be waited for again.
        await claim.save(replace(job, state=JobState.READY), note=str(unavailable))
        raise
    except SlackRefused as refused:
        return await _refused(claim, intent, refused)
    return await claim.save(replace(claim.job, state=JobState.REPLIED, reply_ts=ts))


async def _render(job: Job, tools: Tools, intent: Intent) -> Reply:
    transcript = await tools.database.read(lambda tx: transcripts.get(tx, job.id))
    return render(
        job.failure or transcript or Failure(reason=Reason.GAVE_UP),
        title=job.title,
        provider=tools.transcriber_of(job).title,
        form=intent.form,
    )


async def _post(job: Job, tools: Tools, intent: Intent) -> str:
    message = await _render(job, tools, intent)
    return await tools.workspace.post(
        job.origin.channel, job.origin.thread or "", text=message.text, blocks=message.blocks, job=job.id
    )


async def _share(claim: Claim, tools: Tools, intent: Intent) -> Job | Later:
    """Share the files once, and come back until they show in the thread: Slack shares them after it has answered."""
    job, first = claim.job, intent.files[0][0]
    channel, thread = job.origin.channel, job.origin.thread or ""

    async def act() -> str:
        message = await _render(job, tools, intent)
        await tools.workspace.share(channel, thread, files=dict(intent.files), blocks=message.blocks)
        return ""

    async def look() -> str:
        return await tools.workspace.shared_at(first, channel=channel, thread=thread) or ""

    ts = await once(claim, look=look, act=act)
    if ts:
        return await claim.save(replace(claim.job, state=JobState.REPLIED, reply_ts=ts))
    if claim.age < SETTLING:
        return Later(due=tools.clock() + min(max(claim.age / 2, timedelta(seconds=0.3)), timedelta(seconds=5)))
    if intent.sharings >= SHARINGS:
        raise SlackRefused("files.completeUploadExternal", "never_shared")
    again = replace(intent, files=()).dump()
    return await claim.save(replace(claim.job, state=JobState.READY, reply_intent=again), note="never shared")


async def _refused(claim: Claim, intent: Intent, refused: SlackRefused) -> Job:
    job = claim.job
    if refused.code in TOO_MUCH and intent.form != "file":
        again = replace(intent, form="file", files=()).dump()
        return await claim.save(replace(job, state=JobState.READY, reply_intent=again), note=refused.code)
    failure = Failure(reason=Reason.NOWHERE_TO_REPLY)
    return await claim.save(replace(job, state=JobState.ABANDONED, failure=failure), note=refused.code)
