"""Everything about a conversation goes along to its new id, on every database, in one unit of work."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from storage import channel_ids, claiming, job_lists, jobs, notices, preferences, search, transcripts
from storage.database import Database, Transaction
from storage.job import Job, JobState, Origin
from storage.preferences import Preferences, Scope
from tests.storage.test_forgetting import ALL, SAID

MINUTE = timedelta(minutes=1)
OLD, NEW = "C0OLD", "C0NEW"


async def job_in(
    database: Database,
    noon: datetime,
    *,
    channel: str = OLD,
    file: str = "F1",
    team: str = "T1",
    enterprise: str | None = None,
    state: JobState = JobState.RECEIVED,
) -> Job:
    """A job of a conversation that came to this state, with a transcript from `ready` on."""
    origin = Origin(
        enterprise=enterprise, team=team, channel=channel, file=file, occasion="1.0", user="U1", thread="1.0"
    )
    added = await database.write(lambda tx: jobs.add(tx, origin=origin, now=noon, title=None))
    assert added is not None
    job = await database.write(
        lambda tx: claiming.claim(tx, fair_share=claiming.FairShare(), now=noon + MINUTE, until=noon + 2 * MINUTE)
    )
    assert job is not None
    for step in ALL[1 : ALL.index(state) + 1]:
        after = replace(job, state=step, provider="p", message_ts="1.0", reply_ts="2.0")
        job = await database.write(partial(_save, job, after, noon))
        if step is JobState.READY:
            await database.write(partial(_keep, job, noon))
    last = job
    await database.write(lambda tx: claiming.release(tx, last, now=noon, due=None, attempts=0))
    return job


def _save(before: Job, after: Job, now: datetime, tx: Transaction) -> Job:
    return jobs.save(tx, before, after, now=now)


def _keep(job: Job, now: datetime, tx: Transaction) -> None:
    transcripts.put(tx, job.id, SAID, now=now)


async def change(database: Database, noon: datetime, *, team: str = "T1", enterprise: str | None = None) -> int:
    return await database.write(
        lambda tx: channel_ids.change(tx, team=team, enterprise=enterprise, old=OLD, new=NEW, now=noon)
    )


async def every(database: Database) -> dict[str, Job]:
    found = await database.read(lambda tx: job_lists.newest(tx, limit=100))
    return {job.id: job for job in found}


async def test_jobs_have_the_new_id_and_know_the_old_one(database: Database, noon: datetime) -> None:
    job, other = await job_in(database, noon), await job_in(database, noon, channel="C9")
    assert await change(database, noon) == 1
    found = await every(database)
    assert (found[job.id].origin.channel, found[job.id].channel_was) == (NEW, OLD)
    assert (found[other.id].origin.channel, found[other.id].channel_was) == ("C9", None)
    assert await change(database, noon) == 0, "repeated"


@pytest.mark.parametrize(
    ("of", "changed"),
    [({"team": "T2"}, 0), ({"team": "T2", "enterprise": "E1"}, 1), ({"team": "T2", "enterprise": "E2"}, 0)],
    ids=str,
)
async def test_only_the_installation_that_is_told_is_meant(
    database: Database, noon: datetime, of: dict[str, str], changed: int
) -> None:
    await job_in(database, noon, enterprise="E1")
    assert await change(database, noon, **of) == changed


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        (JobState.RECEIVED, JobState.RECEIVED, OLD),
        (JobState.SUBMITTED, JobState.RECEIVED, OLD),
        (JobState.REPLIED, JobState.RECEIVED, OLD),
        (JobState.REPLIED, JobState.REPLIED, OLD),
        (JobState.RECEIVED, JobState.REPLIED, NEW),
        (JobState.SUBMITTED, JobState.REPLYING, NEW),
        (JobState.REPLYING, JobState.REPLIED, NEW),
        (JobState.REPLIED, JobState.REPLYING, OLD),
        (JobState.REPLYING, JobState.REPLYING, OLD),
    ],
)
async def test_two_jobs_for_one_sharing_become_one(
    database: Database, noon: datetime, old: JobState, new: JobState, kept: str
) -> None:
    """The older one, unless the newer one is more certain to have answered: nobody is answered twice."""
    one = await job_in(database, noon, state=old)
    other = await job_in(database, noon + MINUTE, channel=NEW, state=new)
    await change(database, noon)
    [left] = await every(database)
    assert left == (one.id if kept == OLD else other.id)


async def test_of_two_that_may_be_answering_the_one_whose_post_is_under_way_is_kept(
    database: Database, noon: datetime
) -> None:
    await job_in(database, noon, state=JobState.REPLYING)
    other = await job_in(database, noon + MINUTE, channel=NEW, state=JobState.REPLYING)
    await database.write(lambda tx: tx.run("UPDATE jobs SET under_way_since = NULL WHERE channel = :old", old=OLD))
    await change(database, noon)
    assert list(await every(database)) == [other.id]


async def test_of_a_job_that_goes_nothing_is_left(database: Database, noon: datetime) -> None:
    await job_in(database, noon, state=JobState.REPLIED)
    other = await job_in(database, noon + MINUTE, channel=NEW, state=JobState.REPLIED)
    await change(database, noon)

    def rows(tx: Transaction) -> list[int]:
        return [
            int((tx.one(f"SELECT count(*) AS n FROM {table} WHERE job_id = :job", job=other.id) or {"n": -1})["n"])  # noqa: S608 - our own names
            for table in ("transcripts", "corrections", "namings", "exports", "job_history", "passages")
        ]

    assert await database.read(rows) == [0] * 6


async def test_what_was_said_is_found_under_the_new_id_at_once(database: Database, noon: datetime) -> None:
    await job_in(database, noon, state=JobState.REPLIED)
    while await database.write(search.catch_up):
        pass
    await change(database, noon)

    async def found(channel: str) -> int:
        hits = await database.read(
            lambda tx: search.find(tx, team="T1", channels={channel}, terms=("private",), limit=5)
        )
        return len(hits)

    assert await found(NEW) == 1
    assert await found(OLD) == 0


@pytest.mark.parametrize("newer", [OLD, NEW])
async def test_of_two_settings_the_newer_one_stays(database: Database, noon: datetime, newer: str) -> None:
    for channel in (OLD, NEW):
        scope = Scope(team="T1", kind="channel", owner=channel)
        wanted, at = Preferences(automatic=channel == OLD), noon + MINUTE * (channel == newer)
        await database.write(partial(_prefer, scope, wanted, at))
    await change(database, noon)
    kept = await database.read(lambda tx: preferences.get(tx, Scope(team="T1", kind="channel", owner=NEW)))
    assert kept.preferences.automatic is (newer == OLD)
    gone = await database.read(lambda tx: preferences.get(tx, Scope(team="T1", kind="channel", owner=OLD)))
    assert gone.preferences == Preferences()


def _prefer(scope: Scope, wanted: Preferences, at: datetime, tx: Transaction) -> None:
    preferences.put(tx, scope, wanted, seen=0, by="U1", now=at)


async def test_settings_and_notices_go_along_where_the_new_id_has_none(database: Database, noon: datetime) -> None:
    job = await job_in(database, noon)
    await database.write(
        partial(_prefer, Scope(team="T1", kind="channel", owner=OLD), Preferences(automatic=False), noon)
    )
    await database.write(lambda tx: notices.claim(tx, job.origin, now=noon))
    await change(database, noon)
    kept = await database.read(lambda tx: preferences.get(tx, Scope(team="T1", kind="channel", owner=NEW)))
    assert kept.preferences.automatic is False
    moved = (await every(database))[job.id].origin
    assert not await database.write(lambda tx: notices.claim(tx, moved, now=noon + MINUTE))
