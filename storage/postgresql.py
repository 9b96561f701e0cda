"""The PostgreSQL database, for several machines: pooled connections; each transaction runs in a thread.

Concurrent access to a row is controlled by the statements: `FOR UPDATE SKIP LOCKED`, unique keys, the lease in every
WHERE. Writes run in READ COMMITTED, the server's default. Announcements use LISTEN and NOTIFY. See docs/decisions/0006.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, TypeVar, cast

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from storage.database import (
    LONGEST_SEARCH,
    DatabaseUnsuitable,
    Row,
    SqlDialect,
    SqlValue,
    StorageUnavailable,
    Taken,
    Transaction,
    Work,
    keepable,
)
from storage.grouping import Group, GroupCommits, Outcome, Request, run_together
from storage.limited import Limited
from storage.postgresql_session import NETWORK, configure, refuse_unsuitable
from storage.postgresql_sql import first_line, refuse_unreadable, translated, why
from storage.timestamps import moment

T = TypeVar("T")

_Connection = psycopg.Connection[DictRow]

CHANNEL = "threadscribe_due"
RELISTEN_AFTER = 1.0
"""Seconds until the listening connection is opened again. Missed announcements cost little: workers poll as well."""

THREADS = 4
"""Write transactions at the same time. Units of work that arrive meanwhile share the next one (group commit)."""

SEARCHES = 2
"""Searches at the same time: the other connections of the pool are for everything else."""

WAIT = 2.0
"""Seconds to wait for a connection. Slack waits three seconds, and must get an error within them."""

_ALONE = 7_214_530_011
"""Number of the advisory lock: a constant that no other program on the server uses."""

_ALONE_FIRST = "SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)"
_ALONE_THEN = "SELECT set_config('lock_timeout', '10s', true)"
"""With the advisory lock: wait for it and run without a time limit, but do not block others by waiting for a table."""

_SHORT = "SELECT set_config('statement_timeout', :most, true)"

_NOW = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS now"

# Commands other than `run` set up no logging; the raised errors are enough there.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


class PostgreSQL:
    """A `Database` on a PostgreSQL server, shared by many processes."""

    is_shared = True

    def __init__(self, url: str, pool: ConnectionPool[_Connection], *, size: int) -> None:
        self._url = url
        self._pool = pool
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="postgresql")
        self._writes = GroupCommits(self._in_thread, concurrency=min(THREADS, size))
        self._searching = Limited(SEARCHES)
        self._listening: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, *, size: int = 8, patience: float = WAIT) -> PostgreSQL:
        """Connect. Up to `size` transactions run at once; each waits up to `patience` seconds for a connection.

        Raises `StorageUnavailable` if the server cannot be reached, and `DatabaseUnsuitable` if it cannot be used. The
        message never contains the password.
        """
        refuse_unreadable(url)
        pool = ConnectionPool[_Connection](
            url,
            kwargs={**NETWORK, "row_factory": dict_row},
            configure=configure,
            min_size=1,
            max_size=size,
            timeout=patience,
            # The pool backs off after failures. With a short timeout it gives up and reconnects at the next request.
            reconnect_timeout=patience,
            open=False,
        )
        try:
            await asyncio.to_thread(_open, pool, url, patience=patience)
        except psycopg.Error as error:
            await asyncio.to_thread(pool.close)
            reason = await asyncio.to_thread(why, url, error)
            raise StorageUnavailable(f"cannot reach the database: {reason}") from None
        except DatabaseUnsuitable:
            await asyncio.to_thread(pool.close)
            raise
        return cls(url, pool, size=size)

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction. Its effects are durable on return, and undone if it raised."""
        return await self._writes.run(work)

    async def read(self, work: Work[T]) -> T:
        """Run `work` on a consistent snapshot. Writers are not blocked."""
        try:
            done = self._threads.submit(self._do, work, reading=True)
        except RuntimeError:
            raise StorageUnavailable("the database is closed") from None
        return await asyncio.wrap_future(done)

    async def search(self, work: Work[T]) -> T:
        """Run a long `work` as `read` does, `SEARCHES` at a time."""
        return await self._searching.run(lambda: self.read(partial(_briefly, work)))

    def on_due(self, call: Callable[[], None]) -> None:
        """Register a function to be called on the event loop after an announcement by any machine."""
        self._listening = asyncio.create_task(self._listen(call), name="listen")

    async def time(self) -> datetime | None:
        """Return the time of the server."""
        row = await self.read(lambda tx: tx.one(_NOW))
        return moment(row["now"]) if row else None

    async def scrub(self) -> bool:
        """Return True: the server's files are its own."""
        return True

    async def close(self) -> None:
        """Finish running transactions and close all connections."""
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
        await self._writes.close()
        await asyncio.to_thread(self._threads.shutdown)
        await asyncio.to_thread(self._pool.close)

    async def _in_thread(self, group: Group) -> Sequence[Outcome]:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._together, group)

    def _together(self, group: Group) -> Sequence[Outcome]:
        """Run a group in one transaction. If a unit fails, run each unit again in its own transaction."""
        if len(group) == 1:
            return [Outcome(self._do(group[0].work, reading=False))]
        try:
            return self._do(partial(run_together, group), reading=False)
        except Exception as error:
            if isinstance(error, StorageUnavailable) and not isinstance(error, _Conflict):
                raise
        return [self._apart(request) for request in group]

    def _apart(self, request: Request[Any]) -> Outcome:
        try:
            return Outcome(self._do(request.work, reading=False))
        except StorageUnavailable:
            raise  # the other units would wait and fail one after another
        except Exception as error:  # noqa: BLE001 - the caller of the unit gets it
            return Outcome(error=error)

    def _do(self, work: Work[T], *, reading: bool) -> T:
        try:
            return self._try(work, reading=reading)
        except _Conflict:
            pass  # try again: the other transaction is over
        except _Stale:
            self._pool.drain()  # the other connections may be stale too: replace all of them
        try:
            return self._try(work, reading=reading)
        except _Stale as stale:
            raise StorageUnavailable(str(stale)) from None

    def _try(self, work: Work[T], *, reading: bool) -> T:
        transaction: _Transaction | None = None
        try:
            with self._pool.connection() as connection:
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ if reading else None
                connection.read_only = True if reading else None
                transaction = _Transaction(connection)
                value = work(transaction)
                transaction.tell()
                return value
        except psycopg.errors.FeatureNotSupported as error:
            raise _Stale(first_line(error)) from None  # a prepared statement whose table was migrated
        except psycopg.DataError:
            raise  # a value that no database accepts: a bug of this program
        except psycopg.IntegrityError as error:
            raise Taken(first_line(error)) from None
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure) as error:
            raise _Conflict(first_line(error)) from None
        except psycopg.Error as error:
            if transaction is not None and transaction.is_stale:
                raise _Stale(first_line(error)) from None
            raise StorageUnavailable(first_line(error)) from None

    async def _listen(self, call: Callable[[], None]) -> None:
        while True:
            with suppress(psycopg.Error):
                connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True, **NETWORK)  # type: ignore[arg-type]  # one mapping for both kinds
                async with connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    call()  # for announcements missed while not listening
                    async for _ in connection.notifies():
                        call()
            await asyncio.sleep(RELISTEN_AFTER)


