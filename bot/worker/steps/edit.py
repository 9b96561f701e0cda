"""Edits the reply in the thread: its text, and new files in place of the old ones. Slack notifies nobody.

An edit without an answer may still land, and must not overwrite a newer one, so it is waited for like any effect. New
files are noted before the message gets them, so that an interrupted try leaves none behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from bot.rendering.reply import Reply
from bot.slack.errors import SlackRefused
from bot.slack.uploads import Attachment
from bot.worker.claim import Claim
from bot.worker.effects import once
from bot.worker.steps.intent import TOO_MUCH, Intent, rendered
from bot.worker.steps.unfold import unfold, withdrawn
from bot.worker.tools import Tools
from storage.namings import Naming


async def edit_reply(claim: Claim, tools: Tools, naming: Naming | None) -> None:
    """Edit the reply to show the job's result with these speaker names. Raises `SlackRefused`."""
    intent = await drop_new_files(claim, tools)
    job = claim.job
    reply = await rendered(job, tools, intent, naming=naming)
    if reply.attachments:
        intent = await _hand_over(claim, tools, intent, reply.attachments)
    files = [file for file, _ in intent.replacing] if reply.attachments or intent.files else None

    try:
        await _change(claim, tools, reply, files)
    except SlackRefused as refused:
        if not (reply.is_folded and refused.code in TOO_MUCH):
            raise
        intent = await unfold(claim, tools, intent, refused)
        whole = await rendered(claim.job, tools, intent, naming=naming, files=False)
        try:
            await _change(claim, tools, whole, files)
        except SlackRefused as again:
            if again.code in TOO_MUCH:
                await claim.save(claim.job, also=withdrawn(job))
            raise
    for file, _ in intent.files:
        with suppress(SlackRefused):  # the reply itself is right
            await tools.workspace_of(claim.job).discard(file)
    if intent.files or intent.replacing:
        settled = replace(intent, files=intent.replacing, replacing=())
        await claim.save(replace(claim.job, reply_intent=settled.dump()))


async def _change(claim: Claim, tools: Tools, reply: Reply, files: Sequence[str] | None) -> None:
    """Edit the message, with these files where they are given."""
    channel, ts = claim.job.origin.channel, claim.job.reply_ts or ""

    async def change() -> bool:
        await tools.workspace_of(claim.job).update(channel, ts, text=reply.text, blocks=reply.blocks, files=files)
        return True

    await once(claim, look=_nothing_to_look_for, act=change)


async def _nothing_to_look_for() -> bool | None:
    """Return None: a message does not tell what it shows, and repeating an edit does no harm."""
    return None


async def drop_new_files(claim: Claim, tools: Tools) -> Intent:
    """Delete the new files of an interrupted edit, because their content may be out of date."""
    intent = Intent.load(claim.job.reply_intent)
    if intent.replacing:
        for file, _ in intent.replacing:
            await tools.workspace_of(claim.job).discard(file)
        intent = replace(intent, replacing=())
        await claim.save(replace(claim.job, reply_intent=intent.dump()))
    return intent


async def _hand_over(claim: Claim, tools: Tools, intent: Intent, attachments: tuple[Attachment, ...]) -> Intent:
    """Upload the new files and note their ids."""
    files = [(await tools.workspace_of(claim.job).upload(attachment), attachment.title) for attachment in attachments]
    noted = replace(intent, replacing=tuple(files))
    await claim.save(replace(claim.job, reply_intent=noted.dump()))
    await tools.workspace_of(claim.job).finish(dict(files))
    return noted
