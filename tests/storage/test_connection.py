"""How aiosqlite carries SQLite: its thread, what is handed to it, and when it ends."""

from __future__ import annotations

import asyncio
import gc
import logging
import sqlite3
import threading
import types
import weakref
from collections.abc import Coroutine, Generator
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from storage.database import Transaction
from storage.migrations import migrate
from storage.sqlite import SQLite
from storage.sqlite_connection import Connector, connected
from tests.bot.job_fixtures import new_database
from tests.journeys.bench import eventually

SECRET = "what was said in a recording"


def threads() -> set[threading.Thread]:
    """The threads of all connections."""
    return {thread for thread in threading.enumerate() if "connection_worker" in thread.name}


async def test_aiosqlite_still_has_the_method_that_hands_any_function_to_its_thread() -> None:
    """`_execute` is not public: this is why the version is pinned narrowly."""
    before = threads()
    async with aiosqlite.Connection(lambda: sqlite3.connect(":memory:"), iter_chunk_size=1) as connection:
        [thread] = threads() - before
        ran_on = await connection._execute(lambda *given: (threading.current_thread(), *given), "a", "b")  # type: ignore[no-untyped-call]
    assert ran_on == (thread, "a", "b")


async def test_aiosqlite_still_stops_its_thread_by_the_method_that_we_replace() -> None:
    """`SQLiteConnection.stop` waits for that, when the file could not be opened and when it is closed."""
    stopped: list[str] = []

    class Watched(aiosqlite.Connection):
        def stop(self) -> asyncio.Future[Any] | None:
            stopped.append("stopped")
            return super().stop()

    def refuse() -> sqlite3.Connection:
        raise sqlite3.OperationalError("unable to open database file")

    with pytest.raises(sqlite3.OperationalError):
        await Watched(refuse, iter_chunk_size=1)
    assert stopped == ["stopped"]
    async with Watched(lambda: sqlite3.connect(":memory:"), iter_chunk_size=1) as connection:
        assert isinstance(connection._conn, sqlite3.Connection)
    assert stopped == ["stopped", "stopped"]


async def test_a_whole_group_is_one_call_and_no_content_is_in_aiosqlites_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def keep(version: int, words: str, tx: Transaction) -> str:
        tx.run("INSERT INTO schema_version VALUES (:version)", version=version)
        return words

    async with new_database(tmp_path / "jobs.db") as database:
        with caplog.at_level(logging.DEBUG, logger="aiosqlite"):
            await asyncio.gather(*(database.write(partial(keep, 1000 + n, SECRET)) for n in range(50)))
        said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if line.startswith("executing ")]) == 1
    assert SECRET not in "".join(said)


async def test_nothing_that_was_read_or_written_is_kept_in_memory_by_the_thread(tmp_path: Path) -> None:
    class Words(str):
        __slots__ = ("__weakref__",)

    async with new_database(tmp_path / "jobs.db") as database:
        for use in (database.write, database.read):
            written, read = Words(SECRET), Words(SECRET)
            kept = [weakref.ref(written), weakref.ref(read)]
            await use(lambda _, written=written, read=read: (written, read)[1])  # type: ignore[misc]
            del written, read
            await asyncio.sleep(0.05)
            gc.collect()
            assert [reference() for reference in kept] == [None, None]


async def test_a_database_has_three_threads_while_it_is_open_and_none_afterwards(tmp_path: Path) -> None:
    before = threads()
    async with new_database(tmp_path / "jobs.db"):
        assert len(threads() - before) == 3
    await eventually(lambda: threads() <= before)


class _Slow(Connector):
    """Connects when it is told to, and keeps the connection from being closed by the garbage collector."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, pragmas=())
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self) -> sqlite3.Connection:
        self.begun.set()
        assert self.go_on.wait(20)
        self.kept = super().__call__()
        return self.kept


@pytest.mark.parametrize("times", [1, 3])
async def test_a_connection_that_comes_after_its_opening_was_cancelled_is_closed(tmp_path: Path, times: int) -> None:
    path, before = tmp_path / "jobs.db", threads()
    connector = _Slow(path)
    opening = asyncio.create_task(connected(connector).__aenter__())
    await asyncio.to_thread(connector.begun.wait)
    for _ in range(times):
        opening.cancel()
        await asyncio.sleep(0.01)
    connector.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert held_open(path) == []
    await eventually(lambda: threads() <= before)


class _Interrupted:
    """Awaits a coroutine and is cancelled at these of its awaits, counted from 1."""

    def __init__(self, coroutine: Coroutine[Any, Any, object], *at: int) -> None:
        self._coroutine, self._at = coroutine, at
        self.awaits = 0

    @types.coroutine
    def run(self) -> Generator[Any, Any, object]:
        error: BaseException | None = None
        while True:
            try:
                awaited = self._coroutine.throw(error) if error else self._coroutine.send(None)
            except StopIteration as done:
                return done.value
            self.awaits += 1
            if self.awaits in self._at:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            error = None
            try:
                yield awaited
            except BaseException as raised:  # noqa: BLE001 - it belongs to the coroutine
                error = raised


@pytest.mark.parametrize("times", [1, 2])
async def test_an_opening_that_is_cancelled_anywhere_leaves_no_thread_no_file_and_no_lock(
    tmp_path: Path, times: int
) -> None:
    before, path = threads(), tmp_path / "jobs.db"
    cancelled, first = 0, 1
    while True:
        opening = _Interrupted(SQLite.open(path, own=True), *range(first, first + times))
        try:
            database = await opening.run()
        except asyncio.CancelledError:
            cancelled += 1
            await eventually(lambda: threads() <= before)
            assert held_open(path) == []
            first += 1
            continue
        assert isinstance(database, SQLite)
        await database.close()
        break
    assert cancelled > 1  # the writer's opening and the reader's
    assert opening.awaits < first


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_a_closing_that_is_cancelled_anywhere_is_finished_all_the_same(tmp_path: Path, times: int) -> None:
    before, path, first = threads(), tmp_path / "jobs.db", 1
    while True:
        database = await SQLite.open(path, own=True)
        await migrate(database)
        units = [asyncio.create_task(database.write(lambda tx: tx.run("DELETE FROM jobs"))) for _ in range(3)]
        await asyncio.sleep(0)
        closing = _Interrupted(database.close(), *range(first, first + times))
        try:
            await closing.run()
        except asyncio.CancelledError:
            await eventually(lambda: threads() <= before)
            assert held_open(path) == []
            assert await asyncio.gather(*units) == [0, 0, 0]
            first += 1
            continue
        assert await asyncio.gather(*units) == [0, 0, 0]
        break
    assert first > 1


def held_open(path: Path) -> list[str]:
    """Which of the database's files this process has open."""
    found = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()] if Path("/proc").is_dir() else []
    names = [str(link.resolve()) for link in found]
    return [name for name in names if name.startswith(str(path.resolve()))]
