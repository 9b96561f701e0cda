"""What is of SQLite alone: the file, its owner, its durability."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from storage.database import AlreadyOwned, StorageUnavailable
from storage.sqlite import SQLite, refuse_without_search
from tests.bot.job_fixtures import new_database, open_file


async def test_a_full_database_refuses_and_works_again_when_there_is_room(tmp_path: Path) -> None:
    async with new_database(tmp_path / "jobs.db") as database:
        pages = await database.write(lambda tx: tx.one("PRAGMA page_count"))
        assert pages is not None
        await database.write(lambda tx: tx.all(f"PRAGMA max_page_count = {pages['page_count']}"))
        with pytest.raises(StorageUnavailable):
            await database.write(
                lambda tx: tx.run(
                    "INSERT INTO inbox (provider, digest, handle, body, received_at) VALUES ('p', 'd', 'h', :body, 1)",
                    body=b"x" * 200_000,
                )
            )
        await database.write(lambda tx: tx.all("PRAGMA max_page_count = 1000000"))
        await database.write(lambda tx: tx.run("INSERT INTO schema_version VALUES (101)"))
        newest = await database.read(lambda tx: tx.one("SELECT max(version) AS version FROM schema_version"))
        assert newest is not None
        assert newest["version"] == 101


def test_where_sqlite_could_find_nothing_it_is_said_how_to_mend_that() -> None:
    refuse_without_search()
    without = sqlite3.connect(":memory:")
    without.create_function("fts5_source_id", 0, None)  # it fails, as what is not there
    with pytest.raises(StorageUnavailable, match="PostgreSQL server \\(DATABASE_URL\\)"):
        refuse_without_search(without)


async def test_the_file_belongs_to_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    async with new_database(path):
        modes = {name: stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in os.listdir(tmp_path)}  # noqa: PTH116, PTH208
    assert set(modes.values()) == {0o600}, modes


async def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    path.touch(mode=0o644)
    async with new_database(path):
        modes = {name: stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in os.listdir(tmp_path)}  # noqa: PTH116, PTH208
    assert set(modes.values()) == {0o600}, modes


async def test_a_second_owner_is_refused_with_a_sentence_and_a_visitor_is_not(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    async with open_file(path):
        with pytest.raises(AlreadyOwned, match="Another threadscribe process"):
            await SQLite.open(path, own=True)
        async with open_file(path, own=False):
            pass
    async with open_file(path):
        pass


async def test_a_killed_owner_leaves_no_lock_behind(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    script = (
        "import asyncio, os, signal, pathlib, sys\n"
        "from storage.sqlite import SQLite\n"
        "async def main():\n"
        "    await SQLite.open(pathlib.Path(sys.argv[1]), own=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", script, str(path)], check=False)
    async with open_file(path):
        pass


async def test_a_place_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageUnavailable):
        await SQLite.open(tmp_path / "file" / "jobs.db", own=True)


async def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    path.write_bytes(b"this is no database, but somebody may need it" * 100)
    with pytest.raises(StorageUnavailable):
        await SQLite.open(path, own=False)
    assert path.read_bytes().startswith(b"this is no database")


async def test_commits_are_durable_and_in_wal_mode(tmp_path: Path) -> None:
    async with open_file(tmp_path / "jobs.db") as opened:
        synchronous = await opened.write(lambda tx: tx.one("PRAGMA synchronous"))
    assert synchronous is not None
    assert synchronous["synchronous"] == 2  # FULL
    with sqlite3.connect(tmp_path / "jobs.db") as plain:
        mode = plain.execute("PRAGMA journal_mode").fetchone()[0]
    plain.close()
    assert mode == "wal"


async def test_a_visitor_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        await SQLite.open(tmp_path / "nowhere.db", own=False)
    assert not (tmp_path / "nowhere.db").exists()


async def test_a_file_that_is_deleted_under_it_is_noticed_and_one_that_comes_back_is_used(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    async with new_database(path) as database:
        path.rename(tmp_path / "moved.db")
        with pytest.raises(StorageUnavailable, match="gone"):
            await database.write(lambda tx: tx.run("DELETE FROM jobs"))
        (tmp_path / "moved.db").rename(path)
        assert await database.write(lambda tx: tx.run("DELETE FROM jobs")) == 0


async def test_another_file_in_its_place_is_not_taken_for_it(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    async with new_database(path) as database:
        path.rename(tmp_path / "moved.db")
        path.write_bytes(b"")
        with pytest.raises(StorageUnavailable, match="restart"):
            await database.write(lambda tx: tx.run("DELETE FROM jobs"))


async def test_claiming_uses_an_index_whatever_the_number_of_rows(tmp_path: Path) -> None:
    async with new_database(tmp_path / "jobs.db") as database:
        line = "waiting = 1 AND due_at IS NOT NULL"
        for condition, index in (
            ("waiting = 0 AND due_at <= 1 ORDER BY due_at", "jobs_in_work"),
            (f"{line} AND team = 'T' AND channel > 'C' ORDER BY channel, created_at, id", "jobs_waiting"),
            (f"{line} AND team > 'T' ORDER BY team", "jobs_waiting"),
        ):
            explain = f"EXPLAIN QUERY PLAN SELECT id FROM jobs WHERE {condition} LIMIT 1"  # noqa: S608 - the ones above
            plan = await database.read(lambda tx, explain=explain: tx.all(explain))  # type: ignore[misc]
            assert [index in row["detail"] for row in plan] == [True], condition
