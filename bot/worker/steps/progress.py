"""Shows how a recording stands in its thread: one message, edited sometimes, deleted after the reply.

Long recordings get one, and those that wait for somebody to mend something (`hold`).

Best effort: the transcript neither waits for it nor fails with it. Its mark is noted before it is posted, so that a
message left behind by a dead process is found and deleted, if the thread may be read.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from bot.rendering.progress import Stage, progress_report
from bot.slack.errors import SlackRefused, SlackUnavailable
from bot.slack.workspace import PROGRESS_TYPE, Blocks
from bot.timeouts import LANDING
from bot.worker.claim import Claim
from bot.worker.tools import Tools
from storage import speeds
from storage.job import Job, JobState, LeaseLost
from storage.timestamps import moment, stored

LONG = timedelta(minutes=5)
"""Longer recordings get a progress message."""

OFTEN = timedelta(seconds=5)
"""Shortest time between two edits."""

LATE = timedelta(minutes=1)
"""A transcript that is late by this much is reported as taking longer than usual."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProgressMessage:
    """The progress message as stored: `mark` is noted before posting, `ts` after.

    `said`: its text as last shown. `at`: when it was last edited, in milliseconds.
    """

    mark: str
    ts: str | None = None
    said: str = ""
    at: int = 0

    def dump(self) -> str:
        """Return it as JSON for the job's row."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str | None) -> ProgressMessage | None:
        """Return the message that `dump` wrote; None if there is none."""
        return cls(**json.loads(text)) if text else None


async def report(claim: Claim, tools: Tools) -> None:
    """Post or edit the progress message of a long recording, if its text is new."""
    job = claim.job
    if (job.duration or timedelta(0)) <= LONG or not can_be_shown(job):
        return
    known, now = ProgressMessage.load(job.progress), tools.clock()
    text, blocks = progress_report(
        job.id,
        await _stage(job, tools),
        title=job.title,
        length=job.duration or timedelta(0),
        provider=tools.transcriber_of(job).title,
    )
    if known is not None and (known.said == text or now - moment(known.at) < OFTEN):
        return
    if known is None and tools.limits.message_slot(job.origin.channel, f"{job.id} progress", now=now) is not None:
        return  # the channel's message slot is taken
    await show(claim, tools, text, blocks)


def can_be_shown(job: Job) -> bool:
    """Return whether there is a thread to show something in."""
    return job.message_ts is not None and job.origin.thread is not None and not job.forgotten


def is_shown(job: Job) -> bool:
    """Return whether there is a message, or may be one."""
    return job.progress is not None


def says(job: Job, text: str) -> bool:
    """Return whether the message already says this."""
    known = ProgressMessage.load(job.progress)
    return known is not None and known.said == text


async def show(claim: Claim, tools: Tools, text: str, blocks: Blocks) -> None:
    """Post the message, or edit it if it is there. Best effort. Raises `LeaseLost`."""
    job, known = claim.job, ProgressMessage.load(claim.job.progress)
    with suppress(SlackRefused, SlackUnavailable):
        if known is None or known.ts is None:
            await _post(claim, tools, text, blocks)
        else:
            await tools.workspace_of(job).update(job.origin.channel, known.ts, text=text, blocks=blocks)
            await claim.save(replace(claim.job, progress=replace(known, said=text, at=stored(tools.clock())).dump()))


async def _stage(job: Job, tools: Tools) -> Stage:
    if job.state is not JobState.SUBMITTED:
        return Stage(sent=False)
    model, length = tools.transcriber_of(job).capabilities.model, job.duration or timedelta(0)
    speed = await tools.database.read(lambda tx: speeds.speed_of(tx, provider=job.provider or "", model=model))
    if not speed.is_known:
        return Stage(sent=True)
    expected = job.state_since + speed.expected(length)
    if tools.clock() > expected + LATE:
        return Stage(sent=True, late=True)
    # To the minute, so that small changes of the estimate do not edit the message.
    return Stage(sent=True, expected=expected.replace(second=0, microsecond=0) + timedelta(minutes=1))


async def _post(claim: Claim, tools: Tools, text: str, blocks: Blocks) -> None:
    """Post the message. If an earlier try may have posted it, search for it and do not post a second one."""
    job, workspace, known = claim.job, tools.workspace_of(claim.job), ProgressMessage.load(claim.job.progress)
    channel, thread = job.origin.channel, job.origin.thread or ""
    if known is not None:
        ts = await workspace.find_reply(channel, thread, known.mark)
    else:
        known = ProgressMessage(mark=secrets.token_hex(4))
        await claim.save(replace(job, progress=known.dump()))
        await claim.begin(LANDING)
        try:
            ts = await workspace.post(channel, thread, text=text, blocks=blocks, mark=known.mark, kind=PROGRESS_TYPE)
        except (SlackRefused, SlackUnavailable) as error:
            if isinstance(error, SlackRefused) or not error.maybe_done:  # not posted: try again later
                await claim.save(replace(claim.job, progress=None))
            raise
    if ts is None:
        return
    try:
        await claim.record(replace(claim.job, progress=replace(known, ts=ts, said=text).dump()))
    except LeaseLost:  # e.g. cancelled meanwhile: nobody else knows of this message
        with suppress(SlackRefused, SlackUnavailable):
            await workspace.delete(channel, ts)
        raise


async def remove(claim: Claim, tools: Tools) -> None:
    """Delete the message, if there is or may be one."""
    job, known = claim.job, ProgressMessage.load(claim.job.progress)
    if known is None:
        return
    workspace, channel = tools.workspace_of(job), job.origin.channel
    with suppress(SlackRefused):
        ts = known.ts or await workspace.find_reply(channel, job.origin.thread or "", known.mark)
        if ts is not None:
            await workspace.delete(channel, ts)
    await claim.save(replace(claim.job, progress=None))
