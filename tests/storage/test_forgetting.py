"""What was deleted or is too old leaves every database; what is still at work is not forgotten on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from storage import claiming, forgetting, inbox, jobs, namings, reruns, transcripts
from storage.database import Database, Transaction
from storage.forgetting import ForgetRequest
from storage.job import Failure, Job, JobState, Origin, Reason
from tests.bot.job_fixtures import add_copies
from transcription.transcript import Transcript, Turn

MINUTE = timedelta(minutes=1)
AT_WORK = (JobState.RECEIVED, JobState.SUBMITTING, JobState.SUBMITTED)
ALL = (*AT_WORK, JobState.READY, JobState.REPLYING, JobState.REPLIED)
WISH = ForgetRequest(by="U1", why="at their wish", reason=Reason.CANCELLED)
SAID = Transcript(turns=(Turn(start=timedelta(0), end=MINUTE, text="Something private."),), duration=MINUTE)


async def job_in(
    database: Database,
    noon: datetime,
    state: JobState,
    *,
    held: bool = False,
    file: str = "F1",
    team: str = "T1",
    enterprise: str | None = None,
) -> Job:
    """A job that came to this state, with its transcript from `ready` on."""
    origin = Origin(enterprise=enterprise, team=team, channel="C1", file=file, occasion="1.0", user="U1", thread="1.0")
    await database.write(lambda tx: jobs.add(tx, origin=origin, now=noon, title="Salaries"))
    job = await database.write(
        lambda tx: claiming.claim(tx, fair_share=claiming.FairShare(), now=noon, until=noon + MINUTE)
    )
    assert job is not None
    for step in ALL[1 : ALL.index(state) + 1]:
        reply = "2.0" if step is JobState.REPLIED else None
        job = await database.write(
            partial(_save, job, replace(job, state=step, provider="p", handle=file, reply_ts=reply), noon)
        )
        if step is JobState.READY:
            await database.write(partial(_keep, job, noon))
    if not held:
        last = job
        due = None if state is JobState.REPLIED else noon + MINUTE
        await database.write(lambda tx: claiming.release(tx, last, now=noon, due=due, attempts=0))
    return job


def _save(before: Job, after: Job, now: datetime, tx: Transaction) -> Job:
    return jobs.save(tx, before, after, now=now)


def _keep(job: Job, now: datetime, tx: Transaction) -> None:
    transcripts.put(tx, job.id, SAID, now=now)


async def now_of(database: Database, job: Job) -> Job:
    found = await database.read(lambda tx: jobs.get(tx, job.id))
    assert found is not None
    return found


async def said_in(database: Database, job: Job) -> Transcript | None:
    return await database.read(lambda tx: transcripts.get(tx, job.id))


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("state", AT_WORK)
async def test_what_is_at_work_is_cancelled_and_due_for_tidying_up(
    database: Database,
    noon: datetime,
    state: JobState,
    held: bool,  # noqa: FBT001 - a parameter
) -> None:
    job = await job_in(database, noon, state, held=held)
    assert await database.write(lambda tx: forgetting.forget(tx, job, WISH, now=noon))

    found = await now_of(database, job)
    assert (found.state, found.forgotten, found.title, found.lease) == (JobState.ABANDONED, 1, None, None)
    assert found.due_at == noon
    assert found.failure is not None
    assert found.failure.reason is Reason.CANCELLED


@pytest.mark.parametrize("state", [JobState.READY, JobState.REPLYING])
async def test_what_owes_a_reply_keeps_its_transcript_until_the_worker_has_seen_it(
    database: Database, noon: datetime, state: JobState
) -> None:
    job = await job_in(database, noon, state)
    await database.write(lambda tx: forgetting.forget(tx, job, WISH, now=noon))

    found = await now_of(database, job)
    assert (found.state, found.forgotten, found.due_at) == (state, 1, noon)
    assert await said_in(database, job) == SAID


async def test_what_was_answered_is_forgotten_at_once_and_its_reply_is_due_for_removal(
    database: Database, noon: datetime
) -> None:
    job = await job_in(database, noon, JobState.REPLIED)
    await database.write(lambda tx: namings.add(tx, job, names={"A": "Thandi"}, seen=0, by="U1", now=noon))
    later = noon + timedelta(days=90)
    assert await database.write(lambda tx: forgetting.forget(tx, job, WISH, now=later))

    found = await now_of(database, job)
    assert (found.forgotten, found.title, found.due_at, found.state_since) == (1, None, later, later)
    assert await said_in(database, job) is None
    assert await database.read(lambda tx: namings.newest(tx, job.id)) is None
    assert not await database.write(lambda tx: forgetting.forget(tx, found, WISH, now=later))


async def test_what_is_gone_altogether_is_nothing_to_forget(database: Database, noon: datetime) -> None:
    job = await job_in(database, noon, JobState.SUBMITTED)
    await database.write(lambda tx: forgetting.workspace(tx, team="T1"))
    assert not await database.write(lambda tx: forgetting.forget(tx, job, WISH, now=noon))


async def test_what_a_webhook_says_of_it_goes_too_and_is_not_wanted_again(database: Database, noon: datetime) -> None:
    job = await job_in(database, noon, JobState.SUBMITTED)
    await database.write(lambda tx: inbox.keep(tx, provider="p", handle="F1", body=b"words", now=noon))
    assert not await database.read(lambda tx: forgetting.is_unwanted(tx, provider="p", handle="F1"))
    await database.write(lambda tx: forgetting.forget(tx, job, WISH, now=noon))
    assert await database.read(lambda tx: inbox.newest(tx, provider="p", handle="F1")) is None
    assert await database.read(lambda tx: forgetting.is_unwanted(tx, provider="p", handle="F1"))


async def test_a_forgotten_one_is_not_started_again(database: Database, noon: datetime) -> None:
    job = await job_in(database, noon, JobState.REPLIED)
    await database.write(lambda tx: forgetting.forget(tx, job, WISH, now=noon))
    assert await database.write(lambda tx: reruns.retry(tx, job, now=noon)) is None


async def test_nobody_names_what_is_no_longer_kept(database: Database, noon: datetime) -> None:
    job = await job_in(database, noon, JobState.REPLIED)
    await database.write(lambda tx: forgetting.purge(tx, before=noon + MINUTE))
    await database.write(lambda tx: namings.add(tx, job, names={"A": "Thandi"}, seen=0, by="U1", now=noon))
    assert await database.read(lambda tx: namings.newest(tx, job.id)) is None
    assert (await now_of(database, job)).due_at is None


async def test_what_an_older_release_let_go_of_is_brought_back(database: Database, noon: datetime) -> None:
    removed = await job_in(database, noon, JobState.REPLIED)
    named = await job_in(database, noon, JobState.REPLIED, file="F2")
    await database.write(lambda tx: forgetting.forget(tx, removed, WISH, now=noon))
    await database.write(lambda tx: namings.add(tx, named, names={"A": "Thandi"}, seen=0, by="U1", now=noon))
    await database.write(lambda tx: tx.run("UPDATE jobs SET due_at = NULL"))
    await database.write(lambda tx: claiming.pull_back(tx, now=noon, lease=MINUTE))
    assert [(await now_of(database, job)).due_at for job in (removed, named)] == [noon, noon]


async def test_others_on_the_message_are_known_until_they_are_forgotten(database: Database, noon: datetime) -> None:
    first, second = [await job_in(database, noon, JobState.REPLIED, file=file) for file in ("F1", "F2")]
    await database.write(lambda tx: tx.run("UPDATE jobs SET message_ts = '1.0'"))
    first, second = await now_of(database, first), await now_of(database, second)
    assert await database.read(lambda tx: forgetting.has_neighbours(tx, first))
    await database.write(lambda tx: forgetting.forget(tx, second, WISH, now=noon))
    assert not await database.read(lambda tx: forgetting.has_neighbours(tx, first))


async def test_a_removed_app_is_forgotten_after_a_while_unless_it_is_there_again(
    database: Database, noon: datetime
) -> None:
    job = await job_in(database, noon, JobState.REPLIED)
    later = noon + timedelta(days=2)

    async def settle(*, is_there: bool, before: datetime) -> int:
        assert await database.read(forgetting.removals) == ["T1"]
        back, gone = ({"T1"}, set[str]()) if is_there else (set[str](), {"T1"})
        return await database.write(
            lambda tx: forgetting.settle_removals(tx, gone=gone, back=back, asked=noon, before=before)
        )

    await database.write(lambda tx: forgetting.app_removed(tx, place="T1", now=noon))
    assert await settle(is_there=False, before=noon) == 0
    assert await settle(is_there=True, before=later) == 0
    assert await database.read(forgetting.removals) == []
    assert (await now_of(database, job)).forgotten == 0
    for moment in (noon, later):  # the first time counts
        await database.write(lambda tx, moment=moment: forgetting.app_removed(tx, place="T1", now=moment))  # type: ignore[misc]
    assert await settle(is_there=False, before=later) == 1
    assert await database.read(lambda tx: jobs.get(tx, job.id)) is None


async def test_the_history_tells_what_happened_and_at_whose_wish(database: Database, noon: datetime) -> None:
    job = await job_in(database, noon, JobState.REPLIED)
    await database.write(lambda tx: forgetting.forget(tx, job, WISH, now=noon))
    row = await database.read(lambda tx: tx.one("SELECT history FROM jobs WHERE id = :id", id=job.id))
    assert row is not None
    assert "forgotten: at their wish (U1)" in row["history"]
    assert "Salaries" not in row["history"]


async def test_a_wish_that_comes_while_the_worker_has_the_job_is_not_lost(database: Database, noon: datetime) -> None:
    job = await job_in(database, noon, JobState.REPLIED, held=True)
    await database.write(lambda tx: forgetting.forget(tx, job, WISH, now=noon))
    assert (await now_of(database, job)).lease == job.lease
    await database.write(lambda tx: claiming.release(tx, job, now=noon, due=None, attempts=0))
    assert (await now_of(database, job)).due_at == noon


async def test_a_deleted_file_is_forgotten_wherever_it_was_shared(database: Database, noon: datetime) -> None:
    mine = await job_in(database, noon, JobState.REPLIED)
    other = await job_in(database, noon, JobState.REPLIED, file="F2")
    elsewhere = await job_in(database, noon, JobState.REPLIED, team="T2")
    gone = partial(forgetting.file_deleted, team="T1", enterprise=None, file="F1", now=noon)
    assert await database.write(gone) == 1
    assert [(await now_of(database, job)).forgotten for job in (mine, other, elsewhere)] == [1, 0, 0]


async def test_where_no_team_is_known_a_deleted_file_may_be_any_of_the_organisations(
    database: Database, noon: datetime
) -> None:
    await job_in(database, noon, JobState.REPLIED, team="T9")
    for team in ("T1", "T2", "E1"):
        await job_in(database, noon, JobState.REPLIED, team=team, enterprise="E1")

    async def gone(team: str) -> int:
        return await database.write(
            lambda tx: forgetting.file_deleted(tx, team=team, enterprise="E1", file="F1", now=noon)
        )

    assert [await gone("T1"), await gone("E1")] == [2, 1], "first its own and those of no known team, then all"


async def test_a_deleted_message_is_forgotten_with_all_that_it_carried(database: Database, noon: datetime) -> None:
    both = [await job_in(database, noon, JobState.REPLIED, file=file) for file in ("F1", "F2")]
    count = await database.write(lambda tx: forgetting.message_deleted(tx, team="T1", channel="C1", ts="1.0", now=noon))
    assert count == 2
    assert [(await now_of(database, job)).forgotten for job in both] == [1, 1]
    for team, channel, ts in (("T2", "C1", "1.0"), ("T1", "C2", "1.0"), ("T1", "C1", "9.0")):
        gone = partial(forgetting.message_deleted, team=team, channel=channel, ts=ts, now=noon)
        assert await database.write(gone) == 0


async def test_only_what_is_old_and_done_is_purged(database: Database, noon: datetime) -> None:
    done = await job_in(database, noon, JobState.REPLIED)
    owed = await job_in(database, noon, JobState.READY, file="F2")
    assert await database.write(lambda tx: forgetting.purge(tx, before=noon)) == 0
    assert await database.write(lambda tx: forgetting.purge(tx, before=noon + MINUTE)) == 1

    assert await said_in(database, done) is None
    assert (await now_of(database, done)).title is None
    assert await said_in(database, owed) == SAID


async def test_titles_of_what_ended_without_a_transcript_are_purged_when_they_are_old(
    database: Database, noon: datetime
) -> None:
    failed, told, in_work = [
        await job_in(database, noon, state, file=f"F{number}")
        for number, state in enumerate((JobState.REPLIED, JobState.REPLIED, JobState.READY))
    ]
    for job in (failed, in_work):
        await database.write(partial(jobs.drop_transcript, job_id=job.id))
    assert await database.write(lambda tx: forgetting.purge_titles(tx, before=noon)) == 0
    assert await database.write(lambda tx: forgetting.purge_titles(tx, before=noon + MINUTE)) == 1
    assert [(await now_of(database, job)).title for job in (failed, told, in_work)] == [None, "Salaries", "Salaries"]


async def test_of_many_titles_a_portion_is_purged_at_a_time(database: Database, noon: datetime) -> None:
    job = await job_in(database, noon, JobState.REPLIED)
    await database.write(partial(jobs.drop_transcript, job_id=job.id))
    await database.write(partial(add_copies, job=job, times=forgetting.BATCH + 1))
    counts = [await database.write(lambda tx: forgetting.purge_titles(tx, before=noon + MINUTE)) for _ in range(3)]
    assert counts == [forgetting.BATCH, 2, 0]


async def test_what_is_dropped_are_the_words_and_the_names(database: Database, noon: datetime) -> None:
    job = await job_in(database, noon, JobState.REPLIED)
    await database.write(lambda tx: namings.add(tx, job, names={"A": "Thandi"}, seen=0, by="U1", now=noon))
    await database.write(lambda tx: forgetting.drop(tx, job))
    assert await said_in(database, job) is None
    assert await database.read(lambda tx: namings.newest(tx, job.id)) is None
    assert (await now_of(database, job)).title == "Salaries"


@pytest.mark.parametrize("state", [JobState.READY, JobState.REPLYING])
async def test_what_is_abandoned_keeps_no_words_and_no_names(
    database: Database, noon: datetime, state: JobState
) -> None:
    job = await job_in(database, noon, state, held=True)
    kept = await job_in(database, noon, JobState.REPLIED, file="F2")
    failure = Failure(reason=Reason.NOWHERE_TO_REPLY)
    await database.write(partial(_save, job, replace(job, state=JobState.ABANDONED, failure=failure), noon))
    assert [await said_in(database, one) for one in (job, kept)] == [None, SAID]
    passages = await database.read(lambda tx: tx.all("SELECT DISTINCT job_id FROM passages"))
    assert [row["job_id"] for row in passages] == [kept.id]


async def test_a_workspace_goes_with_everything_and_no_other(database: Database, noon: datetime) -> None:
    gone = await job_in(database, noon, JobState.REPLIED)
    at_work = await job_in(database, noon, JobState.SUBMITTED, file="F2", held=True)
    kept = await job_in(database, noon, JobState.REPLIED, file="F3", team="T2")
    for handle in ("F1", "F3"):
        await database.write(
            lambda tx, handle=handle: inbox.keep(tx, provider="p", handle=handle, body=handle.encode(), now=noon)  # type: ignore[misc]
        )
    assert await database.write(lambda tx: forgetting.workspace(tx, team="T1")) == 2

    assert await database.read(lambda tx: jobs.get(tx, gone.id)) is None
    assert await database.read(lambda tx: jobs.get(tx, at_work.id)) is None
    assert await said_in(database, kept) == SAID
    assert await database.read(lambda tx: inbox.newest(tx, provider="p", handle="F1")) is None
    assert await database.read(lambda tx: inbox.newest(tx, provider="p", handle="F3")) == b"F3"


@pytest.mark.parametrize(
    ("of", "forgotten"), [({"team": "T1"}, 1), ({"team": "T2"}, 0), ({"team": "T2", "enterprise": "E1"}, 1)], ids=str
)
async def test_with_a_conversation_everything_of_it_is_forgotten(
    database: Database, noon: datetime, of: dict[str, str], forgotten: int
) -> None:
    job = await job_in(database, noon, JobState.REPLIED, enterprise="E1")
    place = {"enterprise": None, **of}
    for channel, count in (("C9", 0), ("C1", forgotten), ("C1", 0)):
        assert (
            await database.write(
                partial(forgetting.channel_deleted, channel=channel, now=noon, **place)  # type: ignore[arg-type]
            )
            == count
        )
    kept = await database.read(lambda tx: transcripts.get(tx, job.id))
    assert (kept is None) is bool(forgotten)


async def test_what_is_dropped_of_a_job_is_its_transcript_and_whatever_finds_it(
    database: Database, noon: datetime
) -> None:
    job = await job_in(database, noon, JobState.REPLIED)
    await database.write(lambda tx: jobs.drop_transcript(tx, job.id))
    assert await database.read(lambda tx: transcripts.get(tx, job.id)) is None
    left = await database.read(lambda tx: tx.one("SELECT count(*) AS n FROM passages WHERE job_id = :id", id=job.id))
    assert left is not None
    assert left["n"] == 0
