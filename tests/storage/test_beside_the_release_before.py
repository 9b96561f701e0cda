"""A worker of the release before at the same jobs as one of today: what it leaves as it was misleads nobody.

It does not know the columns that came since, and writes rows in which these are of an earlier step or try.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from storage import claiming, jobs, reruns
from storage.claiming import FairShare
from storage.database import Database
from storage.job import Failure, HandleFrom, Job, JobId, JobState, Origin, Reason
from storage.migrations import migrate
from storage.postgresql import PostgreSQL
from storage.sqlite import SQLite
from storage.timestamps import stored
from tests.bot.processes import environment
from tests.postgresql import Server
from tests.released import before
from transcription.transcript import Report

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

REPORT = Report(kind="pulse", message="as it was")


class Beside:
    """A process of the release before."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, what: str, job: Job, now: datetime, **more: Any) -> None:
        """Let it do that; fails where it could not."""
        answer = await self.ask(what, job=job.id, now=now, **more)
        assert "done" in answer, answer

    async def ask(self, what: str, *, now: datetime, **more: Any) -> dict[str, Any]:
        """What it answers."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"name": what, "now": stored(now), **more}).encode() + b"\n")
        answer: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return answer

    async def take_on(self, job: Job, now: datetime, *, state: JobState, **known: Any) -> None:
        """Claim a job that is due, bring it to a state, and let it go."""
        await self.do("claim", job, now)
        steps = [JobState.SUBMITTING, JobState.SUBMITTED] if state is JobState.SUBMITTED else [state]
        for step in steps:
            await self.do("save", job, now, state=step, **(known if step is state else {}))
        await self.do("release", job, now)

    async def look(self, job: Job, now: datetime, *, attempts: int) -> None:
        """Claim a job and let it go after a look: in vain, or one that failed."""
        await self.do("claim", job, now)
        await self.do("release", job, now, attempts=attempts, looks=0 if attempts else 1)


@pytest.fixture(params=["sqlite", "postgresql"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "jobs.db")
    server: Server = request.getfixturevalue("postgresql")
    return await asyncio.to_thread(server.new_database)


@pytest.fixture
async def database(place: str) -> AsyncIterator[Database]:
    on_server = place.startswith("postgresql")
    opened: Database = await (PostgreSQL.open(place) if on_server else SQLite.open(Path(place), own=True))
    await migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
async def beside(place: str, database: Database, release_before: Path) -> AsyncIterator[Beside]:
    assert database is not None, "its schema is there already"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(before.FOLDER / "hand.py"),
        place,
        cwd=release_before,
        env=environment(PYTHONPATH=str(release_before)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    yield Beside(process)
    await process.communicate(b"")


async def _add(database: Database, now: datetime) -> Job:
    origin = Origin(team="T1", channel="C1", file="F1", occasion="1.0", user="U1", thread="1.0")
    job = await database.write(lambda tx: jobs.add(tx, origin=origin, now=now))
    assert job is not None
    return job


async def _claim(database: Database, now: datetime) -> Job:
    job = await database.write(lambda tx: claiming.claim(tx, fair_share=FairShare(), now=now, until=now + MINUTE))
    assert job is not None
    return job


async def _save(database: Database, job: Job, now: datetime, **changes: Any) -> Job:
    return await database.write(lambda tx: jobs.save(tx, job, replace(job, **changes), now=now))


async def _release(database: Database, job: Job, now: datetime, **more: Any) -> None:
    await database.write(lambda tx: claiming.release(tx, job, now=now, due=now, **({"attempts": 0} | more)))


async def _as_it_stands(database: Database, job: Job) -> Job:
    found = await database.read(lambda tx: jobs.get(tx, JobId(job.id)))
    assert found is not None
    return found


async def _submitted(database: Database, now: datetime) -> Job:
    """By a worker of today, and in its hands."""
    await _add(database, now)
    job = await _claim(database, now)
    job = await _save(database, job, now, state=JobState.SUBMITTING, provider="p", sendings=1)
    return await _save(database, job, now, state=JobState.SUBMITTED, handle="h1", handle_from=HandleFrom.ANSWER)


async def test_what_the_release_before_writes_is_there_and_what_it_does_not_know_is_empty(
    database: Database, beside: Beside, noon: datetime
) -> None:
    answer = await beside.ask("add", now=noon, file="F1")
    assert answer["done"]["state"] == "received"
    job = await _claim(database, noon)
    assert (job.handle_from, job.failing_since, job.waited, job.waited_until, job.report) == (
        None,
        None,
        timedelta(0),
        None,
        None,
    )


async def test_each_takes_over_from_the_other_and_neither_takes_what_is_in_hand(
    database: Database, beside: Beside, noon: datetime
) -> None:
    job = await _add(database, noon)
    held = await _claim(database, noon)
    assert (await beside.ask("claim", now=noon))["raised"] == "AssertionError"
    await _release(database, held, noon)
    await beside.do("claim", job, noon)
    claimed = await database.write(lambda tx: claiming.claim(tx, fair_share=FairShare(), now=noon, until=noon + MINUTE))
    assert claimed is None
    again_claimed = await _claim(database, noon + 2 * MINUTE)
    assert again_claimed.id == job.id
    assert (await beside.ask("save", job=job.id, now=noon, state="submitting"))["raised"] == "LeaseLost"
    assert (await beside.ask("release", job=job.id, now=noon))["raised"] == "LeaseLost"


async def test_tries_that_fail_in_a_row_are_timed_from_the_first_whoever_makes_them(
    database: Database, beside: Beside, noon: datetime
) -> None:
    job = await _submitted(database, noon)
    await _release(database, job, noon, attempts=1)
    await beside.look(job, noon + MINUTE, attempts=2)
    job = await _claim(database, noon + 2 * MINUTE)
    assert (job.attempts, job.failing_since) == (2, noon)
    await _release(database, job, noon + 2 * MINUTE, attempts=3)
    assert (await _as_it_stands(database, job)).failing_since == noon


async def test_an_answer_that_the_release_before_had_between_two_failures_ends_the_row(
    database: Database, beside: Beside, noon: datetime
) -> None:
    """Else one odd answer a day later would send, and bill, a recording again, or give it up."""
    job = await _submitted(database, noon)
    await _release(database, job, noon, attempts=1)
    await beside.look(job, noon + DAY, attempts=0)
    await beside.look(job, noon + DAY, attempts=1)
    job = await _claim(database, noon + DAY)
    assert (job.attempts, job.failing_since) == (1, None)
    await _release(database, job, noon + DAY + MINUTE, attempts=2)
    job = await _claim(database, noon + DAY + MINUTE)
    assert (job.attempts, job.failing_since) == (2, noon + DAY + MINUTE)
    await _release(database, job, noon + DAY + 2 * MINUTE, attempts=3)
    assert (await _as_it_stands(database, job)).failing_since == noon + DAY + MINUTE


async def test_failures_of_an_earlier_step_are_not_counted_for_one_that_the_release_before_began(
    database: Database, beside: Beside, noon: datetime
) -> None:
    await _add(database, noon)
    job = await _claim(database, noon)
    await _release(database, job, noon, attempts=1)
    await beside.take_on(job, noon + DAY, state=JobState.SUBMITTED, provider="p", handle="h1", sendings=1)
    await beside.look(job, noon + DAY, attempts=1)
    assert (await _as_it_stands(database, job)).failing_since is None
    job = await _claim(database, noon + DAY)
    await _release(database, job, noon + DAY, attempts=2)
    assert (await _as_it_stands(database, job)).failing_since == noon + DAY


async def test_work_on_an_earlier_sending_is_not_counted_for_what_the_release_before_sent_again(
    database: Database, beside: Beside, noon: datetime
) -> None:
    """Else it would be too slow at once."""
    job = await _submitted(database, noon)
    await _release(database, job, noon + MINUTE, waited=timedelta(hours=3))
    await beside.take_on(job, noon + DAY, state=JobState.RECEIVED, handle=None)
    await beside.take_on(job, noon + DAY, state=JobState.SUBMITTED, handle="h2", sendings=2)
    job = await _claim(database, noon + DAY + MINUTE)
    assert (job.waited, job.waited_until) == (timedelta(0), None)
    await _release(database, job, noon + DAY + MINUTE, waited=MINUTE)
    await beside.look(job, noon + DAY + MINUTE, attempts=0)
    kept = await _as_it_stands(database, job)
    assert (kept.waited, kept.waited_until) == (MINUTE, noon + DAY + MINUTE)


@pytest.mark.parametrize("told", list(HandleFrom))
async def test_who_told_of_an_earlier_id_is_not_taken_for_who_told_of_that_of_the_release_before(
    database: Database, beside: Beside, noon: datetime, told: HandleFrom
) -> None:
    job = await _submitted(database, noon)
    job = await _save(database, job, noon, handle_from=told)
    await _release(database, job, noon)
    assert (await _as_it_stands(database, job)).handle_from is told
    await beside.look(job, noon, attempts=0)
    assert (await _as_it_stands(database, job)).handle_from is told
    await beside.take_on(job, noon, state=JobState.RECEIVED, handle=None)
    assert (await _as_it_stands(database, job)).handle_from is None
    await beside.take_on(job, noon, state=JobState.SUBMITTED, handle="h2", sendings=2)
    kept = await _as_it_stands(database, job)
    assert (kept.handle, kept.handle_from) == ("h2", None)
    job = await _claim(database, noon)
    job = await _save(database, job, noon, state=JobState.RECEIVED, handle=None)
    job = await _save(database, job, noon, state=JobState.SUBMITTING)
    job = await _save(database, job, noon, state=JobState.SUBMITTED, handle="h3", handle_from=told)
    assert (await _as_it_stands(database, job)).handle_from is told


async def _failed(database: Database, now: datetime) -> Job:
    """With everything that is told of a job which a provider has worked on for long."""
    job = await _submitted(database, now)
    await _release(database, job, now, attempts=1, waited=timedelta(hours=5))
    job = await _claim(database, now)
    job = await _save(database, job, now, report=REPORT)
    job = await _save(database, job, now, state=JobState.READY, failure=Failure(reason=Reason.TOO_SLOW))
    job = await _save(database, job, now, state=JobState.REPLYING)
    job = await _save(database, job, now, state=JobState.REPLIED, reply_ts="2.0")
    await _release(database, job, now)
    await database.write(lambda tx: tx.run("UPDATE jobs SET due_at = NULL"))
    return job


async def test_what_the_release_before_begins_again_begins_without_anything_of_the_first_try(
    database: Database, beside: Beside, noon: datetime
) -> None:
    job = await _failed(database, noon)
    assert (await _as_it_stands(database, job)).report == REPORT
    later = noon + DAY
    await beside.do("retry", job, later)
    job = await _claim(database, later)
    assert job.state is JobState.RECEIVED
    assert (job.handle_from, job.failing_since, job.waited, job.waited_until, job.report) == (
        None,
        None,
        timedelta(0),
        None,
        None,
    )
    await _release(database, job, later)
    await beside.take_on(job, later, state=JobState.SUBMITTED, handle="h2", sendings=2)
    job = await _claim(database, later)
    assert (job.handle_from, job.failing_since, job.waited, job.waited_until, job.report) == (
        None,
        None,
        timedelta(0),
        None,
        None,
    )
    job = await _save(database, job, later, report=REPORT)
    assert (await _as_it_stands(database, job)).report == REPORT


async def test_what_today_begins_again_is_told_of_anew(database: Database, noon: datetime) -> None:
    job = await _failed(database, noon)
    begun = await database.write(lambda tx: reruns.retry(tx, job, now=noon + DAY))
    assert begun is not None
    assert await _as_it_stands(database, job) == begun
    assert (begun.report, begun.handle_from, begun.waited, begun.failing_since) == (None, None, timedelta(0), None)


async def test_of_what_the_release_before_forgets_nothing_is_left_that_the_provider_said(
    database: Database, beside: Beside, noon: datetime
) -> None:
    job = await _failed(database, noon)
    await beside.do("forget", job, noon)
    assert (await _as_it_stands(database, job)).report is None
    await database.write(lambda tx: claiming.pull_back(tx, now=noon, lease=MINUTE))
    row = await database.read(lambda tx: tx.one("SELECT report, title FROM jobs"))
    assert row is not None
    assert (row["report"], row["title"]) == (None, None)
