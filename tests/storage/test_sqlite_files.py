"""The files of a SQLite database under a running bot: removed, replaced, and what stays in them of what was deleted."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from storage import forgetting, jobs, namings, passages, search, transcripts
from storage.database import AlreadyOwned, Database, StorageUnavailable, Transaction
from storage.forgetting import ForgetRequest
from storage.job import Job, JobState, Origin, Reason
from storage.sqlite import SQLite
from storage.sqlite_files import Ownership
from tests.bot.job_fixtures import NOON, a_job, new_database
from transcription.transcript import Speaker, Transcript, Turn

TITLE = "Quarterlybudgetmeeting"
WORD = "zirconiumsaucepan"
NAME = "Thandekilemthembu"

SECOND = timedelta(seconds=1)


def beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def count(tx: Transaction) -> int:
    row = tx.one("SELECT count(*) AS n FROM jobs")
    assert row is not None
    return int(row["n"])


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
async def test_a_log_that_is_removed_is_noticed_and_loses_nothing(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "jobs.db"
    async with new_database(path) as database:
        for number in range(5):
            await a_job(database, JobState.RECEIVED, file=f"F{number}")
        beside(path, ending).unlink()
        for do in (database.write, database.read):
            with pytest.raises(StorageUnavailable, match=f"{ending}.*restart"):
                await do(count)
        with pytest.raises(StorageUnavailable, match="restart"):
            await database.scrub()
        # As if the process were killed now: nothing is brought into the database any more.
        (tmp_path / "later").mkdir()
        shutil.copyfile(path, tmp_path / "later" / "jobs.db")
    for left in (tmp_path / "later" / "jobs.db", path):
        async with new_database(left) as again:
            assert await again.read(count) == 5, left


async def test_a_log_that_another_program_made_anew_is_not_taken_for_ours(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    async with new_database(path) as database:
        await a_job(database, JobState.RECEIVED)
        beside(path, "-wal").rename(tmp_path / "moved")
        beside(path, "-wal").write_bytes(b"")
        with pytest.raises(StorageUnavailable, match="restart"):
            await database.write(count)


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: elsewhere the lock file alone decides")


@LINUX
async def test_without_its_lock_file_a_database_still_has_one_owner(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    async with new_database(path) as database:
        beside(path, ".lock").unlink()
        with pytest.raises(AlreadyOwned, match="Another threadscribe process"):
            await SQLite.open(path, own=True)
        assert await database.write(count) == 0


def holding(path: Path) -> subprocess.Popen[str]:
    """Another process, of a release that knows the lock file only."""
    script = (
        "import fcntl, os, sys\n"
        "lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)\n"
        "try:\n"
        "    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "except BlockingIOError:\n"
        "    print('refused', flush=True)\n"
        "else:\n"
        "    print('taken', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own


@contextmanager
def another(path: Path) -> Iterator[str]:
    process = holding(path)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.communicate("", timeout=20)


@pytest.mark.parametrize("locks_database", [pytest.param(True, marks=LINUX), False])
async def test_where_sqlites_own_locks_would_meet_it_the_database_itself_is_not_locked(
    tmp_path: Path, *, locks_database: bool
) -> None:
    path = tmp_path / "jobs.db"
    path.touch()
    owner = Ownership(path, locks_database=locks_database)
    try:
        for locked, told in ((path, "refused" if locks_database else "taken"), (beside(path, ".lock"), "refused")):
            with another(locked) as found:
                assert found == told
    finally:
        owner.release()


async def test_a_lock_file_that_is_removed_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    async with new_database(path) as database:
        beside(path, ".lock").unlink()
        assert await database.write(count) == 0
        with another(beside(path, ".lock")) as told:
            assert told == "refused"


async def test_who_has_lost_the_lock_writes_nothing_until_it_is_free_again(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    async with new_database(path) as database:
        beside(path, ".lock").unlink()
        with another(beside(path, ".lock")) as told:
            assert told == "taken"
            with pytest.raises(StorageUnavailable, match="lock file was removed"):
                await database.write(count)
        assert await database.write(count) == 0


def traces(folder: Path, *others: str) -> set[tuple[str, str]]:
    """Which of the words is in which file."""
    words = others or [text for word in (TITLE, WORD, NAME) for text in (word, word.casefold())]
    return {
        (file.name, word)
        for file in folder.iterdir()
        if file.is_file()
        for word in words
        if word.encode() in file.read_bytes()
    }


async def told_and_named(database: Database, number: int) -> Job:
    job = await a_job(database, JobState.REPLIED, file=f"F{number}")

    def tell(tx: Transaction) -> None:
        turns = tuple(
            Turn(speaker=Speaker(label="A"), start=SECOND * n, end=SECOND * (n + 1), text=f"{WORD} {WORD}{n} {n}")
            for n in range(50)
        )
        tx.run("UPDATE jobs SET title = :title WHERE id = :id", title=f"{TITLE} {number}", id=job.id)
        transcripts.put(tx, job.id, Transcript(turns=turns, duration=timedelta(minutes=1)), now=NOON)
        found = jobs.get(tx, job.id)
        assert found is not None
        namings.add(tx, found, names={"A": NAME}, seen=0, by="U1", now=NOON)
        tx.run("UPDATE jobs SET shown = naming, due_at = NULL")

    await database.write(tell)
    return job


def shared(tx: Transaction, *, number: int) -> Job | None:
    origin = Origin(team="T1", channel="C1", file=f"B{number}", occasion="1.0", user="U1")
    return jobs.add(tx, origin=origin, now=NOON)


def forget(tx: Transaction, job: Job) -> None:
    found = jobs.get(tx, job.id)
    assert found is not None
    forgetting.forget(tx, found, ForgetRequest(by="U1", why="why", reason=Reason.FILE_GONE), now=NOON)


async def removed(database: Database, told: list[Job], how: str) -> None:
    def work(tx: Transaction) -> None:
        match how:
            case "deleted":
                for job in told:
                    forget(tx, job)
            case "old":
                while forgetting.purge(tx, before=NOON + timedelta(days=1)):
                    pass
            case _:
                forgetting.workspace(tx, team=told[0].origin.team)

    await database.write(work)


@pytest.mark.parametrize("how", ["deleted", "old", "left"])
async def test_of_what_is_deleted_no_byte_stays_in_the_files(tmp_path: Path, how: str) -> None:
    async with new_database(tmp_path / "jobs.db") as database:
        told = [await told_and_named(database, number) for number in range(12)]
        assert {word for _, word in traces(tmp_path)} >= {TITLE, WORD, NAME}
        await removed(database, told, how)
        assert traces(tmp_path), "the write-ahead log has it still"
        assert await database.scrub()
        assert traces(tmp_path) == set()


async def test_a_word_of_three_letters_goes_from_the_index_too(tmp_path: Path) -> None:
    word = "\u01c2\u01c1\u01c0"  # three letters of Khoekhoe, of which nothing else here begins with one
    turn = Turn(speaker=Speaker(label="A"), start=SECOND, end=2 * SECOND, text=f"{word} {word}")
    async with new_database(tmp_path / "jobs.db") as database:
        told = [await a_job(database, JobState.REPLIED, file=f"F{number}") for number in range(3)]
        for job in told:
            said = Transcript(turns=(turn,), duration=2 * SECOND)
            await database.write(partial(transcripts.put, job_id=job.id, transcript=said, now=NOON))
            await database.write(search.catch_up)
        await removed(database, told, "deleted")
        assert await database.scrub()
        assert traces(tmp_path, word), "the index has it still"
        assert await database.read(passages.is_small)
        upto, first = await database.read(passages.left), True
        assert upto
        while await database.write(partial(passages.merge, upto=upto, first=first)):
            first = False
        assert await database.scrub()
        assert traces(tmp_path, word) == set()


async def test_an_index_is_small_until_it_has_very_many_pages(tmp_path: Path) -> None:
    async with new_database(tmp_path / "jobs.db") as database:
        fill = (
            "INSERT INTO passages_index_data (id, block) WITH RECURSIVE n(i) AS "
            "(SELECT 900000 UNION ALL SELECT i + 1 FROM n WHERE i < 902600) SELECT i, X'00' FROM n"
        )
        await database.write(lambda tx: tx.run(fill))
        assert not await database.read(passages.is_small)


async def test_on_a_busy_bot_no_byte_stays_either(tmp_path: Path) -> None:
    async with new_database(tmp_path / "jobs.db") as database:
        told = [await told_and_named(database, number) for number in range(10)]
        stop = asyncio.Event()

        async def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                await database.write(partial(shared, number=number))

        async def read() -> None:
            while not stop.is_set():
                await database.read(count)

        busy = [asyncio.create_task(write()), *(asyncio.create_task(read()) for _ in range(4))]
        await asyncio.sleep(0.1)
        await removed(database, told, "deleted")
        async with asyncio.timeout(20):
            while not await database.scrub():  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.05)
        left = traces(tmp_path)
        stop.set()
        await asyncio.gather(*busy)
    assert left == set()


async def test_while_another_program_reads_it_is_told_and_when_that_ends_nothing_stays(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    async with new_database(path) as database:
        told = [await told_and_named(database, 1)]
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM jobs").fetchone()
            await removed(database, told, "deleted")
            assert not await database.scrub()
            assert await database.write(partial(shared, number=2)), "everything else goes on meanwhile"
        assert await database.scrub()
        assert traces(tmp_path) == set()


async def test_a_read_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    async with new_database(path):
        pass
    database = await SQLite.open(path, own=True, longest_read=timedelta(milliseconds=100))
    try:
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        with pytest.raises(StorageUnavailable, match="interrupted"):
            await database.read(lambda tx: tx.one(endless))
        assert await database.read(count) == 0
    finally:
        await database.close()
