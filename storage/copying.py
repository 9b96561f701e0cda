"""Copy all data from one database to another (`threadscribe copy-database`), then compare row by row.

The copy can be repeated: existing rows are skipped, and nothing in the target is changed or removed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from storage.database import Database, Row, Transaction, keepable

PAGE = 50
"""Jobs per transaction; a transcript can have some megabytes."""

_OF_A_JOB = {
    "job_history": "at, seq",
    "transcripts": "job_id",
    "corrections": "version",
    "namings": "version",
    "exports": "number",
}
"""Tables whose rows belong to a job, with their sort order."""

_OF_NO_JOB = {
    "preferences": ("team", "kind", "whose"),
    "installations": ("place",),
    "presence": ("place",),
    "provider_facts": ("provider", "fact"),
    "notices": ("team", "channel"),
    "deletions": ("team", "channel", "item"),
    "channel_homes": ("channel", "enterprise"),
    "folding": ("team",),
}
"""Other tables to copy, with the columns of their keys."""

_SOME = {"presence": "place <> 'slack'"}
"""Conditions for tables of which not all rows are copied. When Slack was last heard is noted anew in the target."""

_ITS_OWN = frozenset({"searchable"})
"""Columns that are not copied. The target builds its own search index (`storage.search.catch_up`)."""

_REPEAT = "give it an empty database and repeat"

_Row = dict[str, Any]


class NotTheSame(Exception):
    """The target has rows that the source does not have, or a row differs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Copied:
    """Number of jobs and webhook bodies in the target, all verified as equal to the source."""

    jobs: int
    bodies: int


@dataclass(frozen=True, slots=True)
class _Job:
    row: _Row
    belongings: dict[str, list[_Row]]

    @property
    def content(self) -> tuple[_Row, dict[str, list[_Row]]]:
        """Return the content in an order that does not depend on the database, for comparison."""
        return self.row, {table: sorted(rows, key=repr) for table, rows in self.belongings.items()}


async def copy(source: Database, target: Database, *, page_size: int = PAGE) -> Copied:
    """Copy everything. Both databases must have the newest schema, and no process may use them.

    Raises `NotTheSame` before the first write if the target has data of another installation, and at the end if a row
    is missing or differs.
    """
    await _refuse_strangers(source, target, page_size=page_size)
    async for page in _pages(source, page_size):
        await target.write(partial(_put_jobs, jobs=await source.read(partial(_jobs, ids=page))))
    for key in await source.read(_bodies):
        await target.write(partial(_insert, table="inbox", row=await source.read(partial(_body, key=key))))
    for table in _OF_NO_JOB:
        for row in await source.read(partial(_whole, table=table)):
            await target.write(partial(_insert, table=table, row=row))
    return await _check(source, target, page_size=page_size)


async def _refuse_strangers(source: Database, target: Database, *, page_size: int) -> None:
    strange = NotTheSame(f"the target holds what the source does not, perhaps another installation's: {_REPEAT}")
    async for page in _pages(target, page_size):
        if await source.read(partial(_count, ids=page)) < len(page):
            raise strange
    if not set(await target.read(_bodies)) <= set(await source.read(_bodies)):
        raise strange
    for table, key in _OF_NO_JOB.items():
        keys, known = [
            {tuple(row[column] for column in key) for row in await side.read(partial(_whole, table=table))}
            for side in (target, source)
        ]
        if not keys <= known:
            raise strange


async def _check(source: Database, target: Database, *, page_size: int) -> Copied:
    count = 0
    async for page in _pages(source, page_size):
        wanted, found = [await side.read(partial(_jobs, ids=page)) for side in (source, target)]
        if [job.content for job in wanted] != [job.content for job in found]:
            raise NotTheSame(f"a job is not in the target as it is in the source: {_REPEAT}")
        count += len(page)
    keys = await source.read(_bodies)
    for key in keys:
        body, copied = [await side.read(partial(_body, key=key)) for side in (source, target)]
        if body != copied:
            raise NotTheSame(f"a webhook's body is not in the target as it is in the source: {_REPEAT}")
    for table in _OF_NO_JOB:
        wanted_rows, found_rows = [await side.read(partial(_whole, table=table)) for side in (source, target)]
        if wanted_rows != found_rows:
            raise NotTheSame(f"the table {table} is not in the target as it is in the source: {_REPEAT}")
    return Copied(jobs=count, bodies=len(keys))


async def _pages(database: Database, page_size: int) -> AsyncIterator[Sequence[str]]:
    # Page by the sort order of this database alone: another one may sort text differently.
    last = ""
    while ids := await database.read(partial(_ids, after=last, limit=page_size)):
        yield ids
        last = ids[-1]


def _ids(tx: Transaction, *, after: str, limit: int) -> list[str]:
    rows = tx.all("SELECT id FROM jobs WHERE id > :after ORDER BY id LIMIT :limit", after=after, limit=limit)
    return [str(row["id"]) for row in rows]


def _count(tx: Transaction, *, ids: Sequence[str]) -> int:
    return sum(tx.one("SELECT id FROM jobs WHERE id = :id", id=job) is not None for job in ids)


def _jobs(tx: Transaction, *, ids: Sequence[str]) -> list[_Job]:
    """Return the jobs that exist, each with its rows in other tables."""
    rows = [(job, tx.one("SELECT * FROM jobs WHERE id = :id", id=job)) for job in ids]
    return [_Job(_row(row), _belongings(tx, job)) for job, row in rows if row is not None]


def _belongings(tx: Transaction, job: str) -> dict[str, list[_Row]]:
    return {
        table: [_row(row) for row in tx.all(f"SELECT * FROM {table} WHERE job_id = :job ORDER BY {order}", job=job)]  # noqa: S608 - our own names
        for table, order in _OF_A_JOB.items()
    }


def _put_jobs(tx: Transaction, *, jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if not _insert(tx, table="jobs", row=job.row):
            continue  # copied before, in one transaction with its other rows
        for table, rows in job.belongings.items():
            for row in rows:
                _insert(tx, table=table, row=row)


def _bodies(tx: Transaction) -> list[tuple[str, str]]:
    rows = tx.all("SELECT provider, digest FROM inbox ORDER BY provider, digest")
    return [(row["provider"], row["digest"]) for row in rows]


def _body(tx: Transaction, *, key: tuple[str, str]) -> _Row:
    provider, digest = key
    row = tx.one(
        "SELECT * FROM inbox WHERE provider = :provider AND digest = :digest", provider=provider, digest=digest
    )
    return _row(row) if row else {}


def _whole(tx: Transaction, *, table: str) -> list[_Row]:
    """Return all rows of a small table, sorted in Python: databases sort text differently."""
    rows = [_row(row) for row in tx.all(f"SELECT * FROM {table} WHERE {_SOME.get(table, '1 = 1')}")]  # noqa: S608 - our own names
    return sorted(rows, key=lambda row: [row[column] for column in _OF_NO_JOB[table]])


def _row(row: Row) -> _Row:
    # A SQLite file may contain text from older releases that PostgreSQL cannot store.
    return {name: value for name, value in sorted(keepable(dict(row)).items()) if name not in _ITS_OWN}


def _insert(tx: Transaction, *, table: str, row: _Row) -> int:
    columns = ", ".join(row)
    places = ", ".join(f":{column}" for column in row)
    return tx.run(f"INSERT INTO {table} ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING", **row)  # noqa: S608 - our own names
