"""A connection to a SQLite file on a thread of its own, by aiosqlite. The thread runs whole functions, not statements.

aiosqlite's thread is no daemon: a process with an open connection does not end. So a connection is opened by
`connected` alone, which closes it on every path. See docs/decisions/0024.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

T = TypeVar("T")

_CHUNK = 64
"""Rows that a cursor of aiosqlite would fetch at once. Its constructor asks for it; we have no such cursors."""


class Connector:
    """Opens the file on the connection's thread, and knows it again."""

    def __init__(self, path: Path, *, pragmas: Sequence[str]) -> None:
        self._path = path
        self._pragmas = pragmas

    def __call__(self) -> sqlite3.Connection:
        """Connect. Raises `sqlite3.Error` and `OSError`; nothing is open then."""
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=5)
        try:
            connection.row_factory = sqlite3.Row
            for pragma in self._pragmas:
                connection.execute(f"PRAGMA {pragma}").fetchall()
            opened = self._path.stat()
        except (sqlite3.Error, OSError):
            connection.close()
            raise
        self._file = opened.st_dev, opened.st_ino
        return connection

    def refuse_another_file(self) -> None:
        """Raise `sqlite3.OperationalError` where the file was deleted or replaced since it was opened.

        SQLite would go on writing to the old one, and all of that would be lost.
        """
        try:
            found = self._path.stat()
        except OSError as error:
            raise sqlite3.OperationalError(f"the database file is gone: {error.strerror}") from error
        if (found.st_dev, found.st_ino) != self._file:
            raise sqlite3.OperationalError("the database file was replaced: restart threadscribe")


class SQLiteConnection(aiosqlite.Connection):
    """A connection whose thread runs any function with the `sqlite3.Connection`."""

    stopped: asyncio.Future[Any] | None = None
    """Done when the thread has nothing left to do."""

    async def call(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """What `function` returns. Nothing else uses the connection meanwhile."""
        # Until the next call the thread keeps the last function and what it returned, and aiosqlite describes both in
        # its log. Neither is to hold what was said in a recording, so what the thread gets is two lists that end empty.
        connection, functions, results = self._conn, [function], list[T]()
        await self._execute(lambda: results.append(functions.pop()(connection)))  # type: ignore[no-untyped-call]
        return results.pop()

    def stop(self) -> asyncio.Future[Any] | None:
        """Let the thread end after all that it was given. aiosqlite calls this itself where it could not connect."""
        self.stopped = super().stop()
        return self.stopped


@asynccontextmanager
async def connected(connector: Connector) -> AsyncIterator[SQLiteConnection]:
    """Connect; afterwards wait for what the thread was given, close the connection and end the thread.

    Raises what the connector raises. As an asynchronous generator it is closed by the event loop where nobody else
    does it: `asyncio.run` ends with `shutdown_asyncgens`.
    """
    connection = SQLiteConnection(connector, iter_chunk_size=_CHUNK)
    opening = asyncio.ensure_future(connection)
    try:
        await asyncio.shield(opening)
        yield connection
    finally:
        # SQLite cannot be interrupted while it opens a file, and aiosqlite forgets a connection that nobody waits for
        # any more. So we wait, however often we are cancelled, and close what comes.
        while not opening.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([opening])
        await connection.close()
        if connection.stopped is not None:
            await connection.stopped
