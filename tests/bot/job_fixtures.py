"""Jobs in the states in which a bot leaves them, in a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage import claiming, jobs
from storage.database import Database, Transaction
from storage.job import Failure, Job, JobState, Origin
from storage.migrations import migrate
from storage.sqlite import SQLite

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

TITLE = "Salaries of the board"

WAYS: dict[JobState, tuple[JobState, ...]] = {
    JobState.RECEIVED: (),
    JobState.SUBMITTING: (JobState.SUBMITTING,),
    JobState.SUBMITTED: (JobState.SUBMITTING, JobState.SUBMITTED),
    JobState.READY: (JobState.READY,),
    JobState.REPLYING: (JobState.READY, JobState.REPLYING),
    JobState.REPLIED: (JobState.READY, JobState.REPLYING, JobState.REPLIED),
    JobState.ABANDONED: (JobState.ABANDONED,),
}


@asynccontextmanager
async def open_file(path: Path, *, own: bool = True) -> AsyncIterator[SQLite]:
    """The database in this file as it is."""
    database = await SQLite.open(path, own=own)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def new_database(path: Path) -> AsyncIterator[SQLite]:
    """A database at the newest schema, owned by the caller."""
    async with open_file(path) as database:
        await migrate(database)
        yield database


async def a_job(
    database: Database, state: JobState, *, file: str = "F1", failure: Failure | None = None, held: bool = False
) -> Job:
    """One job in `state`, in nobody's hand unless `held`, and never due."""
    origin = Origin(team="T1", channel="C1", file=file, occasion="1.0", user="U1", thread="1.0")
    await database.write(lambda tx: jobs.add(tx, origin=origin, now=NOON, title=TITLE))
    job = await database.write(
        lambda tx: claiming.claim(tx, fair_share=claiming.FairShare(), now=NOON, until=NOON + timedelta(minutes=1))
    )
    assert job is not None
    given = replace(job, provider="botlhale", failure=failure)
    before = job
    job = await database.write(lambda tx: jobs.save(tx, before, given, now=NOON))
    for step in WAYS[state]:
        job = await _move(database, job, step)
    if not held:
        ended = job
        await database.write(lambda tx: claiming.release(tx, ended, now=NOON, due=None, attempts=0))
    return job


async def _move(database: Database, job: Job, state: JobState) -> Job:
    return await database.write(lambda tx: jobs.save(tx, job, replace(job, state=state), now=NOON, note="a step"))


def add_copies(tx: Transaction, *, job: Job, times: int) -> None:
    """Add so many jobs like this one, each with a file of its own."""
    row = tx.one("SELECT * FROM jobs WHERE id = :id", id=job.id)
    assert row is not None
    values = {column: ":new" if column in {"id", "file", "handle"} else column for column in row.keys()}  # noqa: SIM118 - a row is no mapping
    for number in range(times):
        tx.run(
            f"INSERT INTO jobs ({', '.join(values)}) SELECT {', '.join(values.values())} FROM jobs WHERE id = :id",  # noqa: S608 - our own names
            new=f"copy {number}",
            id=job.id,
        )
