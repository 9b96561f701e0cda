"""A SQLite connection in its own thread (aiosqlite). The thread runs whole functions, not single statements.

aiosqlite's thread is not a daemon: a process with an open connection does not end. So connections are opened only by
`connected`, which closes them on every path. See docs/decisions/0024.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from storage.sqlite_files import LogRemoved, OpenedFiles

T = TypeVar("T")

BUSY = timedelta(seconds=5)
"""How long a statement waits for the lock of another process."""

_CHUNK = 64
"""Rows per fetch of an aiosqlite cursor. The constructor needs a value; these cursors are not used."""


class Connector:
    """Opens the file in the connection's thread, and detects when it or a file beside it was removed or replaced."""

    def __init__(self, path: Path, *, pragmas: Sequence[str]) -> None:
        self._path = path
        self._pragmas = pragmas

    def __call__(self) -> sqlite3.Connection:
        """Connect. Raises `sqlite3.Error` and `OSError`, and then leaves nothing open."""
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=BUSY.total_seconds())
        try:
            connection.row_factory = sqlite3.Row
            for pragma in self._pragmas:
                connection.execute(f"PRAGMA {pragma}").fetchall()
            connection.execute("SELECT 1 FROM sqlite_master").fetchall()  # opens the write-ahead log
            self._files = OpenedFiles(self._path)
        except (sqlite3.Error, OSError):
            connection.close()
            raise
        return connection

    def refuse_another_file(self, connection: sqlite3.Connection) -> None:
        """Raise `sqlite3.OperationalError` if a file of the database was removed or replaced since it was opened.

        SQLite would keep writing to the old file, and that data would be lost. What a removed log still holds is first
        brought into the database.
        """
        try:
            self._files.refuse_others()
        except LogRemoved:
            with suppress(sqlite3.Error):
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            raise


class SQLiteConnection(aiosqlite.Connection):
    """A connection whose thread can run any function with the `sqlite3.Connection`."""

    stopped: asyncio.Future[Any] | None = None
    """Done when the thread has finished all work."""

    async def call(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Run `function` in the thread and return its result. Nothing else uses the connection meanwhile."""
        # aiosqlite keeps the last function and its result until the next call, and writes both to its log. They must
        # not contain text of recordings, so they are passed in lists that are empty afterwards.
        connection, functions, results = self._conn, [function], list[T]()
        await self._execute(lambda: results.append(functions.pop()(connection)))  # type: ignore[no-untyped-call]
        return results.pop()

    def stop(self) -> asyncio.Future[Any] | None:
        """Stop the thread after its queued work. aiosqlite calls this itself if it could not connect."""
        self.stopped = super().stop()
        return self.stopped


@asynccontextmanager
async def connected(connector: Connector) -> AsyncIterator[SQLiteConnection]:
    """Connect; on exit wait for the thread's queued work, close the connection and end the thread.

    Raises what the connector raises. If the caller does not close this generator, `asyncio.run` does
    (`shutdown_asyncgens`).
    """
    connection = SQLiteConnection(connector, iter_chunk_size=_CHUNK)
    opening = asyncio.ensure_future(connection)
    try:
        await asyncio.shield(opening)
        yield connection
    finally:
        # SQLite cannot be interrupted while it opens a file, and aiosqlite drops a connection that nobody awaits any
        # more. So wait for it, also when cancelled repeatedly, and then close it.
        while not opening.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([opening])
        await connection.close()
        if connection.stopped is not None:
            await connection.stopped
