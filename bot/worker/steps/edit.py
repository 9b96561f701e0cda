"""Changes the reply that is in the thread: its words, and its files by new ones. Nobody is told of it.

A change that nobody has the answer of may still land, and must not land on a newer one: so it is waited for, as for any
effect. New files are noted before the message gets them, so that a try that broke off leaves none behind.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from bot.slack.errors import SlackRefused
from bot.slack.uploads import Attachment
from bot.worker.claim import Claim
from bot.worker.effects import once
from bot.worker.steps.intent import Intent, rendered
from bot.worker.tools import Tools
from storage.namings import Naming


async def show(claim: Claim, tools: Tools, naming: Naming | None) -> None:
    """Make the reply show what the job came to, with these names. Raises `SlackRefused`."""
    intent = await drop_new_files(claim, tools)
    job = claim.job
    reply = await rendered(job, tools, intent, naming=naming)
    if reply.attachments:
        intent = await _hand_over(claim, tools, intent, reply.attachments)
    files = [file for file, _ in intent.replacing] if reply.attachments or intent.files else None

    async def change() -> bool:
        channel, ts = job.origin.channel, job.reply_ts or ""
        await tools.workspace_of(claim.job).update(channel, ts, text=reply.text, blocks=reply.blocks, files=files)
        return True

    await once(claim, look=_nothing_to_look_for, act=change)
    for file, _ in intent.files:
        with suppress(SlackRefused):  # the reply is as it should be
            await tools.workspace_of(claim.job).discard(file)
    if intent.files or intent.replacing:
        settled = replace(intent, files=intent.replacing, replacing=())
        await claim.save(replace(claim.job, reply_intent=settled.dump()))


async def _nothing_to_look_for() -> bool | None:
    """A message does not tell what it shows; to change it once more does no harm."""
    return None


async def drop_new_files(claim: Claim, tools: Tools) -> Intent:
    """Delete the files of a try that broke off: they show what may not count any more."""
    intent = Intent.load(claim.job.reply_intent)
    if intent.replacing:
        for file, _ in intent.replacing:
            await tools.workspace_of(claim.job).discard(file)
        intent = replace(intent, replacing=())
        await claim.save(replace(claim.job, reply_intent=intent.dump()))
    return intent


async def _hand_over(claim: Claim, tools: Tools, intent: Intent, attachments: tuple[Attachment, ...]) -> Intent:
    """Give Slack the new files and note them."""
    files = [(await tools.workspace_of(claim.job).upload(attachment), attachment.title) for attachment in attachments]
    noted = replace(intent, replacing=tuple(files))
    await claim.save(replace(claim.job, reply_intent=noted.dump()))
    await tools.workspace_of(claim.job).finish(dict(files))
    return noted
