"""What the metrics ask about the jobs: counted by state and provider, and never by reading what has ended."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from storage import claiming, job_counts, jobs, reruns
from storage.claiming import FairShare
from storage.database import Database, Transaction
from storage.job import Job, JobState, Origin
from storage.timestamps import stored

MINUTE = timedelta(minutes=1)


def add(tx: Transaction, file: str, *, now: datetime) -> Job:
    origin = Origin(team="T1", channel="C1", file=file, occasion="1.0", user="U1")
    job = jobs.add(tx, origin=origin, now=now)
    assert job is not None
    return job


def take(tx: Transaction, *, now: datetime) -> Job:
    job = claiming.claim(tx, fair_share=FairShare(), now=now, until=now + MINUTE)
    assert job is not None
    return job


def submitted(tx: Transaction, file: str, *, now: datetime) -> Job:
    """With the provider and in a worker's hands."""
    add(tx, file, now=now)
    job = take(tx, now=now)
    for state in (JobState.SUBMITTING, JobState.SUBMITTED):
        job = jobs.save(tx, job, replace(job, state=state, provider="botlhale"), now=now)
    return job


def ended(tx: Transaction, file: str, *, now: datetime) -> Job:
    """Answered and tidied up."""
    job = submitted(tx, file, now=now)
    for state in (JobState.READY, JobState.REPLYING, JobState.REPLIED):
        job = jobs.save(tx, job, replace(job, state=state), now=now)
    claiming.release(tx, job, now=now, due=None, attempts=0)
    return job


async def counted(database: Database, now: datetime) -> dict[tuple[str, str | None], job_counts.JobCount]:
    found = await database.read(lambda tx: job_counts.job_counts(tx, now=now))
    return {(group.state, group.provider): group for group in found}


async def test_without_jobs_there_is_no_group(database: Database, noon: datetime) -> None:
    assert await counted(database, noon) == {}


async def test_jobs_are_counted_by_state_and_provider(database: Database, noon: datetime) -> None:
    def work(tx: Transaction) -> None:
        for file in ("F1", "F2"):
            submitted(tx, file, now=noon)
        add(tx, "F3", now=noon)

    await database.write(work)
    found = await counted(database, noon)
    assert {name: group.jobs for name, group in found.items()} == {("submitted", "botlhale"): 2, ("received", None): 1}


async def test_what_has_ended_is_not_counted(database: Database, noon: datetime) -> None:
    await database.write(lambda tx: ended(tx, "F1", now=noon))
    assert await counted(database, noon) == {}


async def test_due_is_what_nobody_has_in_hand_and_what_is_not_put_off(database: Database, noon: datetime) -> None:
    def work(tx: Transaction) -> None:
        submitted(tx, "in hand", now=noon)
        put_off = submitted(tx, "put off", now=noon)
        claiming.release(tx, put_off, now=noon, due=noon + 5 * MINUTE, attempts=0)
        waits = submitted(tx, "waits", now=noon)
        claiming.release(tx, waits, now=noon, due=noon, attempts=0)
        add(tx, "new", now=noon)

    await database.write(work)
    found = await counted(database, noon)
    assert {name: (group.jobs, group.due) for name, group in found.items()} == {
        ("submitted", "botlhale"): (3, 1),
        ("received", None): (1, 1),
    }


async def test_a_job_whose_worker_died_is_due_when_its_lease_has_ended(database: Database, noon: datetime) -> None:
    await database.write(lambda tx: submitted(tx, "F1", now=noon))
    assert (await counted(database, noon + 2 * MINUTE))["submitted", "botlhale"].due == 1


async def test_a_group_is_as_old_as_its_oldest_job(database: Database, noon: datetime) -> None:
    await database.write(lambda tx: add(tx, "F1", now=noon))
    await database.write(lambda tx: add(tx, "F2", now=noon + MINUTE))
    assert (await counted(database, noon))["received", None].since == noon


async def test_a_job_that_is_started_again_is_not_as_old_as_its_first_try(database: Database, noon: datetime) -> None:
    later = noon + timedelta(days=7)

    def work(tx: Transaction) -> None:
        job = add(tx, "F1", now=noon)
        cancelled = jobs.cancel(tx, job, now=noon)
        assert cancelled is not None
        assert reruns.retry(tx, replace(cancelled, lease=None), now=later) is not None

    await database.write(work)
    assert (await counted(database, later))["received", None].since == later


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_ended_jobs_are_not_even_looked_at(database: Database, noon: datetime) -> None:
    rows = await database.read(lambda tx: tx.all(f"EXPLAIN QUERY PLAN {job_counts.UNFINISHED}", now=stored(noon)))
    plan = "\n".join(str(row["detail"]) for row in rows)
    assert re.findall(r"\b(?:SCAN|SEARCH) jobs\b(?: USING INDEX (\w+))?", plan) == ["jobs_waiting", "jobs_in_work"]
