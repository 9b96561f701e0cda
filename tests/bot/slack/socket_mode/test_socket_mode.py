"""Two connections against the sandbox's real sockets, which refuse, close, fall silent and talk nonsense."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.errors import SDK_ERRORS
from bot.slack.socket_mode.connection import Liveness, SocketConnection, TurnedAway, acknowledgement
from bot.slack.socket_mode.socket_mode import SocketMode, fresh_address
from bot.slack.socket_mode.supervisor import LogOnce, trouble
from bot.slack.socket_mode.timings import TIMINGS, Timings
from sandbox import faults
from sandbox.slack import Delivery, Slack

JSON: dict[str, Any] = {"Content_Type": "application/json"}
QUICK = Timings(
    opening=timedelta(seconds=1),
    ping=timedelta(milliseconds=30),
    finishing=timedelta(seconds=5),
    closing=timedelta(milliseconds=50),
    leaving=timedelta(milliseconds=200),
    apart=timedelta(milliseconds=10),
    settled=timedelta(milliseconds=50),
    first_pause=timedelta(milliseconds=10),
    longest_pause=timedelta(milliseconds=50),
)
LONG = timedelta(hours=1)


class App:
    """Hears messages; `refusals` of them fail, and each waits until `may_end`."""

    def __init__(self, client: AsyncWebClient) -> None:
        self.heard: list[str] = []
        self.refusals = 0
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.bolt = AsyncApp(client=client, process_before_response=True)
        self.bolt.event("message")(self._hear)
        self.bolt.error(self._failed)

    async def _hear(self, event: dict[str, Any]) -> None:
        self.heard.append(event["text"])
        if self.refusals:
            self.refusals -= 1
            raise OSError("disk is full")
        await self.may_end.wait()

    async def _failed(self, error: Exception) -> BoltResponse:
        return BoltResponse(status=500, body=type(error).__name__)


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(retry_delays=(0.02,) * 20) as running:
        running.ack_timeout = 0.4
        yield running


@pytest.fixture
def client(slack: Slack) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])


@pytest.fixture
def app(client: AsyncWebClient) -> App:
    return App(client)


@asynccontextmanager
async def at_work(slack: Slack, app: App, *, timings: Timings = QUICK) -> AsyncIterator[SocketMode]:
    """Socket Mode while the `async with` lasts; it leaves no task behind."""
    made = SocketMode(
        app.bolt, app_token=slack.app_token, client=app.bolt.client, connected=lambda: None, timings=timings
    )
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        async with asyncio.timeout(5):
            await asyncio.wait({running})
        assert running.cancelled()
        assert not made.is_connected
        assert [task for task in asyncio.all_tasks() if "bot/slack/socket_mode" in str(task.get_coro())] == []


async def two(slack: Slack) -> None:
    """Wait until there are two connections in order."""
    await slack.until(lambda: len([one for one in slack.sockets if not (one.leaving or one.unread)]) == 2)


async def until(condition: Callable[[], object]) -> None:
    """Wait for something that nobody announces."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.005)


async def said(slack: Slack, text: str) -> Delivery:
    """Deliver a message; the last attempt at it."""
    return await slack.deliver({"type": "message", "channel": "C1", "user": "U1", "text": text, "ts": "1.0"})


def asked(slack: Slack) -> int:
    """How often an address was asked for."""
    return len([call for call in slack.calls if call.method == "apps.connections.open"])


async def test_two_connections_are_kept_each_with_a_ticket_of_its_own(slack: Slack, app: App) -> None:
    async with at_work(slack, app):
        await two(slack)
        assert [(await said(slack, text)).status for text in ("a", "b", "c", "d")] == [200] * 4
        assert app.heard == ["a", "b", "c", "d"]
    assert slack.open_sockets == 0
    assert len(set(slack.tickets)) == len(slack.tickets) == asked(slack) == 2


async def test_the_second_one_is_opened_later_unless_the_first_one_goes(slack: Slack, app: App) -> None:
    async with at_work(slack, app, timings=replace(QUICK, apart=LONG)):
        assert (await said(slack, "a")).status == 200
        assert asked(slack) == 1
        slack.sockets[0].cut()
        assert (await said(slack, "b")).status == 200


