"""The machine's wall clock is set back or forward: nobody waits for it, and nothing is doubled, ended or deleted."""

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
from tests.journeys.database_probe import Books
from tests.journeys.machine_faults import Machine, Site, jobs_of, plain, says

HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)


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


def on(site: Site, machine: Machine) -> None:
    """Everything in the bot goes by the clock of this machine."""
    site.around, site.clock = machine.around, machine.clock


@pytest.mark.parametrize("restarts", [False, True], ids=["at work", "while it is down"])
async def test_a_clock_that_is_set_forward_ends_no_recording_that_is_worked_on(
    site: Site, slack: Slack, *, restarts: bool
) -> None:
    machine = Machine()
    on(site, machine)
    site.botlhale.hold = True
    bot = await site.start()
    shared = await share(slack, 1)
    await site.waits(JobState.SUBMITTED)
    await site.works_for(timedelta(minutes=20))  # of the thirty that it may take
    if restarts:
        await site.stop()
        ahead = Machine(ahead=YEAR)
        on(site, ahead)
        bot = await site.start()
    else:
        machine.steps(timedelta(minutes=45))
    assert bot.worker is not None
    bot.worker.wake()
    await site.looked_again()
    site.botlhale.release()
    await answered_once(site, shared)


async def test_a_start_with_a_clock_a_year_ahead_gives_nothing_up(site: Site, slack: Slack) -> None:
    on(site, Machine())
    await site.start()
    site.botlhale.faults.arm("POST /asr/async/upload", faults.answer(503))
    shared = await share(slack, 1)
    await site.tried()
    await site.stop()
    site.botlhale.faults.arm("POST /asr/async/upload", faults.answer(503))
    on(site, Machine(ahead=YEAR))
    await site.start()
    await answered_once(site, shared)


async def nobody_heard(site: Site, span: timedelta) -> None:
    """As if Slack had not been heard for so long (< 0: by a clock that was ahead)."""
    await Books(f"sqlite:///{site.folder}/bot.db", site.folder).nobody_heard(span // timedelta(milliseconds=1))


async def kept(site: Site) -> int:
    """How many transcripts are stored."""
    assert site.bot is not None
    row = await site.bot.tools.database.read(lambda tx: tx.one("SELECT count(*) AS n FROM transcripts"))
    assert row is not None
    return int(row["n"])


async def test_a_clock_a_year_ahead_deletes_no_transcript(site: Site, slack: Slack) -> None:
    on(site, Machine())
    await site.start(retention_days=30)
    await answered_once(site, await share(slack, 1))
    await site.ended()
    await site.stop()
    on(site, Machine(ahead=YEAR))
    bot = await site.start(retention_days=30)
    await bot.house.keep_seldom()
    assert await kept(site) == 1
    machine = Machine()
    on(site, machine)
    await site.stop()
    bot = await site.start(retention_days=30)
    machine.steps(YEAR)  # after it was right when the bot started
    await bot.house.keep_seldom()
    assert await kept(site) == 1


async def test_what_is_old_by_slacks_clock_too_is_deleted(site: Site, slack: Slack) -> None:
    on(site, Machine())
    await site.start(retention_days=30)
    await answered_once(site, await share(slack, 1))
    await site.ended()
    assert site.bot is not None
    old = "UPDATE transcripts SET created_at = created_at - 31 * 86400000"
    await site.bot.tools.database.write(lambda tx: tx.run(old))
    await site.bot.house.keep_seldom()
    assert await kept(site) == 0


async def test_what_was_shared_while_the_bot_was_down_is_found_by_a_clock_a_year_ahead(
    site: Site, slack: Slack
) -> None:
    on(site, Machine())
    await site.start()
    first = await share(slack, 1)
    await answered_once(site, first)
    await site.ended()
    await site.stop()
    await nobody_heard(site, HOUR)
    missed = await share(slack, 2)
    on(site, Machine(ahead=YEAR))
    await site.start()
    await answered_once(site, first, missed)
    await site.stop()
    # What that clock noted, if it did, says nothing to one that is right again.
    await nobody_heard(site, -YEAR)
    later = await share(slack, 3)
    on(site, Machine())
    await site.start()
    await answered_once(site, first, missed, later)
