"""A workspace is asked about folding once a week, whatever its bot's clock does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import Bot
from bot.worker.steps.fold import may_fold, stays_folded
from sandbox.slack import Slack
from storage.folding import WEEK
from storage.job import Job, JobState
from tests.bot.job_fixtures import a_job
from tests.bot.opening import opened
from tests.bot.test_clock import Machine
from tests.journeys.bench import settings_of
from tests.journeys.test_folding import asked

YEAR = timedelta(days=365)


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as running:
        running.takes_containers = True
        yield running


class Asked:
    """A bot on a machine, and how often its workspace was asked."""

    def __init__(self, bot: Bot, slack: Slack, job: Job) -> None:
        self.bot, self.slack, self.job = bot, slack, job

    async def after(self, *, times: int, folds: bool = True) -> None:
        """Plan two replies; the workspace was asked so often by then."""
        for _ in range(2):
            assert await may_fold(self.job, self.bot.tools) is folds
        assert asked(self.slack) == times


async def test_a_clock_that_is_set_makes_nobody_ask_all_the_time_nor_never(slack: Slack, tmp_path: Path) -> None:
    settings = settings_of(slack, tmp_path, fold="auto")
    machine = Machine()
    async with opened(settings, clock=machine.clock()) as bot:
        at_first = Asked(bot, slack, await a_job(bot.tools.database, JobState.READY))
        await at_first.after(times=1)
        bot.tools.clock()
        machine.wall += YEAR
        await at_first.after(times=1)
        machine.passes((WEEK - timedelta(minutes=1)).total_seconds())
        await at_first.after(times=1)
        machine.passes(60)
        await at_first.after(times=2)
    async with opened(settings, clock=machine.clock()) as bot:
        await Asked(bot, slack, at_first.job).after(times=2)
    machine.wall += YEAR
    async with opened(settings, clock=machine.clock()) as bot:
        await Asked(bot, slack, at_first.job).after(times=3)
    machine.wall -= 2 * YEAR
    async with opened(settings, clock=machine.clock()) as bot:
        later = Asked(bot, slack, at_first.job)
        await later.after(times=4)
        machine.passes(WEEK.total_seconds())
        await later.after(times=5)


async def test_of_many_replies_that_are_planned_at_once_one_asks(slack: Slack, tmp_path: Path) -> None:
    async with opened(settings_of(slack, tmp_path, fold="auto")) as bot:
        job = await a_job(bot.tools.database, JobState.READY)
        found = await asyncio.gather(*(may_fold(job, bot.tools) for _ in range(8)))
        assert sum(found) >= 1
        await Asked(bot, slack, job).after(times=1)


async def test_each_workspace_is_asked_for_itself(slack: Slack, tmp_path: Path) -> None:
    async with opened(settings_of(slack, tmp_path, fold="auto")) as bot:
        job = await a_job(bot.tools.database, JobState.READY)
        await Asked(bot, slack, job).after(times=1)
        await Asked(bot, slack, replace(job, origin=replace(job.origin, team="T0ANOTHER"))).after(times=2)


@pytest.mark.parametrize("fold", ["never", "auto", "always"])
async def test_what_is_folded_stays_so_unless_that_was_switched_off(slack: Slack, tmp_path: Path, fold: str) -> None:
    async with opened(settings_of(slack, tmp_path, fold=fold)) as bot:
        job = await a_job(bot.tools.database, JobState.READY)
        assert await stays_folded(job, bot.tools) is (fold != "never")
        assert asked(slack) == 0
