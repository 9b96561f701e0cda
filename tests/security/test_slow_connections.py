"""Connections over which next to nothing comes, also many of them: they end, and everybody else is served meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.app import open_tools
from bot.background.home_pages import HomePages
from bot.database import open_database
from bot.web.connections import ConnectionLimits, allow_open_files
from bot.web.server import Listening, make_server
from bot.wiring import listen_to_slack, receive_webhooks, serve_health, serve_metrics
from sandbox.gowajee import Gowajee
from sandbox.slack import Slack
from tests.bot.web.test_server import signed
from tests.journeys.bench import WEBHOOK_TOKEN, eventually, gowajee_settings, settings_of
from tests.journeys.installing import many_settings
from tests.security.raw_client import head

FEW = ConnectionLimits(most=8, grace=timedelta(milliseconds=100), every=timedelta(milliseconds=20))
SOON = timedelta(milliseconds=300)


@dataclass(frozen=True, kw_only=True)
class Slow:
    """What a slow sender begins with; then it sends `drop` again and again."""

    begins: bytes
    drop: bytes = b""


POSTED = head("/slack/events", Content_Length="100000", **signed(b"", secret="made up", at=1e9))
BEGUN = b"POST /slack/events HTTP/1.1\r\nHost: bot\r\n"
SLOW = {
    "nothing": Slow(begins=b""),
    "headers in drops": Slow(begins=BEGUN, drop=b"X-Slow: 1\r\n"),
    "one header in drops": Slow(begins=BEGUN + b"X-Slow: ", drop=b"x"),
    "a body in drops": Slow(begins=POSTED, drop=b" "),
    "one request and then nothing": Slow(begins=b"GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n"),
    "one request and then headers in drops": Slow(
        begins=b"GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n" + BEGUN, drop=b"X-Slow: 1\r\n"
    ),
}


@dataclass(eq=False)
class Client:
    """One that is slow on purpose."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    slow: Slow
    ended: bool = False

    async def go_on(self) -> None:
        """Send drops until the other side hangs up."""
        with suppress(ConnectionError):
            while not self.reader.at_eof():
                self.writer.write(self.slow.drop)
                await self.writer.drain()
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        while await self.reader.read(65_536):
                            pass
        self.ended = True


@asynccontextmanager
async def slow_clients(port: int, slow: Slow, *, count: int) -> AsyncIterator[Sequence[Client]]:
    """So many, each on its own connection."""
    clients = []
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(slow.begins)
            clients.append(Client(reader, writer, slow))
        dropping = [group.create_task(client.go_on()) for client in clients]
        try:
            yield clients
        finally:
            for task in dropping:
                task.cancel()
            for client in clients:
                client.writer.close()


async def alive(_: web.Request) -> web.Response:
    return web.Response(text="alive")


async def echoed(request: web.Request) -> web.Response:
    """As Slack's door: reads the body, and has patience enough for this test."""
    return web.Response(body=await request.read())


@asynccontextmanager
async def listening_with(limits: ConnectionLimits) -> AsyncIterator[int]:
    server = make_server()
    server.router.add_get("/healthz", alive)
    server.router.add_post("/slack/events", echoed)
    listening = await Listening.start(server, host="127.0.0.1", port=0, limits=limits)
    try:
        yield listening.port
    finally:
        await listening.stop()


async def served(port: int) -> bool:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/healthz", timeout=aiohttp.ClientTimeout(20)) as answer,
    ):
        return await answer.text() == "alive"


@pytest.mark.parametrize("kind", SLOW)
async def test_of_too_many_slow_connections_only_so_many_stay_and_others_are_served(kind: str) -> None:
    async with listening_with(FEW) as port, slow_clients(port, SLOW[kind], count=40) as clients:
        assert await served(port)
        await eventually(lambda: sum(not client.ended for client in clients) <= FEW.most)
        assert await served(port)


async def test_a_few_are_left_alone() -> None:
    async with listening_with(FEW) as port, slow_clients(port, SLOW["nothing"], count=FEW.most) as clients:
        await asyncio.sleep(5 * FEW.grace.total_seconds())
        assert not any(client.ended for client in clients)


