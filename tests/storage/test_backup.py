"""A backup is whole and of one moment, is its owner's only, and never takes the place of anything."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from storage import inbox, job_lists
from storage.backup import back_up
from storage.database import StorageUnavailable
from storage.job import JobState
from storage.migrations import migrate
from tests.bot.job_fixtures import NOON, a_job, new_database, open_file
from tests.journeys.bench import eventually

WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
connection.execute("PRAGMA synchronous = OFF")
number = 0
while True:
    number += 1
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE numbers SET value = ?", (number,))
    connection.execute("INSERT INTO log VALUES (?)", (number,))
    connection.execute("COMMIT")
"""
"""Each of its commits gives every row of `numbers`, and the last of `log`, the next number."""

FULL = """
import pathlib, resource, sys
from storage.backup import back_up
from storage.database import StorageUnavailable
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    back_up(*map(pathlib.Path, sys.argv[1:]))
except StorageUnavailable as refused:
    print(refused)
"""


@contextmanager
def busy(path: Path) -> Iterator[None]:
    """Somebody else writes and writes, as fast as can be."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE numbers (value INTEGER)")
        connection.execute("CREATE TABLE log (value INTEGER)")
        connection.execute("CREATE TABLE ballast (content BLOB)")
        connection.executemany("INSERT INTO numbers VALUES (?)", [(0,)] * 20)
        connection.execute("INSERT INTO ballast VALUES (zeroblob(40000000))")
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])  # noqa: S603 - our own words
    try:
        yield
    finally:
        writer.kill()
        writer.wait()


def last(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT coalesce(max(value), 0) FROM log").fetchone()[0])


async def test_a_backup_ends_beside_a_busy_writer_and_is_of_one_moment(tmp_path: Path) -> None:
    source, target = tmp_path / "bot.db", tmp_path / "copy.db"
    with busy(source):
        await eventually(lambda: last(source) > 20)
        before = last(source)
        async with asyncio.timeout(30):
            await asyncio.to_thread(back_up, source, target)
        after = last(source)
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        numbers = {value for (value,) in copy.execute("SELECT value FROM numbers")}
        log = [value for (value,) in copy.execute("SELECT value FROM log ORDER BY rowid")]
        assert log == list(range(1, len(log) + 1)), "every commit up to that moment"
        assert numbers == {len(log)}, "and nothing of the next one"
        assert before <= len(log) <= after


def test_it_is_one_file_for_its_owner_only_whatever_the_mask(tmp_path: Path) -> None:
    source = tmp_path / "bot.db"
    asyncio.run(_made(source))
    (tmp_path / "backups").mkdir()
    mask = os.umask(0)
    try:
        back_up(source, tmp_path / "backups" / "copy.db")
    finally:
        os.umask(mask)
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "backups").iterdir()}
    assert found == {"copy.db": 0o600}


async def _made(path: Path) -> None:
    async with new_database(path) as database:
        body = os.urandom(1_000_000)
        await database.write(lambda tx: inbox.keep(tx, provider="p", handle="h", body=body, now=NOON))


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    asyncio.run(_made(tmp_path / "bot.db"))
    (tmp_path / "copy.db").write_text("of yesterday")
    (tmp_path / "link.db").symlink_to(tmp_path / "copy.db")
    for name in ("copy.db", "link.db", "bot.db"):
        with pytest.raises(StorageUnavailable, match="another name"):
            back_up(tmp_path / "bot.db", tmp_path / name)
    assert (tmp_path / "copy.db").read_text() == "of yesterday"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    asyncio.run(_made(tmp_path / "bot.db"))
    with pytest.raises(StorageUnavailable, match="nowhere"):
        back_up(tmp_path / "bot.db", tmp_path / "nowhere" / "copy.db")


@pytest.mark.parametrize("content", [None, b"", b"no database at all" * 100], ids=["no file", "empty", "nonsense"])
def test_what_is_no_database_gives_no_backup_and_is_not_touched(tmp_path: Path, content: bytes | None) -> None:
    source = tmp_path / "bot.db"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(StorageUnavailable, match="no backup was made"):
        back_up(source, tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == [source.name] * (content is not None)
    assert content is None or source.read_bytes() == content


def test_a_damaged_database_gives_no_backup(tmp_path: Path) -> None:
    asyncio.run(_made(tmp_path / "bot.db"))
    content = bytearray((tmp_path / "bot.db").read_bytes())
    content[40_000:60_000] = b"\xff" * 20_000
    (tmp_path / "bot.db").write_bytes(content)
    with pytest.raises(StorageUnavailable, match="no backup was made"):
        back_up(tmp_path / "bot.db", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_full_disk_leaves_no_half_a_backup(tmp_path: Path) -> None:
    asyncio.run(_made(tmp_path / "bot.db"))
    (tmp_path / "backups").mkdir()
    ended = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", FULL, str(tmp_path / "bot.db"), str(tmp_path / "backups" / "copy.db")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert ended.stdout.startswith("no backup was made: ")
    assert list((tmp_path / "backups").iterdir()) == []


async def test_a_backup_is_taken_beside_the_running_owner_with_all_that_was_written(tmp_path: Path) -> None:
    async with new_database(tmp_path / "bot.db") as database:
        jobs = [await a_job(database, state, file=state, held=True) for state in JobState]
        await asyncio.to_thread(back_up, tmp_path / "bot.db", tmp_path / "copy.db")
        await a_job(database, JobState.RECEIVED, file="later")
    async with open_file(tmp_path / "copy.db") as restored:
        assert await migrate(restored) == []
        found = await restored.read(lambda tx: job_lists.newest(tx, limit=50))
        until = NOON + timedelta(minutes=1)
        assert {job.id: (job.state, job.lease, job.due_at) for job in found} == {
            job.id: (job.state, job.lease, until) for job in jobs
        }
