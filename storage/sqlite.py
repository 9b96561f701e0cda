"""The SQLite database: a connection that writes with full durability, one that reads and one that searches.

Each has its own thread. Units of work share a transaction and its `fsync` (group commit, `storage.grouping`). See
docs/decisions/0002 and 0024.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, closing, suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from storage.database import LONGEST_SEARCH, Row, SqlDialect, SqlValue, StorageUnavailable, Taken, Work, keepable
from storage.grouping import Group, GroupCommits, Outcome, Request, run_together
from storage.limited import Limited
from storage.sqlite_connection import BUSY, Connector, SQLiteConnection, connected
from storage.sqlite_files import Ownership, make_private

T = TypeVar("T")

_WRITER = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
_READER = ("query_only=ON",)
"""PRAGMAs for each connection."""

LONGEST_READ = timedelta(seconds=30)
"""A longer read is ended, as on a server: while it lasts, text that was deleted stays in the write-ahead log."""

_SCRUBBING = timedelta(milliseconds=100)
"""How long `scrub` waits for readers; nobody can write meanwhile."""

_STEPS = 100_000
"""Instructions of SQLite between two looks at the clock; about a millisecond."""

NOT_SEARCHABLE = (
    "the SQLite of this Python was made without FTS5, by which transcripts are found: use another build of Python, "
    "or a PostgreSQL server (DATABASE_URL)"
)


def refuse_without_search(probe: sqlite3.Connection | None = None) -> None:
    """Raise `StorageUnavailable` if SQLite lacks FTS5, which storing transcripts needs."""
    with closing(probe or sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("SELECT fts5_source_id()").fetchall()
        except sqlite3.Error:
            raise StorageUnavailable(NOT_SEARCHABLE) from None


DIALECT = SqlDialect(
    name="sqlite",
    passages_that_have="passages_index JOIN passages ON id = passages_index.rowid WHERE passages_index MATCH :wanted",
    both="AND",
    either="OR",
    merge_index="INSERT INTO passages_index (passages_index, rank) VALUES ('merge', :pages)",
)


class _Transaction:
    dialect = DIALECT
    skip_locked = ""  # there is one writer, so no rows are locked by others

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.announced = False

    def run(self, sql: str, /, **values: SqlValue) -> int:
        return self._execute(sql, values).rowcount

    def one(self, sql: str, /, **values: SqlValue) -> Row | None:
        row: Row | None = self._execute(sql, values).fetchone()
        return row

    def all(self, sql: str, /, **values: SqlValue) -> Sequence[Row]:
        return self._execute(sql, values).fetchall()

    def announce(self) -> None:
        self.announced = True

    def be_alone(self) -> None:
        """Do nothing: there is one writer, and it holds the lock of the file."""

    def try_lock(self, name: str, /) -> bool:
        del name
        return True

    def _execute(self, sql: str, values: dict[str, SqlValue]) -> sqlite3.Cursor:
        return self._connection.execute(sql, keepable(values))


class _Deadline:
    """When the statement that runs is to be ended. Nothing here leads back to whoever holds the connection."""

    def __init__(self) -> None:
        self.at = 0.0

    def is_over(self) -> bool:
        """Return whether SQLite is to end the statement that runs."""
        return time.monotonic() > self.at


class _Transactions:
    """Runs groups of units on one connection, each group in its own transaction."""

    def __init__(
        self, connector: Connector, *, begin: str, longest: timedelta | None = None, owner: Ownership | None = None
    ) -> None:
        self._connector = connector
        self._begin = begin
        self._longest = longest
        self._owner = owner
        self._deadline = _Deadline()
        self._connection: SQLiteConnection | None = None
        self._loop = asyncio.get_running_loop()
        self.on_announced: Callable[[], None] = lambda: None

    async def open(self, opened: AsyncExitStack) -> GroupCommits:
        """Connect. `opened` waits for all groups, then closes the connection. Raises `sqlite3.Error` and `OSError`."""
        connection = await opened.enter_async_context(connected(self._connector))
        if self._longest is not None:
            deadline = self._deadline
            await connection.call(lambda opened: opened.set_progress_handler(deadline.is_over, _STEPS))
        self._connection = connection
        groups = GroupCommits(partial(self._do, connection))
        opened.push_async_callback(groups.close)
        return groups

    async def _do(self, connection: SQLiteConnection, group: Group) -> Sequence[Outcome]:
        return await connection.call(partial(self._together, group))

    def _together(self, group: Group, connection: sqlite3.Connection) -> Sequence[Outcome]:
        self._deadline.at = time.monotonic() + (self._longest or timedelta(0)).total_seconds()
        try:
            self._refuse_others(connection)
            connection.execute(self._begin)
            transaction = _Transaction(connection)
            outcomes = self._run(group, transaction, connection)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            _roll_back(connection)
            raise StorageUnavailable(str(error)) from error
        if transaction.announced:
            self._loop.call_soon_threadsafe(self.on_announced)
        return outcomes

    def _refuse_others(self, connection: sqlite3.Connection) -> None:
        if self._owner is not None:
            self._owner.refuse_if_lost()
        self._connector.refuse_another_file(connection)

    async def scrub(self) -> bool:
        """Empty the write-ahead log into the database. Return False if a reader holds it."""
        return self._connection is not None and await self._connection.call(self._scrubbed)

    def _scrubbed(self, connection: sqlite3.Connection) -> bool:
        try:
            self._refuse_others(connection)
            connection.execute(f"PRAGMA busy_timeout = {_SCRUBBING // timedelta(milliseconds=1)}")
            try:
                return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                connection.execute(f"PRAGMA busy_timeout = {BUSY // timedelta(milliseconds=1)}")
        except sqlite3.Error as error:
            raise StorageUnavailable(str(error)) from error

    def _run(self, group: Group, transaction: _Transaction, connection: sqlite3.Connection) -> Sequence[Outcome]:
        """Run all units. If one fails, roll back and run them again, each in its own savepoint."""
        try:
            return run_together(group, transaction)
        except Exception:  # noqa: BLE001 - the second run shows whose error it is
            _roll_back(connection)
        transaction.announced = False
        connection.execute(self._begin)
        return [_apart(request, transaction, connection) for request in group]


def _apart(request: Request[Any], transaction: _Transaction, connection: sqlite3.Connection) -> Outcome:
    connection.execute("SAVEPOINT unit")
    announced = transaction.announced
    try:
        outcome = Outcome(request.work(transaction))
    except Exception as error:  # only this unit fails, the others are kept
        if not connection.in_transaction:
            raise sqlite3.OperationalError(str(error)) from error  # e.g. a full disk: all is rolled back
        connection.execute("ROLLBACK TO unit")
        transaction.announced = announced
        outcome = Outcome(error=_understood(error))
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
    """A `Database` in one SQLite file, owned by one process."""

    is_shared = False

    def __init__(
        self,
        writer: _Transactions,
        *,
        writes: GroupCommits,
        reads: GroupCommits,
        searches: GroupCommits,
        opened: AsyncExitStack,
    ) -> None:
        self._writer = writer
        self._writes = writes
        self._reads = reads
        self._searches = searches
        self._searching = Limited(1)
        self._opened = opened

    @classmethod
    async def open(cls, path: Path, *, own: bool, longest_read: timedelta = LONGEST_READ) -> SQLite:
        """Open or create the file, readable by its owner only.

        With `own` this process becomes the only worker; raises `AlreadyOwned` if there is one already. Without it (a
        command beside a running bot) the file must exist. Raises `StorageUnavailable` if it cannot be opened.
        """
        refuse_without_search()
        owner = None
        async with AsyncExitStack() as opened:
            try:
                if own:
                    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                make_private(path, create=own)
                if own:
                    owner = Ownership(path)
                    opened.callback(owner.release)
            except OSError as error:
                raise StorageUnavailable(f"cannot open the database file: {error.strerror}") from error
            writer = _Transactions(Connector(path, pragmas=_WRITER), begin="BEGIN IMMEDIATE", owner=owner)
            reader = _Transactions(Connector(path, pragmas=_READER), begin="BEGIN", longest=longest_read)
            searcher = _Transactions(Connector(path, pragmas=_READER), begin="BEGIN", longest=LONGEST_SEARCH)
            try:
                writes, reads, searches = [await each.open(opened) for each in (writer, reader, searcher)]
            except (sqlite3.Error, OSError) as error:
                raise StorageUnavailable(str(error)) from None
            return cls(writer, writes=writes, reads=reads, searches=searches, opened=opened.pop_all())

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction. Its effects are durable on return, and undone if it raised."""
        return await self._writes.run(work)

    async def read(self, work: Work[T]) -> T:
        """Run `work` on a consistent snapshot. The writer is not blocked."""
        return await self._reads.run(work)

    async def search(self, work: Work[T]) -> T:
        """Run a long `work` as `read` does, on a connection of its own and one at a time."""
        return await self._searching.run(lambda: self._searches.run(work))

    def on_due(self, call: Callable[[], None]) -> None:
        """Register a function to be called on the event loop after an announcement by this process."""
        self._writer.on_announced = call

    async def time(self) -> datetime | None:
        """Return None: the machine's own clock is used."""
        return None

    async def scrub(self) -> bool:
        """Bring the write-ahead log into the database and empty it. Return False if a reader holds it."""
        return await self._writer.scrub()

    async def close(self) -> None:
        """Finish running transactions, close the connections and release the lock."""
        await self._opened.aclose()