async def test_it_is_connected_while_one_connection_is_in_order(slack: Slack, app: App) -> None:
    async with at_work(slack, app) as mode:
        assert not mode.is_connected
        await two(slack)
        slack.faults.arm("apps.connections.open", faults.answer(503), times=1000)
        slack.sockets[0].cut()
        await slack.until(lambda: slack.open_sockets == 1)
        await until(lambda: mode.is_connected)
        slack.sockets[0].cut()
        await until(lambda: not mode.is_connected)
        slack.faults.clear()
        await until(lambda: mode.is_connected)


async def test_a_slack_that_has_not_said_hello_is_not_connected(slack: Slack, app: App) -> None:
    slack.deaf_sockets = True
    async with at_work(slack, app, timings=replace(QUICK, opening=timedelta(milliseconds=100))) as mode:
        while len(slack.tickets) < 3:
            assert not mode.is_connected
            await asyncio.sleep(0.005)
        slack.deaf_sockets = False
        await until(lambda: mode.is_connected)


async def test_connections_that_go_deaf_are_replaced(slack: Slack, app: App) -> None:
    async with at_work(slack, app) as mode:
        await two(slack)
        slack.deaf_sockets = True
        await until(lambda: not mode.is_connected)
        slack.deaf_sockets = False
        assert (await said(slack, "a")).status == 200
    assert len(set(slack.tickets)) == len(slack.tickets) >= 3


async def test_a_connection_on_which_slack_stops_pinging_is_replaced(slack: Slack, app: App) -> None:
    slack.ping_every = 0.01
    async with at_work(slack, app):
        await two(slack)
        await asyncio.sleep(0.1)
        slack.ping_every = LONG.total_seconds()
        await slack.until(lambda: len(slack.tickets) >= 4)


async def test_the_pings_of_slack_are_answered(slack: Slack, app: App) -> None:
    slack.ping_every = 0.01
    async with at_work(slack, app):
        await two(slack)
        await until(lambda: all(one.pongs >= 3 for one in slack.sockets))


async def test_what_is_in_hand_at_the_end_is_acknowledged(slack: Slack, app: App) -> None:
    app.may_end.clear()
    slack.ack_timeout, slack.retry_delays = 5, ()
    async with at_work(slack, app):
        await two(slack)
        delivering = asyncio.create_task(said(slack, "a"))
        await until(lambda: app.heard)
        asyncio.get_running_loop().call_later(0.1, app.may_end.set)
    assert (await delivering).status == 200


async def test_at_the_end_nothing_more_is_taken(slack: Slack, app: App) -> None:
    app.may_end.clear()
    slack.ack_timeout = 5
    late: list[asyncio.Task[Delivery]] = []
    async with at_work(slack, app):
        await two(slack)
        delivering = asyncio.create_task(said(slack, "a"))
        await until(lambda: app.heard)
        loop = asyncio.get_running_loop()
        loop.call_later(0.05, lambda: late.append(asyncio.create_task(said(slack, "b"))))
        loop.call_later(0.2, app.may_end.set)
    assert (await delivering).status == 200
    assert app.heard == ["a"]
    async with at_work(slack, app):
        assert (await late[0]).status == 200


async def test_what_does_not_end_is_not_waited_for_and_comes_again(slack: Slack, app: App) -> None:
    app.may_end.clear()
    slack.ack_timeout = 5
    async with at_work(slack, app, timings=replace(QUICK, finishing=timedelta(milliseconds=50))):
        delivering = asyncio.create_task(said(slack, "a"))
        await until(lambda: app.heard)
    app.may_end.set()
    async with at_work(slack, app):
        assert (await delivering).status == 200
    assert app.heard == ["a", "a"]
    assert slack.deliveries[0].status is None


async def test_an_end_is_not_held_up_by_connections_that_went_deaf(slack: Slack, app: App) -> None:
    async with at_work(slack, app, timings=replace(QUICK, ping=LONG)):
        await two(slack)
        for one in slack.sockets:
            await one.apply_fault("deaf")


