"""What is done now and then: clocks, rows and folders, on one machine or on several, whatever is away just now."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from bot.app import open_tools
from bot.background.housekeeping import Housekeeping
from bot.clock import Clock, wall_time
from bot.settings.model import Settings
from bot.slack.workspaces import Workspaces
from bot.worker.tools import Tools
from storage import claiming, deletions, forgetting, inbox, job_lists, jobs
from storage.claiming import FARTHEST, FairShare
from storage.database import Database, StorageUnavailable, Transaction
from storage.job import Failure, Job, JobState, Origin, Reason
from storage.postgresql import WAIT
from storage.timestamps import stored
from tests.bot.job_fixtures import a_job, add_copies, new_database
from tests.postgresql import Server
from tests.storage.sessions import opened

HOUR = timedelta(hours=1)


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "sqlite":
        async with new_database(tmp_path / "jobs.db") as in_file:
            yield in_file
        return
    server: Server = request.getfixturevalue("postgresql")
    async with opened(await asyncio.to_thread(server.new_database), patience=WAIT) as on_server:
        yield on_server


@asynccontextmanager
async def tools_of(database: Database, folder: Path, **more: Any) -> AsyncIterator[Tools]:
    settings = Settings(_env_file=None, slack_bot_token="xoxb-0", spool_directory=folder / "spool", **more)
    async with open_tools(settings, database=database) as tools:
        await tools.spool.prepare(database)
        yield tools


@asynccontextmanager
async def keeping_house(tools: Tools, clock: Clock | None = None) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(Housekeeping(tools, clock=clock or Clock()).run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(found: Callable[[], object], house: asyncio.Task[None]) -> None:
    """Wait for what the house does at its beginning."""
    async with asyncio.timeout(20):
        while not await found():  # type: ignore[misc]
            if house.done():
                house.result()
            await asyncio.sleep(0.01)


async def a_waiting_job(database: Database, *, created: datetime, due: datetime) -> Job:
    def work(tx: Transaction) -> Job:
        origin = Origin(team="T1", channel="C1", file=f"F{stored(due)}", occasion="1.0", user="U1")
        jobs.add(tx, origin=origin, now=created)
        job = claiming.claim(tx, fair_share=FairShare(), now=created, until=created)
        assert job is not None
        claiming.release(tx, job, now=created, due=due, attempts=0)
        return job

    return await database.write(work)


async def due(database: Database, job: Job) -> datetime | None:
    found = await database.read(lambda tx: jobs.get(tx, job.id))
    assert found is not None
    return found.due_at


async def test_a_job_that_a_wrong_clock_put_off_is_brought_back(database: Database, tmp_path: Path) -> None:
    now = wall_time()
    late = await a_waiting_job(database, created=now, due=now + 5 * HOUR)
    soon = await a_waiting_job(database, created=now, due=now + FARTHEST)

    async def brought_back() -> bool:
        moment = await due(database, late)
        return moment is not None and moment <= wall_time() + timedelta(minutes=1)

    async with tools_of(database, tmp_path) as tools, keeping_house(tools) as house:
        await until(brought_back, house)
    assert stored(await due(database, soon)) == stored(now + FARTHEST)


async def test_what_nobody_needs_any_more_is_purged_and_the_rest_is_kept(database: Database, tmp_path: Path) -> None:
    now, failure, clock = wall_time(), Failure(reason=Reason.NOT_AUDIO), Clock()
    await a_job(database, JobState.ABANDONED, file="left alone", failure=failure)
    await database.write(lambda tx: tx.run("UPDATE jobs SET created_at = :then", then=stored(now - 49 * HOUR)))
    await a_job(database, JobState.ABANDONED, file="just now", failure=failure)
    await database.write(
        lambda tx: tx.run("UPDATE jobs SET created_at = :now WHERE file = 'just now'", now=stored(now))
    )
    for body, age in ((b"old", 49), (b"new", 47)):
        await database.write(
            lambda tx, body=body, age=age: inbox.keep(tx, provider="p", handle="h", body=body, now=now - age * HOUR)  # type: ignore[misc]
        )

    async def purged() -> bool:
        return len(await database.read(lambda tx: job_lists.newest(tx, limit=9))) == 1

    clock.compare(wall_time())
    async with tools_of(database, tmp_path) as tools, keeping_house(tools, clock) as house:
        await until(purged, house)
    assert [job.origin.file for job in await database.read(lambda tx: job_lists.newest(tx, limit=9))] == ["just now"]
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    assert await database.read(lambda tx: inbox.orphans(tx, provider="p", since=long_ago)) == [b"new"]


async def test_a_room_of_a_job_that_ended_elsewhere_goes_and_one_in_work_stays(
    database: Database, tmp_path: Path
) -> None:
    async with tools_of(database, tmp_path) as tools:
        open_job = await a_job(database, JobState.RECEIVED, file="open", held=True)
        ended = await a_job(database, JobState.REPLIED, file="ended")
        rooms = [await tools.spool.room(job.id) for job in (open_job, ended)]
        for room in rooms:
            (room / "audio.wav").write_bytes(b"RIFF")

        async def swept() -> bool:
            return not await asyncio.to_thread(rooms[1].exists)

        async with keeping_house(tools) as house:
            await until(swept, house)
        assert (rooms[0] / "audio.wav").exists()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_folder_that_was_removed_under_it_does_not_stop_the_bot(database: Database, tmp_path: Path) -> None:
    async with tools_of(database, tmp_path) as tools:
        shutil.rmtree(tmp_path / "spool")
        async with keeping_house(tools) as house:
            assert await asyncio.wait({house}, timeout=0.3) == (set(), {house})


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_database_that_is_away_does_not_stop_the_bot(database: Database, tmp_path: Path) -> None:
    async with tools_of(database, tmp_path) as tools:
        (tmp_path / "jobs.db").rename(tmp_path / "moved.db")
        async with keeping_house(tools) as house:
            assert await asyncio.wait({house}, timeout=0.3) == (set(), {house})


async def server_time(database: Database) -> datetime:
    moment = await database.time()
    assert moment is not None
    return moment


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("wrong_by", [5 * HOUR, -5 * HOUR], ids=["ahead", "behind"])
async def test_a_machine_with_a_wrong_clock_goes_by_the_server_s_from_the_start(
    database: Database, tmp_path: Path, wrong_by: timedelta
) -> None:
    clock = Clock(wall=lambda: wall_time() + wrong_by)
    async with tools_of(database, tmp_path) as tools:
        before = await server_time(database)
        await Housekeeping(tools, clock=clock).set_clock()
        shown = clock()
        after = await server_time(database)
    assert before <= shown <= after + timedelta(milliseconds=1)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_with_a_file_of_its_own_a_machine_goes_by_its_own_clock(database: Database, tmp_path: Path) -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    clock = Clock(wall=lambda: noon, monotonic=lambda: 0.0)
    async with tools_of(database, tmp_path) as tools:
        await Housekeeping(tools, clock=clock).set_clock()
    assert clock() == noon


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_several_houses_on_one_database_do_each_other_no_harm(database: Database, tmp_path: Path) -> None:
    now = wall_time()
    late = [await a_waiting_job(database, created=now, due=now + n * HOUR) for n in range(1, 9)]
    machines = [Path(tmp_path / str(n)) for n in range(2)]

    async def all_brought_back() -> bool:
        moments = [await due(database, job) for job in late]
        return all(moment and moment <= wall_time() + timedelta(minutes=1) for moment in moments)

    async with (
        tools_of(database, machines[0]) as first,
        tools_of(database, machines[1]) as second,
        keeping_house(first) as one,
        keeping_house(second) as two,
    ):
        for house in (one, two):
            await until(all_brought_back, house)


def old_title(tx: Transaction, *, file: str, ended: datetime) -> None:
    tx.run("UPDATE jobs SET state_since = :then WHERE file = :file", then=stored(ended), file=file)


async def test_titles_of_what_has_no_transcript_go_with_the_old_transcripts(database: Database, tmp_path: Path) -> None:
    now, failure, clock = wall_time(), Failure(reason=Reason.PROVIDER_FAILED), Clock()
    for state, file, age in (
        (JobState.REPLIED, "old", 31),
        (JobState.ABANDONED, "left", 31),
        (JobState.REPLIED, "new", 29),
        (JobState.SUBMITTED, "open", 31),
    ):
        await a_job(database, state, file=file, failure=failure)
        await database.write(partial(old_title, file=file, ended=now - age * 24 * HOUR))
        located = "UPDATE jobs SET message_ts = '1.0', created_at = :now WHERE file = :file"
        await database.write(lambda tx, file=file, sql=located: tx.run(sql, file=file, now=stored(now)))  # type: ignore[misc]
    async with tools_of(database, tmp_path, retention_days=30) as tools:
        house = Housekeeping(tools, clock=clock)
        await house.keep_seldom()
        assert None not in await titles(database), "nobody knows what the time is"
        clock.compare(wall_time())
        await house.keep_seldom()
    found = {job.origin.file for job in await database.read(lambda tx: job_lists.newest(tx, limit=9)) if job.title}
    assert found == {"new", "open"}


async def titles(database: Database) -> set[str | None]:
    return {job.title for job in await database.read(lambda tx: job_lists.newest(tx, limit=999))}


async def test_what_nobody_needs_is_kept_until_it_is_certain_what_the_time_is(
    database: Database, tmp_path: Path
) -> None:
    now, clock = wall_time(), Clock()
    await database.write(lambda tx: inbox.keep(tx, provider="p", handle="h", body=b"old", now=now - 49 * HOUR))
    await database.write(lambda tx: forgetting.app_removed(tx, place="T1", now=now - 49 * HOUR))
    await a_job(database, JobState.REPLIED)

    async def left() -> tuple[int, int]:
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)
        bodies = await database.read(lambda tx: inbox.orphans(tx, provider="p", since=long_ago))
        return len(bodies), len(await titles(database))

    async with tools_of(database, tmp_path) as tools:
        house = Housekeeping(replace(tools, workspaces=cast("Workspaces", Gone())), clock=clock)
        await house.keep_seldom()
        assert await left() == (1, 1)
        clock.compare(now - 3 * HOUR)  # ours is ahead: by Slack's clock it is 46 hours
        await house.keep_seldom()
        assert await left() == (1, 0), "that workspace is gone since a day by both"
        clock.compare(now)
        await house.keep_seldom()
        assert await left() == (0, 0)


class Refusing:
    """A database that refuses to delete from this table what is old."""

    def __init__(self, real: Database, table: str) -> None:
        self._real, self._table, self.refused = real, table, 0
        self.read, self.is_shared, self.scrub = real.read, real.is_shared, real.scrub

    async def write(self, work: Callable[[Transaction], Any]) -> Any:
        def refusing(tx: Transaction) -> Any:
            return work(cast("Transaction", _RefusingTransaction(tx, self)))

        return await self._real.write(refusing)

    def refuse(self, sql: str, named: Collection[str]) -> None:
        if "before" in named and self._table in sql.split()[1:3]:
            self.refused += 1
            raise StorageUnavailable("canceling statement due to statement timeout")


class _RefusingTransaction:
    def __init__(self, tx: Transaction, database: Refusing) -> None:
        self.all, self.one, self.announce = tx.all, tx.one, tx.announce
        self._tx, self._database = tx, database

    def run(self, sql: str, **values: Any) -> int:
        self._database.refuse(sql, values)
        return self._tx.run(sql, **values)


@pytest.mark.parametrize("table", ["inbox", "jobs", "deletions"])
async def test_what_cannot_be_purged_keeps_nothing_else_from_going(
    database: Database, tmp_path: Path, table: str
) -> None:
    now, clock, gone = wall_time(), Clock(), Gone()
    clock.compare(now)
    await database.write(lambda tx: forgetting.app_removed(tx, place="T1", now=now - 49 * HOUR))
    async with tools_of(database, tmp_path, retention_days=30) as tools:
        refusing = Refusing(database, table)
        seen = replace(tools, database=cast("Database", refusing), workspaces=cast("Workspaces", gone))
        await Housekeeping(seen, clock=clock).keep_seldom()
    assert refusing.refused, "otherwise nothing was tested"
    assert await database.read(forgetting.removals) == []
    assert gone.kept


async def test_of_very_many_old_titles_none_stays(database: Database, tmp_path: Path) -> None:
    clock = Clock()
    clock.compare(wall_time())
    failed = await a_job(database, JobState.ABANDONED, failure=Failure(reason=Reason.PROVIDER_FAILED))
    await database.write(lambda tx: tx.run("UPDATE jobs SET message_ts = '1.0'"))
    await database.write(partial(add_copies, job=failed, times=forgetting.BATCH))
    async with tools_of(database, tmp_path, retention_days=1) as tools:
        await Housekeeping(tools, clock=clock).keep_seldom()
    assert await titles(database) == {None}


async def test_of_very_much_that_is_old_one_transaction_deletes_a_portion_and_nothing_stays(
    database: Database, tmp_path: Path
) -> None:
    now, clock = wall_time(), Clock()
    clock.compare(now)
    left_alone = await a_job(database, JobState.ABANDONED, failure=Failure(reason=Reason.NOT_AUDIO))
    await database.write(partial(add_copies, job=left_alone, times=jobs.PURGED))

    def fill(tx: Transaction) -> None:
        tx.run("UPDATE jobs SET created_at = :then", then=stored(now - 49 * HOUR))
        for number in range(jobs.PURGED + 1):
            body, then = b"%d" % number, now - 49 * HOUR
            inbox.keep(tx, provider="p", handle="h", body=body, now=then)
            deletions.remember_message(tx, team="T1", enterprise=None, channel="C1", ts=f"{number}.0", now=then)

    def left(tx: Transaction) -> list[int]:
        tables = ("jobs", "inbox", "deletions")
        return [len(tx.all(f"SELECT 1 AS n FROM {table}")) for table in tables]  # noqa: S608 - our own names

    await database.write(fill)
    portions = [jobs.purge_left_alone, inbox.purge, deletions.purge]
    before = now - 48 * HOUR
    first = [await database.write(partial(purge, before=before)) for purge in portions]
    assert first == [jobs.PURGED, 20, jobs.PURGED]
    async with tools_of(database, tmp_path) as tools:
        await Housekeeping(tools, clock=clock).keep_seldom()
    assert await database.read(left) == [0, 0, 0]


class Gone:
    """Workspaces that have all removed the app."""

    async def are_gone(self, places: Sequence[str]) -> Mapping[str, bool]:
        return dict.fromkeys(places, True)

    def __init__(self) -> None:
        self.kept = False

    async def keep(self) -> None:
        """Note that it was asked for."""
        self.kept = True


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_deleted_text_that_another_program_keeps_from_going_is_told_once(
    database: Database, tmp_path: Path
) -> None:
    await a_job(database, JobState.REPLIED)
    async with tools_of(database, tmp_path) as tools:
        house = Housekeeping(tools, clock=Clock(), pause=timedelta(0))
        with closing(sqlite3.connect(tmp_path / "jobs.db", isolation_level=None)) as reader, capture_logs() as told:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM jobs").fetchone()
            await a_job(database, JobState.RECEIVED, file="F2")
            for _ in range(4):
                await house.keep_often()
        await house.keep_often()
    assert [line["event"] for line in told if line["event"] == "deleted_data_remains"] == ["deleted_data_remains"]
    assert (tmp_path / "jobs.db-wal").stat().st_size == 0