def _open(pool: ConnectionPool[_Connection], url: str, *, patience: float) -> None:
    pool.open(wait=True, timeout=patience)
    with pool.connection() as connection:
        refuse_unsuitable(connection, url)


def _briefly(work: Work[T], tx: Transaction) -> T:
    tx.one(_SHORT, most=f"{LONGEST_SEARCH.total_seconds():.3f}s")
    return work(tx)


class _Conflict(StorageUnavailable):
    """Two transactions conflicted (deadlock or serialization failure). A retry may succeed."""


class _Stale(Exception):
    """The connection was broken before its first statement, or has prepared statements from before a migration."""


DIALECT = SqlDialect(
    name="postgresql", passages_that_have="passages WHERE grams @@ CAST(:wanted AS tsquery)", both="&", either="|"
)


class _Transaction:
    dialect = DIALECT
    skip_locked = "FOR UPDATE SKIP LOCKED"

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._has_run = False
        self._announced = False

    @property
    def is_stale(self) -> bool:
        """Return whether the connection was broken already when the pool returned it."""
        return self._connection.broken and not self._has_run

    def run(self, sql: str, /, **values: SqlValue) -> int:
        return self._execute(sql, values).rowcount

    def one(self, sql: str, /, **values: SqlValue) -> Row | None:
        row: Any = self._execute(sql, values).fetchone()
        return cast("Row | None", row)

    def all(self, sql: str, /, **values: SqlValue) -> Sequence[Row]:
        rows: Any = self._execute(sql, values).fetchall()
        return cast("Sequence[Row]", rows)

    def announce(self) -> None:
        self._announced = True

    def tell(self) -> None:
        """Send one NOTIFY for all announcements of the transaction."""
        if self._announced:
            self._execute(f"NOTIFY {CHANNEL}", {})

    def be_alone(self) -> None:
        self._execute(_ALONE_FIRST, {})
        self._execute("SELECT pg_advisory_xact_lock(:number)", {"number": _ALONE})
        self._execute(_ALONE_THEN, {})

    def try_lock(self, name: str, /) -> bool:
        row = self._execute("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0)) AS taken", {"name": name})
        return bool((row.fetchone() or {}).get("taken"))

    def _execute(self, sql: str, values: dict[str, SqlValue]) -> psycopg.Cursor[DictRow]:
        try:
            cursor = self._connection.execute(translated(sql), keepable(values))
        except psycopg.errors.ReadOnlySqlTransaction:
            self._connection.close()  # read-only may be set for a whole session: take a new one
            raise
        self._has_run = True
        return cursor
