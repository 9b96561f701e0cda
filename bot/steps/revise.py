"""replied, and the speakers were named since: the reply is changed in place, and nobody is told of it.

Every call here may be repeated: the message is the same afterwards. New files are noted before the message gets them,
so that a try that broke off leaves none behind.
"""

from __future__ import annotations

from dataclasses import replace

from bot.claim import Claim
from bot.rendering import Attachment
from bot.slack_errors import SlackRefused
from bot.steps.reply import Intent, rendered
from bot.tools import Tools
from storage import namings
from storage.job import Job


async def revise(claim: Claim, tools: Tools) -> Job:
    """Show the newest naming; a reply that Slack will not change any more stays as it is."""
    naming = await tools.database.read(lambda tx: namings.newest(tx, claim.job.id))
    try:
        await _change(claim, tools, naming)
    except SlackRefused as refused:
        return await claim.save(as_shown(claim.job, naming), note=f"not changed: {refused.code}")
    return await claim.save(as_shown(claim.job, naming))


def as_shown(job: Job, naming: namings.Naming | None) -> Job:
    """The job, nothing owed any more for this naming."""
    version = naming.version if naming else job.naming
    return replace(job, naming=version, shown=version)


async def _change(claim: Claim, tools: Tools, naming: namings.Naming | None) -> None:
    job, intent = claim.job, Intent.load(claim.job.reply_intent)
    reply = await rendered(job, tools, intent.form, naming=naming)
    if reply.attachments:
        intent = await _hand_over(claim, tools, intent, reply.attachments)
    await tools.workspace.update(
        job.origin.channel,
        job.reply_ts or "",
        text=reply.text,
        blocks=reply.blocks,
        files=[file for file, _ in intent.replacing] if reply.attachments or intent.files else None,
    )
    for file, _ in intent.files:
        await tools.workspace.discard(file)
    if intent.files or intent.replacing:
        settled = replace(intent, files=intent.replacing, replacing=())
        await claim.save(replace(claim.job, reply_intent=settled.dump()))


async def _hand_over(claim: Claim, tools: Tools, intent: Intent, attachments: tuple[Attachment, ...]) -> Intent:
    """Give Slack the new files and note them; those of a try that broke off are not used again."""
    for file, _ in intent.replacing:
        await tools.workspace.discard(file)
    files = [(await tools.workspace.upload(attachment), attachment.title) for attachment in attachments]
    noted = replace(intent, replacing=tuple(files))
    await claim.save(replace(claim.job, reply_intent=noted.dump()))
    await tools.workspace.finish(dict(files))
    return noted
