"""Interleave two transactions on PostgreSQL, statement by statement, in a chosen order.

The order is deterministic: a side runs its next statement only when told to, and the next choice is made when the
statement is done or waits for a lock of the other side.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import psycopg

from storage.database import Database, Row, SqlValue, Transaction, Work

Outcome = Any
"""A list of what a side's units gave, or how the first that failed did."""

PATIENCE = 20
"""Seconds; a side that is told nothing for so long would hang the test."""


class _Stepped:
    """A transaction that stops before each statement."""

    def __init__(self, real: Transaction, side: Side) -> None:
        self._real, self._side = real, side
        self.skip_locked, self.dialect = real.skip_locked, real.dialect

    def run(self, sql: str, /, **values: SqlValue) -> int:
        self._side.stop()
        return self._real.run(sql, **values)

    def one(self, sql: str, /, **values: SqlValue) -> Row | None:
        self._side.stop()
        return self._real.one(sql, **values)

    def all(self, sql: str, /, **values: SqlValue) -> Sequence[Row]:
        self._side.stop()
        return self._real.all(sql, **values)

    def announce(self) -> None:
        self._side.stop()
        self._real.announce()

    def be_alone(self) -> None:
        self._side.stop()
        self._real.be_alone()

    def try_lock(self, name: str, /) -> bool:
        self._side.stop()
        return self._real.try_lock(name)


class Side:
    """Units of work one after the other, on a connection of their own."""

    def __init__(self, database: Database, units: Sequence[Work[object]]) -> None:
        self._turn = threading.Semaphore(0)
        self._stopped = threading.Event()
        self.task = asyncio.create_task(self._do(database, units))

    async def _do(self, database: Database, units: Sequence[Work[object]]) -> list[Outcome]:
        return [await database.write(partial(self._unit, unit=unit)) for unit in units]

    def _unit(self, tx: Transaction, *, unit: Work[object]) -> object:
        outcome = unit(_Stepped(tx, self))
        self.stop()  # before the commit
        return outcome

    def stop(self) -> None:
        """Wait for the next turn."""
        self._stopped.set()
        assert self._turn.acquire(timeout=PATIENCE), "nobody told it to go on"

    def go_on(self) -> None:
        """To the next stop."""
        self._stopped.clear()
        self._turn.release()

    @property
    def is_ready(self) -> bool:
        return self._stopped.is_set() and not self.task.done()

    @property
    def is_running(self) -> bool:
        return not self._stopped.is_set() and not self.task.done()


class Interleaving:
    """`watch` is a connection to the same database, on which nothing else is done."""

    def __init__(self, watch: psycopg.Connection, first: Side, second: Side) -> None:
        self._watch = watch
        self._sides = (first, second)
        self.has_waited = False
        """Whether one side ever had to wait for the other."""

    async def run(self, order: str) -> list[Outcome]:
        """Let the sides go on as `order` says ("0", "1"), and then to their ends; one that waits is passed over."""
        await self._settled()
        for side in [self._sides[int(turn)] for turn in order]:
            if side.is_ready:
                side.go_on()
                await self._settled()
        while not all(side.task.done() for side in self._sides):
            for side in self._sides:
                while side.is_ready:
                    side.go_on()
                    await self._settled()
            await asyncio.sleep(0.002)
        return list(await asyncio.gather(*(side.task for side in self._sides), return_exceptions=True))

    async def _settled(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while running := sum(side.is_running for side in self._sides):
                await asyncio.sleep(0.001)
                if running == sum(side.is_running for side in self._sides) == await asyncio.to_thread(self._waiting):
                    self.has_waited = True
                    return

    def _waiting(self) -> int:
        row = self._watch.execute(
            "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid) "
            "WHERE NOT granted AND datname = current_database()"
        ).fetchone()
        assert row is not None
        return int(row[0])


def orders(first: int, second: int, *, switches: int) -> list[str]:
    """Every order of so many steps of two sides that changes sides at most so often."""
    return sorted(order for order in _orders(first, second) if sum(a != b for a, b in pairwise(order)) <= switches)


def _orders(first: int, second: int) -> list[str]:
    if not first or not second:
        return ["0" * first + "1" * second]
    return ["0" + rest for rest in _orders(first - 1, second)] + ["1" + rest for rest in _orders(first, second - 1)]
