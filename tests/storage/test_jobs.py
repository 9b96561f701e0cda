import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import product

import pytest

from storage import claiming, inbox, job_lists, jobs, reruns, transcripts
from storage.claiming import FairShare
from storage.database import Database, Taken, Transaction
from storage.job import MOVES, Failure, Job, JobId, JobState, LeaseLost, Origin, Reason
from transcription.transcript import Speaker, Transcript, Turn

MINUTE = timedelta(minutes=1)
ORIGIN = Origin(team="T1", channel="C1", file="F1", occasion="171.001", user="U1", thread="171.001")


async def _added(database: Database, now: datetime, origin: Origin = ORIGIN) -> Job:
    job = await database.write(lambda tx: jobs.add(tx, origin=origin, now=now))
    assert job is not None
    return job


def _claim(tx: Transaction, *, now: datetime, until: datetime, held: Sequence[JobId] = ()) -> Job | None:
    return claiming.claim(tx, fair_share=FairShare(), now=now, until=until, held=held)


async def _claimed(database: Database, now: datetime) -> Job:
    job = await database.write(lambda tx: _claim(tx, now=now, until=now + MINUTE))
    assert job is not None
    return job


async def _saved(database: Database, before: Job, now: datetime, **changes: object) -> Job:
    after = replace(before, **changes)  # type: ignore[arg-type]
    return await database.write(lambda tx: jobs.save(tx, before, after, now=now))


async def _released(database: Database, job: Job, now: datetime, due: datetime | None) -> None:
    await database.write(lambda tx: claiming.release(tx, job, now=now, due=due, attempts=0))


async def test_a_job_comes_back_as_it_was_written(database: Database, noon: datetime) -> None:
    await _added(database, noon, replace(ORIGIN, enterprise="E1"))
    job = await _claimed(database, noon)
    saved = await _saved(
        database,
        job,
        noon,
        state=JobState.SUBMITTING,
        provider="botlhale",
        ticket="t",
        sendings=1,
        duration=timedelta(milliseconds=61_500),
        title="Meeting",
        message_ts="171.001",
        damaged=True,
    )
    read = await database.read(lambda tx: jobs.get(tx, job.id))
    assert read == replace(saved, due_at=noon + MINUTE)


