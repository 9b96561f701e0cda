"""The database in one file: a writer with full durability and a reader beside it, each with a thread of its own.

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
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from storage.database import AlreadyOwned, Row, StorageUnavailable, Taken, Value, Work, keepable

T = TypeVar("T")


class _Transaction:
    skip_locked = ""  # there is one writer, so no row is anybody else's

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.announced = False

    def run(self, sql: str, /, **values: Value) -> int:
        return self._execute(sql, values).rowcount

    def one(self, sql: str, /, **values: Value) -> Row | None:
        row: Row | None = self._execute(sql, values).fetchone()
        return row

    def all(self, sql: str, /, **values: Value) -> Sequence[Row]:
        return self._execute(sql, values).fetchall()

    def announce(self) -> None:
        self.announced = True

    def be_alone(self) -> None:
        """Nothing to do: there is one writer, and it holds the file's lock."""

    def _execute(self, sql: str, values: dict[str, Value]) -> sqlite3.Cursor:
        return self._connection.execute(sql, keepable(values))


class _Request(NamedTuple, Generic[T]):
    work: Work[T]
    result: asyncio.Future[T]


class _Outcome(NamedTuple):
    request: _Request[Any]
    value: Any = None
    error: Exception | None = None
    announced: bool = False

    def deliver(self) -> None:
        result = self.request.result
        if result.done():  # whoever asked has gone
            return
        if self.error is None:
            result.set_result(self.value)
        else:
            result.set_exception(self.error)


class _Connection(threading.Thread):
    """A thread with a connection of its own; runs what waits, all of it in one transaction.

    The event loop hands over what waits at the end of its turn. Handed over one by one, as they come, the first would
    start a transaction of their own, and both threads would fight for the interpreter at every statement.
    """

    def __init__(self, path: Path, *, begin: str, pragmas: Sequence[str]) -> None:
        super().__init__(name=f"sqlite {begin}", daemon=True)
        self._path = path
        self._begin = begin
        self._pragmas = pragmas
        self._waiting: list[_Request[Any]] = []
        self._at_work = False
        self._queue: queue.SimpleQueue[Sequence[_Request[Any]] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = self._loop.create_future()
        self.on_announced: Callable[[], None] | None = None
        self._stopped = False

    async def do(self, work: Work[T]) -> T:
        if self._stopped:
            raise StorageUnavailable("the database is closed")
        result: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append(_Request(work, result))
        if len(self._waiting) == 1 and not self._at_work:
            self._loop.call_soon(self._hand_over)
        return await result

    def _hand_over(self) -> None:
        if self._waiting:
            self._at_work = True
            self._queue.put(self._waiting)
            self._waiting = []

    async def stop(self) -> None:
        self._stopped = True
        self._hand_over()
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
            opened = self._path.stat()
            self._file = opened.st_dev, opened.st_ino
        except (sqlite3.Error, OSError) as error:
            connection.close()
            self._loop.call_soon_threadsafe(self.opened.set_exception, StorageUnavailable(str(error)))
            return
        self._loop.call_soon_threadsafe(self.opened.set_result, None)
        try:
            self._serve(connection)
        finally:
            connection.close()

    def _serve(self, connection: sqlite3.Connection) -> None:
        while (requests := self._queue.get()) is not None:
            self._loop.call_soon_threadsafe(self._deliver, self._together(connection, requests))

    def _together(self, connection: sqlite3.Connection, requests: Sequence[_Request[Any]]) -> list[_Outcome]:
        try:
            self._still_there()
            connection.execute(self._begin)
            outcomes = self._run_all(connection, requests)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            _roll_back(connection)
            return [_Outcome(request, error=StorageUnavailable(str(error))) for request in requests]
        return outcomes

    def _run_all(self, connection: sqlite3.Connection, requests: Sequence[_Request[Any]]) -> list[_Outcome]:
        """Run all of them; only where one fails, once more from the start, each kept apart from the others."""
        try:
            return [_plainly(connection, request) for request in requests]
        except Exception:  # noqa: BLE001 - whose it is shows when they run apart
            _roll_back(connection)
        connection.execute(self._begin)
        return [_apart(connection, request) for request in requests]

    def _still_there(self) -> None:
        # SQLite goes on writing to a file that was deleted or replaced under it, and all of that would be lost.
        try:
            found = self._path.stat()
        except OSError as error:
            raise sqlite3.OperationalError(f"the database file is gone: {error.strerror}") from error
        if (found.st_dev, found.st_ino) != self._file:
            raise sqlite3.OperationalError("the database file was replaced: restart threadscribe")

    def _deliver(self, outcomes: Sequence[_Outcome]) -> None:
        for outcome in outcomes:
            outcome.deliver()
        if self.on_announced is not None and any(outcome.announced for outcome in outcomes):
            self.on_announced()
        self._at_work = False
        self._loop.call_soon(self._hand_over)  # after those that just got their outcome and go on writing


def _plainly(connection: sqlite3.Connection, request: _Request[Any]) -> _Outcome:
    transaction = _Transaction(connection)
    return _Outcome(request, request.work(transaction), announced=transaction.announced)


def _apart(connection: sqlite3.Connection, request: _Request[Any]) -> _Outcome:
    connection.execute("SAVEPOINT unit")
    try:
        outcome = _plainly(connection, request)
    except Exception as error:  # it belongs to whoever asked, and must not undo the others' work
        if not connection.in_transaction:
            raise sqlite3.OperationalError(str(error)) from error  # e.g. a full disk: SQLite rolled back by itself
        connection.execute("ROLLBACK TO unit")
        outcome = _Outcome(request, error=_understood(error))
    connection.execute("RELEASE unit")
    return outcome


def _roll_back(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _understood(error: Exception) -> Exception:
    match error:
        case sqlite3.IntegrityError():
            return Taken(str(error))
        case sqlite3.OperationalError():
            return StorageUnavailable(str(error))
        case _:
            return error


class SQLite:
    """A `Database` in one file, owned by one process."""

    is_shared = False

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
            _make_private(path, create=own)
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

    def on_due(self, call: Callable[[], None]) -> None:
        """From now on call this, on the event loop, whenever something was announced; by this process only."""
        self._writer.on_announced = call

    async def time(self) -> datetime | None:
        """None: the file is this machine's, and so is the clock."""
        return None

    async def close(self) -> None:
        """Finish what was begun and let go."""
        await self._writer.stop()
        await self._reader.stop()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None  # the number may be another file's by now


def _make_private(path: Path, *, create: bool) -> None:
    descriptor = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
    try:
        # Also a file that came from elsewhere; the ones that SQLite makes beside it follow it.
        with suppress(PermissionError):  # another account's
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


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
