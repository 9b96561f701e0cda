"""Which transcript is the first of its conversation, on every database, and when two are planned at once."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime

import psycopg
import pytest

from bot.worker.steps.intent import Intent
from storage import channel_ids, first_transcripts, jobs, transcripts
from storage.database import Database, Transaction, Work
from storage.first_transcripts import TELLS_PLACE
from storage.job import Job, JobState
from storage.postgresql import PostgreSQL
from tests.postgresql import Server
from tests.storage.interleaved import orders
from tests.storage.machines import Machines
from tests.storage.test_channel_ids import NEW, job_in
from tests.storage.test_forgetting import SAID

TELLS, SAYS_NOTHING = (json.dumps({TELLS_PLACE: says}) for says in (True, False))
OF_AN_OLDER_RELEASE = json.dumps({"mark": "a1b2c3d4"})


def test_the_key_is_that_of_the_intent() -> None:
    for tells in (True, False):
        assert f'"{TELLS_PLACE}": {json.dumps(tells)}' in replace(Intent(), tells_place=tells).dump()


async def is_first(database: Database, job: Job) -> bool:
    assert await database.read(lambda tx: first_transcripts.is_first(tx, job)) == await database.write(
        lambda tx: first_transcripts.is_still_first(tx, job)
    )
    return await database.read(lambda tx: first_transcripts.is_first(tx, job))


async def change(database: Database, job: Job, **columns: str | int | None) -> None:
    names = ", ".join(f"{name} = :{name}" for name in columns)
    await database.write(lambda tx: tx.run(f"UPDATE jobs SET {names} WHERE id = :id", id=job.id, **columns))  # noqa: S608 - our own names


async def two(database: Database, noon: datetime) -> tuple[Job, Job]:
    """A transcript that stands in its thread, and one that is ready to be posted, in one conversation."""
    stands = await job_in(database, noon, file="F1", state=JobState.REPLIED)
    return stands, await job_in(database, noon, file="F2", state=JobState.READY)


async def test_only_what_stands_and_says_it_counts(database: Database, noon: datetime) -> None:
    stands, ready = await two(database, noon)
    await change(database, stands, reply_intent=SAYS_NOTHING)
    assert await is_first(database, ready)
    await change(database, stands, reply_intent=TELLS)
    assert not await is_first(database, ready)
    assert await is_first(database, stands), "the others are asked about, not itself"
    for gone in ({"forgotten": 1}, {"state": "abandoned"}):
        await change(database, stands, **gone)
        assert await is_first(database, ready)
        await change(database, stands, forgotten=0, state="replied")
    await change(database, stands, channel="C0ELSEWHERE")
    assert await is_first(database, ready)
    await change(database, stands, channel=ready.origin.channel, team="T2")
    assert await is_first(database, ready)


@pytest.mark.parametrize("state", ["ready", "replying", "received"])
async def test_what_is_on_its_way_or_transcribed_again_counts_as_well(
    database: Database, noon: datetime, state: str
) -> None:
    stands, ready = await two(database, noon)
    await change(database, stands, reply_intent=TELLS, state=state)
    assert not await is_first(database, ready)


async def test_what_an_older_release_posted_counts_unless_it_is_a_failure(database: Database, noon: datetime) -> None:
    stands, ready = await two(database, noon)
    for intent in (OF_AN_OLDER_RELEASE, None):
        await change(database, stands, reply_intent=intent)
        assert not await is_first(database, ready)
    await change(database, stands, failure_reason="gave_up")
    assert await is_first(database, ready)
    await change(database, stands, failure_reason=None, state="submitted")
    assert await is_first(database, ready), "a failure that is retried"
    await change(database, stands, shown_as="{}")
    assert not await is_first(database, ready), "a transcript that is made again"


async def test_a_transcript_that_could_not_be_posted_does_not_say_it(database: Database, noon: datetime) -> None:
    stands, ready = await two(database, noon)
    await change(database, stands, reply_intent=TELLS, failure_reason="gave_up")
    assert await is_first(database, ready)
    await change(database, stands, shown_as="{}")
    assert not await is_first(database, ready), "the rerun failed, and the transcript before it stands"


async def test_what_has_no_words_is_not_a_transcript(database: Database, noon: datetime) -> None:
    ready = await job_in(database, noon, state=JobState.READY)
    assert await is_first(database, ready)
    silent = replace(SAID, turns=())
    await database.write(lambda tx: transcripts.put(tx, ready.id, silent, now=noon))
    assert not await is_first(database, ready)
    await database.write(lambda tx: jobs.drop_transcript(tx, ready.id))
    assert not await is_first(database, ready)


async def test_what_was_said_under_an_earlier_id_of_the_conversation_counts(database: Database, noon: datetime) -> None:
    stands, _ = await two(database, noon)
    await change(database, stands, reply_intent=TELLS)
    old = stands.origin.channel
    await database.write(lambda tx: channel_ids.change(tx, team="T1", enterprise=None, old=old, new=NEW, now=noon))
    later = await job_in(database, noon, channel=NEW, file="F3", state=JobState.READY)
    assert not await is_first(database, later)


def _noting(job: Job, noon: datetime) -> Work[object]:
    noted = replace(job, reply_intent=TELLS)

    def work(tx: Transaction) -> Job:
        return jobs.save(tx, job, noted if first_transcripts.is_still_first(tx, job) else job, now=noon)

    return work


async def test_of_two_machines_that_plan_at_once_one_says_it(postgresql: Server, noon: datetime) -> None:
    url = await asyncio.to_thread(postgresql.new_database)
    databases = [await PostgreSQL.open(url) for _ in range(2)]
    try:
        with psycopg.connect(url, autocommit=True) as watch:
            machines = Machines(databases=databases, watch=watch)
            for order in orders(4, 4, switches=3):
                await machines.clear()
                rivals = [await _ready(machines, noon) for _ in range(2)]
                await machines.race(order, *([_noting(job, noon)] for job in rivals))
                told = [(await machines.now(job.id)).reply_intent for job in rivals]
                assert sorted(map(str, told)) == ["None", TELLS], order
            assert not machines.waits, "nobody waits for the other"
    finally:
        for database in databases:
            await database.close()


async def _ready(machines: Machines, noon: datetime) -> Job:
    job = await machines.job(noon, state="ready")
    await machines.databases[0].write(lambda tx: transcripts.put(tx, job.id, SAID, now=noon))
    return job