async def test_what_is_begun_may_be_under_way_until_its_end_is_known(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    job = await _claimed(database, noon)
    assert job.under_way_since is None
    begun = await _saved(database, job, noon, state=JobState.SUBMITTING)
    assert begun.under_way_since == noon
    await _released(database, begun, noon, noon)
    again = await _claimed(database, noon + MINUTE)
    assert again.under_way_since == noon
    await database.write(
        lambda tx: claiming.release(tx, again, now=noon + MINUTE, due=noon + MINUTE, attempts=1, settled=True)
    )
    known = await _claimed(database, noon + 2 * MINUTE)
    assert known.under_way_since is None
    assert (await _saved(database, known, noon, state=JobState.SUBMITTED)).under_way_since is None


async def test_looks_in_vain_are_counted_for_each_state(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    job = await _claimed(database, noon)
    await database.write(lambda tx: claiming.release(tx, job, now=noon, due=noon, attempts=0, misses=3))
    again = await _claimed(database, noon + MINUTE)
    assert again.misses == 3
    assert (await _saved(database, again, noon, state=JobState.SUBMITTING)).misses == 0


async def test_one_sharing_of_one_file_makes_one_job_however_often_it_is_told(
    database: Database, noon: datetime
) -> None:
    told = await asyncio.gather(*(database.write(lambda tx: jobs.add(tx, origin=ORIGIN, now=noon)) for _ in range(20)))
    assert sum(job is not None for job in told) == 1


async def test_the_same_file_shared_elsewhere_or_again_is_another_job(database: Database, noon: datetime) -> None:
    others = [
        replace(ORIGIN, channel="C2"),
        replace(ORIGIN, occasion="172.001"),
        replace(ORIGIN, team="T2"),
        replace(ORIGIN, file="F2"),
    ]
    await _added(database, noon)
    assert len({(await _added(database, noon, other)).id for other in others}) == 4


async def test_a_job_is_claimed_by_one_worker_only(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    claims = await asyncio.gather(
        *(database.write(lambda tx: _claim(tx, now=noon, until=noon + MINUTE)) for _ in range(20))
    )
    assert sum(claim is not None for claim in claims) == 1


async def test_the_one_that_is_due_longest_comes_first(database: Database, noon: datetime) -> None:
    late = await _added(database, noon)
    early = await _added(database, noon - MINUTE, replace(ORIGIN, file="F2"))
    assert [(await _claimed(database, noon)).id for _ in range(2)] == [early.id, late.id]


async def test_nothing_is_claimed_before_it_is_due(database: Database, noon: datetime) -> None:
    job = await _added(database, noon)
    claimed = await _claimed(database, noon)
    await _released(database, claimed, noon, noon + 5 * MINUTE)
    assert await database.write(lambda tx: _claim(tx, now=noon + 4 * MINUTE, until=noon + 9 * MINUTE)) is None
    assert await database.read(claiming.next_due) == noon + 5 * MINUTE
    assert (await _claimed(database, noon + 5 * MINUTE)).id == job.id


async def test_an_expired_lease_can_be_claimed_and_its_old_holder_can_write_no_more(
    database: Database, noon: datetime
) -> None:
    await _added(database, noon)
    old = await _claimed(database, noon)
    new = await _claimed(database, noon + MINUTE)
    assert new.id == old.id
    for attempt in (
        lambda: _saved(database, old, noon, state=JobState.SUBMITTING),
        lambda: _released(database, old, noon, noon),
        lambda: database.write(lambda tx: claiming.extend(tx, old, until=noon + 9 * MINUTE)),
    ):
        with pytest.raises(LeaseLost):
            await attempt()
    await _saved(database, new, noon, state=JobState.SUBMITTING)


async def test_an_extended_lease_keeps_others_away(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    job = await _claimed(database, noon)
    await database.write(lambda tx: claiming.extend(tx, job, until=noon + 3 * MINUTE))
    assert await database.write(lambda tx: _claim(tx, now=noon + 2 * MINUTE, until=noon + 4 * MINUTE)) is None


async def test_a_new_owner_takes_over_every_lease(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    old = await _claimed(database, noon)
    await database.write(lambda tx: claiming.void_leases(tx, now=noon))
    assert (await _claimed(database, noon)).id == old.id


async def test_only_the_moves_of_the_table_are_made(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    claimed = await _claimed(database, noon)
    for before, after in product(JobState, JobState):
        job = replace(claimed, state=before)
        await database.write(lambda tx, before=before: tx.run("UPDATE jobs SET state = :state", state=before))  # type: ignore[misc]
        if before is after or after in MOVES[before]:
            assert (await _saved(database, job, noon, state=after)).state is after
        else:
            with pytest.raises(ValueError, match="no job moves"):
                await _saved(database, job, noon, state=after)


async def test_a_move_starts_the_count_of_attempts_anew_and_forgets_the_ticket_at_the_end(
    database: Database, noon: datetime
) -> None:
    await _added(database, noon)
    job = await _claimed(database, noon)
    job = await _saved(database, job, noon, state=JobState.SUBMITTING, ticket="secret", attempts=3)
    assert job.attempts == 0
    job = await _saved(database, job, noon, state=JobState.ABANDONED, failure=Failure(reason=Reason.CANCELLED))
    assert job.ticket is None


async def test_an_ended_job_stays_claimable_until_it_is_let_go_for_good(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    job = await _claimed(database, noon)
    await _saved(database, job, noon, state=JobState.ABANDONED)
    again = await _claimed(database, noon + MINUTE)
    await _released(database, again, noon, None)
    assert await database.read(claiming.next_due) is None


async def test_a_webhook_makes_a_submitted_job_due_and_others_not(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    job = await _claimed(database, noon)
    job = await _saved(database, job, noon, state=JobState.SUBMITTING)
    job = await _saved(database, job, noon, state=JobState.SUBMITTED, provider="gowajee", handle="h1")
    await _released(database, job, noon, noon + 9 * MINUTE)
    await database.write(lambda tx: jobs.wake(tx, provider="gowajee", handle="other", now=noon))
    assert await database.read(claiming.next_due) == noon + 9 * MINUTE
    await database.write(lambda tx: jobs.wake(tx, provider="gowajee", handle="h1", now=noon))
    assert await database.read(claiming.next_due) == noon


async def test_a_webhook_that_comes_during_a_check_is_not_slept_over(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    job = await _claimed(database, noon)
    job = await _saved(database, job, noon, state=JobState.SUBMITTING)
    job = await _saved(database, job, noon, state=JobState.SUBMITTED, provider="gowajee", handle="h1")
    await database.write(lambda tx: inbox.keep(tx, provider="gowajee", handle="h1", body=b"done", now=noon))
    await database.write(lambda tx: jobs.wake(tx, provider="gowajee", handle="h1", now=noon))
    await database.write(
        lambda tx: claiming.release(tx, job, now=noon, due=noon + 9 * MINUTE, attempts=0, unless_webhook=True)
    )
    assert await database.read(claiming.next_due) == noon


async def test_a_webhook_that_a_check_has_seen_cuts_no_wait(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    job = await _claimed(database, noon)
    job = await _saved(database, job, noon, state=JobState.SUBMITTING)
    job = await _saved(database, job, noon, state=JobState.SUBMITTED, provider="gowajee", handle="h1")
    await database.write(lambda tx: inbox.keep(tx, provider="gowajee", handle="h1", body=b"done", now=noon))
    await database.write(lambda tx: inbox.mark_read(tx, provider="gowajee", handle="h1", now=noon))
    await database.write(
        lambda tx: claiming.release(tx, job, now=noon, due=noon + 9 * MINUTE, attempts=0, unless_webhook=True)
    )
    assert await database.read(claiming.next_due) == noon + 9 * MINUTE


async def test_what_is_in_hand_already_is_not_claimed_again(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    job = await _claimed(database, noon)
    later = noon + 2 * MINUTE
    assert await database.write(lambda tx: _claim(tx, now=later, until=later + MINUTE, held=[job.id])) is None
    assert await database.write(lambda tx: _claim(tx, now=later, until=later + MINUTE)) is not None


async def test_two_jobs_do_not_settle_on_one_sharing(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    await _added(database, noon + MINUTE, replace(ORIGIN, occasion="event:1"))
    await _claimed(database, noon)
    second = await _claimed(database, noon)
    settled = replace(second, origin=replace(second.origin, occasion="171.001"))
    with pytest.raises(Taken):
        await database.write(lambda tx: jobs.locate(tx, second, settled))
    free = replace(second, origin=replace(second.origin, occasion="172.001"))
    assert await database.write(lambda tx: jobs.locate(tx, second, free)) == free


async def test_history_tells_every_move_in_order(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    job = await _claimed(database, noon)
    job = await _saved(database, job, noon + MINUTE, state=JobState.SUBMITTING)
    await _saved(database, job, noon + 2 * MINUTE, state=JobState.SUBMITTED)
    told = await database.read(lambda tx: job_lists.history(tx, job.id))
    assert [(at, state) for at, state, _ in told] == [
        (noon, JobState.RECEIVED),
        (noon + MINUTE, JobState.SUBMITTING),
        (noon + 2 * MINUTE, JobState.SUBMITTED),
    ]


async def test_cancelling_takes_the_job_out_of_the_hands_of_its_worker(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    held = await _claimed(database, noon)
    ended = await database.write(lambda tx: jobs.cancel(tx, held, now=noon))
    assert ended is not None
    assert ended.failure == Failure(reason=Reason.CANCELLED)
    with pytest.raises(LeaseLost):
        await _saved(database, held, noon, state=JobState.SUBMITTING)
    assert (await _claimed(database, noon)).state is JobState.ABANDONED


async def test_a_job_whose_reply_is_owed_cannot_be_cancelled(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    job = await _saved(database, await _claimed(database, noon), noon, state=JobState.READY)
    assert await database.write(lambda tx: jobs.cancel(tx, job, now=noon)) is None


async def test_a_failed_job_can_be_started_again_and_a_done_one_not(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    job = await _claimed(database, noon)
    failure = Failure(reason=Reason.PROVIDER_FAILED)
    for state in (JobState.READY, JobState.REPLYING, JobState.REPLIED):
        job = await _saved(database, job, noon, state=state, failure=failure)
    await _released(database, job, noon, None)
    job = replace(job, lease=None)
    begun = await database.write(lambda tx: reruns.retry(tx, job, now=noon))
    assert begun is not None
    assert (begun.state, begun.failure, begun.sendings) == (JobState.RECEIVED, None, 0)
    done = replace(job, failure=None)
    assert await database.write(lambda tx: reruns.retry(tx, done, now=noon)) is None


async def test_lists_show_what_is_located_newest_first(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    await _added(database, noon + MINUTE, replace(ORIGIN, file="F2", user="U2"))
    await _added(database, noon, replace(ORIGIN, channel="C2"))
    await database.write(lambda tx: tx.run("UPDATE jobs SET message_ts = occasion"))
    await _added(database, noon, replace(ORIGIN, file="F3"))
    here = await database.read(lambda tx: job_lists.in_channel(tx, team="T1", channel="C1", limit=10))
    mine = await database.read(lambda tx: job_lists.of_person(tx, team="T1", user="U1", limit=10))
    assert [job.origin.file for job in here] == ["F2", "F1"]
    assert {(job.origin.channel, job.origin.file) for job in mine} == {("C1", "F1"), ("C2", "F1")}


async def test_what_never_was_a_recording_is_forgotten_and_the_rest_kept(database: Database, noon: datetime) -> None:
    for file, reason in (("F1", Reason.NOT_AUDIO), ("F2", Reason.CANCELLED)):
        await _added(database, noon, replace(ORIGIN, file=file))
        job = await _claimed(database, noon)
        ts = "171.001" if reason is Reason.CANCELLED else None
        job = await _saved(database, job, noon, state=JobState.ABANDONED, failure=Failure(reason=reason), message_ts=ts)
        await _released(database, job, noon, None)
    assert await database.write(lambda tx: jobs.purge_left_alone(tx, before=noon)) == 0
    assert await database.write(lambda tx: jobs.purge_left_alone(tx, before=noon + MINUTE)) == 1
    left = await database.read(lambda tx: job_lists.newest(tx, limit=10))
    assert [job.origin.file for job in left] == ["F2"]


async def test_a_webhook_body_is_kept_once_and_is_an_orphan_until_its_job_is_known(
    database: Database, noon: datetime
) -> None:
    async def keep() -> bool:
        return await database.write(lambda tx: inbox.keep(tx, provider="gowajee", handle="h1", body=b"body", now=noon))

    assert [await keep(), await keep()] == [True, False]
    assert await database.read(lambda tx: inbox.orphans(tx, provider="gowajee", since=noon)) == [b"body"]
    await _added(database, noon)
    job = await _saved(database, await _claimed(database, noon), noon, state=JobState.SUBMITTING)
    await _saved(database, job, noon, state=JobState.SUBMITTED, provider="gowajee", handle="h1")
    assert await database.read(lambda tx: inbox.orphans(tx, provider="gowajee", since=noon)) == []


async def test_jobs_of_one_length_are_rivals_for_an_orphan(database: Database, noon: datetime) -> None:
    for file, seconds in (("F1", 60), ("F2", 61), ("F3", 90)):
        await _added(database, noon, replace(ORIGIN, file=file))
        job = await _claimed(database, noon)
        await _saved(
            database, job, noon, state=JobState.SUBMITTING, provider="gowajee", duration=timedelta(seconds=seconds)
        )
    found = await database.read(lambda tx: job_lists.newest(tx, limit=9))
    counted = await database.read(lambda tx: {job.origin.file: jobs.rivals(tx, job, now=noon) for job in found})
    assert counted == {"F1": 1, "F2": 1, "F3": 0}


async def test_they_are_rivals_also_for_one_that_was_stored_while_the_clock_was_a_year_ahead(
    database: Database, noon: datetime
) -> None:
    """It must not be given the words of another recording."""
    ahead = noon + timedelta(days=365)
    for file, at in (("F1", noon), ("F2", ahead)):
        await _added(database, at, replace(ORIGIN, file=file))
        job = await _claimed(database, ahead)
        await _saved(database, job, at, state=JobState.SUBMITTING, provider="gowajee", duration=timedelta(seconds=60))
    found = await database.read(lambda tx: job_lists.newest(tx, limit=9))
    counted = await database.read(lambda tx: [jobs.rivals(tx, job, now=now) for job in found for now in (noon, ahead)])
    assert counted == [1, 1, 1, 1]


async def test_a_transcript_comes_out_as_it_went_in_to_the_millisecond(database: Database, noon: datetime) -> None:
    await _added(database, noon)
    job = await _claimed(database, noon)
    transcript = Transcript(
        turns=(
            Turn(
                start=timedelta(milliseconds=660),
                end=timedelta(milliseconds=1_261),
                text="Dumela <!channel> ก",
                language="tn-ZA",
                speaker=Speaker(label="speaker_0"),
                confidence=0.5,
            ),
            Turn(start=timedelta(seconds=2), end=timedelta(hours=6, milliseconds=7), text="…", speaker=None),
        ),
        duration=timedelta(hours=6, milliseconds=7),
        note="draft",
    )
    await database.write(lambda tx: transcripts.put(tx, job.id, transcript, now=noon))
    assert await database.read(lambda tx: transcripts.get(tx, job.id)) == transcript


async def test_several_recordings_of_one_message_are_counted(database: Database, noon: datetime) -> None:
    first = await _added(database, noon)
    await _added(database, noon, replace(ORIGIN, file="F2"))
    await _added(database, noon, replace(ORIGIN, channel="C2"))
    await database.write(lambda tx: tx.run("UPDATE jobs SET message_ts = occasion"))
    first = replace(first, message_ts=first.origin.occasion)
    assert await database.read(lambda tx: jobs.others_on_message(tx, first)) == 1


async def test_a_job_is_read_as_it_is_and_stays_so_until_the_commit(database: Database, noon: datetime) -> None:
    origin = Origin(team="T1", channel="C1", file="F-locked", occasion="1.0", user="U1")
    job = await database.write(lambda tx: jobs.add(tx, origin=origin, now=noon))
    assert job is not None
    found = await database.write(lambda tx: jobs.locked(tx, job.id))
    assert found is not None
    assert found.id == job.id
    assert await database.write(lambda tx: jobs.locked(tx, JobId("nobody"))) is None


async def test_the_sharings_of_a_file_that_have_a_job_are_known(database: Database, noon: datetime) -> None:
    for channel, occasion in (("C1", "1.1"), ("C1", "1.2"), ("C2", "1.3")):
        await _added(database, noon, replace(ORIGIN, channel=channel, occasion=occasion))
    await _added(database, noon, replace(ORIGIN, team="T2", enterprise="E1", channel="C3"))
    mine, theirs = {("C1", "1.1"), ("C1", "1.2"), ("C2", "1.3")}, {("C3", ORIGIN.occasion)}
    for team, organisation, expected in (("T1", None, mine), ("T2", None, theirs), ("T9", "E1", theirs)):
        found = await database.read(partial(jobs.sharings, file="F1", team=team, organisation=organisation))
        assert found == expected
    assert not await database.read(partial(jobs.sharings, file="F2", team="T1", organisation=None))
