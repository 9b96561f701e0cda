"""Slack's sockets refuse, close and go deaf at every moment; every recording is answered once all the same."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, get_args

import pytest

from bot.app import Bot
from bot.slack.socket_mode.timings import Timings
from sandbox import faults
from sandbox.slack import Share, Slack
from sandbox.slack.socket_faults import Farewell, Moment, SocketFault
from storage.database import Transaction
from storage.job import Reason
from tests.bot.opening import opened
from tests.journeys.bench import Bench, botlhale_settings, only_reply, recording, settings_of

JSON: dict[str, Any] = {"Content_Type": "application/json"}
QUICK = Timings(
    opening=timedelta(seconds=2),
    ping=timedelta(milliseconds=50),
    finishing=timedelta(seconds=1),
    closing=timedelta(milliseconds=50),
    leaving=timedelta(seconds=1),
    apart=timedelta(milliseconds=20),
    settled=timedelta(milliseconds=100),
    first_pause=timedelta(milliseconds=20),
    longest_pause=timedelta(milliseconds=100),
)
MISHAPS: tuple[SocketFault, ...] = ("cut", "close", "deaf", "half_open", *get_args(Farewell))
AT_WORK: tuple[Moment, ...] = ("delivery", "acknowledgement")


@asynccontextmanager
async def impatient(bench: Bench) -> AsyncIterator[Bot]:
    """The bot at work, at the timings of a test; connected or not."""
    settings = settings_of(bench.slack, bench.folder, **botlhale_settings(bench.botlhale))
    async with opened(settings, timings=QUICK) as bot:
        stop = asyncio.Event()
        work = asyncio.create_task(bot.run(stop))
        bench.bot = bot
        try:
            yield bot
        finally:
            stop.set()
            await work


@pytest.fixture(autouse=True)
def impatient_slack(slack: Slack) -> None:
    slack.ack_timeout, slack.retry_delays = 0.5, (0.05,) + (0.3,) * 20


async def shared(slack: Slack, *, count: int = 1) -> list[Share]:
    """Recordings, each in a conversation of its own."""
    return [await slack.share(slack.channel(f"place {n}"), [recording()]) for n in range(count)]


async def answered_once(bench: Bench, shares: list[Share]) -> None:
    """Wait for the end; then each has its reply, and what else was heard was known for a repetition."""
    for share in shares:
        await only_reply(bench.slack, share)
    jobs = await bench.ended(len(shares))
    outcomes = Counter(job.failure.reason if job.failure else None for job in jobs)
    assert outcomes.pop(None) == len(shares)
    assert set(outcomes) <= {Reason.DUPLICATE}


async def two_connections(slack: Slack) -> None:
    """Wait for them; no attempt for any of them, nor before, used a ticket again."""
    await slack.until(lambda: len([one for one in slack.sockets if not (one.leaving or one.unread)]) == 2)
    assert len(slack.tickets) == len(set(slack.tickets))


@pytest.mark.parametrize("mishap", MISHAPS)
async def test_whatever_befalls_a_connection_at_whatever_moment_a_recording_is_answered_once(
    bench: Bench, slack: Slack, mishap: SocketFault
) -> None:
    slack.arm_socket_fault("open", mishap)
    async with impatient(bench):
        await two_connections(slack)
        slack.arm_socket_fault("hello", mishap)
        slack.sockets[0].cut()
        await slack.until(lambda: not slack.socket_faults_left)
        await two_connections(slack)
        shares = []
        for moment in AT_WORK:
            slack.arm_socket_fault(moment, mishap)
            shares += await shared(slack)
            await slack.until(lambda: not slack.socket_faults_left)
        await answered_once(bench, shares)
        await two_connections(slack)
    assert len(slack.tickets) >= 6


async def test_a_slack_that_opens_no_connection_delays_the_reply(bench: Bench, slack: Slack) -> None:
    refusals = [
        faults.answer(500),
        faults.answer(503, b"upstream is away", Content_Type="text/plain"),
        faults.answer(200, b"<html>over capacity</html>", Content_Type="text/html"),
        faults.answer(200, b"over capacity", Content_Type="text/plain"),
        faults.answer(200, b'["no"]', **JSON),
        faults.answer(200, b'{"ok": tr\xff', **JSON),
        faults.answer(200, b'{"ok": true}', **JSON),
        faults.answer(200, b'{"ok": true, "url": "nowhere"}', **JSON),
        faults.answer(200, b'{"ok": false, "error": "invalid_auth"}', **JSON),
        faults.answer(429, b'{"ok": false, "error": "ratelimited"}', Retry_After="0", **JSON),
        faults.hang_up_before(),
        faults.hang_up_after(),
    ]
    for fault in refusals:
        slack.faults.arm("apps.connections.open", fault)
    async with impatient(bench) as bot:
        shares = await shared(slack)
        await answered_once(bench, shares)
        await two_connections(slack)
        assert bot.socket is not None
        assert bot.socket.is_connected
    assert [call.ok for call in slack.calls if call.method == "apps.connections.open"][-2:] == [True, True]


async def test_an_upgrade_that_is_refused_is_asked_for_again_with_a_fresh_ticket(bench: Bench, slack: Slack) -> None:
    for fault in [*map(faults.answer, (400, 403, 404, 408, 429, 500, 503)), faults.hang_up_before()]:
        slack.faults.arm("socket", fault)
    async with impatient(bench):
        shares = await shared(slack)
        await answered_once(bench, shares)
        await two_connections(slack)
    assert len(slack.tickets) == 10


async def test_an_event_is_taken_at_once_while_one_of_the_connections_is_away(bench: Bench, slack: Slack) -> None:
    async with impatient(bench) as bot:
        await two_connections(slack)
        slack.faults.arm("apps.connections.open", faults.answer(503), times=1000)
        slack.sockets[0].cut()
        await slack.until(lambda: slack.open_sockets == 1)
        shares = await shared(slack)
        await answered_once(bench, shares)
        assert bot.socket is not None
        assert bot.socket.is_connected
        assert slack.open_sockets == 1
        assert [(one.attempt, one.status) for one in slack.deliveries] == [(1, 200)]
        slack.faults.clear()
        await two_connections(slack)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_both_connections_are_renewed_at_once_and_no_event_has_to_wait(
    bench: Bench, slack: Slack, reason: str
) -> None:
    slack.ack_timeout = 20  # whether an event has to wait is not told by how busy this machine is
    async with impatient(bench):
        await two_connections(slack)
        none_left = asyncio.create_task(slack.until(lambda: not slack.sockets))
        await asyncio.sleep(2 * QUICK.settled.total_seconds())
        renewing = asyncio.create_task(slack.refresh_sockets(reason=reason, grace=5))
        while not renewing.done():
            await slack.deliver({"type": "message", "channel": "C1", "user": "U1", "text": "hello", "ts": "1.0"})
        await two_connections(slack)
        assert not none_left.done()
        none_left.cancel()
    assert {(one.attempt, one.status) for one in slack.deliveries} == {(1, 200)}
    assert len(slack.tickets) == 4


async def test_a_storage_that_refuses_leaves_the_event_to_be_delivered_again(bench: Bench, slack: Slack) -> None:
    def refuse(tx: Transaction) -> None:
        tx.run("CREATE TRIGGER full BEFORE INSERT ON jobs BEGIN SELECT RAISE(ABORT, 'disk is full'); END")

    async with impatient(bench) as bot:
        await two_connections(slack)
        await bot.tools.database.write(refuse)
        shares = await shared(slack)
        await slack.until(lambda: len(slack.deliveries) >= 2)
        assert {one.status for one in slack.deliveries} == {None}
        await bot.tools.database.write(lambda tx: tx.run("DROP TRIGGER full"))
        await answered_once(bench, shares)
    assert slack.deliveries[-1].status == 200


@pytest.mark.parametrize("seed", [1, 2])
async def test_in_a_storm_every_recording_is_answered_once(bench: Bench, slack: Slack, seed: int) -> None:
    chance = random.Random(seed)

    async def storm() -> None:
        for _ in range(40):
            await asyncio.sleep(chance.random() / 20)
            if slack.sockets:
                await chance.choice(slack.sockets).apply_fault(chance.choice(MISHAPS))

    async with impatient(bench) as bot:
        await two_connections(slack)
        raging = asyncio.create_task(storm())
        shares = []
        while not raging.done():
            shares += await shared(slack)
            await asyncio.sleep(0.3)
        await answered_once(bench, shares)
        await two_connections(slack)
        assert bot.socket is not None
        assert bot.socket.is_connected
    assert len(slack.tickets) > 10
