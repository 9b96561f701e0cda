"""replied, abandoned: sets the final reaction, removes the job's spool folder, and ends the job."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from bot.slack.errors import SlackNotAuthorised, SlackRefused
from bot.worker.claim import Claim, Later
from bot.worker.steps import progress
from bot.worker.steps.intent import Intent
from bot.worker.tools import Tools
from storage import forgetting, jobs
from storage.job import Job, JobState, Reason


async def finish(claim: Claim, tools: Tools) -> Later:
    """Finish the job, so that it is never claimed again. Idempotent."""
    job = claim.job
    await tools.spool.clear(job.id)
    if job.message_ts is not None and not job.forgotten:
        await _show_outcome_once(claim, tools)
    await progress.remove(claim, tools)
    return Later(due=None)


async def _show_outcome_once(claim: Claim, tools: Tools) -> None:
    """Set the reactions, unless they show this outcome already: names and exports bring a job here again."""
    job, intent = claim.job, Intent.load(claim.job.reply_intent)
    outcome = f"{job.retried} {_emoji(job, tools)}"
    if intent.outcome == outcome:
        return
    with suppress(SlackRefused, SlackNotAuthorised):  # best effort: the reply is there
        await _show_outcome(job, tools)
    if job.state is JobState.REPLIED:  # nothing brings any other job here again
        await claim.save(replace(job, reply_intent=replace(intent, outcome=outcome).dump()))


async def _show_outcome(job: Job, tools: Tools) -> None:
    channel, ts = job.origin.channel, job.message_ts or ""
    outcome = _emoji(job, tools)
    if outcome is not None:
        await tools.workspace_of(job).react(channel, ts, outcome)
    if job.retried and not await tools.database.read(lambda tx: forgetting.has_neighbours(tx, job)):
        for earlier in {tools.settings.reaction_done, tools.settings.reaction_failed} - {outcome}:
            await tools.workspace_of(job).unreact(channel, ts, earlier)
    if not await tools.database.read(lambda tx: jobs.others_on_message(tx, job)):
        await tools.workspace_of(job).unreact(channel, ts, tools.settings.reaction_pending)


def _emoji(job: Job, tools: Tools) -> str | None:
    if job.state is JobState.REPLIED:
        return tools.settings.reaction_failed if job.failure else tools.settings.reaction_done
    if job.failure is not None and job.failure.reason is Reason.NOWHERE_TO_REPLY:
        return tools.settings.reaction_failed
    return None
