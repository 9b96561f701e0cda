"""One small face over the database: every difference between dialects lives here.

A unit of work is a plain function of a `Transaction`; `write` runs it and returns when its effects are durable.
Whatever arrives while one transaction commits shares the next one (group commit without a timer), so that many
writers cost one `fsync`. See docs/decisions/0002.
"""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")

Value = str | int | float | bytes | None


class Row(Protocol):
    """A row by column name."""

    def __getitem__(self, column: str, /) -> Any:
        """The column's value; the store that wrote the table knows its type."""
        ...


class Transaction(Protocol):
    """What a unit of work may do. Values are named in the SQL as `:name`."""

    def run(self, sql: str, /, **values: Value) -> int:
        """Execute and tell how many rows were touched."""
        ...

    def one(self, sql: str, /, **values: Value) -> Row | None:
        """The first row, if there is one."""
        ...

    def all(self, sql: str, /, **values: Value) -> Sequence[Row]:
        """Every row."""
        ...


Work = Callable[[Transaction], T]


class Database(Protocol):
    """A place for units of work. Both methods raise `StorageUnavailable` when the database cannot do it now."""

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction; its effects are durable on return, and absent if it raised."""
        ...

    async def read(self, work: Work[T]) -> T:
        """Run `work` on a consistent view, beside the writer."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go."""
        ...


class StorageUnavailable(Exception):
    """The database cannot do it now: disk full, locked, gone. Nothing of the unit of work happened."""


class AlreadyOwned(Exception):
    """Another process owns this SQLite file."""


class _SQLiteTransaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, sql: str, /, **values: Value) -> int:
        return self._connection.execute(sql, values).rowcount

    def one(self, sql: str, /, **values: Value) -> Row | None:
        row: Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, /, **values: Value) -> Sequence[Row]:
        return self._connection.execute(sql, values).fetchall()


@dataclass(frozen=True, slots=True)
class _Request(Generic[T]):
    work: Work[T]
    result: asyncio.Future[T]


_Outcome = tuple[_Request[Any], Any, Exception | None]


class _Connection(threading.Thread):
    """A thread with a connection of its own; runs what is queued, everything waiting in one transaction."""

    def __init__(self, path: Path, *, begin: str, pragmas: Sequence[str]) -> None:
        super().__init__(name=f"sqlite {begin}", daemon=True)
        self._path = path
        self._begin = begin
        self._pragmas = pragmas
        self._queue: queue.SimpleQueue[_Request[Any] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = self._loop.create_future()

    async def do(self, work: Work[T]) -> T:
        result: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Request(work, result))
        return await result

    async def stop(self) -> None:
        self._queue.put(None)
        await asyncio.to_thread(self.join)

    def run(self) -> None:
        try:
            connection = sqlite3.connect(self._path, isolation_level=None, timeout=5)
        except sqlite3.Error as error:
            self._loop.call_soon_threadsafe(self.opened.set_exception, StorageUnavailable(str(error)))
            return
        try:
            connection.row_factory = sqlite3.Row
            for pragma in self._pragmas:
                connection.execute(f"PRAGMA {pragma}").fetchall()
        except sqlite3.Error as error:
            connection.close()
            self._loop.call_soon_threadsafe(self.opened.set_exception, StorageUnavailable(str(error)))
            return
        self._loop.call_soon_threadsafe(self.opened.set_result, None)
        try:
            self._serve(connection)
        finally:
            connection.close()

    def _serve(self, connection: sqlite3.Connection) -> None:
        stopping = False
        while not stopping:
            waiting = [self._queue.get()]
            while not self._queue.empty():
                waiting.append(self._queue.get())
            stopping = None in waiting
            requests = [request for request in waiting if request is not None]
            if requests:
                outcomes = self._together(connection, requests)
                self._loop.call_soon_threadsafe(_deliver, outcomes)

    def _together(self, connection: sqlite3.Connection, requests: Sequence[_Request[Any]]) -> list[_Outcome]:
        try:
            connection.execute(self._begin)
            outcomes = [self._one(connection, request) for request in requests]
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            return [(request, None, StorageUnavailable(str(error))) for request in requests]
        return outcomes

    def _one(self, connection: sqlite3.Connection, request: _Request[Any]) -> _Outcome:
        connection.execute("SAVEPOINT unit")
        try:
            value = request.work(_SQLiteTransaction(connection))
        except Exception as error:  # it belongs to whoever asked, and must not undo the others' work
            if not connection.in_transaction:
                raise sqlite3.OperationalError(str(error)) from error  # e.g. a full disk: SQLite rolled back by itself
            connection.execute("ROLLBACK TO unit")
            connection.execute("RELEASE unit")
            if isinstance(error, sqlite3.OperationalError):
                error = StorageUnavailable(str(error))
            return request, None, error
        connection.execute("RELEASE unit")
        return request, value, None


def _deliver(outcomes: Sequence[_Outcome]) -> None:
    for request, value, error in outcomes:
        if request.result.done():  # whoever asked has gone
            continue
        if error is None:
            request.result.set_result(value)
        else:
            request.result.set_exception(error)


class SQLite:
    """A `Database` in one file: one writer with full durability, one reader beside it."""

    def __init__(self, writer: _Connection, reader: _Connection, lock: int | None) -> None:
        self._writer = writer
        self._reader = reader
        self._lock = lock

    @classmethod
    async def open(cls, path: Path, *, own: bool) -> SQLite:
        """Open or create the file, readable by its owner only.

        With `own` the process becomes its only worker; raises `AlreadyOwned` if another one is. Without, it is a
        visitor (the command line beside a running bot) and the file must be there. Raises `StorageUnavailable` if it
        cannot be opened.
        """
        try:
            if own:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_RDWR | (os.O_CREAT if own else 0), 0o600))
            lock = _own(path) if own else None
        except OSError as error:
            raise StorageUnavailable(f"cannot open the database file: {error.strerror}") from error
        writer = _Connection(
            path, begin="BEGIN IMMEDIATE", pragmas=("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
        )
        reader = _Connection(path, begin="BEGIN", pragmas=("query_only=ON",))
        try:
            for connection in (writer, reader):
                connection.start()
                await connection.opened
        except StorageUnavailable:
            if lock is not None:
                os.close(lock)
            raise
        return cls(writer, reader, lock)

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction; its effects are durable on return, and absent if it raised."""
        return await self._writer.do(work)

    async def read(self, work: Work[T]) -> T:
        """Run `work` on a consistent view, beside the writer."""
        return await self._reader.do(work)

    async def close(self) -> None:
        """Finish what was begun and let go."""
        await self._writer.stop()
        await self._reader.stop()
        if self._lock is not None:
            os.close(self._lock)


def _own(path: Path) -> int:
    # The lock is the kernel's, so a killed process leaves none behind. POSIX only, like the limits on codecs.
    import fcntl  # noqa: PLC0415 - visitors and other platforms do without

    lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise AlreadyOwned(
            f"Another threadscribe process is using {path.name}. Stop it first, or give this one its own DATABASE_URL."
        ) from error
    return lock