async def test_an_end_in_the_middle_of_an_attempt_leaves_nothing_behind(slack: Slack, app: App) -> None:
    slack.deaf_sockets = True
    async with at_work(slack, app, timings=replace(QUICK, opening=LONG)):
        await slack.until(lambda: slack.sockets)
    await slack.until(lambda: not slack.sockets)


async def test_what_a_listener_fails_to_take_is_not_acknowledged_and_comes_again(slack: Slack, app: App) -> None:
    app.refusals = 2
    async with at_work(slack, app):
        await two(slack)
        assert (await said(slack, "a")).status == 200
    assert app.heard == ["a", "a", "a"]
    assert [one.status for one in slack.deliveries] == [None, None, 200]


async def test_the_successor_is_there_before_the_old_connection_goes(slack: Slack, app: App) -> None:
    async with at_work(slack, app, timings=replace(QUICK, leaving=LONG)):
        await two(slack)
        await asyncio.sleep(0.1)
        old = slack.sockets
        refreshing = asyncio.create_task(slack.refresh_sockets(reason="warning", grace=3))
        await slack.until(lambda: slack.open_sockets == 4)
        assert slack.sockets[:2] == old
        await refreshing
        await slack.until(lambda: slack.open_sockets == 2)
        assert asked(slack) == 4


async def test_an_old_connection_that_slack_does_not_close_is_let_go_in_the_end(slack: Slack, app: App) -> None:
    async with at_work(slack, app):
        await two(slack)
        await asyncio.sleep(0.1)
        old = slack.sockets[0]
        await old.say({"type": "disconnect", "reason": "refresh_requested"})
        await slack.until(lambda: slack.open_sockets == 3)
        await slack.until(lambda: old not in slack.sockets)
        await two(slack)


async def test_connections_whose_end_was_announced_count_until_they_end(slack: Slack, app: App) -> None:
    async with at_work(slack, app) as mode:
        await two(slack)
        await asyncio.sleep(0.1)
        slack.faults.arm("apps.connections.open", faults.answer(503), times=1000)
        for one in slack.sockets:
            await one.say({"type": "disconnect", "reason": "refresh_requested"})
        await until(lambda: asked(slack) > 2)
        assert mode.is_connected
        assert (await said(slack, "a")).attempt == 1
        for one in slack.sockets:
            await one.apply_fault("close")
        await until(lambda: not mode.is_connected)


async def test_an_old_connection_is_heard_beside_its_successor_and_holds_up_no_end(slack: Slack, app: App) -> None:
    async with at_work(slack, app, timings=replace(QUICK, leaving=LONG)):
        await two(slack)
        await asyncio.sleep(0.1)
        await slack.sockets[0].say({"type": "disconnect", "reason": "warning"})
        await slack.until(lambda: slack.open_sockets == 3)
        assert [(await said(slack, text)).attempt for text in ("a", "b", "c")] == [1, 1, 1]


async def test_a_slack_that_hangs_up_after_every_hello_is_asked_less_and_less_often(slack: Slack, app: App) -> None:
    slack.arm_socket_fault("hello", "close", times=1000)
    patient = replace(QUICK, settled=LONG, first_pause=timedelta(milliseconds=20), longest_pause=LONG)
    async with at_work(slack, app, timings=patient):
        await asyncio.sleep(0.6)
        assert 2 <= asked(slack) <= 24


async def test_nonsense_is_passed_over(slack: Slack, app: App) -> None:
    async with at_work(slack, app):
        await two(slack)
        for one in slack.sockets:
            for text in ("", "hello", "[1]", "{", "null", '{"type": 1}', '{"type": "t", "envelope_id": "e"}'):
                await one.socket.send_str(text)
            await one.socket.send_str('{"type": "events_api", "envelope_id": "e", "payload": [1]}')
            await one.socket.send_str('{"type": "events_api", "envelope_id": "e", "payload": {}}')
            await one.socket.send_bytes(b"\xff")
        assert [(await said(slack, text)).attempt for text in ("a", "b")] == [1, 1]
    assert asked(slack) == 2


