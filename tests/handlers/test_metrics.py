"""`/metrics`: who may read it, on which port, and that it tells nobody's secrets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.app import open_bot
from bot.settings.model import SettingsProblem
from bot.web.server import Listening, make_server
from handlers import metrics
from sandbox.ports import free_port
from sandbox.slack import Slack
from tests.bot.prometheus_text import Told, scraped
from tests.journeys.bench import settings_of

TOKEN = "metrics-very-secret-é"


async def text() -> bytes:
    return b"threadscribe_queue_depth 3.0\n"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = make_server()
    metrics.register(server, text=text, token=TOKEN)
    listening = await Listening.start(server, host="127.0.0.1", port=0)
    yield listening.port
    await listening.stop()


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as started:
        yield started


async def ask(port: int, path: str = "/metrics", **headers: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}", headers=headers) as response,
    ):
        return response.status, await response.text()


async def raw(port: int, *, authorization: bytes) -> bytes:
    """Bytes that no client library would send; the answer's first line."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: bot\r\nAuthorization: " + authorization + b"\r\n\r\n")
    try:
        return await reader.readline()
    finally:
        writer.close()


async def test_with_the_token_it_is_told_in_prometheus_format(port: int) -> None:
    status, said = await ask(port, Authorization=f"Bearer {TOKEN}")
    assert status == 200
    assert Told.of(said).value("threadscribe_queue_depth") == 3


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"Authorization": TOKEN},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
    ],
    ids=str,
)
async def test_without_the_right_token_nothing_is_told(port: int, headers: dict[str, str]) -> None:
    status, said = await ask(port, **headers)
    assert (status, said) == (401, "")


async def test_the_token_does_not_work_in_the_address_where_logs_would_keep_it(port: int) -> None:
    assert (await ask(port, f"/metrics?token={TOKEN}"))[0] == 401


@pytest.mark.parametrize("odd", [b"Bearer \xff\xfe", b"\xed\xa0\x80", b"Bearer " + b"x" * 5000])
async def test_a_header_that_is_no_text_is_refused_and_no_breakdown(port: int, odd: bytes) -> None:
    assert (await raw(port, authorization=odd)).split()[1] in {b"400", b"401"}


async def test_where_no_token_is_set_there_is_nothing_on_the_bots_own_port(slack: Slack, tmp_path: Path) -> None:
    async with open_bot(settings_of(slack, tmp_path)) as bot:
        assert (await ask(bot.listening.port))[0] == 404
        assert (await ask(bot.listening.port, Authorization="Bearer None"))[0] == 404


async def test_where_a_token_is_set_it_opens_the_bots_own_port(slack: Slack, tmp_path: Path) -> None:
    async with open_bot(settings_of(slack, tmp_path, metrics_token="let-me-in")) as bot:
        assert (await ask(bot.listening.port))[0] == 401
        said = await scraped(bot.listening.port, token="let-me-in")
    assert said.value("threadscribe_database_up") == 1
    assert "let-me-in" not in said.text


async def test_a_port_of_its_own_needs_no_token_and_serves_nothing_else(slack: Slack, tmp_path: Path) -> None:
    apart = free_port()
    settings = settings_of(slack, tmp_path, metrics_port=apart, metrics_token="let-me-in")
    async with open_bot(settings) as bot:
        assert (await scraped(apart)).value("threadscribe_database_up") == 1
        for path in ("/", "/healthz", "/readyz", "/slack/events", "/webhooks/gowajee"):
            assert (await ask(apart, path))[0] == 404
        assert (await ask(bot.listening.port))[0] == 401
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask(apart)


async def test_a_port_that_is_taken_is_told_by_the_settings_name(slack: Slack, tmp_path: Path) -> None:
    taken = await Listening.start(make_server(), host="127.0.0.1", port=0)
    try:
        with pytest.raises(SettingsProblem, match="METRICS_HOST, METRICS_PORT: cannot listen on 127"):
            async with open_bot(settings_of(slack, tmp_path, metrics_port=taken.port)):
                pass
    finally:
        await taken.stop()
