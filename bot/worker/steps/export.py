"""replied, with an export owed: uploads the transcript as a file, notes the file's id, and shares it once.

It goes to the recording's thread, or as a direct message to the person who asked.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from bot.rendering.blocks import line
from bot.rendering.file_names import stem
from bot.slack.errors import SlackNotAuthorised, SlackRefused, SlackUnavailable
from bot.slack.for_listeners import DIRECT
from bot.slack.objects import GONE
from bot.slack.uploads import Attachment
from bot.worker.claim import Claim, Later
from bot.worker.steps.sharing import SHARINGS, begin, recheck, shared_once
from bot.worker.tools import Tools
from handlers import words
from storage import exports, namings, transcripts
from storage.database import Transaction
from storage.exports import Export, Recipient
from storage.job import Job
from transcription.formats import Format
from transcription.isolation import Crashed
from transcription.naming import shortened

_TITLE_LENGTH = 80
_WRITER = "transcription.writing_worker"


class _Undeliverable(Exception):
    """The export cannot be done; the message says why."""


async def export(claim: Claim, tools: Tools) -> Job | Later:
    """Deliver the next export that the job owes; if that is impossible, tell the person who asked, once."""
    order = await tools.database.read(lambda tx: exports.owed(tx, claim.job))
    if order is None:
        return await claim.save(as_exported(claim.job))
    # Nothing that is known of the job's earlier effects is true of this one: a job can reach this state several times.
    claim.fresh = claim.settled = False
    try:
        return await _deliver(claim, tools, order)
    except (_Undeliverable, SlackRefused) as error:
        why = error.code if isinstance(error, SlackRefused) else str(error)
        ended = await claim.save(as_exported(claim.job), note=f"not exported: {why}")
        with suppress(SlackRefused, SlackUnavailable):  # best effort
            await tools.workspace_of(ended).post_ephemeral(
                ended.origin.channel, ended.origin.thread or "", person=order.order.by, text=words.NOT_EXPORTED
            )
        return ended


def as_exported(job: Job) -> Job:
    """Return the job with its next export no longer owed."""
    return replace(job, exported=min(job.exported + 1, job.exports), under_way_since=None, misses=0, attempts=0)


async def message_of(job: Job, tools: Tools, order: Export) -> str | None:
    """Return the timestamp of the message with the file, also where an interrupted try did not save it."""
    if order.message_ts is not None or order.file is None or order.channel is None:
        return order.message_ts
    with suppress(SlackRefused):  # it was never shared, or was deleted
        return await tools.workspace_of(job).shared_at(order.file, channel=order.channel, thread=_thread(job, order))
    return None


async def _deliver(claim: Claim, tools: Tools, order: Export) -> Job | Later:
    if order.file is None:
        channel = await _place(claim.job, tools, order)
        slot = tools.limits.message_slot(channel, claim.job.id, now=tools.clock())
        if slot is not None:
            return Later(due=slot)
        order = await _hand_over(claim, tools, replace(order, channel=channel))
    try:
        ts = await _share(claim, tools, order)
    except SlackRefused as refused:
        if refused.code in GONE:
            return await _upload_again(claim, tools, order)
        raise
    if ts is not None:
        shown = replace(order, unshared=None, message_ts=ts)
        return await claim.save(as_exported(claim.job), also=lambda tx: exports.note(tx, shown))
    return recheck(claim, tools) or await _upload_again(claim, tools, order)


async def _place(job: Job, tools: Tools, order: Export) -> str:
    if order.order.recipient is Recipient.THREAD:
        return job.origin.channel
    workspace = tools.workspace_of(job)
    await workspace.identify()
    if not workspace.scopes.may_use(DIRECT):
        raise _Undeliverable(f"without {DIRECT}")
    try:
        return await workspace.open_direct(order.order.by)
    except SlackNotAuthorised as error:
        if error.is_about_scopes:  # Slack had not told
            raise _Undeliverable(f"without {DIRECT}") from None
        raise


async def _hand_over(claim: Claim, tools: Tools, order: Export) -> Export:
    """Upload the file, which nobody sees yet, and note its id."""
    attachment = await _attachment(claim.job, tools, order)
    file = await tools.workspace_of(claim.job).upload(attachment)
    noted = replace(order, file=file, unshared=file, sharings=order.sharings + 1)
    await claim.save(claim.job, also=lambda tx: exports.note(tx, noted))
    return noted


async def _attachment(job: Job, tools: Tools, order: Export) -> Attachment:
    stored, names = await tools.database.read(lambda tx: _stored(tx, job))
    if stored is None:
        raise _Undeliverable("no longer kept")
    kind = Format(order.order.format)
    request = {
        "format": kind,
        "title": job.title or words.UNTITLED,
        "at": order.at.isoformat(),
        "time_marks": job.options.time_marks is not False,
        "names": names,
    }
    # A long transcript takes seconds: it is written in a process, so that the event loop goes on.
    try:
        _, content = await tools.apart.do(_WRITER, request, stored.encode())
    except Crashed as crash:
        raise _Undeliverable(type(crash).__name__) from None
    return Attachment(name=f"{stem(job.title)}.{kind}", title=_title(job, kind), content=content)


def _stored(tx: Transaction, job: Job) -> tuple[str | None, dict[str, str]]:
    naming = namings.newest(tx, job.id)
    return transcripts.text(tx, job.id), dict(naming.names) if naming else {}


def _title(job: Job, kind: Format) -> str:
    name = stem(job.title)
    return words.subtitle_file(name) if kind.is_subtitles else words.text_file(name)


async def _share(claim: Claim, tools: Tools, order: Export) -> str | None:
    job, kind = claim.job, Format(order.order.format)
    file, channel, thread = order.file or "", order.channel or "", _thread(job, order)
    about = [words.quoted(shortened(job.title, limit=_TITLE_LENGTH))] if job.title else []
    above = line(words.exported(kind), *about)

    async def share() -> None:
        files = {file: _title(job, kind)}
        await tools.workspace_of(job).share(channel, thread, files=files, blocks=[above.to_dict()])

    await _begin(claim, tools, order)
    try:
        return await shared_once(claim, tools, file=file, channel=channel, thread=thread, share=share)
    except (SlackRefused, SlackUnavailable):
        if claim.settled:
            unshared = replace(order, unshared=file)
            await claim.save(replace(claim.job, under_way_since=None), also=lambda tx: exports.note(tx, unshared))
        raise


async def _begin(claim: Claim, tools: Tools, order: Export) -> None:
    """Note that the file's sharing begins, if it has not begun before."""
    # `under_way_since` alone does not tell: it is reset with names and reruns. The release before writes nothing else.
    if order.is_unshared and claim.job.under_way_since is None:
        begun = replace(order, unshared=None)
        await begin(claim, tools, also=lambda tx: exports.note(tx, begun))


def _thread(job: Job, order: Export) -> str | None:
    return job.origin.thread if order.order.recipient is Recipient.THREAD else None


async def _upload_again(claim: Claim, tools: Tools, order: Export) -> Job:
    """Delete a file that Slack has lost, so that it is uploaded again, at most `SHARINGS` times in all."""
    with suppress(SlackRefused):
        await tools.workspace_of(claim.job).discard(order.file or "")
    if order.sharings >= SHARINGS:
        raise _Undeliverable("never shared")
    again = replace(order, file=None, unshared=None)
    settled = replace(claim.job, under_way_since=None, misses=0)
    return await claim.save(settled, note="never shared", also=lambda tx: exports.note(tx, again))
