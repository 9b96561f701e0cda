"""The database in one file: a writer with full durability and a reader beside it, each with a thread of its own.

Groups of units (`storage.grouping`) share a transaction and its `fsync`. See docs/decisions/0002.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from storage.database import AlreadyOwned, Dialect, Row, StorageUnavailable, Taken, Value, Work, keepable
from storage.grouping import Group, Groups, Outcome, Request, plainly

T = TypeVar("T")

NOT_SEARCHABLE = (
    "the SQLite of this Python was made without FTS5, by which transcripts are found: use another build of Python, "
    "or a PostgreSQL server (DATABASE_URL)"
)


def refuse_without_search(probe: sqlite3.Connection | None = None) -> None:
    """Raise `StorageUnavailable` where SQLite lacks FTS5: nothing could be kept."""
    with closing(probe or sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("SELECT fts5_source_id()").fetchall()
        except sqlite3.Error:
            raise StorageUnavailable(NOT_SEARCHABLE) from None


DIALECT = Dialect(
    name="sqlite",
    passages_that_have="passages_index JOIN passages ON id = passages_index.rowid WHERE passages_index MATCH :wanted",
    both="AND",
    either="OR",
    merge_index="INSERT INTO passages_index (passages_index, rank) VALUES ('merge', :pages)",
)


class _Transaction:
    dialect = DIALECT
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


class _Connection:
    """A connection and the one thread that uses it; each group of units shares a transaction."""

    def __init__(self, path: Path, *, begin: str, pragmas: Sequence[str]) -> None:
        self._path = path
        self._begin = begin
        self._pragmas = pragmas
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"sqlite {begin}")
        self._groups = Groups(self._together, threads=self._thread)
        self.on_announced: Callable[[], None] = lambda: None

    async def open(self) -> None:
        """Connect. Raises `StorageUnavailable`."""
        try:
            await self._loop.run_in_executor(self._thread, self._open)
        except (sqlite3.Error, OSError) as error:
            await asyncio.to_thread(self._thread.shutdown)
            raise StorageUnavailable(str(error)) from None

    async def do(self, work: Work[T]) -> T:
        return await self._groups.run(work)

    async def stop(self) -> None:
        self._groups.close()
        with suppress(RuntimeError):  # it was stopped before
            self._thread.submit(self._connection.close)
        await asyncio.to_thread(self._thread.shutdown)

    def _open(self) -> None:
        self._connection = sqlite3.connect(self._path, isolation_level=None, timeout=5)
        try:
            self._connection.row_factory = sqlite3.Row
            for pragma in self._pragmas:
                self._connection.execute(f"PRAGMA {pragma}").fetchall()
            opened = self._path.stat()
        except (sqlite3.Error, OSError):
            self._connection.close()
            raise
        self._file = opened.st_dev, opened.st_ino

    def _together(self, group: Group) -> Sequence[Outcome]:
        try:
            self._still_there()
            self._connection.execute(self._begin)
            transaction = _Transaction(self._connection)
            outcomes = self._run(group, transaction)
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise StorageUnavailable(str(error)) from error
        if transaction.announced:
            self._loop.call_soon_threadsafe(self.on_announced)
        return outcomes

    def _run(self, group: Group, transaction: _Transaction) -> Sequence[Outcome]:
        """Run all of them; only where one fails, once more from the start, each kept apart from the others."""
        try:
            return plainly(group, transaction)
        except Exception:  # noqa: BLE001 - whose it is shows when they run apart
            self._roll_back()
        transaction.announced = False
        self._connection.execute(self._begin)
        return [self._apart(request, transaction) for request in group]

    def _apart(self, request: Request[Any], transaction: _Transaction) -> Outcome:
        self._connection.execute("SAVEPOINT unit")
        announced = transaction.announced
        try:
            outcome = Outcome(request.work(transaction))
        except Exception as error:  # it belongs to whoever asked, and must not undo the others' work
            if not self._connection.in_transaction:
                raise sqlite3.OperationalError(str(error)) from error  # e.g. a full disk: SQLite rolled back by itself
            self._connection.execute("ROLLBACK TO unit")
            transaction.announced = announced
            outcome = Outcome(error=_understood(error))
        self._connection.execute("RELEASE unit")
        return outcome

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _still_there(self) -> None:
        # SQLite goes on writing to a file that was deleted or replaced under it, and all of that would be lost.
        try:
            found = self._path.stat()
        except OSError as error:
            raise sqlite3.OperationalError(f"the database file is gone: {error.strerror}") from error
        if (found.st_dev, found.st_ino) != self._file:
            raise sqlite3.OperationalError("the database file was replaced: restart threadscribe")


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
        refuse_without_search()
        try:
            if own:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make_private(path, create=own)
            lock = _own(path) if own else None
        except OSError as error:
            raise StorageUnavailable(f"cannot open the database file: {error.strerror}") from error
        writer = _Connection(
            path,
            begin="BEGIN IMMEDIATE",
            pragmas=("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"),
        )
        reader = _Connection(path, begin="BEGIN", pragmas=("query_only=ON",))
        try:
            for connection in (writer, reader):
                await connection.open()
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
