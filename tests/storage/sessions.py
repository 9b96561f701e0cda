"""A database on a server under test, and a second connection to observe and disturb it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from storage.database import Database, Transaction
from storage.postgresql import PostgreSQL
from tests.bot.job_fixtures import new_database
from tests.postgresql import Server

SOON = 0.3
"""Seconds that a test waits for a connection; the product waits longer."""


@asynccontextmanager
async def either(request: pytest.FixtureRequest, folder: Path, urls: list[str]) -> AsyncIterator[Database]:
    """The kind of database that the parameter names, without jobs. On the server it is the first of `urls`.

    Tests that have it one after the other are much cheaper than one for each.
    """
    if request.param == "sqlite":
        async with new_database(folder / "jobs.db") as in_file:
            yield in_file
        return
    server: Server = request.getfixturevalue("postgresql")
    if not urls:
        urls.append(await asyncio.to_thread(server.new_database))
    async with opened(urls[0], patience=20) as on_server:
        for table in ("jobs", "inbox", "presence", "installations", "install_states"):
            await on_server.write(lambda tx, table=table: tx.run(f"DELETE FROM {table}"))  # type: ignore[misc]  # noqa: S608 - our own
        yield on_server


@asynccontextmanager
async def opened(url: str, *, size: int = 8, patience: float = SOON) -> AsyncIterator[PostgreSQL]:
    database = await PostgreSQL.open(url, size=size, patience=patience)
    try:
        yield database
    finally:
        await database.close()


def note(tx: Transaction) -> int:
    """A write like any other."""
    return tx.run(
        "INSERT INTO inbox (provider, digest, handle, body, received_at) VALUES ('p', md5(random()::text), 'h', '', 0)"
    )


def notes(tx: Transaction) -> int:
    row = tx.one("SELECT count(*) AS n FROM inbox")
    assert row is not None
    return int(row["n"])


def ask(url: str, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql)
        return cursor.fetchall() if cursor.description else []


OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'threadscribe'"


def kill_all(url: str, *, only: str = "true") -> int:
    return len(ask(url, f"SELECT pg_terminate_backend(pid, 5000) {OTHERS} AND {only}"))


async def at_once(database: PostgreSQL, count: int) -> None:
    """So many units that all of them are in hand at one moment."""
    await asyncio.gather(
        *(database.write(lambda tx: (tx.run("SELECT pg_sleep(0.05)"), note(tx))) for _ in range(count))
    )
