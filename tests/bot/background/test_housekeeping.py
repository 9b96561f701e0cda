"""What is done now and then: clocks, rows and folders, on one machine or on several, whatever is away just now."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app import open_tools
from bot.background.housekeeping import Housekeeping
from bot.clock import Clock, wall_time
from bot.settings.model import Settings
from bot.worker.tools import Tools
from storage import claiming, inbox, job_lists, jobs
from storage.claiming import FARTHEST, FairShare
from storage.database import Database, Transaction
from storage.job import Failure, Job, JobState, Origin, Reason
from storage.postgresql import WAIT
from storage.timestamps import stored
from tests.bot.job_fixtures import a_job, new_database
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
async def tools_of(database: Database, folder: Path) -> AsyncIterator[Tools]:
    settings = Settings(_env_file=None, slack_bot_token="xoxb-0", spool_directory=folder / "spool")
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
        job = claiming.claim(tx, turns=FairShare(), now=created, until=created)
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
    now, failure = wall_time(), Failure(reason=Reason.NOT_AUDIO)
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

    async with tools_of(database, tmp_path) as tools, keeping_house(tools) as house:
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
