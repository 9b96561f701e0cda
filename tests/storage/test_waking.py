"""What makes a job due before its time, and what is kept of webhooks until then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from storage import claiming, inbox, jobs, provider_facts
from storage.claiming import FairShare
from storage.database import Database, StorageUnavailable, Transaction
from storage.job import Job, JobState, Origin
from tests.storage.sessions import either

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def urls() -> list[str]:
    return []


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path, urls: list[str]) -> AsyncIterator[Database]:
    async with either(request, tmp_path, urls) as opened:
        yield opened


async def _job(database: Database, now: datetime, *states: JobState, file: str = "F1", handle: str = "h1") -> Job:
    """In somebody's hands."""

    def work(tx: Transaction) -> Job:
        jobs.add(tx, origin=Origin(team="T1", channel="C1", file=file, occasion="1.0", user="U1"), now=now)
        job = claiming.claim(tx, fair_share=FairShare(), now=now, until=now + MINUTE)
        assert job is not None
        for state in states:
            known = {"handle": handle} if state is JobState.SUBMITTED else {}
            job = jobs.save(tx, job, replace(job, state=state, provider="p", **known), now=now)  # type: ignore[arg-type]
        return job

    return await database.write(work)


async def _let_go(database: Database, job: Job, now: datetime) -> None:
    await database.write(lambda tx: claiming.release(tx, job, now=now, due=now + 9 * MINUTE, attempts=0))


async def _due(database: Database, job: Job) -> datetime | None:
    found = await database.read(lambda tx: jobs.get(tx, job.id))
    assert found is not None
    return found.due_at


async def _kept(database: Database, body: bytes, now: datetime, handle: str = "h1") -> bool:
    return await database.write(lambda tx: inbox.keep(tx, provider="p", handle=handle, body=body, now=now))


async def test_a_new_start_looks_again_at_what_is_submitted_and_in_nobodys_hands(
    database: Database, noon: datetime
) -> None:
    held = await _job(database, noon, JobState.SUBMITTING, JobState.SUBMITTED, file="F1")
    waits = await _job(database, noon, JobState.SUBMITTING, JobState.SUBMITTED, file="F2")
    other = await _job(database, noon, JobState.SUBMITTING, file="F3")
    for job in (waits, other):
        await _let_go(database, job, noon)
    assert await database.write(lambda tx: claiming.poll_now(tx, now=noon)) == 1
    found = [await _due(database, job) for job in (held, waits, other)]
    assert found == [noon + MINUTE, noon, noon + 9 * MINUTE]


async def test_only_what_is_in_nobodys_hands_can_be_hurried(database: Database, noon: datetime) -> None:
    job = await _job(database, noon)
    await database.write(lambda tx: claiming.hurry(tx, job, now=noon))
    assert await _due(database, job) == noon + MINUTE
    await _let_go(database, job, noon)
    await database.write(lambda tx: claiming.hurry(tx, job, now=noon))
    assert await _due(database, job) == noon


async def test_a_webhook_that_nobody_knows_wakes_what_was_sent_without_an_answer_and_no_lease(
    database: Database, noon: datetime
) -> None:
    held = await _job(database, noon, JobState.SUBMITTING, file="F1")
    waits = await _job(database, noon, JobState.SUBMITTING, file="F2")
    done = await _job(database, noon, JobState.SUBMITTING, JobState.SUBMITTED, file="F3", handle="other")
    for job in (waits, done):
        await _let_go(database, job, noon)
    await database.write(lambda tx: jobs.wake(tx, provider="p", handle="h1", now=noon))
    found = [await _due(database, job) for job in (held, waits, done)]
    assert found == [noon + MINUTE, noon, noon + 9 * MINUTE]


async def test_a_webhook_wakes_nothing_else_where_its_job_is_known(database: Database, noon: datetime) -> None:
    known = await _job(database, noon, JobState.SUBMITTING, JobState.SUBMITTED, file="F1")
    waits = await _job(database, noon, JobState.SUBMITTING, file="F2")
    await _let_go(database, waits, noon)
    await database.write(lambda tx: jobs.wake(tx, provider="p", handle="h1", now=noon))
    assert [await _due(database, job) for job in (known, waits)] == [noon + MINUTE, noon + 9 * MINUTE]


async def test_the_newest_body_is_told_seen_or_not(database: Database, noon: datetime) -> None:
    for minute, body in enumerate((b"first", b"second")):
        assert await _kept(database, body, noon + minute * MINUTE)
    assert await database.read(lambda tx: inbox.has_unread(tx, provider="p", handle="h1"))
    await database.write(lambda tx: inbox.mark_read(tx, provider="p", handle="h1", now=noon))
    assert not await database.read(lambda tx: inbox.has_unread(tx, provider="p", handle="h1"))
    assert await database.read(lambda tx: inbox.newest(tx, provider="p", handle="h1")) == b"second"
    assert await _kept(database, b"third", noon)
    assert await database.read(lambda tx: inbox.has_unread(tx, provider="p", handle="h1"))


