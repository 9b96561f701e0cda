"""Note, look, act, note: what is not found is done again only when it can no longer land."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.slack.errors import SlackRefused, SlackUnavailable
from bot.timeouts import LANDING
from bot.worker.claim import LEASE, Claim, Later
from bot.worker.effects import UnderWay, once
from storage import claiming, jobs
from storage.database import Database
from storage.job import Job, JobState, LeaseLost
from storage.sqlite import SQLite
from tests.bot.job_fixtures import NOON, a_job, new_database
from transcription.errors import RateLimited, TimedOut

SECOND = timedelta(seconds=1)


class Outside:
    """Somewhere an effect is looked for and done; `raises` in place of an answer."""

    def __init__(self, *, raises: Exception | None = None, there: bool = False) -> None:
        self.raises = raises
        self.there = there
        self.done: list[str] = []

    async def look(self) -> str | None:
        self.done.append("look")
        return "found" if self.there else None

    async def act(self) -> str:
        self.done.append("act")
        if self.raises is not None:
            raise self.raises
        return "done"


class Desk:
    """A worker's hands, with a clock that is set by hand."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = NOON

    async def take(self) -> Claim:
        """Claim the job once it is due."""
        until, asked = self.now + LEASE, asyncio.get_running_loop().time()
        job = await self.database.write(
            lambda tx: claiming.claim(tx, fair_share=claiming.FairShare(), now=self.now, until=until)
        )
        assert job is not None
        return Claim(job, database=self.database, clock=lambda: self.now, until=until, asked=asked)

    async def begun(self) -> Claim:
        """A claim on a job whose intent was committed in it just now."""
        claim = await self.take()
        await claim.save(replace(claim.job, state=JobState.REPLYING))
        return claim

    async def stored(self, job: Job) -> Job:
        found = await self.database.read(lambda tx: jobs.get(tx, job.id))
        assert found is not None
        return found


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SQLite]:
    async with new_database(tmp_path / "bot.db") as opened:
        yield opened


@pytest.fixture
async def desk(database: Database) -> Desk:
    job = await a_job(database, JobState.READY)
    await database.write(lambda tx: claiming.hurry(tx, job, now=NOON))
    return Desk(database)


async def try_in_vain(desk: Desk, error: Exception) -> None:
    claim = await desk.begun()
    outside = Outside(raises=error)
    with pytest.raises(type(error)):
        await once(claim, look=outside.look, act=outside.act)
    await claim.fail(due=desk.now, note="in vain")


async def test_the_first_try_looks_for_nothing(desk: Desk) -> None:
    outside = Outside()
    assert await once(await desk.begun(), look=outside.look, act=outside.act) == "done"
    assert outside.done == ["act"]


@pytest.mark.parametrize("error", [SlackUnavailable("cut"), TimedOut("no answer"), KeyError("unforeseen")], ids=repr)
async def test_what_may_still_land_is_looked_for_until_it_no_longer_can(desk: Desk, error: Exception) -> None:
    await try_in_vain(desk, error)
    desk.now += SECOND
    claim, outside = await desk.take(), Outside()
    with pytest.raises(UnderWay) as under_way:
        await once(claim, look=outside.look, act=outside.act)
    assert under_way.value.until == NOON + LANDING
    await claim.release(Later(due=under_way.value.until))
    desk.now = NOON + LANDING
    assert await once(await desk.take(), look=outside.look, act=outside.act) == "done"
    assert outside.done == ["look", "look", "act"]


async def test_what_has_landed_is_found_at_once(desk: Desk) -> None:
    await try_in_vain(desk, SlackUnavailable("cut"))
    outside = Outside(there=True)
    assert await once(await desk.take(), look=outside.look, act=outside.act) == "found"
    assert outside.done == ["look"]


@pytest.mark.parametrize(
    "error",
    [SlackUnavailable("no connection", maybe_done=False), SlackRefused("chat.postMessage", "no"), RateLimited("later")],
    ids=repr,
)
async def test_what_surely_had_no_effect_is_tried_again_without_a_wait(desk: Desk, error: Exception) -> None:
    await try_in_vain(desk, error)
    outside = Outside()
    assert await once(await desk.take(), look=outside.look, act=outside.act) == "done"
    assert outside.done == ["look", "act"]


async def test_the_second_try_is_noted_before_it_is_made(desk: Desk) -> None:
    await try_in_vain(desk, SlackUnavailable("cut"))
    desk.now += LANDING
    claim = await desk.take()

    async def act() -> str:
        assert (await desk.stored(claim.job)).under_way_since == desk.now
        return "done"

    await once(claim, look=Outside().look, act=act)


async def test_a_job_that_is_let_go_before_anything_was_tried_has_nothing_under_way(desk: Desk) -> None:
    claim = await desk.begun()
    await claim.release(Later(due=desk.now))
    assert (await desk.stored(claim.job)).under_way_since is None


async def test_a_clock_that_was_set_back_costs_one_wait_and_no_more(desk: Desk) -> None:
    await try_in_vain(desk, SlackUnavailable("cut"))
    desk.now -= timedelta(hours=1)
    await desk.database.write(lambda tx: tx.run("UPDATE jobs SET due_at = 0"))
    claim = await desk.take()
    with pytest.raises(UnderWay) as under_way:
        await once(claim, look=Outside().look, act=Outside().act)
    assert under_way.value.until == desk.now + LANDING
    await claim.release(Later(due=under_way.value.until))
    desk.now += LANDING
    assert await once(await desk.take(), look=Outside().look, act=Outside().act) == "done"


async def test_a_lease_that_is_long_over_by_the_loop_is_asked_for_again_although_the_clock_stands_still(
    desk: Desk,
) -> None:
    claim = await desk.begun()
    late = Claim(
        claim.job,
        database=desk.database,
        clock=lambda: desk.now,
        until=desk.now + LEASE,
        asked=asyncio.get_running_loop().time() - LEASE.total_seconds(),
    )
    await desk.database.write(lambda tx: tx.run("UPDATE jobs SET lease = 'somebody else'"))
    late.fresh = True
    outside = Outside()
    with pytest.raises(LeaseLost):
        await once(late, look=outside.look, act=outside.act)
    assert outside.done == []
