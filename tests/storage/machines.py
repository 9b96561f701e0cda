"""Several processes on one PostgreSQL database, and their operations on its jobs."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

import psycopg

from storage import claiming, jobs
from storage.claiming import FairShare
from storage.database import Transaction, Work
from storage.job import Job, JobId, Origin
from storage.postgresql import PostgreSQL
from storage.timestamps import stored
from tests.postgresql import Server
from tests.storage.interleaved import Interleaving, Outcome, Side

MINUTE = timedelta(minutes=1)


def sorted_as_people_do(server: Server) -> str:
    """The address of a database without tables in which "a" comes before "B", and "_" before both."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
    return server.url(name)


def origin_of(file: str) -> Origin:
    return Origin(team="T1", channel="C1", file=file, occasion="1.0", user="U1")


@dataclass(frozen=True, kw_only=True)
class Machines:
    """`watch` is a connection that only looks on."""

    databases: Sequence[PostgreSQL]
    watch: psycopg.Connection
    waits: list[str] = field(default_factory=list)
    """The orders in which one machine had to wait for the other."""
    _numbers: count[int] = field(default_factory=count)

    async def race(self, order: str, first: Sequence[Work[object]], second: Sequence[Work[object]]) -> list[Outcome]:
        """Let two machines do these units, statement by statement in this order; what became of each machine's."""
        sides = [Side(database, units) for database, units in zip(self.databases, (first, second), strict=False)]
        interleaving = Interleaving(self.watch, *sides)
        outcomes = await interleaving.run(order)
        self.waits.extend([order] * interleaving.has_waited)
        return outcomes

    async def job(self, noon: datetime, **columns: str | int | None) -> Job:
        """A new job, in somebody's hands until a minute after noon unless the columns say otherwise."""
        number = next(self._numbers)
        held = {"lease": "mine", "waiting": 0, "due_at": stored(noon + MINUTE), "provider": f"p{number}", **columns}

        def make(tx: Transaction) -> Job:
            added = jobs.add(tx, origin=origin_of(f"F{number}"), now=noon)
            assert added is not None
            names = ", ".join(f"{name} = :{name}" for name in held)
            tx.run(f"UPDATE jobs SET {names} WHERE id = :id", id=added.id, **held)  # noqa: S608 - our own names
            job = jobs.get(tx, added.id)
            assert job is not None
            return job

        return await self.databases[0].write(make)

    async def now(self, job: JobId) -> Job:
        """The job as it stands."""
        found = await self.databases[0].read(lambda tx: jobs.get(tx, job))
        assert found is not None
        return found

    async def clear(self) -> None:
        """Forget every job and every webhook."""
        for table in ("jobs", "inbox"):
            await self.databases[0].write(lambda tx, table=table: tx.run(f"DELETE FROM {table}"))  # type: ignore[misc]  # noqa: S608 - our own


def claimed(tx: Transaction, *, now: datetime, turns: FairShare | None = None) -> Job | None:
    return claiming.claim(tx, fair_share=turns or FairShare(), now=now, until=now + MINUTE)
