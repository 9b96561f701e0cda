"""Somebody whom the bot needs is away for an hour: nobody is stormed meanwhile, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from bot.catalog import make_providers
from bot.worker.rate_limits import LONGEST_PAUSE, OUTAGE
from sandbox import faults
from sandbox.botlhale import Botlhale
from sandbox.ports import free_port
from sandbox.slack import Share, Slack
from storage.job import JobState
from tests.journeys.bench import eventually, recording, words_of
from tests.journeys.machine_faults import Machine, Site, jobs_of, missing, plain, says
from tests.postgresql import Server, new_folder, programs

HOUR = timedelta(hours=1)
AWAY = 10**6
IN_HTTP_MODE = {"slack_signing_secret": "sandbox-signing", "slack_app_token": None}
CONCURRENCY = 2
MOST_IN_AN_HOUR = CONCURRENCY * (HOUR // LONGEST_PAUSE + 10)
"""As many as work at a time may knock together once a minute, and some more often in the beginning."""

MANY = 10
"""So many recordings, each asking for itself in ever longer intervals, would knock twice as often."""

TOKEN = "POST /generateAuthToken"


@pytest.fixture
async def site(slack: Slack, tmp_path: Path) -> AsyncIterator[Site]:
    async with Botlhale() as botlhale:
        site = Site(slack, botlhale, tmp_path)
        yield site
        await site.stop()


@pytest.fixture
def machine(site: Site) -> Machine:
    machine = Machine()
    site.around = machine.around
    return machine


async def share_many(slack: Slack, count: int = MANY) -> list[Share]:
    channels = [slack.channel(f"channel-{number}") for number in range(12)]
    return [await slack.share(channels[number % 12], [recording(**plain(number))]) for number in range(count)]


def asked(site: Site) -> int:
    """How often the provider was asked for anything."""
    return len(site.botlhale.requests)


def called(slack: Slack, *methods: str) -> int:
    return len([call for call in slack.calls if call.method in methods])


def done(slack: Slack, shares: list[Share]) -> bool:
    return all("white_check_mark" in slack.root(share).reactions for share in shares)


def all_answered_once(site: Site, shares: list[Share]) -> None:
    """Each share has its one reply, and the provider has every recording once."""
    replies = [site.slack.replies(share) for share in shares]
    assert [len(found) for found in replies] == [1] * len(shares)
    assert all("Transcribed by Botlhale AI" in words_of(found[0]) for found in replies)
    assert [upload.received for upload in site.botlhale.uploads.values()] == [1] * len(shares)


async def test_a_provider_that_is_away_for_an_hour_is_left_in_peace_and_then_gets_everything_once(
    site: Site, slack: Slack, machine: Machine
) -> None:
    bot = await site.start(concurrency=CONCURRENCY)
    site.botlhale.faults.arm(TOKEN, faults.answer(503), times=AWAY)
    shares = await share_many(slack)
    await slack.quiet()
    await machine.passes(bot, HOUR)
    assert {job.state for job in await jobs_of(bot)} == {JobState.RECEIVED}
    assert [set(slack.root(share).reactions) for share in shares] == [{"hourglass_flowing_sand"}] * MANY
    assert OUTAGE <= asked(site) <= MOST_IN_AN_HOUR
    assert called(slack, "files.info") <= MANY + MOST_IN_AN_HOUR, "Slack is not stormed either"
    await says(bot)  # it is well itself, and events are welcome
    assert "in progress" in (await slack.command("/transcripts", channel=shares[0].channel)).messages[0]["text"]
    site.botlhale.faults.clear()
    await machine.passes(bot, HOUR, until=lambda: done(slack, shares))
    all_answered_once(site, shares)


async def test_a_provider_that_says_when_it_will_be_back_is_not_asked_before(
    site: Site, slack: Slack, machine: Machine
) -> None:
    bot = await site.start(concurrency=CONCURRENCY)
    site.botlhale.faults.arm(TOKEN, faults.answer(503, Retry_After="3600"))
    first = await slack.share(slack.channel("one"), [recording(**plain())])
    await eventually(lambda: asked(site))
    await machine.passes(bot, timedelta(minutes=2))
    second = await slack.share(slack.channel("two"), [recording(**plain(1))])
    await slack.quiet()
    await machine.passes(bot, timedelta(minutes=54))
    assert asked(site) == 1, "neither for the one that was told nor for others"
    await machine.passes(bot, HOUR, until=lambda: done(slack, [first, second]))
    all_answered_once(site, [first, second])


async def test_a_provider_that_hangs_gets_everything_once_it_answers_again(
    site: Site, slack: Slack, machine: Machine
) -> None:
    async with httpx.AsyncClient(timeout=0.2, trust_env=False) as client:
        site.around = lambda tools: replace(
            machine.around(tools), transcribers=make_providers(tools.settings, client=client, clock=machine.clock)
        )
        bot = await site.start(concurrency=CONCURRENCY)
        site.botlhale.faults.arm(TOKEN, faults.slow(3600), times=AWAY)
        shares = await share_many(slack, 6)
        await slack.quiet()
        await machine.passes(bot, timedelta(minutes=5))
        assert OUTAGE <= asked(site) <= CONCURRENCY * 15
        assert {job.state for job in await jobs_of(bot)} == {JobState.RECEIVED}
        site.botlhale.faults.clear()
        await machine.passes(bot, HOUR, until=lambda: done(slack, shares))
        all_answered_once(site, shares)
        await site.stop()


async def test_a_provider_at_whose_door_nobody_listens_gets_everything_once_it_is_there(
    site: Site, slack: Slack, machine: Machine
) -> None:
    port = free_port()
    bot = await site.start(botlhale_base_url=f"http://127.0.0.1:{port}")
    shares = await share_many(slack, 3)
    await slack.quiet()
    await machine.passes(bot, HOUR)
    assert {job.state for job in await jobs_of(bot)} == {JobState.RECEIVED}
    async with Botlhale(port=port) as site.botlhale:
        await machine.passes(bot, HOUR, until=lambda: done(slack, shares))
        all_answered_once(site, shares)
        await site.stop()


async def test_a_provider_whose_name_is_not_known_is_waited_for(site: Site, slack: Slack, machine: Machine) -> None:
    bot = await site.start(botlhale_base_url="https://botlhale.invalid")
    share = await slack.share(slack.channel("general"), [recording(**plain())])
    await site.tried()
    await says(bot)
    await site.stop()
    bot = await site.start()
    await machine.passes(bot, HOUR, until=lambda: done(slack, [share]))
    all_answered_once(site, [share])


async def test_a_slack_that_is_away_for_an_hour_is_left_in_peace_and_then_everything_is_answered_once(
    site: Site, slack: Slack, machine: Machine
) -> None:
    site.botlhale.hold = True
    bot = await site.start(concurrency=CONCURRENCY, **IN_HTTP_MODE)
    shares = await share_many(slack)
    await eventually(lambda: len(site.botlhale.uploads) == MANY)
    for method in ("files.info", "conversations.info", "reactions.add", "chat.postMessage", "download"):
        slack.faults.arm(method, faults.answer(503), times=AWAY)
    late = await slack.share(slack.channel("late"), [recording(**plain(999))])
    await slack.quiet()
    before = len(slack.calls)
    site.botlhale.release()
    await machine.passes(bot, HOUR)
    assert {job.state for job in await jobs_of(bot)} == {JobState.RECEIVED, JobState.REPLYING}
    assert len(slack.calls) - before <= 2 * MOST_IN_AN_HOUR, "a look into the thread, and a try"
    slack.faults.clear()
    await machine.passes(bot, HOUR, until=lambda: done(slack, [*shares, late]))
    all_answered_once(site, [*shares, late])


async def test_a_slack_that_goes_away_later_is_missed_by_readyz(site: Site, slack: Slack, machine: Machine) -> None:
    bot = await site.start(**IN_HTTP_MODE)
    await says(bot)
    for method in ("auth.test", "files.info"):
        slack.faults.arm(method, faults.answer(503), times=AWAY)
    await share_many(slack, OUTAGE)
    await slack.quiet()
    await machine.passes(bot, timedelta(minutes=5))
    assert "slack" in await missing(bot)


@pytest.mark.parametrize(("method", "code"), [("chat.postMessage", 429), ("files.info", 503), ("download", 429)])
async def test_a_method_that_slack_wants_to_be_left_alone_is_called_for_no_recording_before_the_time_is_over(
    site: Site, slack: Slack, machine: Machine, method: str, code: int
) -> None:
    bot = await site.start(concurrency=CONCURRENCY)
    slack.faults.arm(method, faults.answer(code, Retry_After="1"), times=AWAY)
    shares = await share_many(slack)
    await eventually(lambda: called(slack, method))
    began = time.monotonic()
    await asyncio.sleep(2.2)
    rounds = int(time.monotonic() - began) + 2
    assert called(slack, method) <= CONCURRENCY * rounds
    slack.faults.clear()
    await machine.passes(bot, HOUR, until=lambda: done(slack, shares))
    all_answered_once(site, shares)


@pytest.mark.parametrize("mode", [{}, IN_HTTP_MODE], ids=["socket", "http"])
async def test_a_slack_that_is_not_there_when_we_start_is_found_when_it_is(
    site: Site, slack: Slack, machine: Machine, mode: dict[str, Any]
) -> None:
    later = Slack(port=free_port())
    site.slack = later
    address = {"slack_api_url": f"http://127.0.0.1:{later_port(later)}/api/"}
    origin = {"slack_file_origins": f"http://127.0.0.1:{later_port(later)}"}
    bot = await site.start(**address, **origin, **mode)
    await says(bot, "slack", *([] if mode else ["socket"]))
    if mode:
        await turned_away(slack, later.events_url)
    async with later:
        await says(bot)
        share = await later.share(later.channel("general"), [recording(**plain())])
        await machine.passes(bot, HOUR, until=lambda: done(later, [share]))
        all_answered_once(site, [share])
        await site.stop()


def later_port(slack: Slack) -> int:
    return slack._port


async def turned_away(slack: Slack, events_url: str | None) -> None:
    """An event about which the bot cannot ask Slack is answered with a 500."""
    slack.events_url, slack.retry_delays = events_url, ()
    await slack.share(slack.channel("general"), [recording()])
    await slack.quiet()
    assert [delivery.status for delivery in slack.deliveries] == [500]


async def test_a_slack_whose_name_is_not_known_is_missed_and_events_are_refused(site: Site, slack: Slack) -> None:
    bot = await site.start(slack_api_url="https://slack.invalid/api/", **IN_HTTP_MODE)
    await says(bot, "slack")
    await turned_away(slack, slack.events_url)
    assert await site.jobs() == []


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of this test's own, which may go away."""
    found = programs()
    if found is None:
        pytest.skip("this machine has no PostgreSQL server")
    folder = new_folder()
    server = Server(folder, bin_folder=found)
    server.prepare()
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_database_server_that_is_read_only_and_then_away_loses_and_doubles_nothing(
    site: Site, slack: Slack, server: Server
) -> None:
    slack.ack_timeout, slack.retry_delays = 8, (0.2,) * 100
    site.botlhale.hold = True
    url = await asyncio.to_thread(server.new_database)
    bot = await site.start(database_url=url, spool_directory=site.folder / "spool", soonest_look=600, **IN_HTTP_MODE)
    first = await slack.share(slack.channel("one"), [recording()])
    await site.waits(JobState.SUBMITTED)
    site.botlhale.release()

    await asyncio.to_thread(read_only, server, url, "on")
    heard = len(slack.deliveries)
    second = await slack.share(slack.channel("two"), [recording()])
    await says(bot, "database")
    await slack.until(lambda: len(slack.deliveries) > heard)
    assert {delivery.status for delivery in slack.deliveries[heard:]} == {500}
    await asyncio.to_thread(read_only, server, url, "off")
    await says(bot)
    await slack.quiet()

    await asyncio.to_thread(server.stop)
    heard = len(slack.deliveries)
    third = await slack.share(slack.channel("three"), [recording()])
    await says(bot, "database")
    await slack.until(lambda: len(slack.deliveries) > heard)
    assert {delivery.status for delivery in slack.deliveries[heard:]} <= {500, None}
    await asyncio.to_thread(server.start)
    await says(bot)
    await slack.quiet()
    await leases_end(site)
    await site.ended_at_last(3)
    all_answered_once(site, [first, second, third])


def read_only(server: Server, url: str, on: str) -> None:
    name = url.rpartition("/")[2]
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {on}".encode())
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


async def leases_end(site: Site) -> None:
    """Let the minute pass in which a job still belongs to whoever could not let it go."""
    assert site.bot is not None
    await site.bot.tools.database.write(
        lambda tx: tx.run("UPDATE jobs SET due_at = due_at - 61000 WHERE lease IS NOT NULL")
    )
