"""`/healthz` and `/readyz`: alive is not ready, and what is missing is named."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest

from bot.app import open_bot, open_tools
from bot.clock import Clock
from bot.web.server import Listening, make_server
from bot.worker.loop import Worker
from handlers import health
from handlers.health import Check
from sandbox.slack import Slack
from storage.database import Database, StorageUnavailable, Work
from tests.bot.job_fixtures import NOON, new_database
from tests.journeys.bench import eventually, running, settings_of

T = TypeVar("T")


class ReadOnly:
    """A database whose disk is full: it reads, and cannot write."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, work: Work[T]) -> T:
        del work
        raise StorageUnavailable("attempt to write a readonly database")

    async def read(self, work: Work[T]) -> T:
        return await self._database.read(work)

    is_shared = False

    async def search(self, work: Work[T]) -> T:
        return await self.read(work)

    def on_due(self, call: Callable[[], None]) -> None:
        """Nothing becomes due."""

    async def time(self) -> datetime | None:
        return None

    async def scrub(self) -> bool:
        return await self._database.scrub()

    async def close(self) -> None:
        """Closed by its owner."""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with new_database(tmp_path / "health.db") as opened:
        yield opened


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as started:
        yield started


@asynccontextmanager
async def serving(database: Database, checks: Mapping[str, Check]) -> AsyncIterator[int]:
    server = make_server()
    health.register(server, database=database, checks=checks)
    listening = await Listening.start(server, host="127.0.0.1", port=0)
    try:
        yield listening.port
    finally:
        await listening.stop()


async def ask(port: int, path: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, await response.json()


async def test_when_everything_works_it_is_ready_and_says_what_was_looked_at(database: Database) -> None:
    async with serving(database, {"worker": lambda: True, "socket": lambda: True}) as port:
        status, said = await ask(port, "/readyz")
    assert status == 200
    assert said == {"ready": True, "checks": {"worker": True, "socket": True, "database": True}}


@pytest.mark.parametrize("failing", ["worker", "socket", "slack"])
async def test_one_failing_check_is_enough_and_is_named(database: Database, failing: str) -> None:
    def check(name: str) -> Check:
        return lambda: name != failing

    checks = {name: check(name) for name in ("worker", "socket", "slack")}
    async with serving(database, checks) as port:
        status, said = await ask(port, "/readyz")
    assert status == 503
    assert said["ready"] is False
    assert [name for name, good in said["checks"].items() if not good] == [failing]


async def test_a_database_that_cannot_write_is_not_ready_although_it_reads(database: Database) -> None:
    async with serving(ReadOnly(database), {"worker": lambda: True}) as port:
        status, said = await ask(port, "/readyz")
    assert status == 503
    assert said["checks"] == {"worker": True, "database": False}


async def test_it_is_alive_whatever_is_missing(database: Database) -> None:
    async with serving(ReadOnly(database), {"worker": lambda: False}) as port:
        assert await ask(port, "/healthz") == (200, {"alive": True})


async def test_asking_changes_nothing(database: Database) -> None:
    async with serving(database, {}) as port:
        for _ in range(3):
            await ask(port, "/readyz")
    row = await database.read(lambda tx: tx.one("SELECT count(*) AS n, max(version) AS v FROM schema_version"))
    assert row is not None
    assert row["n"] == row["v"]


async def test_a_running_bot_is_ready(slack: Slack, tmp_path: Path) -> None:
    async with running(settings_of(slack, tmp_path), slack) as bot:
        socket = bot.socket
        assert socket is not None
        await eventually(lambda: socket.is_connected)
        status, said = await ask(bot.listening.port, "/readyz")
    assert (status, said["ready"]) == (200, True)
    assert set(said["checks"]) == {"worker", "slack", "socket", "spool", "database"}


async def test_a_bot_whose_socket_is_not_there_is_not_ready(slack: Slack, tmp_path: Path) -> None:
    async with open_bot(settings_of(slack, tmp_path)) as bot:
        status, said = await ask(bot.listening.port, "/readyz")
    assert status == 503
    assert [name for name, good in said["checks"].items() if not good] == ["socket"]


async def test_a_bot_that_has_not_reached_slack_yet_is_alive_and_not_ready(tmp_path: Path) -> None:
    async with Slack() as gone:
        settings = settings_of(gone, tmp_path, slack_signing_secret="signing", slack_app_token=None)
    async with open_bot(settings) as bot:
        status, said = await ask(bot.listening.port, "/readyz")
        assert (await ask(bot.listening.port, "/healthz"))[0] == 200
    assert status == 503
    assert [name for name, good in said["checks"].items() if not good] == ["slack"]
    assert "socket" not in said["checks"]


async def test_a_worker_that_has_not_turned_for_half_a_minute_is_not_alive(
    slack: Slack, database: Database, tmp_path: Path
) -> None:
    uptime = 0.0
    clock = Clock(wall=lambda: NOON, monotonic=lambda: uptime)
    async with open_tools(settings_of(slack, tmp_path), database=database, clock=clock) as tools:
        worker = Worker(tools, clock=clock)
        assert worker.is_alive
        uptime = 15.0
        assert worker.is_alive
        uptime = 30.0
        assert not worker.is_alive
