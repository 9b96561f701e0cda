"""Nothing becomes slow unnoticed: processor time beside a baseline in the same run, with generous bounds.

`make bench` measures the same in full. Here a bound is passed only by what has become several times as expensive; the
looks at a provider are counted in virtual time, so that they are the same on every machine.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.acknowledging import burst, server
from benchmarks.queues import MOVES, Ours, drive
from benchmarks.replying import rendering_round
from benchmarks.waiting import round_of

ROUNDS = 3


def median(ratio: Callable[[], float]) -> float:
    return statistics.median(ratio() for _ in range(ROUNDS))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here to read another process's time from")
def test_an_event_on_disk_costs_about_what_bolt_takes_for_nothing(tmp_path: Path) -> None:
    with server("ours", tmp_path) as ours, server("bare", tmp_path) as bare:
        for pid, port in (ours, bare):
            burst(pid, port, events=300)
        assert median(lambda: burst(*ours, events=1200)["cpu"] / burst(*bare, events=1200)["cpu"]) < 2.5


def test_a_job_through_the_stores_costs_a_few_times_what_plain_sql_does(tmp_path: Path) -> None:
    def ratio() -> float:
        return _ours(tmp_path / f"{time.time_ns()}.db") / _plain(tmp_path / f"{time.time_ns()}.db")

    assert median(ratio) < 9


JOBS = 240


def _ours(path: Path) -> float:
    async def live() -> float:
        async with Ours.sqlite(path) as queue:
            await drive(queue, jobs=16, workers=16)
            began = time.process_time()
            await drive(queue, jobs=JOBS, workers=16)
            return time.process_time() - began

    return asyncio.run(live())


def _plain(path: Path) -> float:
    """The plainest SQL, in this thread and without syncing: what a computer has to do at least."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT, due_at INTEGER)")
    connection.execute("CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL")
    began = time.process_time()
    for number in range(JOBS):
        connection.execute("INSERT INTO jobs VALUES (?, 'received', 0)", (number,))
        connection.execute(
            "UPDATE jobs SET due_at = 9 WHERE id = (SELECT id FROM jobs WHERE due_at <= 0 ORDER BY due_at LIMIT 1)"
        )
        for state in MOVES:
            connection.execute("UPDATE jobs SET state = ? WHERE id = ?", (state, number))
        connection.execute("UPDATE jobs SET state = 'replied', due_at = NULL WHERE id = ?", (number,))
    spent = time.process_time() - began
    connection.close()
    return spent


def test_rendering_grows_with_the_words_and_not_faster() -> None:
    def ratio() -> float:
        figures = rendering_round()
        return figures["long"]["cpu"] / figures["short"]["cpu"]

    assert median(ratio) < 25


@pytest.mark.parametrize(("learning", "most"), [(False, 0.4), (True, 0.35)], ids=["unknown", "learned"])
def test_a_transcript_waits_less_than_with_doubling_waits_and_costs_no_more_requests(
    learning: bool,  # noqa: FBT001 - a parameter
    most: float,
) -> None:
    figures = round_of(3, learning=learning, recordings=70)

    assert figures["ours"]["delay"] < most * figures["doubling"]["delay"]
    assert figures["ours"]["requests"] < 1.15 * figures["doubling"]["requests"]
