"""Commands that fail, or are stopped, on their way through the database: each ends, whatever threads there are.

No time is asserted in here but one after which a process counts as one that hangs.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sandbox.slack import Slack
from storage.database import Transaction
from tests.bot.job_fixtures import new_database
from tests.bot.processes import Ended, Running, environment, for_slack, running, start, threadscribe
from tests.corpus.processes import needs_proc, started
from tests.journeys.bench import eventually

HANGS = 60

IN_OPEN = 0x20  # linux/inotify.h

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


@contextmanager
def openings_of(path: Path) -> Iterator[Callable[[], bool]]:
    """Tell whether somebody has opened the file since. Linux alone; which process it was, it does not say."""
    libc = ctypes.CDLL(None)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    libc.inotify_add_watch(watch, bytes(path), IN_OPEN)

    def seen() -> bool:
        try:
            return bool(os.read(watch, 4096))
        except BlockingIOError:
            return False

    try:
        yield seen
    finally:
        os.close(watch)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells that a file is opened")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
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
        with openings_of(path) as is_open:
            process = await start(*COMMANDS[name], folder=tmp_path, env=for_slack(slack))
            try:
                await eventually(is_open)
                process.send_signal(number)
                await asyncio.sleep(0.3)
            finally:
                beside.execute("ROLLBACK")
                ended = await end_of(process)
    assert "Traceback" not in ended.err
    assert "Exception in thread" not in ended.err
    if name == "run":
        assert ended.code == 0, "it stops as it does at any other time"
    elif number is not signal.SIGINT:
        assert ended.code == -number
    else:
        assert (ended.code, ended.err.strip()) == (1, "Aborted!")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
async def test_a_bot_at_work_is_stopped_in_good_order(slack: Slack, tmp_path: Path, number: signal.Signals) -> None:
    async with running(tmp_path, for_slack(slack)) as bot:
        await bot.ready()
        assert await bot.stop(number) == 0
    assert '"stopping"' in "".join(bot.err)


def ignores(pid: int, number: signal.Signals) -> bool:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigIgn:"))
    return bool(int(mask, 16) & 1 << number - 1)


@needs_proc
async def test_a_bot_that_was_started_by_nohup_stays_deaf_to_a_terminal_that_is_closed(
    slack: Slack, tmp_path: Path
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = await start("run", folder=tmp_path, env=for_slack(slack))
    finally:
        signal.signal(signal.SIGHUP, before)
    bot = Running(process)
    try:
        await bot.ready()
        assert ignores(process.pid, signal.SIGHUP)
    finally:
        assert await bot.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
async def test_a_recording_that_is_transcribed_on_the_command_line_leaves_nothing_when_that_is_stopped(
    tmp_path: Path, number: signal.Signals
) -> None:
    own = tmp_path / "temporary"
    own.mkdir()
    command = ("transcribe", "-")
    process = await start(*command, folder=tmp_path, env=environment(TMPDIR=str(own)), stdin=asyncio.subprocess.PIPE)
    await eventually(lambda: list(own.glob("threadscribe-*/stdin")))
    process.send_signal(number)
    async with asyncio.timeout(HANGS):
        assert await process.wait() == -number, "although its standard input is still open"
    assert list(own.iterdir()) == []


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
async def test_a_demo_that_is_stopped_takes_its_bot_along(tmp_path: Path, number: signal.Signals) -> None:
    own = tmp_path / "temporary"
    own.mkdir()
    process = await start("demo", folder=tmp_path, env=environment(TMPDIR=str(own)))
    bot = await started(process.pid, module="bot")
    process.send_signal(number)
    ended = await end_of(process)
    assert ended.code == -number
    assert "Traceback" not in ended.err
    with pytest.raises(ProcessLookupError):
        os.kill(bot, 0)
    assert list(own.iterdir()) == []


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
