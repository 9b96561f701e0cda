"""Who the speakers are, kept in every database; two who name at once, and a worker that lets go just then."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from storage import claiming, forgetting, job_lists, jobs, namings, transcripts
from storage.database import Database, Transaction
from storage.job import Job, JobState, Origin, Reason
from storage.namings import NamingOutdated
from transcription.transcript import Transcript

MINUTE = timedelta(minutes=1)
MOVES = (JobState.SUBMITTING, JobState.SUBMITTED, JobState.READY, JobState.REPLYING, JobState.REPLIED)


async def replied(
    database: Database,
    noon: datetime,
    *,
    held: bool = False,
    moves: tuple[JobState, ...] = MOVES,
    where: tuple[str, str, str] = ("T1", "C1", "F1"),
) -> Job:
    """A job of a team, channel and file that has its reply, in nobody's hands unless `held`."""
    team, channel, file = where
    origin = Origin(team=team, channel=channel, file=file, occasion="1.0", user="U1", thread="1.0")
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


async def given(database: Database, *, team: str = "T1", channel: str = "C1", limit: int = 20) -> list[str]:
    return await database.read(lambda tx: namings.given_in(tx, team=team, channel=channel, limit=limit))


async def say(database: Database, job: Job, *names: str, seen: int = 0, now: datetime) -> None:
    by_label = {f"speaker_{number}": name for number, name in enumerate(names)}
    await database.write(lambda tx: namings.add(tx, job, names=by_label, seen=seen, by="U1", now=now))


async def test_the_names_of_a_conversation_are_those_that_count_in_it_the_newest_recording_first(
    database: Database, noon: datetime
) -> None:
    first = await replied(database, noon)
    second = await replied(database, noon + MINUTE, where=("T1", "C1", "F2"))
    await say(database, second, "Zola", "naledi", now=noon)
    await say(database, first, "Wrong", now=noon + MINUTE)
    await say(database, first, "Naledi", "Mpho", seen=1, now=noon + 2 * MINUTE)
    assert await given(database) == ["Zola", "naledi", "Mpho"]
    assert await given(database, limit=2) == ["Zola", "naledi"]
    await say(database, second, seen=1, now=noon + 3 * MINUTE)
    assert await given(database) == ["Naledi", "Mpho"], "names that were taken back do not count"
    await database.write(lambda tx: namings.start_over(tx, first))
    assert await given(database) == []


@pytest.mark.parametrize("other", [("T2", "C1", "F2"), ("T1", "C2", "F2")], ids=["team", "channel"])
async def test_names_are_of_their_own_conversation_alone(
    database: Database, noon: datetime, other: tuple[str, str, str]
) -> None:
    hidden = await replied(database, noon, where=other)
    await say(database, hidden, "Naledi", now=noon)
    assert await given(database) == []
    assert await given(database, team=other[0], channel=other[1]) == ["Naledi"]


async def test_the_names_of_what_is_to_be_forgotten_are_not_told(database: Database, noon: datetime) -> None:
    job = await replied(database, noon)
    await say(database, job, "Naledi", now=noon)
    request = forgetting.ForgetRequest(by="U1", why="at their wish", reason=Reason.CANCELLED)
    await database.write(lambda tx: forgetting.forget(tx, jobs.locked(tx, job.id) or job, request, now=noon))
    assert await given(database) == []


async def test_the_names_of_a_transcript_that_is_gone_are_not_told(database: Database, noon: datetime) -> None:
    job = await replied(database, noon)
    await say(database, job, "Naledi", now=noon)
    await database.write(lambda tx: tx.run("DELETE FROM transcripts"))
    assert await given(database) == []