async def test_a_word_for_the_end_that_is_not_known_is_an_end_too(slack: Slack, app: App) -> None:
    async with at_work(slack, app):
        await two(slack)
        for reason in ("made up", None, ["x"]):
            await slack.sockets[0].say({"type": "disconnect", "reason": reason})
            await slack.until(lambda: slack.open_sockets < 2)
            await two(slack)
        assert (await said(slack, "a")).attempt == 1


async def test_one_connection_too_many_is_tried_until_there_is_room(slack: Slack, app: App) -> None:
    async with aiohttp.ClientSession() as session:
        address = [await fresh_address(app.bolt.client, app_token=slack.app_token) for _ in range(9)]
        others = [await session.ws_connect(one) for one in address]
        async with at_work(slack, app):
            await slack.until(lambda: len(slack.tickets) >= 9 + 4)
            assert slack.open_sockets == 10
            for other in others:
                await other.close()
            await two(slack)


async def test_slack_is_not_asked_again_before_it_allows_it(slack: Slack, app: App) -> None:
    slack.faults.arm("apps.connections.open", faults.rate_limited(3600))
    async with at_work(slack, app):
        await until(lambda: asked(slack))
        await asyncio.sleep(10 * QUICK.longest_pause.total_seconds())
        assert asked(slack) == 1


def refusal(word: str) -> faults.Fault:
    return faults.answer(200, f'{{"ok": false, "error": "{word}"}}'.encode(), **JSON)


@pytest.mark.parametrize(
    ("fault", "word", "wait"),
    [
        (faults.answer(500, b"{}", **JSON), "apps.connections.open: 500", 0),
        (faults.answer(503, b"away", Content_Type="text/plain", Retry_After="3"), "apps.connections.open: 503", 3),
        (faults.answer(200, b"away", Content_Type="text/plain"), "not an answer", 0),
        (faults.answer(200, b"[1]", **JSON), "not an answer", 0),
        (faults.answer(200, b'{"ok": true}', **JSON), "no address", 0),
        (
            faults.answer(200, b'{"ok": false, "error": "invalid_auth"}', **JSON),
            "apps.connections.open: invalid_auth",
            0,
        ),
        (faults.answer(200, b'{"ok": false, "error": "forbidden"}', **JSON), "apps.connections.open: forbidden", 0),
        (faults.rate_limited(7), "apps.connections.open: ratelimited", 7),
        (faults.hang_up_before(), "ServerDisconnectedError", 0),
    ],
)
async def test_an_address_that_is_not_given_has_a_word_for_why(
    slack: Slack, client: AsyncWebClient, fault: faults.Fault, word: str, wait: int
) -> None:
    slack.faults.arm("apps.connections.open", fault)
    with pytest.raises((TurnedAway, *SDK_ERRORS)) as refused:
        await fresh_address(client, app_token=slack.app_token)
    assert trouble(refused.value) == (word, timedelta(seconds=wait))


@pytest.mark.parametrize(
    ("fault", "word", "wait"),
    [
        (faults.answer(503), "refused with 503", 0),
        (faults.answer(429, Retry_After="3"), "refused with 429", 3),
        (faults.answer(200, b"welcome"), "refused with 200", 0),
        (faults.hang_up_before(), "ServerDisconnectedError", 0),
        (faults.slow(60), "TimeoutError", 0),
    ],
)
async def test_a_connection_that_is_refused_has_a_word_for_why_that_does_not_tell_the_address(
    slack: Slack, app: App, fault: faults.Fault, word: str, wait: int
) -> None:
    slack.faults.arm("socket", fault)
    address = await fresh_address(app.bolt.client, app_token=slack.app_token)
    with pytest.raises((TurnedAway, *SDK_ERRORS)) as refused:
        async with asyncio.timeout(0.2 if fault.delay else 10):
            await SocketConnection.open(address, app=app.bolt, client=app.bolt.client, timings=QUICK)
    assert trouble(refused.value) == (word, timedelta(seconds=wait))


async def test_a_connection_that_ends_before_its_hello_has_a_word_for_why(slack: Slack, app: App) -> None:
    slack.arm_socket_fault("open", "cut")
    address = await fresh_address(app.bolt.client, app_token=slack.app_token)
    with pytest.raises(TurnedAway) as refused:
        await SocketConnection.open(address, app=app.bolt, client=app.bolt.client, timings=QUICK)
    assert trouble(refused.value) == ("closed", timedelta(0))


