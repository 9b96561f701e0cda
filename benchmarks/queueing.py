"""Q: cost of the job queue, next to plain SQL and to another queue library."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks.baselines import Plain, Procrastinate
from benchmarks.measuring import ROUNDS, Figures, Found, Goal, Result, Skipped, compare, folder, in_turn, number
from benchmarks.queues import Ours, Queue, drive
from benchmarks.servers import a_server
from storage import claiming
from storage.database import Transaction
from storage.job import Job
from storage.migrations import migrate
from storage.sqlite import SQLite

JOBS, WORKERS = 320, 16
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

Q1 = Goal(
    key="Q1",
    what="a job's life through the stores, SQLite, 16 workers, every step synced: jobs/s",
    against="plain aiosqlite, a transaction a step",
    least=4,
)
Q2 = Goal(key="Q2", what="the same, SQLite", against="procrastinate on PostgreSQL", least=10)
Q2_PG = Goal(key="Q2", what="the same, PostgreSQL", against="procrastinate on PostgreSQL", least=1.5)
Q3_DONE = Goal(key="Q3", what="a claim among 1,000,000 jobs, nearly all done", against="among 1,000", most=1.5)
Q3_WAITING = Goal(key="Q3", what="a claim among 1,000,000 jobs, all waiting", against="among 1,000", most=1.5)
Q4 = Goal(
    key="Q4",
    what="processor time to find and move what falls due in a second, of 100,000 polled jobs",
    against="one second of a core",
    most=0.05,
)

POLLED, EVERY = 100_000, timedelta(seconds=45)
"""The number of polled jobs, and the average interval of their polls (assumption: 30 to 60 s)."""


def measure() -> list[Found]:
    """Measure all goals."""
    return [*_lives(), *_claims(), _polls()]


def _lives() -> list[Found]:
    with folder() as base, a_server() as server:
        sides: dict[str, Callable[[], Figures]] = {
            "ours": lambda: _life(Ours.sqlite(_fresh(base))),
            "plain": lambda: _life(Plain.open(_fresh(base))),
        }
        if server is not None:
            sides |= {
                "ours on PostgreSQL": lambda: _life(Ours.postgresql(server.empty_database())),
                "procrastinate": lambda: _life(Procrastinate.open(server.empty_database())),
            }
        rounds = in_turn(sides)
    found: list[Found] = [compare(Q1, rounds, ours="ours", theirs="plain", figure="rate", unit="jobs/s")]
    if server is None:
        return [*found, *(Skipped(goal=goal, why="no PostgreSQL server here") for goal in (Q2, Q2_PG))]
    return [
        *found,
        compare(Q2, rounds, ours="ours", theirs="procrastinate", figure="rate", unit="jobs/s"),
        compare(Q2_PG, rounds, ours="ours on PostgreSQL", theirs="procrastinate", figure="rate", unit="jobs/s"),
    ]


def _fresh(base: Path) -> Path:
    return base / f"{time.time_ns()}.db"


def _life(queue: AbstractAsyncContextManager[Queue]) -> Figures:
    async def live() -> float:
        async with queue as opened:
            await drive(opened, jobs=WORKERS, workers=WORKERS)
            return JOBS / await drive(opened, jobs=JOBS, workers=WORKERS)

    return {"rate": asyncio.run(live())}


def _claims() -> list[Found]:
    with folder() as base:
        tables = {
            (count, waiting): _filled(base / f"{count}-{waiting}.db", count=count, waiting=waiting)
            for count in (1_000, 1_000_000)
            for waiting in (False, True)
        }
        rounds = in_turn(
            {
                f"{count} {waiting}": lambda path=path: _claim(path)  # type: ignore[misc]
                for (count, waiting), path in tables.items()
            }
        )
    return [
        compare(goal, rounds, ours=f"1000000 {waiting}", theirs=f"1000 {waiting}", figure="claim", unit="µs")
        for goal, waiting in ((Q3_DONE, False), (Q3_WAITING, True))
    ]


def _filled(path: Path, *, count: int, waiting: bool) -> Path:
    """Create a database with `count` jobs. `waiting`: all of them are due, otherwise a hundred are."""

    async def make() -> None:
        database = await SQLite.open(path, own=True)
        try:
            await migrate(database)
        finally:
            await database.close()

    asyncio.run(make())
    due = NOW.timestamp() * 1000 - 1_000_000
    rows: Iterator[Sequence[object]] = (
        (f"j{n}", f"C{n % 500}", f"F{n}", f"{n}.0", due + n if waiting or n < 100 else None)  # noqa: PLR2004
        for n in range(count)
    )
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO jobs (id, team, channel, file, occasion, user_id, state, state_since, attempts, due_at,"
        " created_at) VALUES (?, 'T1', ?, ?, ?, 'U1', 'submitted', 0, 0, ?, 0)",
        rows,
    )
    connection.execute("COMMIT")
    connection.close()
    return path


CLAIMS = 50


def _claim(path: Path) -> Figures:
    """Return the median time of a claim in µs, without the disk sync.

    The cost of a sync does not depend on the size of the table.
    """

    async def claim() -> float:
        database = await SQLite.open(path, own=True)
        took: list[float] = []

        def work(tx: Transaction) -> None:
            for _ in range(CLAIMS):
                began = time.perf_counter()
                taken = claiming.claim(tx, fair_share=claiming.FairShare(), now=NOW, until=NOW + timedelta(hours=1))
                took.append(time.perf_counter() - began)
                assert taken is not None
            raise _Undo

        try:
            await database.write(work)
        except _Undo:
            pass
        finally:
            await database.close()
        return sorted(took)[len(took) // 2] * 1e6

    return {"claim": asyncio.run(claim())}


class _Undo(Exception):
    """Raised to roll back the transaction."""


def _release(job: Job, now: datetime, tx: Transaction) -> None:
    claiming.release(tx, job, now=now, due=now + EVERY, attempts=0, unless_webhook=True)


MOVERS = 8
"""The number of concurrent polls (the setting `CONCURRENCY`)."""


def _polls() -> Found:
    with folder() as base:
        path = _filled(base / "polled.db", count=POLLED, waiting=True)
        connection = sqlite3.connect(path, isolation_level=None)
        every = EVERY // timedelta(milliseconds=1)
        connection.execute("UPDATE jobs SET due_at = ? + (rowid * 7919) % ?", (NOW.timestamp() * 1000, every))
        connection.close()
        ratios, moved = asyncio.run(_seconds(path))
    return Result(goal=Q4, ratios=ratios, scale=f"{number(moved)} jobs a second")


async def _seconds(path: Path) -> tuple[list[float], float]:
    """Return the processor time to process what falls due within each of some consecutive seconds."""
    database = await SQLite.open(path, own=True)
    spent, moved = [], 0
    try:
        for tick in range(1, ROUNDS + 1):
            now, began = NOW + timedelta(seconds=tick), time.process_time()
            moved += await _poll(database, now=now)
            spent.append(time.process_time() - began)
    finally:
        await database.close()
    return spent, moved / ROUNDS


async def _poll(database: SQLite, *, now: datetime) -> int:
    """Act as a worker whose polls find nothing: claim jobs for all slots, release them, until nothing is due."""
    moved = 0
    while jobs := await database.write(partial(_claim_all, claiming.FairShare(), now)):
        await asyncio.gather(*(database.write(partial(_release, job, now)) for job in jobs))
        moved += len(jobs)
    return moved


def _claim_all(turns: claiming.FairShare, now: datetime, tx: Transaction) -> list[Job]:
    one = partial(claiming.claim, tx, fair_share=turns, now=now, until=now + timedelta(minutes=1))
    return list(islice(iter(one, None), MOVERS))
