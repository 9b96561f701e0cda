"""Every store is tested on every database; a new one is one more parameter here."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.database import Database, SQLite
from storage.migrations import migrate

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await SQLite.open(tmp_path / "jobs.db", own=True)
    await migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
def noon() -> datetime:
    return NOON
