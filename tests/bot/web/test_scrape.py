"""What a scrape tells: what was counted, and how the jobs stand, whatever the database does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from bot.metrics import Metrics
from bot.web.scrape import Scrape
from bot.worker.tools import Tools
from sandbox.slack import Slack
from storage.database import Database, StorageUnavailable, Work
from storage.job import JobState
from tests.bot.job_fixtures import NOON, a_job, new_database
from tests.bot.opening import opened
from tests.bot.prometheus_text import Told
from tests.journeys.bench import eventually, settings_of

T = TypeVar("T")


class Away:
    """A database that is away for as long as `is_away`; it counts who asks."""

    is_shared = False

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_away = False
        self.asked = 0

    async def read(self, work: Work[T]) -> T:
        self.asked += 1
        if self.is_away:
            raise StorageUnavailable("the server is away")
        return await self._database.read(work)

    async def write(self, work: Work[T]) -> T:
        if self.is_away:
            raise StorageUnavailable("the server is away")
        return await self._database.write(work)

    async def search(self, work: Work[T]) -> T:
        return await self.read(work)

    def on_due(self, call: Callable[[], None]) -> None:
        self._database.on_due(call)

    async def time(self) -> datetime | None:
        return await self._database.time()

    async def scrub(self) -> bool:
        return await self._database.scrub()

    async def close(self) -> None:
        """Closed by its owner."""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Away]:
    async with new_database(tmp_path / "metrics.db") as opened:
        yield Away(opened)


def scrape(
    database: Database,
    metrics: Metrics | None = None,
    *,
    checks: Mapping[str, Callable[[], bool]] | None = None,
    fresh: timedelta = timedelta(0),
) -> Scrape:
    return Scrape(
        metrics or Metrics(),
        database=database,
        clock=lambda: NOON,
        providers=["botlhale", "gowajee"],
        checks=checks or {},
        fresh=fresh,
    )


async def told(by: Scrape) -> Told:
    return Told.of((await by.text()).decode())


async def test_two_bots_in_one_process_count_apart(database: Away) -> None:
    first, second = Metrics(), Metrics()
    first.database_unavailable()
    assert (await told(scrape(database, first))).value("threadscribe_database_unavailable_total") == 1
    assert (await told(scrape(database, second))).value("threadscribe_database_unavailable_total") == 0


async def test_every_name_follows_prometheus_practice(database: Away) -> None:
    said = await told(scrape(database))
    ours = {name: kind for name, kind in said.kinds.items() if name.startswith("threadscribe_")}
    others = {name.split("_")[0] for name in said.kinds if name not in ours}
    assert others == {"process", "python"}
    assert all(name.endswith("_seconds") for name, kind in ours.items() if kind == "histogram")
    assert "_created" not in said.text
    assert len(ours) > 15


async def test_jobs_are_told_by_state_and_provider_and_ended_ones_are_not(database: Away) -> None:
    await a_job(database, JobState.SUBMITTED, file="F1", held=True)
    await a_job(database, JobState.REPLIED, file="F2")
    said = await told(scrape(database))
    assert said.value("threadscribe_jobs", state="submitted", provider="botlhale") == 1
    assert said.value("threadscribe_jobs", state="submitted", provider="gowajee") == 0
    assert said.total("threadscribe_jobs") == 1
    assert said.value("threadscribe_database_up") == 1


async def test_the_age_is_that_of_the_oldest_open_job(database: Away) -> None:
    assert (await told(scrape(database))).value("threadscribe_oldest_job_age_seconds") == 0
    await a_job(database, JobState.RECEIVED, held=True)
    later = NOON + timedelta(minutes=3)
    said = await told(Scrape(Metrics(), database=database, clock=lambda: later, providers=[], checks={}))
    assert said.value("threadscribe_oldest_job_age_seconds") == 180
    assert said.value("threadscribe_queue_depth") == 1, "its lease has ended"


async def test_an_ended_job_that_is_only_tidied_up_is_not_old(database: Away) -> None:
    await a_job(database, JobState.ABANDONED, held=True)
    said = await told(scrape(database))
    assert said.value("threadscribe_oldest_job_age_seconds") == 0
    assert said.value("threadscribe_jobs", state="abandoned", provider="botlhale") == 1


async def test_a_provider_that_is_not_known_any_more_makes_no_series_of_its_own(database: Away) -> None:
    await a_job(database, JobState.SUBMITTED, held=True)
    without = Scrape(Metrics(), database=database, clock=lambda: NOON, providers=["embedded"], checks={})
    said = await told(without)
    assert said.value("threadscribe_jobs", state="submitted", provider="none") == 1
    assert said.labels()["provider"] == {"none", "embedded"}


async def test_a_database_that_is_away_fails_no_scrape(database: Away) -> None:
    metrics = Metrics()
    by = scrape(database, metrics)
    database.is_away = True
    said = await told(by)
    assert said.value("threadscribe_database_up") == 0
    assert said.value("threadscribe_database_unavailable_total") == 1
    assert said.value("process_resident_memory_bytes")
    assert not {"threadscribe_jobs", "threadscribe_queue_depth", "threadscribe_oldest_job_age_seconds"} & set(
        said.kinds
    )
    database.is_away = False
    assert (await told(by)).value("threadscribe_database_up") == 1


async def test_the_database_is_asked_no_more_often_than_every_few_seconds(database: Away) -> None:
    by = scrape(database, fresh=timedelta(hours=1))
    for _ in range(5):
        await told(by)
    assert database.asked == 1


async def test_each_check_is_told_by_its_name(database: Away) -> None:
    said = await told(scrape(database, checks={"worker": lambda: True, "socket": lambda: False}))
    assert said.value("threadscribe_check", name="worker") == 1
    assert said.value("threadscribe_check", name="socket") == 0


async def test_a_worker_that_cannot_use_its_database_counts_it(tmp_path: Path) -> None:
    async with Slack() as slack, opened(settings_of(slack, tmp_path), around=_with_a_weak_database) as bot:
        stop = asyncio.Event()
        work = asyncio.create_task(bot.run(stop))
        assert isinstance(bot.tools.database, Away)
        assert bot.worker is not None
        bot.tools.database.is_away = True
        bot.worker.wake()
        count = bot.tools.metrics.registry.get_sample_value
        await eventually(lambda: count("threadscribe_database_unavailable_total"))
        stop.set()
        await work


def _with_a_weak_database(tools: Tools) -> Tools:
    return replace(tools, database=Away(tools.database))


async def test_the_program_says_what_it_is(database: Away) -> None:
    said = await told(scrape(database))
    assert said.total("threadscribe_build_info") == 1
    assert datetime.now(UTC).timestamp() >= (said.value("process_start_time_seconds") or 0) > 0
