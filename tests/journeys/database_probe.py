"""Read another process's database, SQLite or PostgreSQL, and shift its times to simulate the passage of time."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Collection, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from storage.claiming import FARTHEST

LEASE = 61_000
"""Milliseconds after which a lease has ended."""

MOMENTS = ("due_at", "state_since", "waited_until", "observed_until", "failing_since", "created_at", "under_way_since")
"""What a job's row says of time: it passes for a job where all of these lie further back."""

SHORT = 300
"""Milliseconds that are sooner waited for than let pass."""


SPANS = ("observed", "waited")
"""What a job's row says that somebody has seen of that time, each counted up to a moment; the second of a provider."""

_ALL = (*MOMENTS, *SPANS)


def earlier(span: int, known: Collection[str] = _ALL) -> str:
    """What an UPDATE sets so that so many milliseconds have passed; of a row that has the columns `known`.

    Somebody was awake in them, so they are seen, too: a clock that is set alone would end nothing.
    """
    changes = {moment: f"{moment} - {span}" for moment in MOMENTS}
    changes["waited_until"] = f"coalesce(waited_until, state_since) - {span}"
    changes["observed"] = f"observed + {span}"
    changes["observed_until"] = f"coalesce(observed_until, state_since) - {span}"
    # Of a gap between two answers no more counts than the longest wait, and nothing after a failure.
    seen = min(span, FARTHEST // timedelta(milliseconds=1))
    changes["waited"] = f"CASE WHEN state = 'submitted' AND attempts = 0 THEN waited + {seen} ELSE waited END"
    return ", ".join(f"{column} = {value}" for column, value in changes.items() if column in known)


class Books:
    """`url` as in DATABASE_URL; a relative SQLite path is in `folder`."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._path = folder / url.removeprefix("sqlite:///")
        self._is_a_server = not url.startswith("sqlite")

    async def jobs(self) -> list[Mapping[str, Any]]:
        """Every job, oldest first; none while there are no tables yet."""
        return await asyncio.to_thread(self._do, "SELECT * FROM jobs ORDER BY created_at, id")

    async def leases_end(self) -> None:
        """As if the time of a lease had passed for every job that somebody holds or held."""
        for job in (await self.jobs())[:1]:
            statement = f"UPDATE jobs SET {earlier(LEASE, job.keys())} WHERE lease IS NOT NULL"  # noqa: S608 - a number
            await asyncio.to_thread(self._do, statement)

    async def was_looked_for(self) -> None:
        """As if for minutes Slack had shown nothing of what it may have been told to share."""
        statement = f"UPDATE jobs SET looks = looks + 30, {earlier(180_000)} WHERE state IN ('replying', 'replied')"  # noqa: S608 - numbers
        await asyncio.to_thread(self._do, statement)

    async def nobody_heard(self, span: int) -> None:
        """As if Slack had not been heard for so many milliseconds."""
        await asyncio.to_thread(self._do, f"UPDATE presence SET heard_at = heard_at - {span}")  # noqa: S608 - a number

    async def presence(self) -> list[Mapping[str, Any]]:
        """When Slack was heard, and what is noted of places."""
        return await asyncio.to_thread(self._do, "SELECT * FROM presence ORDER BY place")

    async def process_dies(self, process: str, span: int) -> None:
        """As if what this process noted last (`presence`) was noted so many milliseconds before."""
        statement = f"UPDATE presence SET heard_at = heard_at - {span} WHERE place = '{process}'"  # noqa: S608 - our own
        await asyncio.to_thread(self._do, statement)

    async def notices_age(self, span: int) -> None:
        """As if what conversations were told had been told so many milliseconds before."""
        await asyncio.to_thread(self._do, f"UPDATE notices SET told_at = told_at - {span}")  # noqa: S608 - a number

    async def refuse(self, table: str, *, when: str) -> None:
        """Let every row that anybody adds to the table fail, if this condition on it (NEW) is met, until `accept`."""
        if self._is_a_server:
            raises = "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            await asyncio.to_thread(self._do, raises + "'BEGIN RAISE EXCEPTION ''refused''; END'")
            act = f"FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION refuse()"
        else:
            act = f"FOR EACH ROW WHEN {when} BEGIN SELECT RAISE(ABORT, 'refused'); END"
        await asyncio.to_thread(self._do, f"CREATE TRIGGER refuse BEFORE INSERT ON {table} {act}")

    async def accept(self, table: str) -> None:
        """End `refuse`."""
        await asyncio.to_thread(self._do, "DROP TRIGGER refuse" + (f" ON {table}" if self._is_a_server else ""))

    async def preferences(self) -> list[Mapping[str, Any]]:
        """What anybody has set."""
        return await asyncio.to_thread(self._do, "SELECT * FROM preferences WHERE version > 0")

    async def indexed(self) -> int:
        """How many turns of transcripts a search looks through."""
        (row,) = await asyncio.to_thread(self._do, "SELECT count(*) AS n FROM passages")
        return int(row["n"])

    async def began_earlier(self, span: timedelta) -> None:
        """As if every job were in its state for so much longer."""
        milliseconds = span // timedelta(milliseconds=1)
        statement = (
            f"UPDATE jobs SET state_since = state_since - {milliseconds}, losing_since = losing_since - {milliseconds}"  # noqa: S608 - a number
        )
        await asyncio.to_thread(self._do, statement)

    async def was_removed(self, place: str) -> None:
        """As if Slack had told that the app was removed there."""
        at = round(time.time() * 1000)
        statement = f"INSERT INTO presence (place, heard_at) VALUES ('removed {place}', {at})"  # noqa: S608 - our own
        await asyncio.to_thread(self._do, statement)

    async def installations(self) -> list[Mapping[str, Any]]:
        """Every installation."""
        return await asyncio.to_thread(self._do, "SELECT * FROM installations ORDER BY place")

    async def waits_end(self) -> None:
        """Let the time pass until the next job is due, if all of them only wait."""
        jobs = await self.jobs()
        due = [int(job["due_at"]) for job in jobs if job["due_at"] is not None]
        span = min(due, default=0) - round(time.time() * 1000)
        if span > SHORT and all(job["lease"] is None for job in jobs):
            passed = earlier(span, jobs[0].keys())
            statement = f"UPDATE jobs SET {passed} WHERE lease IS NULL AND due_at IS NOT NULL"  # noqa: S608 - numbers
            await asyncio.to_thread(self._do, statement)

    def _do(self, statement: str) -> list[Mapping[str, Any]]:
        return self._on_server(statement) if self._is_a_server else self._in_file(statement)

    def _in_file(self, statement: str) -> list[Mapping[str, Any]]:
        if not self._path.exists():
            return []
        with closing(sqlite3.connect(self._path, timeout=20, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            try:
                return [dict(row) for row in connection.execute(statement)]
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []
                raise

    def _on_server(self, statement: str) -> list[Mapping[str, Any]]:
        with psycopg.connect(self._url, row_factory=dict_row, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return list(cursor) if cursor.description else []
