"""The folder of recordings in work: private, swept at the start, and emptied of nothing that is still needed."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.worker.spool import Spool
from storage.database import Database
from storage.job import JobId, JobState
from tests.bot.job_fixtures import a_job, new_database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with new_database(tmp_path / "jobs.db") as opened:
        yield opened


def mode_of(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def left_behind(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "audio.wav").write_bytes(b"RIFF")


async def test_the_folder_is_made_for_the_bot_alone(tmp_path: Path, database: Database) -> None:
    spool = Spool(tmp_path / "deep" / "spool")
    await spool.prepare(database)
    assert mode_of(spool.folder) == 0o700


async def test_a_jobs_room_is_private_and_the_same_when_asked_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    room = await spool.room(JobId("abcdefgh23"))
    assert mode_of(room) == 0o700
    assert room.parent == spool.folder
    (room / "audio.wav").write_bytes(b"RIFF")
    assert await spool.room(JobId("abcdefgh23")) == room
    assert names_in(room) == {"audio.wav"}


async def test_a_room_is_cleared_with_all_that_is_in_it_and_only_that_room(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for job in ("abcdefgh23", "zzzzzzzz23"):
        room = await spool.room(JobId(job))
        (room / "deep").mkdir()
        (room / "deep" / "audio.wav").write_bytes(b"RIFF")
    await spool.clear(JobId("abcdefgh23"))
    assert names_in(spool.folder) == {"job-zzzzzzzz23"}
    await spool.clear(JobId("abcdefgh23"))


@pytest.mark.parametrize("state", [JobState.RECEIVED, JobState.SUBMITTING, JobState.SUBMITTED])
async def test_the_sweep_keeps_what_an_open_job_may_still_need(
    tmp_path: Path, database: Database, state: JobState
) -> None:
    job = await a_job(database, state)
    left_behind(tmp_path / "spool", f"job-{job.id}")
    await Spool(tmp_path / "spool").prepare(database)
    assert (tmp_path / "spool" / f"job-{job.id}" / "audio.wav").exists()


@pytest.mark.parametrize("state", [JobState.READY, JobState.REPLYING, JobState.REPLIED, JobState.ABANDONED])
async def test_the_sweep_removes_what_a_job_needs_no_more(tmp_path: Path, database: Database, state: JobState) -> None:
    job = await a_job(database, state)
    left_behind(tmp_path / "spool", f"job-{job.id}", "job-zzzzzzzz23")
    await Spool(tmp_path / "spool").prepare(database)
    assert names_in(tmp_path / "spool") == set()


async def test_the_sweep_leaves_alone_what_never_was_a_job(tmp_path: Path, database: Database) -> None:
    left_behind(tmp_path / "data", "Photos", "lost+found", ".ssh")
    await Spool(tmp_path / "data").prepare(database)
    assert names_in(tmp_path / "data") == {"Photos", "lost+found", ".ssh"}


async def test_the_sweep_does_not_take_a_word_for_a_job(tmp_path: Path, database: Database) -> None:
    left_behind(tmp_path / "data", "benchmarks", "components")
    await Spool(tmp_path / "data").prepare(database)
    assert names_in(tmp_path / "data") == {"benchmarks", "components"}


async def test_the_sweep_does_not_follow_a_link_out_of_the_folder(tmp_path: Path, database: Database) -> None:
    left_behind(tmp_path / "elsewhere", "precious")
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "job-zzzzzzzz23").symlink_to(tmp_path / "elsewhere")
    await Spool(tmp_path / "spool").prepare(database)
    assert (tmp_path / "elsewhere" / "precious" / "audio.wav").exists()
