"""The machine's wall clock is set back or forward by an hour: nobody waits for it, and nothing is doubled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox import faults
from sandbox.botlhale import Botlhale
from sandbox.slack import Share, Slack
from storage.job import JobState
from tests.journeys.bench import eventually, only_reply, recording, words_of
from tests.journeys.machine_faults import Machine, Site, jobs_of, plain, says

HOUR = timedelta(hours=1)


@pytest.fixture
async def site(slack: Slack, tmp_path: Path) -> AsyncIterator[Site]:
    async with Botlhale() as botlhale:
        site = Site(slack, botlhale, tmp_path)
        yield site
        await site.stop()


async def share(slack: Slack, number: int) -> Share:
    return await slack.share(slack.channel(f"channel-{number}"), [recording(**plain(number))])


async def answered_once(site: Site, *shares: Share) -> None:
    """Every share is answered without anybody's help, and the provider has every recording once."""
    for shared in shares:
        assert "Transcribed by Botlhale AI" in words_of(await only_reply(site.slack, shared))
    assert [upload.received for upload in site.botlhale.uploads.values()] == [1] * len(shares)


async def test_a_clock_that_is_set_back_under_a_running_bot_delays_nobody(site: Site, slack: Slack) -> None:
    machine = Machine()
    site.around, site.botlhale.hold = machine.around, True
    bot = await site.start()
    before = await share(slack, 1)
    await site.waits(JobState.SUBMITTED)
    machine.steps(-HOUR)
    site.botlhale.release()
    after = await share(slack, 2)
    await answered_once(site, before, after)
    await says(bot)


async def test_a_clock_that_is_set_back_while_the_bot_is_down_delays_nobody(site: Site, slack: Slack) -> None:
    ahead = Machine(ahead=HOUR)
    site.around, site.botlhale.hold = ahead.around, True
    await site.start()
    submitted = await share(slack, 1)
    await site.waits(JobState.SUBMITTED)
    site.botlhale.faults.arm("POST /asr/async/upload", faults.answer(503, Retry_After="300"))
    refused = await share(slack, 2)
    await site.tried()
    await site.stop()
    site.botlhale.release()
    site.around = Machine().around
    bot = await site.start()
    later = await share(slack, 3)
    await answered_once(site, submitted, refused, later)
    await says(bot)


async def test_a_clock_that_is_set_forward_and_back_again_delays_and_doubles_nothing(site: Site, slack: Slack) -> None:
    machine = Machine()
    site.around = machine.around
    bot = await site.start(soonest_look=900)
    first = await share(slack, 1)
    await site.waits(JobState.SUBMITTED)
    machine.steps(HOUR)
    await says(bot)
    await answered_once(site, first)
    machine.steps(-HOUR)
    second = await share(slack, 2)
    await eventually(lambda: len(site.botlhale.uploads) == 2)
    await site.waits(JobState.SUBMITTED)
    due = [job.due_at - machine.clock() for job in await jobs_of(bot) if job.due_at]
    assert [wait > timedelta(minutes=15) for wait in due] == [False], "as long as it was told to wait, and not longer"
    machine.steps(2 * HOUR)
    assert bot.worker is not None
    bot.worker.wake()
    await answered_once(site, first, second)
