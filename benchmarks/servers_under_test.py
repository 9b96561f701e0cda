"""Servers for load tests, each in a process: `python -m benchmarks.servers_under_test ours|bare|aiosqlite FOLDER`.

`ours` is the bot's own HTTP server with its database, without a worker. `bare` is Bolt's AsyncApp with Bolt's own
aiohttp server, which stores nothing. `aiosqlite` is the same with one transaction per event before the answer. The
process prints its port when it listens.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiosqlite
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.app import open_tools
from bot.background.home_pages import HomePages
from bot.database import open_database
from bot.settings.model import Settings
from bot.slack.objects import Identity
from bot.web.server import make_server
from bot.wiring import listen, listen_to_slack

SECRET, TEAM, USER, TOKEN = "door-secret", "T1", "UBOT", "xoxb-door"


def bare(middleware: Callable[..., Awaitable[BoltResponse]] | None = None) -> web.Application:
    """Return Bolt's web app as in its documentation."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=TEAM, bot_token=TOKEN, bot_user_id=USER)

    app = AsyncApp(signing_secret=SECRET, authorize=authorize)
    if middleware is not None:
        app.use(middleware)

    @app.event("file_shared")
    async def heard(event: dict[str, Any]) -> None:
        """Store nothing."""

    return app.web_app(path="/slack/events")


async def with_aiosqlite(folder: Path, stack: AsyncExitStack) -> web.Application:
    """Return the same, but store every event in a table before it is answered."""
    database = await stack.enter_async_context(aiosqlite.connect(folder / "plain.db", isolation_level=None))
    for statement in (
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",
        "CREATE TABLE events (id TEXT PRIMARY KEY, body TEXT NOT NULL)",
    ):
        await database.execute(statement)

    async def keep(req: AsyncBoltRequest, next: Callable[[], Awaitable[BoltResponse]]) -> BoltResponse:  # noqa: A002 - Bolt's name
        await database.execute("INSERT INTO events VALUES (?, ?)", (req.body["event_id"], req.raw_body))
        return await next()

    return bare(keep)


async def ours(folder: Path, stack: AsyncExitStack) -> int:
    """Start the HTTP server of `threadscribe run`, and return its port."""
    settings = Settings(
        _env_file=None,
        slack_bot_token=TOKEN,
        slack_signing_secret=SECRET,
        http_port=0,
        log_level="error",
        database_url=f"sqlite:///{folder}/bot.db",
    )
    database = await stack.enter_async_context(open_database(settings, own=True))
    tools = await stack.enter_async_context(open_tools(settings, database=database))
    tools.workspaces.of(team=TEAM, enterprise=None).identity = Identity(team_id=TEAM, user_id=USER)
    server = make_server()
    listen_to_slack(server, tools, homes=HomePages(tools))
    listening = await listen(server, settings)
    stack.push_async_callback(listening.stop)
    return listening.port


async def _serve(server: web.Application, stack: AsyncExitStack) -> int:
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return int(runner.addresses[0][1])


async def main(side: str, folder: Path) -> None:
    """Listen until killed."""
    async with AsyncExitStack() as stack:
        match side:
            case "ours":
                port = await ours(folder, stack)
            case "aiosqlite":
                port = await _serve(await with_aiosqlite(folder, stack), stack)
            case _:
                port = await _serve(bare(), stack)
        print(port, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
