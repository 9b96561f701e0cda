"""Carries an installation from one database to another, for good: every row, then checked row by row.

It can be repeated: what is there already is not copied again, and nothing is ever changed or removed in the target.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from storage.database import Database, Row, Transaction, keepable

PAGE = 50
"""Jobs in one unit of work; a transcript can have some megabytes."""

_OF_A_JOB = {"job_history": "at, seq", "transcripts": "job_id", "namings": "version", "exports": "number"}
"""The tables whose rows belong to a job, with what orders them."""

_OF_NO_JOB = {
    "preferences": ("team", "kind", "whose"),
    "installations": ("place",),
    "presence": ("place",),
    "provider_facts": ("provider", "fact"),
}
"""The other tables that are carried along, with the columns that tell their rows apart."""

_SOME = {"presence": "place <> 'slack'"}
"""Which rows are, where not all: when Slack was heard is noted anew."""

_ITS_OWN = frozenset({"searchable"})
"""What each database says of itself: passages are not copied, the target makes its own (`storage.search.catch_up`)."""

_REPEAT = "give it an empty database and repeat"

_Row = dict[str, Any]


class NotTheSame(Exception):
    """The target holds what the source does not, or not as the source does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Copied:
    """How many jobs and webhook bodies the target holds now, each found equal to the source's."""

    jobs: int
    bodies: int


@dataclass(frozen=True, slots=True)
class _Job:
    row: _Row
    belongings: dict[str, list[_Row]]

    @property
    def content(self) -> tuple[_Row, dict[str, list[_Row]]]:
        """To be compared: what no column orders, each database gives in an order of its own."""
        return self.row, {table: sorted(rows, key=repr) for table, rows in self.belongings.items()}


async def copy(source: Database, target: Database, *, page_size: int = PAGE) -> Copied:
    """Copy everything; both must be at the newest schema and nobody may be at work on either.

    Raises `NotTheSame` before anything is written when the target is another installation's, and at the end if any row
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
    # By the order of this database alone: another one may sort texts differently.
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
    """Those of the jobs that are there, each with all that belongs to it."""
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
            continue  # copied before, and in the same unit of work all that belongs to it
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
    """A small table, in an order that no database has a say in."""
    rows = [_row(row) for row in tx.all(f"SELECT * FROM {table} WHERE {_SOME.get(table, '1 = 1')}")]  # noqa: S608 - our own names
    return sorted(rows, key=lambda row: [row[column] for column in _OF_NO_JOB[table]])


def _row(row: Row) -> _Row:
    # A SQLite file may still have texts of a time when it was not asked whether other databases keep them.
    return {name: value for name, value in sorted(keepable(dict(row)).items()) if name not in _ITS_OWN}


def _insert(tx: Transaction, *, table: str, row: _Row) -> int:
    columns = ", ".join(row)
    places = ", ".join(f":{column}" for column in row)
    return tx.run(f"INSERT INTO {table} ({columns}) VALUES ({places}) ON CONFLICT DO NOTHING", **row)  # noqa: S608 - our own names
