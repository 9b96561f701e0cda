"""The time that Slack gives in its answers, compared with the bot's clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.app import open_tools
from bot.clock import Clock, certain, wall_time
from bot.settings.model import Settings
from bot.web.session import new_session
from sandbox.ports import free_port
from sandbox.slack import Slack
from tests.bot.job_fixtures import new_database

HOUR = timedelta(hours=1)


async def test_slack_tells_the_time_and_a_clock_that_differs_is_told_once(tmp_path: Path) -> None:
    ahead = HOUR
    clock = Clock(wall=lambda: wall_time() + ahead)
    async with new_database(tmp_path / "jobs.db") as database, Slack() as slack:
        settings = Settings(_env_file=None, slack_bot_token=slack.bot_token, slack_api_url=slack.api_url)
        async with open_tools(settings, database=database, clock=clock) as tools:
            assert certain(clock) is None
            with capture_logs() as told:
                await tools.workspaces.introduce()
                for place in await tools.workspaces.places():
                    for site in await tools.workspaces.sites(place):
                        await site.workspace.files(since=wall_time())
    assert [(line["event"], round(line["seconds"] / 60)) for line in told] == [("clock_differs", 60)]
    moment = certain(clock)
    assert moment is not None
    assert abs(moment - wall_time()) < timedelta(minutes=1)


@pytest.fixture
async def server() -> AsyncIterator[str]:
    """A server that gives the `Date` that it is asked for, and a redirect to another one."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=int(request.query["status"]), headers={"Date": request.query["date"]})

    app, port = web.Application(), free_port()
    app.router.add_get("/api/call", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}/api/"
    await runner.cleanup()


async def call(session: aiohttp.ClientSession, url: str, date: str, *, status: int = 200) -> None:
    async with session.get(url + "call", params={"date": date, "status": str(status)}):
        pass


async def test_only_a_readable_time_of_that_server_counts(server: str) -> None:
    told: list[datetime] = []
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    async with new_session(api_url=server, on_time=told.append) as session:
        for unreadable in (
            "",
            "soon",
            "Fri, 20 Nov 2026 25:00:00 GMT",
            "Fri, 20 Nov 2026 12:00:00 -0000",
            "0",
            "Mon, 01 Jan 99999999999 00:00:00 GMT",
            "Fri, 20 Nov 2026 12:00:00 +99999999999999",
        ):
            await call(session, server, unreadable)
        assert told == []
        await call(session, server, "Fri, 20 Nov 2026 12:00:00 GMT")
        await call(session, server, "Fri, 20 Nov 2026 12:00:00 GMT", status=503)
        await call(session, server.replace("127.0.0.1", "localhost"), "Fri, 20 Nov 2026 13:00:00 GMT")
    assert told == [noon, noon]
