"""Socket Mode as it crosses the wire: tickets, envelopes, acknowledgements and the many ways to lose a connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from sandbox.faults import answer
from sandbox.slack import Slack, Upload
from tests.sandbox.slack_visitor import Json, Visitor

PING: Json = {"type": "app_home_opened", "user": "U1"}
Socket = aiohttp.ClientWebSocketResponse[Any]


async def address(visitor: Visitor) -> str:
    headers = {"Authorization": f"Bearer {visitor.slack.app_token}"}
    async with visitor.session.post(f"{visitor.slack.api_url}apps.connections.open", headers=headers) as opened:
        body = await opened.json()
        assert body["ok"], body
        return str(body["url"])


@asynccontextmanager
async def connected(visitor: Visitor) -> AsyncIterator[Socket]:
    async with visitor.session.ws_connect(await address(visitor), autoping=False) as socket:
        hello = await socket.receive_json(timeout=5)
        assert hello["type"] == "hello"
        yield socket


async def acknowledge(socket: Socket, *, payload: Json | None = None) -> Json:
    envelope: Json = await socket.receive_json(timeout=5)
    answered: Json = {"envelope_id": envelope["envelope_id"]}
    await socket.send_json(answered | ({} if payload is None else {"payload": payload}))
    return envelope


async def test_an_event_comes_in_an_envelope_and_is_over_when_acknowledged(slack: Slack, visitor: Visitor) -> None:
    async with connected(visitor) as socket:
        share = await slack.share(slack.channel("general"), [Upload(content=b"sound")])
        envelope = await acknowledge(socket)
        await slack.quiet()
    assert (envelope["type"], envelope["retry_attempt"], envelope["accepts_response_payload"]) == (
        "events_api",
        0,
        False,
    )
    assert envelope["payload"]["event"]["file_id"] == share.file_ids[0]
    assert [(one.attempt, one.status, one.mode) for one in slack.deliveries] == [(1, 200, "socket")]


async def test_the_address_takes_the_app_token_and_opens_once(slack: Slack, visitor: Visitor) -> None:
    assert await visitor.refused("apps.connections.open") == "not_allowed_token_type"
    url = await address(visitor)
    async with visitor.session.ws_connect(url):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await visitor.session.ws_connect(url)
    slack.app_scopes.clear()
    with pytest.raises(AssertionError, match="missing_scope"):
        await address(visitor)


async def test_without_an_acknowledgement_the_event_comes_again(slack: Slack, visitor: Visitor) -> None:
    slack.ack_timeout = 0.2
    async with connected(visitor) as socket:
        delivering = asyncio.create_task(slack.deliver(PING))
        ignored = await socket.receive_json(timeout=5)
        again = await acknowledge(socket)
        last = await delivering
    assert (again["retry_attempt"], again["retry_reason"]) == (1, "timeout")
    assert again["payload"] == ignored["payload"]
    assert again["envelope_id"] != ignored["envelope_id"]
    assert (last.attempt, last.status) == (2, 200)


async def test_a_connection_lost_before_the_acknowledgement_gives_the_event_to_the_next(
    slack: Slack, visitor: Visitor
) -> None:
    async with connected(visitor) as socket:
        delivering = asyncio.create_task(slack.deliver(PING))
        await socket.receive_json(timeout=5)
        await slack.drop_sockets()
    assert slack.open_sockets == 0
    async with connected(visitor) as socket:
        await acknowledge(socket)
        assert (await delivering).status == 200
    assert slack.deliveries[0].status is None


async def test_an_event_waits_a_while_for_the_first_connection(slack: Slack, visitor: Visitor) -> None:
    delivering = asyncio.create_task(slack.deliver(PING))
    async with connected(visitor) as socket:
        await acknowledge(socket)
        assert (await delivering).status == 200


async def test_an_event_nobody_hears_is_lost_after_the_retries(slack: Slack) -> None:
    slack.ack_timeout, slack.retry_delays = 0.01, (0, 0, 0)
    last = await slack.deliver(PING)
    assert (last.attempt, last.status) == (4, None)


async def test_each_event_goes_to_one_of_the_connections(slack: Slack, visitor: Visitor) -> None:
    async with connected(visitor) as first, connected(visitor) as second:
        assert slack.open_sockets == 2
        delivering = [asyncio.create_task(slack.deliver(PING)) for _ in range(4)]
        heard = [await acknowledge(socket) for socket in (first, second, first, second)]
        await asyncio.gather(*delivering)
    assert len({envelope["payload"]["event_id"] for envelope in heard}) == 4
    assert len(slack.deliveries) == 4


async def test_an_eleventh_connection_is_turned_away(slack: Slack, visitor: Visitor) -> None:
    sockets = [await visitor.session.ws_connect(await address(visitor)) for _ in range(10)]
    await slack.until(lambda: slack.open_sockets == 10)
    async with visitor.session.ws_connect(await address(visitor)) as eleventh:
        assert (await eleventh.receive_json(timeout=5))["reason"] == "too_many_websockets"
    for socket in sockets:
        await socket.close()


async def test_a_refresh_is_announced_before_the_connection_closes(slack: Slack, visitor: Visitor) -> None:
    async with connected(visitor) as socket:
        refreshing = asyncio.create_task(slack.refresh_sockets(reason="warning", grace=0))
        announced = await socket.receive_json(timeout=5)
        assert (announced["type"], announced["reason"]) == ("disconnect", "warning")
        assert (await socket.receive(timeout=5)).type == aiohttp.WSMsgType.CLOSE
        await refreshing


async def test_pings_go_both_ways(slack: Slack, visitor: Visitor) -> None:
    slack.ping_every = 0.05
    async with connected(visitor) as socket:
        await socket.ping(b"are you there")
        kinds = {(await socket.receive(timeout=5)).type for _ in range(3)}
    assert kinds == {aiohttp.WSMsgType.PING, aiohttp.WSMsgType.PONG}


async def test_a_refused_connection_spends_its_ticket(slack: Slack, visitor: Visitor) -> None:
    slack.refuse_sockets = True
    url = await address(visitor)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await visitor.session.ws_connect(url)
    assert refused.value.status == 503
    slack.refuse_sockets = False
    with pytest.raises(aiohttp.WSServerHandshakeError) as spent:
        await visitor.session.ws_connect(url)
    assert spent.value.status == 403
    async with connected(visitor):
        assert slack.open_sockets == 1


async def test_a_deaf_connection_is_open_and_says_nothing(slack: Slack, visitor: Visitor) -> None:
    slack.deaf_sockets, slack.ack_timeout, slack.retry_delays, slack.ping_every = True, 0.05, (), 0.01
    async with visitor.session.ws_connect(await address(visitor), autoping=False) as socket:
        await slack.until(lambda: slack.open_sockets == 1)
        await socket.ping(b"are you there")
        assert (await slack.deliver(PING)).status is None
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.05)


async def test_opening_a_connection_can_fail(slack: Slack, visitor: Visitor) -> None:
    slack.faults.arm("apps.connections.open", answer(500, b"{}", Content_Type="application/json"))
    with pytest.raises(KeyError):
        await address(visitor)
    async with connected(visitor):
        assert slack.open_sockets == 1


async def test_a_command_over_a_socket_is_answered_in_its_acknowledgement(slack: Slack, visitor: Visitor) -> None:
    async with connected(visitor) as socket:
        asking = asyncio.create_task(slack.command("/transcripts", "help"))
        envelope = await acknowledge(socket, payload={"text": "Here is help"})
        answered = await asking
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
    assert (envelope["payload"]["command"], envelope["payload"]["text"]) == ("/transcripts", "help")
    assert (answered.status, answered.messages) == (200, [{"text": "Here is help"}])


async def test_an_interaction_comes_over_a_socket_too(slack: Slack, visitor: Visitor) -> None:
    async with connected(visitor) as socket:
        pressing = asyncio.create_task(slack.interact({"type": "block_actions", "actions": []}))
        envelope = await acknowledge(socket)
        assert (await pressing).status == 200
    assert (envelope["type"], envelope["payload"]["type"]) == ("interactive", "block_actions")
