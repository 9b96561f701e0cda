"""The wire log: what crossed the wire is there as it was, but for tokens, and handlers notice nothing of it."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from sandbox.slack import Slack
from sandbox.wire_log import KEPT_BYTES, READ_BYTES, WireLine, WireLog, half, noting, shortened
from tests.sandbox.slack_visitor import Visitor


@asynccontextmanager
async def echoing(log: WireLog | None) -> AsyncIterator[str]:
    """A server that answers with how many bytes the file of a form has, or with the body that it got."""

    async def echo(request: web.Request) -> web.Response:
        if not request.content_type.startswith("multipart/"):
            return web.Response(body=await request.content.read())
        part = await (await request.multipart()).next()
        assert isinstance(part, aiohttp.BodyPartReader)
        return web.Response(text=str(len(await part.read())))

    note = noting(lambda: log, "slack", lambda request, body: ("call", request.path, str(len(body))))
    app = web.Application(middlewares=[note], client_max_size=2**30)
    app.router.add_post("/{rest:.*}", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/x"
    finally:
        await runner.cleanup()


async def posted(address: str, data: object) -> bytes:
    async with aiohttp.ClientSession() as session, session.post(address, data=data) as answer:
        assert answer.status == 200
        return await answer.read()


def form(size: int) -> aiohttp.FormData:
    fields = aiohttp.FormData()
    fields.add_field("file", io.BytesIO(b"x" * size), filename="a.wav")
    return fields


@pytest.mark.parametrize("size", [0, 10, 3_000_000, READ_BYTES + 1])
async def test_a_handler_reads_a_form_as_without_the_log(size: int) -> None:
    log = WireLog()
    async with echoing(log) as address:
        assert await posted(address, form(size)) == str(size).encode()
    [line] = log.lines
    assert (line.status, line.good) == ("200", True)
    assert line.sent.total is not None
    assert line.sent.total > size
    assert len(line.sent.body) <= KEPT_BYTES


async def test_the_bytes_of_both_directions_are_there() -> None:
    log = WireLog()
    async with echoing(log) as address:
        assert await posted(address, b'{"words": 1}') == b'{"words": 1}'
    [line] = log.lines
    assert line.sent.body == line.answered.body == b'{"words": 1}'
    assert line.sent.head.startswith("POST /x HTTP/1.1\nHost: 127.0.0.1")
    assert line.answered.head.startswith("HTTP/1.1 200 OK")
    assert line.took is not None


async def test_without_a_log_nothing_is_noted() -> None:
    async with echoing(None) as address:
        assert await posted(address, b"words") == b"words"


async def test_whoever_watches_hears_of_a_line_twice() -> None:
    log, heard = WireLog(), list[str]()
    log.watchers.append(lambda line: heard.append(line.status))
    async with echoing(log) as address:
        await posted(address, b"")
    assert heard == ["", "200"]


@pytest.mark.parametrize(
    "secret",
    [
        "token=xoxb-sandbox-bot-123456",
        '{"access_token": "xoxe.xoxb-T0-123456789"}',
        '{"IdToken": "eyJhbGciOiJIUzI1NiJ9.abcdef"}',
        "wss://host/link/?ticket=ticket-12345678&app_id=A",
        "POST /webhooks/gowajee?token=sandbox-webhook-token HTTP/1.1",
        "REFRESH_TOKEN=invented-refresh-token",
    ],
)
def test_a_token_is_cut_after_a_few_characters(secret: str) -> None:
    cut = shortened(secret.encode()).decode()
    assert "…" in cut
    assert len(cut) < len(secret)


def test_headers_with_secrets_are_cut() -> None:
    head = half("GET / HTTP/1.1", {"Authorization": "Bearer " + "s" * 40, "x-api-key": "k" * 40}, b"").head
    assert "s" * 12 not in head
    assert "k" * 20 not in head


def test_other_words_are_left_as_they_are() -> None:
    text = b'{"text": "The token of my appreciation: 12 tickets", "state": "signature"}'
    assert shortened(text) == text


async def test_a_call_that_slack_refuses_says_why_although_it_is_http_200(visitor: Visitor, slack: Slack) -> None:
    slack.wire_log = WireLog()
    await visitor.call("chat.postMessage", channel="C404", text="Hello")
    [line] = slack.wire_log.lines
    assert (line.kind, line.title, line.about, line.status, line.good) == (
        "call",
        "chat.postMessage",
        "C404",
        "channel_not_found",
        False,
    )
    assert slack.bot_token.encode() not in line.sent.head.encode() + line.sent.body


def test_only_the_last_lines_are_kept() -> None:
    log = WireLog()
    for _ in range(4_000):
        log.open("log", "x", source="bot", target="system")
    assert log.find(1) is None
    assert isinstance(log.find(4_000), WireLine)
