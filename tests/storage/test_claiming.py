"""Who gets the next job: everybody has a turn, and nobody waits for a clock that was wrong."""

from dataclasses import replace
from datetime import datetime, timedelta

from storage import claiming, jobs
from storage.claiming import FARTHEST, FairShare
from storage.database import Database
from storage.job import Job, JobState, Origin

MINUTE = timedelta(minutes=1)


async def _share(database: Database, now: datetime, *, team: str = "T1", channel: str = "C1", count: int = 1) -> None:
    for n in range(count):
        origin = Origin(team=team, channel=channel, file=f"F{n}", occasion=f"{n}.0", user="U1")
        await database.write(lambda tx, n=n, origin=origin: jobs.add(tx, origin=origin, now=now + n * MINUTE))  # type: ignore[misc]


async def _next(database: Database, now: datetime, turns: FairShare, *, backlog_first: bool = False) -> Job | None:
    until = now + MINUTE
    return await database.write(
        lambda tx: claiming.claim(tx, fair_share=turns, now=now, until=until, backlog_first=backlog_first)
    )


async def test_one_busy_channel_keeps_nobody_waiting(database: Database, noon: datetime) -> None:
    await _share(database, noon, channel="C5", count=30)
    await _share(database, noon + 60 * MINUTE, channel="C9", count=2)
    await _share(database, noon + 60 * MINUTE, channel="C1", count=2)
    later, turns = noon + 100 * MINUTE, FairShare()
    taken = [await _next(database, later, turns) for _ in range(6)]
    assert sorted(job.origin.channel for job in taken if job) == ["C1", "C1", "C5", "C5", "C9", "C9"]


async def test_one_busy_workspace_keeps_no_other_waiting_however_many_channels_it_has(
    database: Database, noon: datetime
) -> None:
    for channel in range(8):
        await _share(database, noon, team="T1", channel=f"C{channel}", count=3)
    await _share(database, noon + MINUTE, team="T2", channel="C1", count=3)
    turns = FairShare()
    taken = [await _next(database, noon + 9 * MINUTE, turns) for _ in range(6)]
    assert [job.origin.team for job in taken if job] == ["T1", "T2"] * 3
    assert len({job.origin.channel for job in taken if job and job.origin.team == "T1"}) == 3


async def test_in_a_channel_the_oldest_comes_first(database: Database, noon: datetime) -> None:
    await _share(database, noon, count=12)
    turns = FairShare()
    taken = [await _next(database, noon + 20 * MINUTE, turns) for _ in range(12)]
    assert [job.origin.file for job in taken if job] == [f"F{n}" for n in range(12)]
    assert await _next(database, noon + 20 * MINUTE, turns) is None


async def test_what_is_in_work_goes_before_what_nobody_has_looked_at_unless_it_is_the_line_s_turn(
    database: Database, noon: datetime
) -> None:
    await _share(database, noon, count=3)
    turns = FairShare()
    begun = await _next(database, noon, turns)
    assert begun is not None
    await database.write(lambda tx: claiming.release(tx, begun, now=noon, due=noon + MINUTE, attempts=0))
    taken = await _next(database, noon + 2 * MINUTE, turns)
    assert taken is not None
    assert taken.id == begun.id
    await database.write(lambda tx: claiming.release(tx, taken, now=noon, due=noon + MINUTE, attempts=0))
    other = await _next(database, noon + 2 * MINUTE, turns, backlog_first=True)
    assert other is not None
    assert other.id != begun.id


async def test_a_cancelled_job_in_the_line_is_still_taken_to_be_tidied_up(database: Database, noon: datetime) -> None:
    await _share(database, noon)
    job = await _next(database, noon, FairShare())
    assert job is not None
    await database.write(lambda tx: claiming.release(tx, job, now=noon, due=noon, attempts=0))
    await database.write(lambda tx: jobs.cancel(tx, replace(job, lease=None), now=noon))
    tidied = await _next(database, noon, FairShare())
    assert tidied is not None
    assert tidied.state is JobState.ABANDONED


async def test_what_a_wrong_clock_has_put_out_of_reach_is_brought_back(database: Database, noon: datetime) -> None:
    await _share(database, noon + timedelta(hours=5), count=2)
    turns = FairShare()
    ahead = noon + timedelta(hours=5)
    for _ in range(2):
        assert await _next(database, ahead, turns) is not None
    held = await database.read(lambda tx: tx.all("SELECT id FROM jobs ORDER BY id"))
    released = await database.read(lambda tx: jobs.get(tx, held[0]["id"]))
    assert released is not None
    await database.write(lambda tx: claiming.release(tx, released, now=ahead, due=ahead + MINUTE, attempts=0))
    assert await _next(database, noon, turns) is None
    await database.write(lambda tx: claiming.pull_back(tx, now=noon, lease=MINUTE))
    first = await _next(database, noon, turns)
    assert first is not None
    assert first.id == released.id
    second = await _next(database, noon + 2 * MINUTE, turns)
    assert second is not None, "a lease of whoever died when the clock was wrong ends as leases do"


async def test_what_waits_as_long_as_it_should_is_left_alone(database: Database, noon: datetime) -> None:
    await _share(database, noon)
    job = await _next(database, noon, FairShare())
    assert job is not None
    due = noon + FARTHEST
    await database.write(lambda tx: claiming.release(tx, job, now=noon, due=due, attempts=0))
    assert await database.write(lambda tx: claiming.pull_back(tx, now=noon, lease=MINUTE)) == 0
    assert await database.read(claiming.next_due) == due
