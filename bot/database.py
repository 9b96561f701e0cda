"""Opens the database that the settings name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.settings.model import Settings
from storage.database import Database
from storage.migrations import migrate


@asynccontextmanager
async def open_database(settings: Settings, *, own: bool, newest: bool = True) -> AsyncIterator[Database]:
    """Open the database of the settings; with `own` and `newest`, bring it to the newest schema.

    Raises `StorageUnavailable`, and `AlreadyOwned` for a file that another bot uses.
    """
    database: Database
    # Each driver is imported where it is used: the other one would cost 10 MB and a tenth of the start.
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
