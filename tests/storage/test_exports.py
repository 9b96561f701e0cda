"""What people asked for is kept in every database, once, and owed until it is done; nobody who lets go forgets it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from storage import claiming, exports, forgetting, jobs, transcripts
from storage.database import Database, Transaction
from storage.exports import ExportRequest, Recipient
from storage.forgetting import ForgetRequest
from storage.job import Failure, Job, JobId, JobState, Origin, Reason
from transcription.transcript import Transcript

MINUTE = timedelta(minutes=1)
MOVES = (JobState.SUBMITTING, JobState.SUBMITTED, JobState.READY, JobState.REPLYING, JobState.REPLIED)
WISH = ExportRequest(format="docx", recipient=Recipient.PERSON, by="U2", request="V1")


async def replied(
    database: Database,
    noon: datetime,
    *,
    held: bool = False,
    moves: tuple[JobState, ...] = MOVES,
    failure: Failure | None = None,
    team: str = "T1",
) -> Job:
    """A job that has its reply and its transcript, in nobody's hands unless `held`."""
    origin = Origin(team=team, channel="C1", file="F1", occasion="1.0", user="U1", thread="1.0")
    await database.write(lambda tx: jobs.add(tx, origin=origin, now=noon))
    job = await database.write(
        lambda tx: claiming.claim(tx, fair_share=claiming.FairShare(), now=noon, until=noon + MINUTE)
    )
    assert job is not None
    for state in moves:
        after = replace(job, state=state, reply_ts="2.0" if state is JobState.REPLIED else None, failure=failure)
        job = await database.write(partial(_save, job, after, noon))
    await database.write(partial(_keep, job, noon))
    if not held:
        last = job
        await database.write(lambda tx: claiming.release(tx, last, now=noon, due=None, attempts=0))
    return job


def _save(before: Job, after: Job, now: datetime, tx: Transaction) -> Job:
    return jobs.save(tx, before, after, now=now)


def _keep(job: Job, now: datetime, tx: Transaction) -> None:
    transcripts.put(tx, job.id, Transcript(turns=(), duration=MINUTE), now=now)


async def asked(database: Database, job: Job, *, now: datetime, **more: str) -> bool:
    wish = replace(WISH, **more)  # type: ignore[arg-type]
    return await database.write(lambda tx: exports.add(tx, job.id, wish, now=now))


async def now_of(database: Database, job: Job) -> Job:
    found = await database.read(lambda tx: jobs.get(tx, job.id))
    assert found is not None
    return found


async def kept(database: Database, job: Job) -> list[exports.Export]:
    return await database.read(lambda tx: exports.of_job(tx, job.id))


async def test_a_wish_is_kept_as_it_was_made_and_makes_the_job_due(database: Database, noon: datetime) -> None:
    job = await replied(database, noon)
    later = noon + timedelta(days=30)
    assert await asked(database, job, now=later)

    found = await now_of(database, job)
    assert (found.due_at, found.state_since, found.exports, found.exported) == (later, later, 1, 0)
    wanted = exports.Export(job=job.id, number=1, order=WISH, at=later)
    assert await database.read(lambda tx: exports.owed(tx, found)) == wanted
    assert await kept(database, job) == [wanted]


async def test_one_form_counts_once_and_another_one_again(database: Database, noon: datetime) -> None:
    job = await replied(database, noon)
    for request in ("V1", "V1", "V2", "V1"):
        assert await asked(database, job, now=noon, request=request)
    assert [(each.number, each.order.request) for each in await kept(database, job)] == [(1, "V1"), (2, "V2")]
    assert (await now_of(database, job)).exports == 2


async def test_what_has_become_of_one_is_noted_and_the_next_is_owed(database: Database, noon: datetime) -> None:
    job = await replied(database, noon)
    for request in ("V1", "V2"):
        await asked(database, job, now=noon, request=request)
    first, second = await kept(database, job)
    shown = replace(first, channel="D1", file="F9", sharings=1, message_ts="3.0")
    await database.write(lambda tx: exports.note(tx, shown))
    claimed = await database.write(
        lambda tx: claiming.claim(tx, fair_share=claiming.FairShare(), now=noon, until=noon + MINUTE)
    )
    assert claimed is not None
    saved = await database.write(partial(_save, claimed, replace(claimed, exported=1), noon))
    assert await database.read(lambda tx: exports.owed(tx, saved)) == second
    assert await kept(database, job) == [shown, second]
    await database.write(lambda tx: claiming.release(tx, saved, now=noon, due=None, attempts=0))
    assert (await now_of(database, job)).due_at == noon


