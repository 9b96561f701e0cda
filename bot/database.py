"""Opens the database that the settings name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.settings.model import Settings
from storage.database import Database
from storage.migrations import migrate


@asynccontextmanager
async def open_database(settings: Settings, *, own: bool, newest: bool = True) -> AsyncIterator[Database]:
    """The database of the settings; where we own it, brought to the `newest` schema.

    Raises `StorageUnavailable`, and `AlreadyOwned` for a file that another bot works with.
    """
    database: Database
    # Each is imported where it is used: the driver that is not costs 10 MB and a tenth of the start.
    if settings.database_path is None:
        from storage.postgresql import PostgreSQL

        database = await PostgreSQL.open(settings.database_url)
    else:
        from storage.sqlite import SQLite

        database = await SQLite.open(settings.database_path, own=own)
    try:
        if own and newest:
            await migrate(database)
        yield database
    finally:
        await database.close()