async def test_the_bodies_of_a_job_that_has_its_transcript_are_dropped_and_no_others(
    database: Database, noon: datetime
) -> None:
    await _kept(database, b"mine", noon)
    await _kept(database, b"other", noon, handle="h2")
    await database.write(lambda tx: inbox.forget(tx, provider="p", handle="h1"))
    assert await database.read(lambda tx: inbox.newest(tx, provider="p", handle="h1")) is None
    assert await database.read(lambda tx: inbox.newest(tx, provider="p", handle="h2")) == b"other"


async def test_what_is_old_and_belongs_to_no_open_job_is_purged(database: Database, noon: datetime) -> None:
    await _job(database, noon, JobState.SUBMITTING, JobState.SUBMITTED)
    await _kept(database, b"still open", noon)
    await _kept(database, b"old", noon, handle="h2")
    await _kept(database, b"new", noon + MINUTE, handle="h3")
    assert await database.write(lambda tx: inbox.purge(tx, before=noon + MINUTE)) == 1
    assert await database.read(lambda tx: inbox.newest(tx, provider="p", handle="h2")) is None


async def test_audio_is_needed_until_the_outcome_is_known(database: Database, noon: datetime) -> None:
    job = await _job(database, noon, JobState.SUBMITTING, JobState.SUBMITTED)
    assert await database.read(lambda tx: jobs.needs_audio(tx, job=job.id))
    await database.write(lambda tx: jobs.save(tx, job, replace(job, state=JobState.READY), now=noon))
    assert not await database.read(lambda tx: jobs.needs_audio(tx, job=job.id))


async def test_a_unit_of_work_that_comes_too_late_is_refused_and_does_not_wait_for_ever(database: Database) -> None:
    await database.close()
    for late in (database.read, database.write):
        with pytest.raises(StorageUnavailable, match="closed"):
            await late(claiming.next_due)
    await database.close()


async def test_the_bodies_before_the_newest_are_told_the_oldest_first(database: Database, noon: datetime) -> None:
    told = []
    for minute in range(12):
        body = str(minute).encode()
        at = noon + minute * MINUTE
        await database.write(
            lambda tx, body=body, at=at: inbox.keep(tx, provider="p", handle="h1", body=body, now=at)  # type: ignore[misc]
        )
        if minute in {0, 3, 11}:
            told.append(await database.read(lambda tx: inbox.earlier(tx, provider="p", handle="h1")))
    assert told == [(), (b"0", b"1", b"2"), tuple(str(number).encode() for number in range(inbox.EARLIER))]
    assert await database.read(lambda tx: inbox.newest(tx, provider="p", handle="h1")) == b"11"


async def test_tries_that_fail_in_a_row_are_timed_from_the_first(database: Database, noon: datetime) -> None:
    job = await _job(database, noon, JobState.SUBMITTING, JobState.SUBMITTED)
    since = []
    for minute, attempts in enumerate([1, 2, 0, 1, 2]):
        now = noon + minute * MINUTE
        await database.write(partial(claiming.release, job=job, now=now, due=now, attempts=attempts))
        claimed = await database.write(partial(claiming.claim, fair_share=FairShare(), now=now, until=now + MINUTE))
        assert claimed is not None
        job = claimed
        since.append(job.failing_since)
    assert since == [noon, noon, None, noon + 3 * MINUTE, noon + 3 * MINUTE]


async def test_how_long_the_provider_was_at_work_is_kept_until_the_job_moves_on(
    database: Database, noon: datetime
) -> None:
    job = await _job(database, noon, JobState.SUBMITTING, JobState.SUBMITTED)
    later, waited = noon + MINUTE, timedelta(seconds=40)
    await database.write(lambda tx: claiming.release(tx, job, now=later, due=later, attempts=0, waited=waited))
    held = await database.write(lambda tx: claiming.claim(tx, fair_share=FairShare(), now=later, until=later + MINUTE))
    assert held is not None
    assert (held.waited, held.waited_until) == (waited, later)
    await database.write(lambda tx: claiming.release(tx, held, now=later + MINUTE, due=later, attempts=1))
    kept = await database.read(lambda tx: jobs.get(tx, job.id))
    assert kept is not None
    assert (kept.waited, kept.waited_until) == (waited, later)
    ended = await database.write(lambda tx: jobs.save(tx, kept, replace(kept, state=JobState.READY), now=later))
    assert (ended.waited, ended.waited_until, ended.failing_since) == (timedelta(0), None, None)


async def test_what_was_found_out_about_a_provider_is_kept_for_each_and_replaced(
    database: Database, noon: datetime
) -> None:
    for provider, text in (("p", "missing"), ("q", "elsewhere"), ("p", "/status")):
        await database.write(
            lambda tx, provider=provider, text=text: provider_facts.learn(
                tx, {"call": text}, provider=provider, now=noon
            )  # type: ignore[misc]
        )
    assert await database.read(lambda tx: provider_facts.known(tx, provider="p")) == {"call": "/status"}
    assert await database.read(lambda tx: provider_facts.known(tx, provider="q")) == {"call": "elsewhere"}
    assert await database.read(lambda tx: provider_facts.known(tx, provider="r")) == {}
