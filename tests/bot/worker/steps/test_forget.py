"""What Slack lets us remove in several goes is removed in the end: each goes on where the one before had to stop."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import open_tools
from bot.settings.model import Settings
from bot.slack.errors import SlackUnavailable
from bot.worker.claim import LEASE, Claim
from bot.worker.steps.forget import forget
from bot.worker.tools import Tools
from sandbox import faults
from sandbox.slack import Slack
from storage import exports, forgetting, transcripts
from storage.database import Database, Transaction
from storage.exports import ExportRequest, Recipient
from storage.job import Job, JobState, Reason
from tests.bot.job_fixtures import NOON, a_job, new_database
from transcription.transcript import Transcript

FILES = 3


async def exported(database: Database) -> Job:
    """A job to be forgotten, some files of which are with Slack."""
    job = await a_job(database, JobState.REPLIED, held=True)

    def work(tx: Transaction) -> None:
        transcripts.put(tx, job.id, Transcript(turns=(), duration=timedelta(minutes=1)), now=NOON)
        for number in range(FILES):
            exports.add(
                tx,
                job.id,
                ExportRequest(format="txt", recipient=Recipient.THREAD, by="U1", request=f"V{number}"),
                now=NOON,
            )
        for each in exports.of_job(tx, job.id):
            exports.note(tx, replace(each, channel="C1", file=f"F{each.number}", message_ts=f"{each.number}.0"))
        forgetting.forget(tx, job, forgetting.ForgetRequest(by="U1", why="why", reason=Reason.CANCELLED), now=NOON)

    await database.write(work)
    return job


async def removed(job: Job, tools: Tools) -> None:
    claim = Claim(
        job, database=tools.database, clock=tools.clock, until=NOON + LEASE, asked=asyncio.get_running_loop().time()
    )
    await forget(claim, tools)


@pytest.mark.parametrize("method", ["chat.delete", "files.delete"])
async def test_what_is_removed_already_costs_no_more_calls(tmp_path: Path, method: str) -> None:
    async with new_database(tmp_path / "jobs.db") as database, Slack() as slack:
        settings = Settings(_env_file=None, slack_bot_token=slack.bot_token, slack_api_url=slack.api_url)
        async with open_tools(settings, database=database, clock=lambda: NOON) as tools:
            await tools.workspaces.introduce()
            job = await exported(database)
            for _ in range(FILES):  # one more each time
                slack.faults.arm(method, faults.slow(0))
                slack.faults.arm(method, faults.answer(503))
            for left in range(FILES - 1, 0, -1):
                with pytest.raises(SlackUnavailable):
                    await removed(job, tools)
                assert len(await database.read(lambda tx: exports.of_job(tx, job.id))) == left
            slack.faults.clear()
            await removed(job, tools)
            assert await database.read(lambda tx: exports.of_job(tx, job.id)) == []
