import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from storage.database import AlreadyOwned, Database, SQLite, StorageUnavailable, Transaction
from storage.migrations import migrate


def _count(tx: Transaction) -> int:
    row = tx.one("SELECT count(*) AS n FROM schema_version WHERE version > 100")
    assert row is not None
    return int(row["n"])


def _insert(tx: Transaction, version: int) -> None:
    tx.run("INSERT INTO schema_version (version) VALUES (:version)", version=version)


async def test_what_is_written_is_read_on_the_other_connection(database: Database) -> None:
    await database.write(lambda tx: _insert(tx, 101))
    assert await database.read(_count) == 1


async def test_a_unit_of_work_that_raises_leaves_nothing_and_harms_nobody_beside_it(database: Database) -> None:
    def broken(tx: Transaction) -> None:
        _insert(tx, 200)
        raise LookupError("on purpose")

    outcomes = await asyncio.gather(
        database.write(lambda tx: _insert(tx, 101)),
        database.write(broken),
        database.write(lambda tx: _insert(tx, 102)),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), LookupError, type(None)]
    assert await database.read(_count) == 2


async def test_a_broken_statement_is_told_to_its_own_author_only(database: Database) -> None:
    outcomes = await asyncio.gather(
        database.write(lambda tx: tx.run("INSERT INTO nowhere VALUES (1)")),
        database.write(lambda tx: _insert(tx, 101)),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], StorageUnavailable)
    assert await database.read(_count) == 1


async def test_many_writers_share_transactions_and_none_is_lost(database: Database) -> None:
    await asyncio.gather(*(database.write(lambda tx, n=n: _insert(tx, 1000 + n)) for n in range(300)))  # type: ignore[misc]
    assert await database.read(_count) == 300


async def test_a_full_database_refuses_and_works_again_when_there_is_room(database: Database) -> None:
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
    await database.write(lambda tx: _insert(tx, 101))
    assert await database.read(_count) == 1


async def test_the_reader_cannot_write(database: Database) -> None:
    with pytest.raises(StorageUnavailable):
        await database.read(lambda tx: _insert(tx, 101))


async def test_the_file_belongs_to_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    opened = await SQLite.open(path, own=True)
    await migrate(opened)
    modes = {name: stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in os.listdir(tmp_path)}  # noqa: PTH116, PTH208
    await opened.close()
    assert set(modes.values()) == {0o600}, modes


async def test_a_second_owner_is_refused_with_a_sentence_and_a_visitor_is_not(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    owner = await SQLite.open(path, own=True)
    with pytest.raises(AlreadyOwned, match="Another threadscribe process"):
        await SQLite.open(path, own=True)
    visitor = await SQLite.open(path, own=False)
    await visitor.close()
    await owner.close()
    again = await SQLite.open(path, own=True)
    await again.close()


async def test_a_killed_owner_leaves_no_lock_behind(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    script = (
        "import asyncio, os, signal, pathlib, sys\n"
        "from storage.database import SQLite\n"
        "async def main():\n"
        "    await SQLite.open(pathlib.Path(sys.argv[1]), own=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", script, str(path)], check=False)
    owner = await SQLite.open(path, own=True)
    await owner.close()


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


async def test_migrating_twice_changes_nothing(database: Database) -> None:
    assert await migrate(database) == []


async def test_a_database_from_the_future_is_refused(database: Database) -> None:
    await database.write(lambda tx: _insert(tx, 999))
    with pytest.raises(StorageUnavailable, match="update it"):
        await migrate(database)


async def test_commits_are_durable_and_in_wal_mode(tmp_path: Path) -> None:
    opened = await SQLite.open(tmp_path / "jobs.db", own=True)
    synchronous = await opened.write(lambda tx: tx.one("PRAGMA synchronous"))
    await opened.close()
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
