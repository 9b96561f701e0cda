"""Shares uploaded files once. Slack answers before it shares them, so they are polled for afterwards.

For the files of a reply (`reply`) and for exports (`export`). What `files.info` says of a file before its sharing is
not documented: a file that is there without shares may be one that Slack is about to share. So a file is looked for
only if it was noted that its sharing has begun.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from bot.clock import passed
from bot.slack.errors import SlackRefused
from bot.slack.objects import GONE
from bot.worker.claim import Claim, Later
from bot.worker.effects import once
from bot.worker.tools import Tools
from storage.database import Transaction

SETTLING = timedelta(minutes=2)
"""A shared file shows some time after the call; if it does not within this time, Slack has lost it."""

ATTEMPTS = 24
"""Polls before a file counts as lost, at least: a clock that is set forward must not shorten the wait."""

SHARINGS = 2
"""How often something is shared, each time with new files, before it is given up."""


async def begin(claim: Claim, tools: Tools, *, also: Callable[[Transaction], object] | None = None) -> None:
    """Note that the sharing begins of files that nobody has begun to share, so that `shared_once` does not look.

    `also` is committed in the same transaction.
    """
    await claim.save(replace(claim.job, under_way_since=tools.clock()), also=also)
    claim.fresh = True


async def shared_once(
    claim: Claim, tools: Tools, *, file: str, channel: str, thread: str | None, share: Callable[[], Awaitable[None]]
) -> str | None:
    """Call `share` unless `file` is shared; return its message's timestamp, or None until it shows."""

    async def look() -> str | None:
        try:
            return await tools.workspace_of(claim.job).shared_at(file, channel=channel, thread=thread) or ""
        except SlackRefused as refused:
            if refused.code in GONE:  # it was not shared yet
                return None
            raise

    async def act() -> str:
        await share()
        return ""

    return await once(claim, look=look, act=act) or None


def recheck(claim: Claim, tools: Tools) -> Later | None:
    """Return when to poll for it again; None if Slack has lost it."""
    job, now = claim.job, tools.clock()
    waited = passed(tools.clock, job.under_way_since or job.state_since)
    if waited >= SETTLING and job.misses >= ATTEMPTS:
        return None
    wait = min(max(waited / 2, timedelta(seconds=1)), timedelta(seconds=5))
    return Later(due=now + wait, missed=True)
