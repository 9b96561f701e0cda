"""A folded reply that Slack refuses is shown in the same step as it would be without folding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.slack.errors import SlackRefused
from bot.worker.claim import Claim
from bot.worker.steps.intent import Intent
from bot.worker.tools import Tools
from storage import folding
from storage.database import Transaction
from storage.job import Job


async def unfold(claim: Claim, tools: Tools, intent: Intent, refused: SlackRefused) -> Intent:
    """Return the intent without folding. It is noted with the job, and with its workspace that it takes no folding.

    What was refused had no effect, so the next request need not wait for it.
    """
    job, again = claim.job, replace(intent, folded=False, unfolded=True)
    now = tools.clock()
    await claim.save(
        replace(job, reply_intent=again.dump(), under_way_since=None),
        note=f"not folded: {refused.code}",
        also=lambda tx: folding.note(tx, team=job.origin.team, taken=False, now=now),
    )
    return again


def withdrawn(job: Job) -> Callable[[Transaction], None]:
    """Return what deletes the note that the job's workspace takes no folding: what it refused was something else."""
    return lambda tx: folding.forget_workspace(tx, team=job.origin.team)
