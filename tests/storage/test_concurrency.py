"""Several machines on one PostgreSQL database: whatever they do at the same moment, each job is done once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
import pytest

from storage import channel_homes, claiming, inbox, job_lists, jobs, reruns
from storage.claiming import FairShare
from storage.database import Taken, Transaction, Work
from storage.job import Failure, Job, JobId, JobState, LeaseLost, Origin, Reason
from storage.postgresql import PostgreSQL
from storage.reruns import Asked
from tests.postgresql import Server
from tests.storage.interleaved import orders
from tests.storage.machines import MINUTE, Machines, claimed, origin_of


@pytest.fixture(scope="module")
def url(postgresql: Server) -> str:
    return postgresql.new_database()


@pytest.fixture
async def machines(url: str) -> AsyncIterator[Machines]:
    databases = [await PostgreSQL.open(url) for _ in range(4)]
    watch = psycopg.connect(url, autocommit=True)
    machines = Machines(databases=databases, watch=watch)
    await machines.clear()
    yield machines
    watch.close()
    for database in databases:
        await database.close()


async def _share(machines: Machines, now: datetime, *, teams: int, channels: int, files: int) -> int:
    def work(tx: Transaction) -> None:
        for n in range(teams * channels * files):
            team, channel = f"T{n % teams}", f"C{n // teams % channels}"
            jobs.add(tx, origin=Origin(team=team, channel=channel, file=f"F{n}", occasion="1.0", user="U1"), now=now)

    await machines.databases[0].write(work)
    return teams * channels * files


async def test_each_job_is_claimed_by_one_machine_and_none_is_forgotten(machines: Machines, noon: datetime) -> None:
    expected = await _share(machines, noon, teams=3, channels=4, files=10)
    taken: Counter[JobId] = Counter()

    async def work(database: PostgreSQL) -> None:
        turns = FairShare()
        while taken.total() < expected:
            job = await database.write(lambda tx: claimed(tx, now=noon, turns=turns))
            if job is not None:
                taken[job.id] += 1

    async with asyncio.timeout(30):
        await asyncio.gather(*(work(database) for database in machines.databases for _ in range(2)))
    assert taken.total() == len(taken) == expected


async def test_every_machine_gets_a_job_while_the_others_are_still_deciding(machines: Machines, noon: datetime) -> None:
    for order in orders(3, 3, switches=5):
        await machines.clear()
        await _share(machines, noon, teams=1, channels=2, files=1)
        claim: Work[object] = lambda tx: claimed(tx, now=noon)  # noqa: E731
        (first,), (second,) = await machines.race(order, [claim], [claim])
        assert isinstance(first, Job), order
        assert isinstance(second, Job), order
        assert first.id != second.id, order
    assert machines.waits == []


async def test_two_machines_that_hear_of_one_sharing_make_one_job(machines: Machines, noon: datetime) -> None:
    for number, order in enumerate(orders(4, 3, switches=3)):
        add: Work[object] = lambda tx, file=f"F{number}": jobs.add(tx, origin=origin_of(file), now=noon)  # type: ignore[misc]  # noqa: E731
        told = await machines.race(order, [add], [add])
        assert [isinstance(job, Job) for (job,) in told].count(True) == 1, order


async def test_two_machines_that_hear_of_one_channel_in_two_workspaces_agree_on_its_home(
    machines: Machines, noon: datetime
) -> None:
    def add(number: int, *, team: str) -> Work[object]:
        origin = replace(origin_of(f"H{number}"), enterprise="E1", team=team, channel=f"C0HOME{number}")
        return lambda tx: jobs.add(tx, origin=channel_homes.at_home(tx, origin, organisation="E1"), now=noon)

    for number, order in enumerate(orders(6, 6, switches=2)):
        told = await machines.race(order, [add(number, team="TA")], [add(number, team="TB")])
        assert [isinstance(job, Job) for (job,) in told].count(True) == 1, order


def _webhook(job: Job, now: datetime) -> Work[object]:
    def work(tx: Transaction) -> None:
        if inbox.keep(tx, provider=job.provider or "", handle="h1", body=b"done", now=now):
            jobs.wake(tx, provider=job.provider or "", handle="h1", now=now)

    return work


def _letting_go(job: Job, now: datetime) -> Work[object]:
    return lambda tx: claiming.release(tx, job, now=now, due=now + 9 * MINUTE, attempts=0, unless_webhook=True)


async def test_a_webhook_that_meets_a_release_is_not_slept_over(machines: Machines, noon: datetime) -> None:
    for order in orders(4, 5, switches=3):
        job = await machines.job(noon, state="submitted", handle="h1")
        await machines.race(order, [_webhook(job, noon)], [_letting_go(job, noon)])
        assert (await machines.now(job.id)).due_at == noon, order


async def test_a_webhook_that_meets_the_answer_to_the_submission_is_not_slept_over(
    machines: Machines, noon: datetime
) -> None:
    for order in orders(7, 6, switches=2):
        job = await machines.job(noon, state="submitting")
        sent = replace(job, state=JobState.SUBMITTED, handle="h1")
        note: Work[object] = lambda tx, job=job, sent=sent: jobs.save(tx, job, sent, now=noon)  # type: ignore[misc]  # noqa: E731
        await machines.race(order, [_webhook(job, noon)], [note, _letting_go(sent, noon)])
        assert (await machines.now(job.id)).due_at == noon, order


async def test_of_two_that_settle_on_one_sharing_one_wins(machines: Machines, noon: datetime) -> None:
    for number, order in enumerate(orders(2, 2, switches=3)):
        rivals = [await machines.job(noon, file=f"S{number}", occasion=f"event:{n}") for n in range(2)]
        told = await machines.race(order, [_settling(rivals[0])], [_settling(rivals[1])])
        assert sorted(type(outcome).__name__ for outcome in told) == ["Taken", "list"], order
        found = [(await machines.now(job.id)).origin.occasion for job in rivals]
        assert found == [
            job.origin.occasion if isinstance(outcome, Taken) else "171.001"
            for job, outcome in zip(rivals, told, strict=True)
        ], order


def _settling(job: Job) -> Work[object]:
    settled = replace(job, origin=replace(job.origin, occasion="171.001"))
    return lambda tx: jobs.locate(tx, job, settled)


async def test_a_lease_that_just_ends_is_extended_or_taken_over_and_never_both(
    machines: Machines, noon: datetime
) -> None:
    late = noon + MINUTE
    for order in orders(2, 2, switches=3):
        await machines.clear()
        job = await machines.job(noon)
        extend: Work[object] = lambda tx, job=job: claiming.extend(tx, job, until=late + MINUTE)  # type: ignore[misc]  # noqa: E731
        extended, taken = await machines.race(order, [extend], [lambda tx: claimed(tx, now=late)])
        if isinstance(extended, LeaseLost):
            assert isinstance(taken, list), order
            assert taken[0].id == job.id, order
        else:
            assert taken == [None], order
        assert (await machines.now(job.id)).due_at == late + MINUTE, order


async def test_whoever_writes_after_a_takeover_learns_so_and_changes_nothing(
    machines: Machines, noon: datetime
) -> None:
    late = noon + MINUTE
    for order in orders(3, 2, switches=3):
        await machines.clear()
        job = await machines.job(noon, state="submitting")
        sent = replace(job, state=JobState.SUBMITTED, handle="h1")
        save: Work[object] = lambda tx, job=job, sent=sent: jobs.save(tx, job, sent, now=late)  # type: ignore[misc]  # noqa: E731
        saved, taken = await machines.race(order, [save], [lambda tx: claimed(tx, now=late)])
        after = await machines.now(job.id)
        notes = await machines.databases[0].read(lambda tx, job=job: job_lists.history(tx, job.id))  # type: ignore[misc]
        if isinstance(saved, LeaseLost):
            assert (after.state, after.handle, len(notes)) == (JobState.SUBMITTING, None, 1), order
        else:
            # Written first, and then the other machine got it, or found it locked and will.
            assert (after.state, after.handle, len(notes)) == (JobState.SUBMITTED, "h1", 2), order
            assert taken in ([None], [after]), order


async def test_a_job_that_is_cancelled_while_it_is_written_keeps_one_history(
    machines: Machines, noon: datetime
) -> None:
    for order in orders(3, 4, switches=3):
        job = await machines.job(noon)
        sent = replace(job, state=JobState.SUBMITTING)
        save: Work[object] = lambda tx, job=job, sent=sent: jobs.save(tx, job, sent, now=noon)  # type: ignore[misc]  # noqa: E731
        await machines.race(order, [save], [lambda tx, job=job: jobs.cancel(tx, job, now=noon)])  # type: ignore[misc]
        told = await machines.databases[0].read(lambda tx, job=job: job_lists.history(tx, job.id))  # type: ignore[misc]
        states = [str(state) for _, state, _ in told]
        assert states in (["received", "abandoned"], ["received", "submitting", "abandoned"]), order
        assert (await machines.now(job.id)).state == "abandoned", order


async def test_of_two_that_wait_for_each_other_each_is_done_in_the_end(machines: Machines, noon: datetime) -> None:
    here, there = await machines.job(noon), await machines.job(noon)

    def both(first: Job, second: Job) -> Work[object]:
        def work(tx: Transaction) -> None:
            for job in (first, second):
                claiming.extend(tx, job, until=noon + 5 * MINUTE)

        return work

    told = await machines.race("01", [both(here, there)], [both(there, here)])
    assert [type(outcome) for outcome in told] == [list, list]


async def test_the_jobs_of_a_machine_that_died_are_taken_over_when_their_leases_end(
    machines: Machines, noon: datetime
) -> None:
    expected = await _share(machines, noon, teams=1, channels=2, files=4)
    dead, alive = machines.databases[:2]
    for _ in range(expected):
        assert await dead.write(lambda tx: claimed(tx, now=noon))
    assert await alive.write(lambda tx: claimed(tx, now=noon + MINUTE - timedelta(milliseconds=1))) is None
    taken = [await alive.write(lambda tx: claimed(tx, now=noon + MINUTE)) for _ in range(expected)]
    assert len({job.id for job in taken if job}) == expected


async def test_a_lease_of_a_machine_whose_clock_was_ahead_ends_for_the_others(
    machines: Machines, noon: datetime
) -> None:
    ahead, right = machines.databases[:2]
    await _share(machines, noon, teams=1, channels=1, files=1)
    assert await ahead.write(lambda tx: claimed(tx, now=noon + timedelta(hours=5)))
    assert await right.write(lambda tx: claimed(tx, now=noon + MINUTE)) is None
    houses = [
        database.write(lambda tx: claiming.pull_back(tx, now=noon, lease=MINUTE)) for database in machines.databases
    ]
    assert sum(await asyncio.gather(*houses)) == 1
    assert await right.write(lambda tx: claimed(tx, now=noon + MINUTE))


async def test_a_unit_of_work_on_one_machine_wakes_the_others(machines: Machines, noon: datetime) -> None:
    heard = [asyncio.Event() for _ in machines.databases]
    for database, event in zip(machines.databases, heard, strict=True):
        database.on_due(event.set)
    async with asyncio.timeout(30):
        await asyncio.gather(*(event.wait() for event in heard))  # each is called once when it begins to listen
        for event in heard:
            event.clear()
        job = await machines.job(noon, state="submitted", handle="h1", lease=None)
        await asyncio.gather(*(event.wait() for event in heard))
        for event in heard:
            event.clear()
        await machines.databases[3].write(_webhook(job, noon))
        await asyncio.gather(*(event.wait() for event in heard))


@pytest.mark.parametrize("order", ["0110", "01110", "0111110", "01011", "1", "11"])
async def test_whoever_asks_while_it_is_left_alone_is_not_told_that_it_is_in_work(
    machines: Machines, noon: datetime, order: str
) -> None:
    await machines.clear()
    job = await machines.job(noon)
    ended = replace(job, state=JobState.ABANDONED, failure=Failure(reason=Reason.ON_REQUEST))
    asking, _ = await machines.race(
        order,
        [lambda tx: reruns.request(tx, job.origin, by="U2", now=noon)],
        [lambda tx: jobs.save(tx, job, ended, now=noon)],
    )
    found = await machines.now(job.id)
    told = asking[0][0] if isinstance(asking, list) else None
    assert not (told is Asked.IN_WORK and found.state is JobState.ABANDONED)


@pytest.mark.parametrize("order", ["0111", "01", "0110"])
async def test_whoever_asks_while_it_is_heard_of_is_told_what_is_true(
    machines: Machines, noon: datetime, order: str
) -> None:
    await machines.clear()
    origin = origin_of("F9")
    asking, _ = await machines.race(
        order,
        [lambda tx: reruns.request(tx, origin, by="U2", now=noon)],
        [lambda tx: jobs.add(tx, origin=origin, now=noon)],
    )
    assert isinstance(asking, list)
    [(asked, job)] = asking
    found = await machines.now(job)
    assert found.origin.file == "F9"
    assert (asked is Asked.STARTED) == (found.requested_by == "U2")
