"""Long searches: however many there are, no other read waits for them, and none goes on for nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.database import Database, StorageUnavailable, Transaction
from storage.limited import Limited
from storage.postgresql import SEARCHES
from tests.bot.job_fixtures import new_database
from tests.postgresql import Server
from tests.storage.sessions import opened

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS many FROM n",
    "postgresql": "SELECT pg_sleep(600) IS NULL AS many",
}


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "sqlite":
        async with new_database(tmp_path / "jobs.db") as in_file:
            yield in_file
        return
    server: Server = request.getfixturevalue("postgresql")
    async with opened(await asyncio.to_thread(server.new_database), patience=10) as on_server:
        yield on_server


class Held:
    """Searches that go on until they are let go; `most` of them were at it at the same time."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.begun = threading.Semaphore(0)
        self.most = self.runs = 0
        self._at_it = 0
        self._lock = threading.Lock()

    def __call__(self, tx: Transaction) -> int:
        del tx
        with self._lock:
            self._at_it += 1
            self.runs += 1
            self.most = max(self.most, self._at_it)
        self.begun.release()
        assert self.go_on.wait(60)
        with self._lock:
            self._at_it -= 1
        return 1


def at_once(database: Database) -> int:
    return SEARCHES if database.is_shared else 1


async def test_ten_at_once_are_done_a_few_at_a_time_and_others_read_and_write_meanwhile(database: Database) -> None:
    held = Held()
    searches = [asyncio.create_task(database.search(held)) for _ in range(10)]
    try:
        await asyncio.to_thread(held.begun.acquire)
        for _ in range(20):
            assert await database.read(lambda tx: tx.one("SELECT version FROM schema_version"))
            assert await database.write(lambda tx: tx.run("UPDATE schema_version SET version = version"))
        assert not any(search.done() for search in searches)
    finally:
        held.go_on.set()
    assert await asyncio.gather(*searches) == [1] * 10
    assert held.most == at_once(database)


async def test_one_that_nobody_waits_for_any_more_never_begins(database: Database) -> None:
    held = Held()
    busy = [asyncio.create_task(database.search(held)) for _ in range(at_once(database))]
    for _ in busy:
        await asyncio.to_thread(held.begun.acquire)
    given_up = [asyncio.create_task(database.search(held)) for _ in range(5)]
    await asyncio.sleep(0)
    for search in given_up:
        search.cancel()
    held.go_on.set()
    await asyncio.gather(*busy)
    assert await database.search(lambda _: "the next") == "the next"
    assert held.runs == len(busy)


async def test_one_that_does_not_end_is_ended_and_the_next_is_done(database: Database) -> None:
    kind = "postgresql" if database.is_shared else "sqlite"
    with pytest.raises(StorageUnavailable):
        await database.search(lambda tx: tx.one(ENDLESS[kind]))
    assert await database.search(lambda tx: tx.one("SELECT version FROM schema_version"))


async def test_what_has_begun_keeps_its_place_until_it_has_ended_although_its_caller_is_gone() -> None:
    limited, go_on, order = Limited(1), asyncio.Event(), list[str]()

    async def first() -> None:
        await go_on.wait()
        order.append("first")

    async def second() -> None:
        order.append("second")

    gone = asyncio.create_task(limited.run(first))
    await asyncio.sleep(0)
    gone.cancel()
    waiting = asyncio.create_task(limited.run(second))
    await asyncio.sleep(0)
    go_on.set()
    await waiting
    assert order == ["first", "second"]


async def test_an_error_that_nobody_waits_for_is_not_shouted_about() -> None:
    limited, go_on = Limited(1), asyncio.Event()

    async def fails() -> None:
        await go_on.wait()
        raise StorageUnavailable("interrupted")

    gone = asyncio.create_task(limited.run(fails))
    await asyncio.sleep(0)
    gone.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await limited.run(_nothing) == "nothing"


async def _nothing() -> str:
    return "nothing"
