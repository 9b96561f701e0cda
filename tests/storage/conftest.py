"""Fixtures that run every storage test on every database. A new database is one more parameter here."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.database import Database
from storage.postgresql import WAIT
from tests.bot.job_fixtures import new_database
from tests.postgresql import Server
from tests.storage.sessions import opened

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "sqlite":
        async with new_database(tmp_path / "jobs.db") as in_file:
            yield in_file
        return
    server: Server = request.getfixturevalue("postgresql")
    async with opened(await asyncio.to_thread(server.new_database), patience=WAIT) as on_server:
        yield on_server


@pytest.fixture
def noon() -> datetime:
    return NOON
