"""A long queue after an outage, and a storm of webhooks: everybody has a turn, and whoever asks is answered."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.app import Bot
from sandbox.botlhale import Botlhale
from sandbox.faults import answer
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.slack import Share, Slack
from storage import claiming, inbox, jobs
from storage.claiming import FairShare
from storage.database import Database, Transaction
from storage.job import Job, Origin
from storage.postgresql import WAIT
from tests.bot.job_fixtures import new_database
from tests.journeys.bench import WEBHOOK_TOKEN, eventually, gowajee_settings, recording
from tests.journeys.machine_faults import Machine, Site, missing, plain
from tests.postgresql import Server
from tests.storage.sessions import opened

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
QUEUED = {("T1", f"C{n}"): 45 for n in range(20)} | {("T2", "C1"): 70} | {("T3", f"C{n}"): 3 for n in range(10)}
"""1,000 recordings: a large workspace, one with a single channel, and one in which little is said."""


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "sqlite":
        async with new_database(tmp_path / "jobs.db") as in_file:
            yield in_file
        return
    server: Server = request.getfixturevalue("postgresql")
    async with opened(await asyncio.to_thread(server.new_database), patience=WAIT) as on_server:
        yield on_server


@pytest.mark.parametrize("times", [1, pytest.param(10, marks=pytest.mark.long)])
async def test_what_was_queued_comes_oldest_first_in_turns_of_workspaces_and_their_channels(
    database: Database, times: int
) -> None:
    await queued_is_fair(database, {place: count * times for place, count in QUEUED.items()})


async def test_ten_thousand_in_one_file_are_fair(tmp_path: Path) -> None:
    async with new_database(tmp_path / "jobs.db") as database:
        await queued_is_fair(database, {place: count * 10 for place, count in QUEUED.items()})


async def queued_is_fair(database: Database, queued: dict[tuple[str, str], int]) -> None:
    await database.write(lambda tx: queue(tx, queued))
    turns, later, total = FairShare(), NOON + timedelta(hours=2), sum(queued.values())

    def take(tx: Transaction) -> list[Job]:
        claimed = (
            claiming.claim(tx, fair_share=turns, now=later, until=later + timedelta(minutes=1)) for _ in range(50)
        )
        return [job for job in claimed if job is not None]

    taken = [job for _ in range(total // 50) for job in await database.write(take)]
    assert len({job.id for job in taken}) == total
    teams = [job.origin.team for job in taken]
    little, single = teams.count("T3"), teams.count("T2")
    assert teams[: 3 * little] == ["T1", "T2", "T3"] * little, "the quiet workspace is through after its turns"
    assert teams[3 * little : little + 2 * single] == ["T1", "T2"] * (single - little)
    for place in queued:
        own = [job.created_at for job in taken if (job.origin.team, job.origin.channel) == place]
        assert own == sorted(own), "oldest first"
    channels = [job.origin.channel for job in taken if job.origin.team == "T1"]
    assert all(len(set(channels[start : start + 20])) == 20 for start in range(0, len(channels), 20))


def queue(tx: Transaction, queued: dict[tuple[str, str], int]) -> None:
    """What was shared during an outage of an hour, in every channel all the time."""
    for (team, channel), count in queued.items():
        for n in range(count):
            origin = Origin(team=team, channel=channel, file=f"F{n}", occasion=f"{n}.0", user="U1")
            jobs.add(tx, origin=origin, now=NOON + timedelta(hours=1) * n / count)


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


BUSY = pytest.mark.parametrize("each", [5, pytest.param(40, marks=pytest.mark.long)])
"""How many recordings there are in each of ten busy channels."""


async def share_in_busy_channels(slack: Slack, each: int) -> list[Share]:
    channels = [slack.channel(f"busy-{number}") for number in range(10)]
    return [await slack.share(channel, [recording(**plain(n))]) for n, channel in enumerate(channels * each)]


def done(slack: Slack, shares: list[Share]) -> int:
    return len([share for share in shares if "white_check_mark" in slack.root(share).reactions])


@BUSY
async def test_after_an_outage_of_ours_a_quiet_channel_is_answered_before_the_queue_is_through(
    site: Site, slack: Slack, machine: Machine, each: int
) -> None:
    bot = await site.start()
    assert bot.worker is not None
    bot.worker.stop()
    busy = await share_in_busy_channels(slack, each)
    quiet = await slack.share(slack.channel("quiet"), [recording(**plain(9_000))])
    await slack.quiet()
    await site.stop()
    bot = await site.start(concurrency=2)
    await slack.wait_for_replies(quiet)
    assert sum(len(slack.replies(share)) for share in busy) < 20, "two rounds of the channels at most"
    late = await slack.share(slack.channel("late"), [recording(**plain(9_001))])
    answer = await slack.command("/transcripts", channel=busy[0].channel)
    await slack.quiet()
    assert (slack.deliveries[-1].attempt, slack.deliveries[-1].status) == (1, 200)
    assert "in progress" in answer.messages[0]["text"]
    assert done(slack, busy) < len(busy)
    everything = [*busy, quiet, late]
    await machine.passes(bot, timedelta(days=1), until=lambda: done(slack, everything) == len(everything))
    assert [len(slack.replies(share)) for share in everything] == [1] * len(everything)
    assert [upload.received for upload in site.botlhale.uploads.values()] == [1] * len(everything)


@BUSY
async def test_after_an_outage_of_the_provider_a_quiet_channel_has_its_turn_and_each_channel_its_oldest_first(
    site: Site, slack: Slack, machine: Machine, each: int
) -> None:
    bot = await site.start(concurrency=2)
    site.botlhale.faults.arm("POST /generateAuthToken", answer(503), times=10**6)
    busy = await share_in_busy_channels(slack, each)
    await slack.quiet()
    await machine.passes(bot, timedelta(minutes=3))
    quiet = await slack.share(slack.channel("quiet"), [recording(**plain(9_000))])
    await slack.quiet()
    await machine.passes(bot, timedelta(minutes=7))
    site.botlhale.faults.clear()
    everything = [*busy, quiet]
    await machine.passes(bot, timedelta(days=1), until=lambda: done(slack, everything) == len(everything))
    assert [len(slack.replies(share)) for share in everything] == [1] * len(everything)
    order = sent(site, [*range(len(busy)), 9_000])
    assert order.index(9_000) < 20
    rounds = [number // 10 for number in order if number != 9_000]
    # By chance they would be off by 1.6 rounds of five on average; tries are spread a little, so not by none.
    assert sum(abs(seen - number // 10) for number, seen in enumerate(rounds)) < 1.3 * len(busy)


def sent(site: Site, numbers: list[int]) -> list[int]:
    """The recordings in the order in which the provider got them."""
    known = {hashlib.sha256(plain(number)["content"]).hexdigest(): number for number in numbers}
    return [known[upload.sha256] for upload in site.botlhale.uploads.values()]


STORM = 2_000


async def test_a_storm_of_webhooks_delays_nobody_and_leaves_nothing_behind(site: Site, slack: Slack) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/webhooks/gowajee"
    async with Gowajee(webhook_url=f"{address}?token={WEBHOOK_TOKEN}") as gowajee:
        gowajee.hold = True
        bot = await site.start(http_port=port, **gowajee_settings(gowajee))
        shares = [await slack.share(slack.channel(f"channel-{n}"), [recording()]) for n in range(2)]
        await eventually(lambda: len(gowajee.jobs) == 2)
        storm = asyncio.create_task(blow(address, gowajee))
        shares.append(await slack.share(slack.channel("general"), [recording()]))
        said = await slack.command("/transcripts")
        await slack.quiet()
        assert not storm.done()
        assert [(delivery.attempt, delivery.status) for delivery in slack.deliveries] == [(1, 200)] * 3
        assert said.messages
        assert await missing(bot) == set()
        answers = await storm
        assert answers == {200: STORM * 3 // 4, 401: STORM // 4}
        await eventually(lambda: len(gowajee.jobs) == 3)
        gowajee.release()
        for share in shares:
            await slack.wait_for_replies(share)
        await site.ended(3)
        assert [len(slack.replies(share)) for share in shares] == [1] * 3
        assert len([seen for seen in gowajee.requests if seen.call == "GET job/status"]) < 50
        assert await kept(bot) == STORM // 4, "what nobody knows is kept for two days"
        later = datetime.now(UTC) + timedelta(days=2)
        while await bot.tools.database.write(lambda tx: inbox.purge(tx, before=later)):
            pass
        assert await kept(bot) == 0
        await site.stop()


async def blow(address: str, gowajee: Gowajee) -> Counter[int]:
    """Duplicates of one notice, notices about unknown jobs, nonsense, and all of that by strangers."""
    known = next(iter(gowajee.jobs))
    bodies = [notice(gowajee, known), None, b"{}", notice(gowajee, known)]
    waiting = asyncio.Semaphore(20)
    answers: Counter[int] = Counter()
    async with aiohttp.ClientSession() as session:

        async def post(n: int) -> None:
            token = "a-stranger" if n % 4 == 3 else WEBHOOK_TOKEN
            body = bodies[n % 4] or notice(gowajee, f"unknown-{n}")
            async with waiting, session.post(address, params={"token": token}, data=body) as answer:
                answers[answer.status] += 1

        await asyncio.gather(*map(post, range(STORM)))
    return answers


def notice(gowajee: Gowajee, job: str) -> bytes:
    return json.dumps({"jobId": job, "webhookId": gowajee.webhook_id, "status": "PROCESSING"}).encode()


async def kept(bot: Bot) -> int:
    row = await bot.tools.database.read(lambda tx: tx.one("SELECT count(*) AS n FROM inbox"))
    assert row is not None
    return int(row["n"])