async def test_strangers_that_send_nothing_go_before_a_proxy_that_keeps_its_connections() -> None:
    async with listening_with(FEW) as port, AsyncExitStack() as stack:
        kept = await stack.enter_async_context(
            slow_clients(port, SLOW["one request and then nothing"], count=FEW.most // 2)
        )
        await asyncio.sleep(2 * FEW.grace.total_seconds())
        strangers = await stack.enter_async_context(slow_clients(port, SLOW["one header in drops"], count=20))
        await eventually(lambda: sum(not client.ended for client in strangers) <= FEW.most // 2)
        assert not any(client.ended for client in kept)


async def test_no_request_that_is_complete_is_ended_however_many_there_are() -> None:
    go_on = asyncio.Event()

    async def works(_: web.Request) -> web.Response:
        await go_on.wait()
        return web.Response(text="done")

    server = make_server()
    server.router.add_get("/", works)
    listening = await Listening.start(server, host="127.0.0.1", port=0, limits=FEW)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        asked = [asyncio.create_task(session.get(f"http://127.0.0.1:{listening.port}/")) for _ in range(3 * FEW.most)]
        await asyncio.sleep(5 * FEW.grace.total_seconds())
        go_on.set()
        assert [(await answer).status for answer in asked] == [200] * len(asked)
    await listening.stop()


def test_a_process_may_have_more_files_open_than_it_is_given_at_first() -> None:
    import resource  # noqa: PLC0415 - of this process, which is given back what it had

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, soft), hard))
    try:
        allow_open_files()
        given, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert given == min(65_536, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("refusal", [ValueError("above the maximum"), OSError("not permitted")])
def test_a_kernel_that_gives_no_more_files_stops_nothing(refusal: Exception) -> None:
    import resource  # noqa: PLC0415 - of this process, which is given back what it had

    asked: list[tuple[int, int]] = []

    def refuse(_: int, limits: tuple[int, int]) -> None:
        asked.append(limits)
        raise refusal

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, soft), hard))
    try:
        allow_open_files(set_limits=refuse)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert asked == [(min(65_536, hard), hard)]


# --- every route ----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def whole_server(slack: Slack, folder: Path) -> AsyncIterator[tuple[int, list[str]]]:
    """All routes of a bot for many workspaces with a provider that calls back, and little patience; its port."""
    async with Gowajee() as gowajee, AsyncExitStack() as stack:
        settings = settings_of(
            slack, folder, **(many_settings(slack) | gowajee_settings(gowajee)), metrics_token="m" * 20
        )
        database = await stack.enter_async_context(open_database(settings, own=True))
        tools = await stack.enter_async_context(open_tools(settings, database=database))
        server = make_server()
        listen_to_slack(server, tools, homes=HomePages(tools))
        receive_webhooks(server, tools)
        serve_health(server, tools, checks={})
        await stack.enter_async_context(serve_metrics(server, tools, checks={}))
        listening = await Listening.start(server, host="127.0.0.1", port=0, idle=SOON)
        stack.push_async_callback(listening.stop)
        yield (
            listening.port,
            [f"{route.method} {route.resource.canonical}" for route in server.router.routes() if route.resource],
        )


PATHS = {
    "/slack/events": "/slack/events",
    "/slack/install": "/slack/install",
    "/slack/oauth_redirect": "/slack/oauth_redirect?code=x&state=y",
    "/webhooks/{provider}": f"/webhooks/gowajee?token={WEBHOOK_TOKEN}x",
    "/recordings/{key}/{signature}/{name}": "/recordings/abcdefgh23/0/audio.wav",
    "/healthz": "/healthz",
    "/readyz": "/readyz",
    "/metrics": "/metrics",
}


async def test_at_every_route_slow_connections_end_by_themselves_while_others_are_served(
    slack: Slack, tmp_path: Path
) -> None:
    async with whole_server(slack, tmp_path) as (port, routes), AsyncExitStack() as stack:
        assert {route.partition(" ")[2] for route in routes} == set(PATHS), "each of them is tried here"
        clients: list[Client] = []
        for route in routes:
            method, _, path = route.partition(" ")
            line = f"{method} {PATHS[path]} HTTP/1.1\r\nHost: bot\r\n".encode()
            long = line + b"Content-Length: 100000\r\n\r\n"
            for slow in (
                Slow(begins=line, drop=b"X-Slow: 1\r\n"),
                Slow(begins=long, drop=b" "),
                Slow(begins=line + b"Transfer-Encoding: chunked\r\n\r\n", drop=b"1\r\n \r\n"),
                Slow(begins=line + b"\r\n"),
            ):
                clients += await stack.enter_async_context(slow_clients(port, slow, count=2))
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/healthz") as answer:
            assert answer.status == 200
        await eventually(lambda: all(client.ended for client in clients))
