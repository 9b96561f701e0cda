"""Baselines for the job queue: plain SQL, and another queue library; each runs the complete life of a job."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import procrastinate
from procrastinate.jobs import Status

from benchmarks.queues import MOVES


class Plain:
    """aiosqlite with one transaction per step, and the simplest possible table."""

    def __init__(self, database: aiosqlite.Connection) -> None:
        self._database = database
        self._numbers = itertools.count()

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[Plain]:
        """Open it on a file."""
        async with aiosqlite.connect(path, isolation_level=None) as database:
            for statement in (
                "PRAGMA journal_mode=WAL",
                "PRAGMA synchronous=FULL",
                "CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT, due_at INTEGER, lease TEXT, origin TEXT)",
                "CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL",
            ):
                await database.execute(statement)
            yield cls(database)

    async def one(self) -> None:
        """Run one job from start to end; each step is committed before the next."""
        number, now = next(self._numbers), time.time_ns() // 1_000_000
        await self._database.execute("INSERT INTO jobs VALUES (NULL, 'received', ?, NULL, ?)", (now, f"F{number}" * 9))
        claimed = await self._database.execute_fetchall(
            "UPDATE jobs SET lease = ?, due_at = ? WHERE id = "
            "(SELECT id FROM jobs WHERE due_at <= ? ORDER BY due_at LIMIT 1) RETURNING id",
            (str(number), now + 60_000, now),
        )
        [(job,)] = claimed
        for state in MOVES:
            await self._database.execute("UPDATE jobs SET state = ? WHERE id = ?", (state, job))
        await self._database.execute(
            "UPDATE jobs SET state = 'replied', due_at = NULL, lease = NULL WHERE id = ?", (job,)
        )


class Procrastinate:
    """procrastinate's own defer, fetch and finish, plus four updates of a row of ours."""

    def __init__(self, app: procrastinate.App) -> None:
        self._app = app
        self._numbers = itertools.count()
        self._worker = 0

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Procrastinate]:
        """Open it on a server."""
        app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url, min_size=8, max_size=8))
        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            await app.connector.execute_query_async("CREATE TABLE recordings (job BIGINT PRIMARY KEY, state TEXT)")
            made = cls(app)
            made._worker = await app.job_manager.register_worker()
            yield made

    async def one(self) -> None:
        """Run one job from start to end; each step is committed before the next."""
        number, manager = next(self._numbers), self._app.job_manager
        await self._app.configure_task("transcribe", allow_unknown=True).defer_async(file=f"F{number}" * 9)
        job: Any = await manager.fetch_job(queues=None, worker_id=self._worker)
        execute = self._app.connector.execute_query_async
        await execute("INSERT INTO recordings VALUES (%(job)s, 'submitting')", job=job.id)
        for state in MOVES[1:]:
            await execute("UPDATE recordings SET state = %(state)s WHERE job = %(job)s", state=str(state), job=job.id)
        await manager.finish_job(job, status=Status.SUCCEEDED, delete_job=False)
