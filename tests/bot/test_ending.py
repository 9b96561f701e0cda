"""Commands that fail, or are stopped, on their way through the database: each ends, whatever threads there are.

No time is asserted in here but one after which a process counts as one that hangs.
"""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from sandbox.slack import Slack
from storage.database import Transaction
from tests.bot.job_fixtures import new_database
from tests.bot.processes import Ended, environment, for_slack, start, threadscribe
from tests.journeys.bench import eventually

HANGS = 60

COMMANDS = {
    "run": ["run"],
    "migrate": ["migrate"],
    "doctor": ["doctor"],
    "jobs": ["jobs", "list"],
    "copy": ["copy-database", "--to", "postgresql://nobody@127.0.0.1:9/none"],
}


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as started:
        yield started


async def end_of(process: asyncio.subprocess.Process) -> Ended:
    try:
        async with asyncio.timeout(HANGS):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert process.returncode is not None
    return Ended(code=process.returncode, out=out.decode(), err=err.decode())


def has_open(process: asyncio.subprocess.Process, path: Path) -> bool:
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since they were listed
            if link.resolve() == path:
                return True
    return False


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="only Linux tells which files a process has open")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("name", COMMANDS)
async def test_a_command_that_is_stopped_while_it_opens_the_database_ends(
    slack: Slack, tmp_path: Path, name: str, number: signal.Signals
) -> None:
    path = tmp_path / "threadscribe.db"
    async with new_database(path):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as beside:
        beside.execute("PRAGMA journal_mode=DELETE")
        beside.execute("BEGIN EXCLUSIVE")  # whoever opens it waits
        process = await start(*COMMANDS[name], folder=tmp_path, env=for_slack(slack))
        try:
            await eventually(lambda: has_open(process, path))
            process.send_signal(number)
            await asyncio.sleep(0.3)
        finally:
            beside.execute("ROLLBACK")
            ended = await end_of(process)
    assert "Traceback" not in ended.err
    assert "Exception in thread" not in ended.err
    if name == "run":
        assert ended.code == 0, "it stops as it does at any other time"
    elif number is signal.SIGTERM:
        assert ended.code == -signal.SIGTERM
    else:
        assert (ended.code, ended.err.strip()) == (1, "Aborted!")


async def test_a_command_whose_database_stays_locked_ends(slack: Slack, tmp_path: Path) -> None:
    path = tmp_path / "threadscribe.db"
    async with new_database(path):
        pass
    with closing(sqlite3.connect(path, isolation_level=None)) as beside:
        beside.execute("PRAGMA journal_mode=DELETE")
        beside.execute("BEGIN EXCLUSIVE")
        ended = await threadscribe("run", folder=tmp_path, env=for_slack(slack))
    assert ended.code == 2
    assert ended.err == "database is locked\n"


@pytest.mark.parametrize("name", ["run", "migrate"])
async def test_a_command_whose_migration_fails_ends(slack: Slack, tmp_path: Path, name: str) -> None:
    def leave_behind(tx: Transaction) -> None:
        tx.run("INSERT INTO schema_floor (oldest) VALUES (999)")

    async with new_database(tmp_path / "threadscribe.db") as database:
        await database.write(leave_behind)
    ended = await threadscribe(name, folder=tmp_path, env=for_slack(slack))
    assert ended.code == 2
    assert "update it" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("name", ["run", "migrate"])
async def test_a_command_whose_migration_breaks_off_ends(slack: Slack, tmp_path: Path, name: str) -> None:
    with closing(sqlite3.connect(tmp_path / "threadscribe.db")) as connection:
        connection.execute("CREATE TABLE jobs (of_another TEXT)")
    ended = await threadscribe(name, folder=tmp_path, env=for_slack(slack))
    assert (ended.code, ended.err) == (2, "table jobs already exists\n")


async def test_a_command_whose_settings_turn_out_wrong_once_the_database_is_open_ends(
    slack: Slack, tmp_path: Path
) -> None:
    ended = await threadscribe("run", folder=tmp_path, env=for_slack(slack, SLACK_BOT_TOKEN="xoxb-wrong"))
    assert ended.code == 2
    assert "SLACK_BOT_TOKEN" in ended.err
    assert (tmp_path / "threadscribe.db").exists()


async def test_a_copy_whose_target_cannot_be_reached_ends(tmp_path: Path) -> None:
    async with new_database(tmp_path / "threadscribe.db"):
        pass
    ended = await threadscribe(*COMMANDS["copy"], folder=tmp_path, env=environment())
    assert ended.code == 2
    assert "cannot reach the database" in ended.err
