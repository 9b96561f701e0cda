"""F3: ten heavy searches at once: how long another read of the database waits meanwhile, and who waits longest.

What is searched are transcripts as in `benchmarks.finding`, and on top of them the longest that are allowed: each of
the ten searches finds eleven of these, so that their whole text is read. A search that takes too long is ended.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from datetime import timedelta
from functools import partial

from benchmarks import finding
from benchmarks.measuring import ROUNDS, Found, Goal, Result, Skipped, folder, number
from benchmarks.servers import a_server
from storage import job_lists, search, transcripts
from storage.database import Database, Transaction
from storage.migrations import migrate
from storage.ngrams import terms
from storage.postgresql import PostgreSQL
from storage.sqlite import SQLite
from transcription.transcript import Transcript

SHORT_ONES, LONG_ONES, LONG_TURNS = 2000, 20, 2000
AT_ONCE = 10
GOAL_SECONDS = 0.5
ASKED = ("the", "ai", "the delivery and that monday", '"monday budget"', "พ")


def _goals(on: str) -> Goal:
    return Goal(
        key="F3",
        what=f"the longest wait of another read while {AT_ONCE} heavy searches run at once, {on}",
        against=f"{GOAL_SECONDS:g} s",
        most=1,
    )


def measure() -> list[Found]:
    """Measure the goal on both databases."""
    with folder() as base:
        found: list[Found] = [asyncio.run(_on(SQLite.open(base / "bot.db", own=True), "SQLite"))]
    with a_server() as server:
        if server is None:
            return [*found, Skipped(goal=_goals("PostgreSQL"), why="no PostgreSQL server here")]
        return [*found, asyncio.run(_on(PostgreSQL.open(server.empty_database()), "PostgreSQL"))]


async def _on(opening: Awaitable[Database], name: str) -> Found:
    database = await opening
    try:
        await migrate(database)
        await _fill(database)
        await _round(database)
        rounds = [await _round(database) for _ in range(ROUNDS)]
    finally:
        await database.close()
    waited, took, answered = zip(*rounds, strict=True)
    scale = (
        f"{number(max(waited) * 1000)} ms; at least {min(answered)} of {AT_ONCE} answered, the last after "
        f"{number(max(took))} s"
    )
    return Result(goal=_goals(name), ratios=[each / GOAL_SECONDS for each in waited], scale=scale)


async def _fill(database: Database) -> None:
    talk = finding.Talk()
    for start in range(0, SHORT_ONES, 100):
        await database.write(partial(finding.put_talk, talk, range(start, start + 100)))
    for each in range(SHORT_ONES, SHORT_ONES + LONG_ONES):
        await database.write(partial(_put_long, talk.of(10 * each, turns=LONG_TURNS), each))
        while await database.write(search.catch_up):
            pass


def _put_long(transcript: Transcript, number: int, tx: Transaction) -> None:
    now = finding.NOON + timedelta(minutes=number)
    transcripts.put(tx, finding.put_job(tx, number, now=now), transcript, now=now)


async def _round(database: Database) -> tuple[float, float, int]:
    """Return the longest wait of a read and of a search in seconds, and how many searches were answered."""
    channels = [f"C{each}" for each in range(finding.CONVERSATIONS)]
    looks = [
        partial(search.find, team="T1", channels=channels, terms=terms(asked), limit=finding.SHOWN)
        for asked in ASKED * (AT_ONCE // len(ASKED))
    ]
    began = time.perf_counter()
    searches = [asyncio.create_task(database.search(look)) for look in looks]
    waited = 0.0
    while not all(each.done() for each in searches):
        asked_at = time.perf_counter()
        await database.read(lambda tx: job_lists.newest(tx, limit=15))
        waited = max(waited, time.perf_counter() - asked_at)
        await asyncio.sleep(0.005)
    took = time.perf_counter() - began
    ends = await asyncio.gather(*searches, return_exceptions=True)
    answered = [end for end in ends if not isinstance(end, BaseException)]
    assert all(len(hits) == finding.SHOWN for hits in answered)
    return waited, took, len(answered)


if __name__ == "__main__":
    for each in measure():
        print(each)
