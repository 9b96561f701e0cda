"""Uploaded files are shared once. Slack answers first and shares afterwards, so whoever shares looks for them then.

For the reply's files (`reply`) and for those that people asked for (`export`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot.slack.errors import SlackRefused
from bot.slack.objects import GONE
from bot.worker.claim import Claim, Later
from bot.worker.effects import once
from bot.worker.tools import Tools

SETTLING = timedelta(minutes=2)
"""A shared file shows in its place some time after the call; one that does not by then was lost by Slack."""

ATTEMPTS = 24
"""At least so often it is looked for: a clock that is set forward must not make it lost before its time."""

SHARINGS = 2
"""How often something is shared, each time as new files, before it is given up."""


async def shared_once(
    claim: Claim, tools: Tools, *, file: str, channel: str, thread: str | None, share: Callable[[], Awaitable[None]]
) -> str | None:
    """Share by `share`, unless `file` is shared; the timestamp of its message, or None until it shows."""

    async def look() -> str | None:
        try:
            return await tools.workspace_of(claim.job).shared_at(file, channel=channel, thread=thread) or ""
        except SlackRefused as refused:
            if refused.code in GONE:  # it was never shared, and can be
                return None
            raise

    async def act() -> str:
        await share()
        return ""

    return await once(claim, look=look, act=act) or None


def recheck(claim: Claim, tools: Tools) -> Later | None:
    """When to look for it again; None where Slack has lost it."""
    job, now = claim.job, tools.clock()
    waited = max(now - (job.under_way_since or job.state_since), timedelta(0))
    if waited >= SETTLING and job.misses >= ATTEMPTS:
        return None
    wait = min(max(waited / 2, timedelta(seconds=1)), timedelta(seconds=5))
    return Later(due=now + wait, missed=True)
