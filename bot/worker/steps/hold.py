"""Tells a thread that its recording waits for somebody to mend something: permission, account, credit, certificate.

It is the progress message, so it goes when the transcript comes. One conversation is told once an hour.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.rendering.progress import on_hold
from bot.slack.errors import SlackNotAuthorised, SlackNotInstalled
from bot.slack.workspace import Blocks
from bot.worker.claim import Claim
from bot.worker.steps import progress
from bot.worker.tools import Tools
from handlers import words
from storage import notices
from transcription.errors import NotAuthorised, QuotaSpent, Unavailable

AFTER = timedelta(minutes=5)
"""How long something has to be wrong before people are told: an operator who is at work on it is faster."""


async def tell(claim: Claim, tools: Tools, error: Exception, *, due: datetime) -> datetime:
    """Tell the thread, if this error waits for a person, if it is time, and if the conversation was not told yet.

    Return `due`, when the job is tried again, or earlier if the thread is told then. Best effort. Raises `LeaseLost`.
    """
    sentence = _sentence(error, provider=tools.transcriber_of(claim.job).title)
    left = AFTER - claim.failing_for
    if sentence is None or not progress.can_be_shown(claim.job):
        return due
    if left > timedelta(0):
        return min(due, tools.clock() + left)
    text, blocks = on_hold(claim.job.id, sentence, title=claim.job.title)
    if not progress.says(claim.job, text):
        await _show(claim, tools, text, blocks)
    return due


async def _show(claim: Claim, tools: Tools, text: str, blocks: Blocks) -> None:
    origin, is_new = claim.job.origin, not progress.is_shown(claim.job)
    if is_new and not await tools.database.write(lambda tx: notices.claim(tx, origin, now=tools.clock())):
        return
    await progress.show(claim, tools, text, blocks)
    if is_new and progress.is_shown(claim.job):
        await tools.database.write(lambda tx: notices.confirm(tx, origin, now=tools.clock()))
    elif is_new:
        await tools.database.write(lambda tx: notices.withdraw(tx, origin))


def _sentence(error: Exception, *, provider: str) -> str | None:
    """Return what to say; None where nobody could read it or nobody has to mend anything."""
    match error:
        case SlackNotInstalled():
            return None
        case SlackNotAuthorised():
            return words.HELD_UP_BY_SLACK
        case NotAuthorised():
            return words.held_up_by_account(provider)
        case QuotaSpent():
            return words.held_up_by_credit(provider)
        case Unavailable(fault=fault) if fault is not None and fault.is_about_trust:
            return words.held_up_by_connection(provider)
        case _:
            return None
