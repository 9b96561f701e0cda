"""One scrape by Prometheus: the metrics since the start, and the state of the jobs now.

The jobs are read from the database at most every few seconds, however often it is scraped. If the database does not
answer, that is reported, and everything else as well.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from prometheus_client import generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.metrics import UNCHOSEN, Metrics
from storage import job_counts
from storage.database import Database, StorageUnavailable
from storage.job import JobState

FRESH = timedelta(seconds=5)
"""How long a reading of the jobs is reused."""

PATIENCE = timedelta(seconds=5)
"""Timeout of the database; Prometheus waits ten seconds for the whole scrape."""


class Scrape(Collector):
    """Gives all metrics in Prometheus' text format. `checks` are the named conditions of `/readyz`."""

    def __init__(
        self,
        metrics: Metrics,
        *,
        database: Database,
        clock: Callable[[], datetime],
        providers: Collection[str],
        checks: Mapping[str, Callable[[], bool]],
        fresh: timedelta = FRESH,
    ) -> None:
        self._metrics = metrics
        self._database = database
        self._clock = clock
        self._providers = tuple(providers)
        self._checks = checks
        self._fresh = fresh
        self._read_at = float("-inf")
        self._groups: Sequence[job_counts.JobCount] | None = None

    async def text(self) -> bytes:
        """Return the metrics as of now."""
        if time.monotonic() - self._read_at >= self._fresh.total_seconds():
            self._read_at = time.monotonic()
            self._groups = await self._read()
        return generate_latest(self)

    async def _read(self) -> Sequence[job_counts.JobCount] | None:
        now = self._clock()
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                return await self._database.read(lambda tx: job_counts.job_counts(tx, now=now))
        except (StorageUnavailable, TimeoutError):
            self._metrics.database_unavailable()
            return None

    def collect(self) -> Iterable[Metric]:
        """Yield all metrics."""
        yield from map(_without_created, self._metrics.registry.collect())
        yield self._checked()
        yield GaugeMetricFamily(
            "threadscribe_database_up", "Whether the database answered.", value=self._groups is not None
        )
        if self._groups is not None:
            yield from self._jobs(self._groups)

    def _checked(self) -> Metric:
        told = GaugeMetricFamily("threadscribe_check", "The conditions of /readyz, 1 where it holds.", labels=["name"])
        for name, check in self._checks.items():
            told.add_metric([name], check())
        return told

    def _jobs(self, groups: Sequence[job_counts.JobCount]) -> Iterable[Metric]:
        told = GaugeMetricFamily("threadscribe_jobs", "Jobs that are not done with.", labels=["state", "provider"])
        for (state, provider), count in self._by_state_and_provider(groups).items():
            told.add_metric([state, provider], count)
        yield told
        unanswered = [group.since for group in groups if group.state.is_open]
        age = (self._clock() - min(unanswered)).total_seconds() if unanswered else 0
        yield GaugeMetricFamily("threadscribe_oldest_job_age_seconds", "Of the open jobs.", value=max(age, 0))
        yield GaugeMetricFamily(
            "threadscribe_queue_depth", "Jobs that are due and in nobody's hands.", value=sum(g.due for g in groups)
        )

    def _by_state_and_provider(self, groups: Sequence[job_counts.JobCount]) -> dict[tuple[str, str], int]:
        counts = {(str(state), name): 0 for state in JobState for name in (UNCHOSEN, *self._providers)}
        for group in groups:
            name = group.provider if group.provider in self._providers else UNCHOSEN
            counts[group.state, name] += group.jobs
        return counts


def _without_created(metric: Metric) -> Metric:
    """Leave out the `_created` samples: they double the number of lines, and nobody uses them."""
    metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
    return metric