async def test_of_a_file_that_the_release_before_handed_over_nobody_can_say_that_it_is_unshared(
    database: Database, noon: datetime
) -> None:
    job = await replied(database, noon)
    await asked(database, job, now=noon)
    [export] = await kept(database, job)
    await database.write(lambda tx: exports.note(tx, replace(export, file="F9", unshared="F9")))
    [noted] = await kept(database, job)
    await database.write(lambda tx: tx.run("UPDATE exports SET file = 'F10'"))  # as it writes
    [later] = await kept(database, job)
    assert [each.is_unshared for each in (export, noted, later)] == [False, True, False]


async def test_a_wish_that_comes_while_the_worker_has_the_job_is_not_forgotten(
    database: Database, noon: datetime
) -> None:
    job = await replied(database, noon, held=True)
    await asked(database, job, now=noon)
    assert (await now_of(database, job)).lease == job.lease

    await database.write(lambda tx: claiming.release(tx, job, now=noon, due=None, attempts=0))
    assert (await now_of(database, job)).due_at == noon


async def test_what_an_older_release_let_go_of_is_brought_back(database: Database, noon: datetime) -> None:
    job = await replied(database, noon)
    await asked(database, job, now=noon)
    await database.write(lambda tx: tx.run("UPDATE jobs SET due_at = NULL"))
    await database.write(lambda tx: claiming.pull_back(tx, now=noon, lease=MINUTE))
    assert (await now_of(database, job)).due_at == noon


FAILED = Failure(reason=Reason.GAVE_UP)


@pytest.mark.parametrize(("moves", "failure"), [(MOVES[:4], None), (MOVES, FAILED)])
async def test_only_a_transcript_that_was_shown_is_exported(
    database: Database, noon: datetime, moves: tuple[JobState, ...], failure: Failure | None
) -> None:
    job = await replied(database, noon, moves=moves, failure=failure)
    assert not await asked(database, job, now=noon)
    assert ((await now_of(database, job)).exports, await kept(database, job)) == (0, [])


async def test_nothing_is_exported_of_what_is_gone(database: Database, noon: datetime) -> None:
    job = await replied(database, noon)
    await database.write(lambda tx: tx.run("DELETE FROM transcripts"))
    assert not await asked(database, job, now=noon)
    nobody = replace(job, id=JobId("nobody"))
    assert not await asked(database, nobody, now=noon)


async def test_what_is_forgotten_is_exported_no_more_and_its_files_stay_known_until_they_are_removed(
    database: Database, noon: datetime
) -> None:
    job = await replied(database, noon)
    for request in ("V1", "V2"):
        await asked(database, job, now=noon, request=request)
    wish = ForgetRequest(by="U1", why="at their wish", reason=Reason.CANCELLED)
    assert await database.write(lambda tx: forgetting.forget(tx, job, wish, now=noon))
    assert not await asked(database, job, now=noon, request="V3")
    first, second = await kept(database, job)
    await database.write(lambda tx: exports.drop(tx, first))
    assert await kept(database, job) == [second]


async def test_of_one_transcript_so_many_files_are_made_and_no_more(database: Database, noon: datetime) -> None:
    job = await replied(database, noon)
    await database.write(lambda tx: tx.run("UPDATE jobs SET exports = :n, exported = :n", n=exports.MOST - 1))
    assert await asked(database, job, now=noon)
    with pytest.raises(exports.TooMany):
        await asked(database, job, now=noon, request="V2")
    assert await asked(database, job, now=noon)  # told twice: it is among them
    assert ((await now_of(database, job)).exports, len(await kept(database, job))) == (exports.MOST, 1)


async def test_what_still_owes_a_file_is_not_purged(database: Database, noon: datetime) -> None:
    job = await replied(database, noon)
    await asked(database, job, now=noon)
    assert await database.write(lambda tx: forgetting.purge(tx, before=noon + MINUTE)) == 0
    await database.write(lambda tx: tx.run("UPDATE jobs SET exported = 1"))
    assert await database.write(lambda tx: forgetting.purge(tx, before=noon + MINUTE)) == 1
    assert len(await kept(database, job)) == 1


async def test_a_workspace_goes_with_what_was_asked_for(database: Database, noon: datetime) -> None:
    gone, stays = await replied(database, noon), await replied(database, noon, team="T2")
    for job in (gone, stays):
        await asked(database, job, now=noon)
    await database.write(lambda tx: forgetting.workspace(tx, team="T1"))
    assert (await kept(database, gone), len(await kept(database, stays))) == ([], 1)
