"""A process with a SQLite database ends, whatever happens: aiosqlite's threads would keep it for ever.

Each test starts a real one (`children.py`). The only time in here is how long a process may take before it counts as
one that hangs.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.bot.processes import ROOT, Ended, environment
from tests.storage import children

HANGS = 60
"""Seconds; each of them needs about one."""


async def child(what: str, path: Path) -> Ended:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.storage.children",
        what,
        str(path),
        cwd=ROOT,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(HANGS):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert process.returncode is not None
    return Ended(code=process.returncode, out=out.decode(), err=err.decode())


FAILED, INTERRUPTED = 1, -2


@pytest.mark.parametrize(
    ("what", "code"),
    [
        (children.an_error_while_it_is_open, FAILED),
        (children.an_interrupt_while_it_is_open, INTERRUPTED),
        (children.two_interrupts_while_a_unit_of_work_is_under_way, INTERRUPTED),
        (children.the_migration_fails, FAILED),
        (children.nobody_closes_it, 0),
        (children.nobody_closes_it_after_an_error, FAILED),
        (children.the_event_loop_is_closed_first_and_the_database_dropped, 0),
        (children.the_event_loop_is_closed_first_and_the_database_on_another_one, 0),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
async def test_a_process_ends_with(tmp_path: Path, what: object, code: int) -> None:
    path = tmp_path / "jobs.db"
    ended = await child(getattr(what, "__name__", ""), path)
    assert ended.code == code, ended.err
    assert "Exception in thread" not in ended.err
    assert ended.err == "" or code
    left = await asyncio.to_thread(lambda: {file.name for file in tmp_path.iterdir()})
    assert left == {"jobs.db", "jobs.db.lock"}, "both connections were closed"


async def test_whatever_cannot_be_opened_nothing_stays_open_of_it(tmp_path: Path) -> None:
    """The lock, the writer, the reader and the searcher fail one after another for want of file descriptors."""
    ended = await child(children.every_number_of_file_descriptors_that_is_too_small.__name__, tmp_path / "jobs.db")
    assert (ended.code, ended.err) == (0, "")
    first, *failed, last = map(int, ended.out.split())
    assert first == last == 3
    assert sorted(failed) == failed
    assert set(failed) == {0, 1, 2, 3}, "the last to fail was the one that searches, once the others were open"


async def test_every_statement_runs_on_the_thread_of_a_connection(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    ended = await child(children.a_real_use.__name__, path)
    assert (ended.code, ended.err) == (0, "")
    done = [line.split("\t") for line in ended.out.splitlines()]
    elsewhere = [what for thread, what in done if "(_connection_worker_thread)" not in thread]
    assert elsewhere == ["connect :memory:"], "which asks for FTS5 alone"
    threads = {what: thread for thread, what in done}
    assert threads["BEGIN IMMEDIATE"] != threads["BEGIN"]
    for what in (f"connect {path}", "CREATE TABLE IF NOT EXISTS schema_version", "ROLLBACK TO unit", "SELECT version"):
        assert any(found.startswith(what) for found in threads), what
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM schema_version WHERE version = 1000").fetchone() == (1,)
