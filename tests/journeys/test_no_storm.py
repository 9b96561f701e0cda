"""What goes wrong is tried again with patience, and never twice by accident."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.faults import answer, hang_up_before, slow
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.slack import Slack
from storage import reruns
from storage.job import JobState
from tests.journeys.bench import (
    WEBHOOK_TOKEN,
    Bench,
    eventually,
    gowajee_settings,
    only_reply,
    recording,
    running,
    settings_of,
    words_of,
)

STATUS = "GET job/status"


@pytest.fixture
async def port() -> int:
    return free_port()


@pytest.fixture
async def gowajee(port: int) -> AsyncIterator[Gowajee]:
    async with Gowajee(webhook_url=f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}") as running:
        yield running


@pytest.mark.parametrize("status", [503, 429, 400])
async def test_a_webhook_that_cannot_be_confirmed_now_makes_no_storm_of_questions(
    slack: Slack, gowajee: Gowajee, tmp_path: Path, port: int, status: int
) -> None:
    gowajee.faults.arm(STATUS, answer(status), times=2)
    settings = settings_of(slack, tmp_path, http_port=port, **gowajee_settings(gowajee))
    async with running(settings, slack):
        share = await slack.share(slack.channel("general"), [recording("dialogue")])
        await eventually(lambda: any(seen.call == STATUS for seen in gowajee.requests))
        await asyncio.sleep(1)  # the storm would be here
        assert sum(seen.call == STATUS for seen in gowajee.requests) <= 4
        await only_reply(slack, share)


async def test_a_retried_job_is_not_mistaken_for_its_earlier_reply(bench: Bench, slack: Slack) -> None:
    slack.scopes.add("channels:history")
    bench.botlhale.fail_next()
    bot = await bench.start()
    share = await slack.share(slack.channel("general"), [recording()])
    await slack.wait_for_replies(share)
    (job,) = await bench.ended()
    assert job.failure is not None
    slack.refuse("chat.update", "cant_update_message")
    slack.faults.arm("chat.postMessage", hang_up_before())
    await bot.tools.database.write(lambda tx: reruns.retry(tx, job, now=bot.tools.clock()))
    await bench.ended_at_last()
    [transcript] = slack.replies(share)
    assert "delivery on Wednesday" in words_of(transcript)


async def test_a_database_that_is_locked_right_after_the_post_makes_no_second_one(bench: Bench, slack: Slack) -> None:
    bench.botlhale.hold = True
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording()])
    await bench.waits(JobState.SUBMITTED)
    slack.faults.arm("chat.postMessage", slow(0.5))
    bench.botlhale.release()
    with contextlib.closing(sqlite3.connect(bench.folder / "bot.db", isolation_level=None)) as beside:
        while (await bench.jobs())[0].state is not JobState.REPLYING:  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.01)
        beside.execute("BEGIN IMMEDIATE")
        await slack.wait_for_replies(share)
        await asyncio.sleep(6)  # longer than a writer waits for the lock
        beside.execute("ROLLBACK")
    (job,) = await bench.ended()
    assert job.state is JobState.REPLIED
    assert slack.replies(share)[0].ts == job.reply_ts
    assert len(slack.replies(share)) == 1
