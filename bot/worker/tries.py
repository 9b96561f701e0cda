"""How often a step was tried: without a result, and without coming to any end."""

from __future__ import annotations

from datetime import timedelta
from itertools import takewhile

from bot.worker.claim import Claim
from bot.worker.retries import LeasesLost
from bot.worker.tools import Tools
from storage import job_lists
from transcription.errors import AnswerTooLarge

LEASES, LOSING = 10, timedelta(minutes=30)
"""A step that outlived so many leases in a row, for so long, is given up.

The time is for a bot that dies again and again within minutes: its jobs need not be what is wrong.
"""


def refuse_endless(claim: Claim) -> None:
    """Raise `LeasesLost` if the step of this claim outlived its lease too often."""
    if claim.job.leases_lost >= LEASES and claim.losing_for >= LOSING:
        raise LeasesLost(f"{claim.job.leases_lost} in a row")


async def failures_before(claim: Claim, tools: Tools, error: Exception) -> int:
    """Return how many tries in a row failed before this one, of an answer that is too large those that failed so."""
    if not isinstance(error, AnswerTooLarge):
        return claim.job.attempts
    told = await tools.database.read(lambda tx: job_lists.history(tx, claim.job.id))
    return len(list(takewhile(lambda entry: (entry[2] or "").startswith(AnswerTooLarge.__name__), reversed(told))))