async def test_an_address_that_is_none_has_a_word_for_why(app: App) -> None:
    with pytest.raises(SDK_ERRORS) as refused:
        await SocketConnection.open("nowhere?ticket=1", app=app.bolt, client=app.bolt.client, timings=QUICK)
    assert trouble(refused.value) == ("InvalidUrlClientError", timedelta(0))


class Lines:
    """Keeps what a story tells."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, object]] = []

    def __call__(self, _level: int, line: str, **facts: object) -> None:
        self.lines.append((line, facts.get("reason")))

    def new(self) -> list[tuple[str, object]]:
        told, self.lines = self.lines, []
        return told


def test_each_change_of_state_is_told_and_no_attempt() -> None:
    lines = Lines()
    story = LogOnce(1, write=lines)
    story.tell("socket_connected")
    story.settle()
    assert lines.new() == [("socket_connected", None)]
    story.tell("socket_lost", why="closed")
    for _ in range(3):
        story.tell("socket_connect_failed", why="refused with 503")
        story.tell("socket_connect_failed", why="TimeoutError")
    story.tell("socket_connected")
    story.settle()
    assert lines.new() == [
        ("socket_lost", "closed"),
        ("socket_connect_failed", "refused with 503"),
        ("socket_connect_failed", "TimeoutError"),
        ("socket_connected", None),
    ]
    story.tell("socket_lost", why="closed")
    assert lines.new() == [("socket_lost", "closed")]


def test_a_connection_that_comes_and_goes_is_told_once_and_once_more_when_it_stays() -> None:
    lines = Lines()
    story = LogOnce(1, write=lines)
    for _ in range(5):
        story.tell("socket_connected")
        story.tell("socket_lost", why="closed")
    assert lines.new() == [("socket_connected", None), ("socket_lost", "closed")]
    story.tell("socket_connected")
    story.settle()
    assert lines.new() == [("socket_connected", None)]


@given(failures=st.integers(0, 10_000), chance=st.floats(0, 1))
def test_a_pause_grows_with_the_failures_and_never_over_half_a_minute(failures: int, chance: float) -> None:
    pause = TIMINGS.pause(failures, chance=chance)
    assert timedelta(seconds=0.1) <= pause <= timedelta(seconds=30)
    assert TIMINGS.pause(failures, chance=1) == timedelta(seconds=min(2 ** min(failures, 5), 30))


def test_silence_is_counted_in_pings() -> None:
    pulse = Liveness(unanswered=2, unheard=3)
    for _ in range(20):
        pulse.asked()
        pulse.answered()
    assert not pulse.is_lost, "a Slack that never pings is not waited for"
    pulse.asked()
    pulse.asked()
    assert not pulse.is_lost
    pulse.asked()
    assert pulse.is_lost


def test_a_slack_that_pinged_is_expected_to_say_something_now_and_then() -> None:
    pulse = Liveness(unanswered=2, unheard=3)
    pulse.pinged()
    for _ in range(3):
        pulse.asked()
        pulse.answered()
    pulse.spoke()
    for _ in range(3):
        pulse.asked()
        pulse.answered()
    assert not pulse.is_lost
    pulse.asked()
    pulse.answered()
    assert pulse.is_lost


@pytest.mark.parametrize(
    ("response", "answered"),
    [
        (BoltResponse(status=200), '{"envelope_id": "e"}'),
        (BoltResponse(status=200, body="Here is help"), '{"envelope_id": "e", "payload": {"text": "Here is help"}}'),
        (BoltResponse(status=200, body={"text": "x"}), '{"envelope_id": "e", "payload": {"text": "x"}}'),
        (BoltResponse(status=404), None),
        (BoltResponse(status=500, body="{}"), None),
    ],
)
def test_only_success_is_an_acknowledgement(response: BoltResponse, answered: str | None) -> None:
    request = SocketModeRequest(type="slash_commands", envelope_id="e", payload={})
    assert acknowledgement(request, response) == answered
