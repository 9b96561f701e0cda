"""Job queues to compare: each runs a job from start to end in durable steps.

The steps are those of a recording: enqueued, claimed with a lease, updated four times, done.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from storage import claiming, jobs
from storage.database import Database, Transaction
from storage.job import Job, JobState, Origin
from storage.migrations import migrate
from storage.postgresql import PostgreSQL
from storage.sqlite import SQLite

MOVES = (JobState.SUBMITTING, JobState.SUBMITTED, JobState.READY, JobState.REPLYING)
LEASE = timedelta(minutes=1)


class Queue(Protocol):
    """An interface for job queues."""

    async def one(self) -> None:
        """Run one job from start to end; each step is on disk before the next."""
        ...


async def drive(queue: Queue, *, jobs: int, workers: int) -> float:
    """Run `jobs` jobs with `workers` workers, and return the seconds."""
    waiting = iter(range(jobs))

    async def work() -> None:
        for _ in waiting:
            await queue.one()

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(workers)))
    return time.perf_counter() - began


class Ours:
    """The bot's own stores, used as the listeners and the worker use them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turns = claiming.FairShare()
        self._numbers = itertools.count()

    @classmethod
    @asynccontextmanager
    async def sqlite(cls, path: Path) -> AsyncIterator[Ours]:
        """Open it on a file."""
        database = await SQLite.open(path, own=True)
        try:
            await migrate(database)
            yield cls(database)
        finally:
            await database.close()

    @classmethod
    @asynccontextmanager
    async def postgresql(cls, url: str) -> AsyncIterator[Ours]:
        """Open it on a server."""
        database = await PostgreSQL.open(url)
        try:
            await migrate(database)
            yield cls(database)
        finally:
            await database.close()

    async def one(self) -> None:
        """Run one job from start to end; each step is committed before the next."""
        number, write = next(self._numbers), self._database.write
        origin = Origin(team="T1", channel=f"C{number % 20}", file=f"F{number}", occasion=f"{number}.0", user="U1")
        await write(lambda tx: jobs.add(tx, origin=origin, now=_now()))
        now = _now()
        job = await write(lambda tx: claiming.claim(tx, fair_share=self._turns, now=now, until=now + LEASE))
        assert job is not None
        for state in MOVES:
            job = await write(partial(_move, job, state))
        await write(partial(_finish, job))


def _move(job: Job, state: JobState, tx: Transaction) -> Job:
    return jobs.save(tx, job, replace(job, state=state), now=_now())


def _finish(job: Job, tx: Transaction) -> None:
    claiming.release(tx, _move(job, JobState.REPLIED, tx), now=_now(), due=None, attempts=0)


def _now() -> datetime:
    return datetime.now(UTC)
