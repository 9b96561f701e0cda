"""Who the speakers are, kept in every database; two who name at once, and a worker that lets go just then."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from storage import claiming, job_lists, jobs, namings, transcripts
from storage.database import Database, Transaction
from storage.job import Job, JobState, Origin
from storage.namings import NamingOutdated
from transcription.transcript import Transcript

MINUTE = timedelta(minutes=1)
MOVES = (JobState.SUBMITTING, JobState.SUBMITTED, JobState.READY, JobState.REPLYING, JobState.REPLIED)


async def replied(
    database: Database, noon: datetime, *, held: bool = False, moves: tuple[JobState, ...] = MOVES
) -> Job:
    """A job that has its reply, in nobody's hands unless `held`."""
    origin = Origin(team="T1", channel="C1", file="F1", occasion="1.0", user="U1", thread="1.0")
    await database.write(lambda tx: jobs.add(tx, origin=origin, now=noon))
    job = await database.write(
        lambda tx: claiming.claim(tx, fair_share=claiming.FairShare(), now=noon, until=noon + MINUTE)
    )
    assert job is not None
    for state in moves:
        after = replace(job, state=state, reply_ts="2.0" if state is JobState.REPLIED else None)
        job = await database.write(partial(_save, job, after, noon))
    if JobState.REPLIED in moves:
        await database.write(partial(_keep, job, noon))
    if not held:
        last = job
        await database.write(lambda tx: claiming.release(tx, last, now=noon, due=None, attempts=0))
    return job


def _save(before: Job, after: Job, now: datetime, tx: Transaction) -> Job:
    return jobs.save(tx, before, after, now=now)


def _keep(job: Job, now: datetime, tx: Transaction) -> None:
    transcripts.put(tx, job.id, Transcript(turns=(), duration=MINUTE), now=now)


async def named(database: Database, job: Job, name: str, *, seen: int, now: datetime) -> None:
    await database.write(lambda tx: namings.add(tx, job, names={"A": name}, seen=seen, by="U1", now=now))


async def due(database: Database, job: Job) -> Job:
    found = await database.read(lambda tx: jobs.get(tx, job.id))
    assert found is not None
    return found


async def test_the_newest_naming_counts_and_the_one_before_is_kept(database: Database, noon: datetime) -> None:
    job = await replied(database, noon)
    await named(database, job, "Thandi", seen=0, now=noon)
    await named(database, job, "Sipho", seen=1, now=noon + MINUTE)

    newest = await database.read(lambda tx: namings.newest(tx, job.id))
    before = await database.read(lambda tx: namings.before_newest(tx, job.id))
    assert newest is not None
    assert before is not None
    assert (newest.version, dict(newest.names), newest.at) == (2, {"A": "Sipho"}, noon + MINUTE)
    assert (before.version, dict(before.names)) == (1, {"A": "Thandi"})


async def test_whoever_has_not_seen_the_newest_is_told_of_it(database: Database, noon: datetime) -> None:
    job = await replied(database, noon)
    await named(database, job, "Thandi", seen=0, now=noon)
    with pytest.raises(NamingOutdated) as caught:
        await named(database, job, "Sipho", seen=0, now=noon)
    assert dict(caught.value.newest.names) == {"A": "Thandi"}
    assert (await due(database, job)).naming == 1


async def test_a_naming_makes_the_job_due_for_as_long_as_any_step(database: Database, noon: datetime) -> None:
    job = await replied(database, noon)
    later = noon + timedelta(days=30)
    await named(database, job, "Thandi", seen=0, now=later)

    owed = await due(database, job)
    assert (owed.due_at, owed.state_since, owed.naming, owed.shown) == (later, later, 1, 0)


async def test_a_naming_that_comes_while_the_worker_has_the_job_is_not_forgotten(
    database: Database, noon: datetime
) -> None:
    job = await replied(database, noon, held=True)
    await named(database, job, "Thandi", seen=0, now=noon)
    assert (await due(database, job)).lease == job.lease

    await database.write(lambda tx: claiming.release(tx, job, now=noon, due=None, attempts=0))
    assert (await due(database, job)).due_at == noon


async def test_what_is_shown_is_owed_no_more(database: Database, noon: datetime) -> None:
    job = await replied(database, noon)
    await named(database, job, "Thandi", seen=0, now=noon)
    claimed = await database.write(
        lambda tx: claiming.claim(tx, fair_share=claiming.FairShare(), now=noon, until=noon + MINUTE)
    )
    assert claimed is not None
    saved = await database.write(partial(_save, claimed, replace(claimed, shown=1), noon))
    await database.write(lambda tx: claiming.release(tx, saved, now=noon, due=None, attempts=0))
    assert (await due(database, job)).due_at is None


async def test_only_what_has_its_reply_is_named(database: Database, noon: datetime) -> None:
    job = await replied(database, noon, moves=MOVES[:3])
    await named(database, job, "Thandi", seen=0, now=noon)
    found = await due(database, job)
    assert (found.naming, found.due_at) == (0, None)
    assert await database.read(lambda tx: namings.newest(tx, job.id)) is None


async def test_a_message_knows_its_jobs_by_the_reply_and_by_the_recording(database: Database, noon: datetime) -> None:
    job = await replied(database, noon)
    for ts in ("1.0", "2.0"):
        found = await database.read(lambda tx, ts=ts: job_lists.on_message(tx, team="T1", channel="C1", ts=ts))  # type: ignore[misc]
        assert [one.id for one in found] == [job.id]
    for team, channel, ts in (("T2", "C1", "2.0"), ("T1", "C2", "2.0"), ("T1", "C1", "3.0")):
        found = await database.read(
            lambda tx, team=team, channel=channel, ts=ts: job_lists.on_message(tx, team=team, channel=channel, ts=ts)  # type: ignore[misc]
        )
        assert found == []


async def test_whoever_starts_over_has_no_names_and_may_give_new_ones(database: Database, noon: datetime) -> None:
    job = await replied(database, noon)
    await named(database, job, "Thandi", seen=0, now=noon)
    await database.write(lambda tx: namings.start_over(tx, job))
    assert await database.read(lambda tx: namings.newest(tx, job.id)) is None
    assert (await due(database, job)).naming == 0
    await named(database, job, "Sipho", seen=0, now=noon)
    newest = await database.read(lambda tx: namings.newest(tx, job.id))
    assert newest is not None
    assert (newest.version, newest.names) == (1, {"A": "Sipho"})
