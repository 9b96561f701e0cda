"""Every store is tested on every database; a new one is one more parameter here."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.database import Database
from storage.migrations import migrate
from storage.postgresql import PostgreSQL
from storage.sqlite import SQLite
from tests.postgresql import Server

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    opened: Database
    if request.param == "sqlite":
        opened = await SQLite.open(tmp_path / "jobs.db", own=True)
        await migrate(opened)
    else:
        server: Server = request.getfixturevalue("postgresql")
        opened = await PostgreSQL.open(await asyncio.to_thread(server.new_database))
    yield opened
    await opened.close()


@pytest.fixture
def noon() -> datetime:
    return NOON
