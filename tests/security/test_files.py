"""What lies on the disk is for the bot's own account only, however careless the system around it is."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.settings.model import SettingsProblem
from bot.worker.spool import Spool
from sandbox.botlhale import Botlhale
from sandbox.faults import answer
from sandbox.slack import Slack
from storage.database import Database
from storage.job import JobId
from tests.bot.job_fixtures import new_database
from tests.bot.processes import Running, for_slack
from tests.journeys.bench import eventually, recording

NOBODY = 65_534
"""An account that is not ours."""

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another account")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def reachable(folder: Path) -> list[str]:
    """What in the folder others can read or change: their right to it, and to every folder on the way."""
    found = []
    for path in sorted(folder.iterdir()):
        if mode_of(path) & 0o077 == 0:
            continue
        found.append(f"{path.name} {mode_of(path):o}")
        found += reachable(path) if path.is_dir() else []
    return found


def lying_in(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


async def test_without_any_mask_everything_is_for_the_bot_alone(slack: Slack, tmp_path: Path) -> None:
    async with Botlhale() as botlhale:
        env = for_slack(
            slack,
            TRANSCRIBER="botlhale",
            BOTLHALE_BASE_URL=botlhale.origin,
            BOTLHALE_ORG_ID=botlhale.org_id,
            BOTLHALE_REFRESH_TOKEN=botlhale.refresh_token,
        )
        # So the recording lies there, converted, and waits.
        botlhale.faults.arm("POST /asr/async/upload", answer(503, Retry_After="600"))
        pipe = asyncio.subprocess.PIPE
        bot = Running(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "run", cwd=tmp_path, env=env, stdout=pipe, stderr=pipe, umask=0
            )
        )
        try:
            await bot.ready()
            await slack.share(slack.channel("general"), [recording()])
            await eventually(lambda: [seen for seen in botlhale.requests if seen.call == "POST /asr/async/upload"])
            lying = lying_in(tmp_path)
            assert {"threadscribe.db", "threadscribe.db-wal", "threadscribe.db-shm", "threadscribe.db.lock"} <= lying
            assert [name for name in lying if name.startswith("audio-") and name.endswith(".wav")]
            assert reachable(tmp_path) == []
            assert mode_of(tmp_path / "threadscribe.db") == mode_of(tmp_path / "threadscribe.db-wal") == 0o600
            assert mode_of(tmp_path / "threadscribe-spool") == 0o700
        finally:
            await bot.stop()
    assert reachable(tmp_path) == []


# --- the spool, where somebody else was first -------------------------------------------------------------------------


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with new_database(tmp_path / "jobs.db") as opened:
        yield opened


def spool_in(folder: Path, *, mode: int) -> Spool:
    made = folder / "spool"
    made.mkdir()
    made.chmod(mode)
    return Spool(made)


async def test_a_spool_of_ours_that_everybody_could_change_is_closed_to_them(
    tmp_path: Path, database: Database
) -> None:
    spool = spool_in(tmp_path, mode=0o777)
    await spool.prepare(database)
    assert mode_of(spool.folder) == 0o775


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o2770, 0o1777])
async def test_a_spool_that_is_safe_is_left_as_it_is(tmp_path: Path, database: Database, mode: int) -> None:
    spool = spool_in(tmp_path, mode=mode)
    await spool.prepare(database)
    assert mode_of(spool.folder) == mode


@AS_ROOT
async def test_a_spool_that_belongs_to_another_account_is_refused_with_a_sentence(
    tmp_path: Path, database: Database
) -> None:
    spool = spool_in(tmp_path, mode=0o777)
    os.chown(spool.folder, NOBODY, NOBODY)
    with pytest.raises(SettingsProblem, match="SPOOL_DIRECTORY: it belongs to another account"):
        await spool.prepare(database)


@AS_ROOT
async def test_a_link_of_another_account_in_the_spools_place_is_not_followed(
    tmp_path: Path, database: Database
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / "spool"
    link.symlink_to(elsewhere)
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    with pytest.raises(SettingsProblem):
        await Spool(link).prepare(database)


async def test_a_link_of_our_own_to_a_larger_disk_is_followed(tmp_path: Path, database: Database) -> None:
    (tmp_path / "large").mkdir()
    (tmp_path / "spool").symlink_to(tmp_path / "large")
    spool = Spool(tmp_path / "spool")
    await spool.prepare(database)
    assert mode_of(await spool.room(JobId("abcdefgh23"))) == 0o700
    assert [path.name for path in (tmp_path / "large").iterdir()] == ["job-abcdefgh23"]


async def test_a_link_in_a_rooms_place_is_not_entered(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, mode=0o1777)
    (tmp_path / "elsewhere").mkdir()
    (spool.folder / "job-abcdefgh23").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError):
        await spool.room(JobId("abcdefgh23"))


@AS_ROOT
async def test_a_room_that_another_account_made_is_not_entered(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, mode=0o1777)
    room = spool.folder / "job-abcdefgh23"
    room.mkdir()
    os.chown(room, NOBODY, NOBODY)
    with pytest.raises(PermissionError, match="not the bot's own"):
        await spool.room(JobId("abcdefgh23"))
