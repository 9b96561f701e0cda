"""ready, replying after a rerun: the reply that is already in the thread is edited."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from bot.slack.errors import SlackRefused, SlackUnavailable
from bot.worker.claim import Claim
from bot.worker.steps.edit import drop_new_files, edit_reply
from bot.worker.steps.intent import TOO_MUCH, Intent
from bot.worker.tools import Tools
from handlers import words
from handlers.plain_text import harmless
from storage.job import Job, JobState, as_before


async def keep_previous_reply(claim: Claim, tools: Tools) -> Job:
    """Keep the transcript in the thread after a failed rerun; tell the person who asked why it failed."""
    job, failure = claim.job, claim.job.failure
    saved = await claim.save(as_before(job), note=f"rerun failed: {failure.reason if failure else 'cancelled'}")
    if failure is not None and job.begun_by is not None:
        why = words.apology(failure, provider=tools.transcriber_of(job).title)
        sentence = words.rerun_failed(why, title=harmless(job.title or ""))
        with suppress(SlackRefused, SlackUnavailable):  # best effort: nothing has changed
            await tools.workspace_of(job).post_ephemeral(
                job.origin.channel, job.origin.thread or "", person=job.begun_by, text=sentence
            )
    return saved


async def replace_reply(claim: Claim, tools: Tools) -> Job:
    """Edit the reply; if that fails, go back to ready: for files if it is too large, else for a new reply."""
    job = claim.job
    try:
        await edit_reply(claim, tools, None)
    except SlackRefused as refused:
        if refused.code in TOO_MUCH and Intent.load(claim.job.reply_intent).form != "file":
            as_file = replace(Intent.load(claim.job.reply_intent), form="file").dump()
            return await claim.save(replace(claim.job, state=JobState.READY, reply_intent=as_file), note=refused.code)
        with suppress(SlackRefused):  # there must be only one reply
            await tools.workspace_of(job).delete(job.origin.channel, job.reply_ts or "")
        dropped = (await drop_new_files(claim, tools)).own_files
        anew = replace(job, state=JobState.READY, reply_ts=None, reply_intent=Intent(dropped=dropped).dump())
        return await claim.save(anew, note=f"not changed: {refused.code}")
    return await claim.record(replace(claim.job, state=JobState.REPLIED))
