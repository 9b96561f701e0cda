"""The shared database of all simulated processes: real SQL on a real SQLite database, in virtual time.

Each process has its own handle, which dies with it. A handle can be disconnected, answer late, run a transaction twice,
or commit and then report a failure, as PostgreSQL may when the connection breaks during the commit.
"""

from __future__ import annotations

import asyncio
import functools
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from storage.database import Row, SqlValue, StorageUnavailable, Taken, Work
from storage.migrations import migrate
from storage.sqlite import DIALECT
from tests.simulation.faults import Call, Fault
from tests.simulation.host import Host

T = TypeVar("T")


class _Transaction:
    skip_locked = ""
    dialect = DIALECT

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.announced = False

    def run(self, sql: str, /, **values: SqlValue) -> int:
        return self._connection.execute(sql, values).rowcount

    def one(self, sql: str, /, **values: SqlValue) -> Row | None:
        row: Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, /, **values: SqlValue) -> Sequence[Row]:
        return self._connection.execute(sql, values).fetchall()

    def announce(self) -> None:
        self.announced = True

    def be_alone(self) -> None:
        """One thread has the only connection."""

    def try_lock(self, name: str, /) -> bool:
        del name
        return True


class Disk:
    """What outlives every process. `shared`: as a server, to which several machines connect."""

    def __init__(self, *, shared: bool, clock: Callable[[], datetime]) -> None:
        self.shared = shared
        self.clock = clock
        self.connection = _connect()
        self.connection.deserialize(_empty())
        self.connection.execute("PRAGMA foreign_keys=ON")
        self.handles: list[Handle] = []
        self.on_commit: Callable[[Host | None], None] = lambda _: None

    def run(self, work: Work[T], *, by: Host | None = None, repeated: bool = False) -> T:
        """Run a unit of work in a transaction of its own; with `repeated` a first run of it is rolled back."""
        transaction = _Transaction(self.connection)
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            if repeated:
                self.connection.execute("SAVEPOINT first")
                work(transaction)
                self.connection.execute("ROLLBACK TO first")
            value = work(transaction)
        except Exception as error:
            self.connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.IntegrityError):
                raise Taken(str(error)) from error
            raise
        self.connection.execute("COMMIT")
        self.on_commit(by)
        if transaction.announced:
            self._announce()
        return value

    def _announce(self) -> None:
        self.handles = [handle for handle in self.handles if handle.host.is_alive]
        for handle in self.handles:
            handle.announce()


class Handle:
    """A `Database`: one process's connection to the disk."""

    def __init__(self, disk: Disk, host: Host) -> None:
        self._disk = disk
        self.host = host
        self._on_due: Callable[[], None] = lambda: None
        disk.handles.append(self)

    @property
    def is_shared(self) -> bool:
        return self._disk.shared

    async def write(self, work: Work[T]) -> T:
        with self.host.calling():
            return await self._do(Call.WRITE, lambda fault: self._run(work, fault=fault))

    async def read(self, work: Work[T]) -> T:
        with self.host.calling():
            return await self._do(Call.READ, lambda fault: self._run(work, fault=fault))

    async def search(self, work: Work[T]) -> T:
        return await self.read(work)

    async def time(self) -> datetime | None:
        if not self._disk.shared:
            return None
        with self.host.calling():
            return await self._do(Call.TIME, lambda _: self._disk.clock())

    def on_due(self, call: Callable[[], None]) -> None:
        self._on_due = call

    async def scrub(self) -> bool:
        """Nothing is in files."""
        return True

    async def close(self) -> None:
        """Nothing is held."""

    def announce(self) -> None:
        """Tell the process, if it is there, that something became due."""
        host = self.host
        host.time.at(host.a_moment(), lambda: host.loop.deliver(self._on_due))

    def _run(self, work: Work[T], *, fault: Fault | None) -> T:
        return self._disk.run(work, by=self.host, repeated=fault is Fault.TWICE)

    async def _do(self, call: Call, act: Callable[[Fault | None], T]) -> T:
        host = self.host
        self._check_life()
        fault = host.faults.draw(call)
        self._strike(fault, crash=Fault.CRASH, freeze=Fault.FREEZE)
        await asyncio.sleep(host.a_moment())
        self._check_life()
        if fault is Fault.UNREACHED:
            self._refuse()
        value = act(fault)
        self._strike(fault, crash=Fault.CRASH_AFTER, freeze=Fault.FREEZE_AFTER)
        self._strike(fault, crash=Fault.CRASH_UNDER_WAY, freeze=Fault.FREEZE_UNDER_WAY)
        await asyncio.sleep(host.rng.uniform(*host.delays.slow) if fault is Fault.SLOW else host.a_moment())
        if not host.is_alive or (self._disk.shared and (fault is Fault.BROKEN or host.is_cut_off("database"))):
            self._refuse()
        return value

    def _check_life(self) -> None:
        if not self.host.is_alive or self.host.is_cut_off("database"):
            self._refuse()

    def _refuse(self) -> None:
        self.host.storage_failed_at = self.host.time.now
        raise StorageUnavailable("unreachable")

    def _strike(self, fault: Fault | None, *, crash: Fault, freeze: Fault) -> None:
        if fault is crash:
            self.host.crash()
            raise asyncio.CancelledError
        if fault is freeze:
            self.host.freeze()


def _connect() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


@functools.cache
def _empty() -> bytes:
    """The image of a database with the newest schema and nothing in it."""
    connection = _connect()

    class Plain:
        is_shared = False

        async def write(self, work: Work[T]) -> T:
            return work(_Transaction(connection))

        read = search = write

        async def time(self) -> datetime | None:
            return None

        def on_due(self, call: Callable[[], None]) -> None:
            """Nobody waits for it."""

        async def scrub(self) -> bool:
            return True

        async def close(self) -> None:
            """Nothing is held."""

    steps = migrate(Plain())
    try:
        steps.send(None)
    except StopIteration:
        image = connection.serialize()
        connection.close()
        return image
    raise AssertionError("a migration waits for nothing but its database")
