"""replied, and the speakers were named since: the reply is changed in place, and nobody is told of it.

A change that nobody has the answer of may still land, and must not land on a newer one: so it is waited for, as for any
effect. New files are noted before the message gets them, so that a try that broke off leaves none behind.
"""

from __future__ import annotations

from dataclasses import replace

from bot.claim import Claim
from bot.effects import once
from bot.rendering import Attachment
from bot.slack_errors import SlackRefused
from bot.steps.reply import Intent, rendered
from bot.tools import Tools
from storage import namings, transcripts
from storage.job import Job


async def revise(claim: Claim, tools: Tools) -> Job:
    """Show the newest naming; a reply that Slack will not change any more stays as it is."""
    naming = await tools.database.read(lambda tx: namings.newest(tx, claim.job.id))
    if await tools.database.read(lambda tx: transcripts.get(tx, claim.job.id)) is None:
        return await claim.save(as_shown(claim.job, naming), note="not changed: no longer kept")
    try:
        await _change(claim, tools, naming)
    except SlackRefused as refused:
        await _drop_new_files(claim, tools)
        return await claim.save(as_shown(claim.job, naming), note=f"not changed: {refused.code}")
    return await claim.save(as_shown(claim.job, naming))


def as_shown(job: Job, naming: namings.Naming | None) -> Job:
    """The job, nothing owed any more for this naming."""
    version = naming.version if naming else job.naming
    return replace(job, naming=version, shown=version, under_way_since=None)


async def _change(claim: Claim, tools: Tools, naming: namings.Naming | None) -> None:
    intent = await _drop_new_files(claim, tools)
    job = claim.job
    reply = await rendered(job, tools, intent, naming=naming)
    if reply.attachments:
        intent = await _hand_over(claim, tools, intent, reply.attachments)
    files = [file for file, _ in intent.replacing] if reply.attachments or intent.files else None

    async def change() -> bool:
        channel, ts = job.origin.channel, job.reply_ts or ""
        await tools.workspace.update(channel, ts, text=reply.text, blocks=reply.blocks, files=files)
        return True

    await once(claim, look=_nothing_to_look_for, act=change)
    for file, _ in intent.files:
        await tools.workspace.discard(file)
    if intent.files or intent.replacing:
        settled = replace(intent, files=intent.replacing, replacing=())
        await claim.save(replace(claim.job, reply_intent=settled.dump()))


async def _nothing_to_look_for() -> bool | None:
    """A message does not tell which naming it shows; to change it once more does no harm."""
    return None


async def _drop_new_files(claim: Claim, tools: Tools) -> Intent:
    """Delete the files of a try that broke off: they show names that may not count any more."""
    intent = Intent.load(claim.job.reply_intent)
    if intent.replacing:
        for file, _ in intent.replacing:
            await tools.workspace.discard(file)
        intent = replace(intent, replacing=())
        await claim.save(replace(claim.job, reply_intent=intent.dump()))
    return intent


async def _hand_over(claim: Claim, tools: Tools, intent: Intent, attachments: tuple[Attachment, ...]) -> Intent:
    """Give Slack the new files and note them."""
    files = [(await tools.workspace.upload(attachment), attachment.title) for attachment in attachments]
    noted = replace(intent, replacing=tuple(files))
    await claim.save(replace(claim.job, reply_intent=noted.dump()))
    await tools.workspace.finish(dict(files))
    return noted
