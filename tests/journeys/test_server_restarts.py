"""The database server is restarted in the middle of transactions, or takes no writes for a while: nothing is lost."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from bot.app import Bot
from sandbox.slack import Share, Slack
from storage.job import JobState
from tests.journeys.bench import eventually, recording
from tests.journeys.machine_faults import Site, missing, plain, says
from tests.journeys.test_outages import IN_HTTP_MODE, all_answered_once, leases_end, site
from tests.postgresql import Server, new_folder, programs

__all__ = ["site"]


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of this test's own, whose commits are on the disk before they are told."""
    found = programs()
    if found is None:
        pytest.skip("this machine has no PostgreSQL server")
    folder = new_folder()
    server = Server(folder, bin_folder=found, durable=True)
    server.prepare()
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def at_work(site: Site, slack: Slack, server: Server) -> AsyncIterator[tuple[Bot, str]]:
    """A bot on a database of its own, with a Slack that repeats its events; the database's address."""
    slack.ack_timeout, slack.retry_delays = 8, (0.2,) * 200
    url = await asyncio.to_thread(server.new_database)
    yield await site.start(database_url=url, spool_directory=site.folder / "spool", **IN_HTTP_MODE), url


async def shared(slack: Slack, numbers: range) -> list[Share]:
    channels = [slack.channel(f"channel-{number}") for number in range(4)]
    return [await slack.share(channels[number % 4], [recording(**plain(number))]) for number in numbers]


async def restart(server: Server) -> None:
    """As `pg_ctl restart -m immediate`: no transaction is ended, no client told."""
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)


TABLES = ("jobs", "transcripts", "passages")
"""Written to in the middle of a unit of work: when it is heard of and at every step, when its words come."""


@asynccontextmanager
async def stuck_in_a_transaction(url: str, table: str) -> AsyncIterator[None]:
    """The bot's transactions wait in the middle, since nobody but us may use the table."""
    async with await psycopg.AsyncConnection.connect(url) as locking:
        await locking.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        try:
            yield
        finally:
            await locking.close()


async def waits_for_a_lock(url: str) -> None:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(60), await psycopg.AsyncConnection.connect(url, autocommit=True) as looking:
        while not await (await looking.execute(waiting)).fetchall():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "table", [pytest.param(each, marks=[pytest.mark.long] if number else []) for number, each in enumerate(TABLES)]
)
async def test_a_server_that_is_restarted_in_the_middle_of_transactions_loses_and_doubles_nothing(
    site: Site, slack: Slack, server: Server, table: str
) -> None:
    async with at_work(site, slack, server) as (bot, url):
        shares = await shared(slack, range(4))
        for round_ in range(1, 4):
            async with stuck_in_a_transaction(url, table):
                shares += await shared(slack, range(4 * round_, 4 * round_ + 4))
                await waits_for_a_lock(url)
                await restart(server)
            await says(bot)
            await leases_end(site)
        await slack.quiet()
        await leases_end(site)
        await site.ended_at_last(len(shares))
        all_answered_once(site, shares)


async def everywhere(server: Server, *, read_only: bool) -> None:
    """As an operator or a failover does it: for every session that there is, at once."""
    on = "on" if read_only else "off"
    async with await psycopg.AsyncConnection.connect(server.url("postgres"), autocommit=True) as connection:
        await connection.execute("SET default_transaction_read_only = off")
        await connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {on}".encode())
        await connection.execute("SELECT pg_reload_conf()")


@pytest.mark.parametrize("seconds", [1, pytest.param(60, marks=pytest.mark.long)])
async def test_a_server_that_takes_no_writes_for_a_while_loses_and_doubles_nothing(
    site: Site, slack: Slack, server: Server, seconds: int
) -> None:
    async with at_work(site, slack, server) as (bot, _):
        site.botlhale.hold = True
        shares = await shared(slack, range(4))
        await eventually(lambda: len(site.botlhale.uploads) == 4)
        await everywhere(server, read_only=True)
        await says(bot, "database")
        site.botlhale.release()
        heard = len(slack.deliveries)
        shares += await shared(slack, range(4, 8))
        await asyncio.sleep(seconds)
        assert {delivery.status for delivery in slack.deliveries[heard:]} == {500}
        assert await missing(bot) == {"database"}
        assert "in progress" in (await slack.command("/transcripts", channel=shares[0].channel)).messages[0]["text"]
        await everywhere(server, read_only=False)
        await says(bot)
        await slack.quiet()
        await leases_end(site)
        jobs = await site.ended_at_last(len(shares))
        assert {job.state for job in jobs} == {JobState.REPLIED}
        all_answered_once(site, shares)
