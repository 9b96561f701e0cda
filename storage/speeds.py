"""Learn how long a provider takes for a recording.

The time is modelled as proportional to `length + START`. The mean and variance of `log(time_taken / (length + START))`
are stored as moving averages over about the newest `MEMORY` recordings, so that they follow a provider that becomes
slower or faster. Lost data is learned again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from storage.database import Transaction

START = timedelta(seconds=30)
MEMORY = 50
ENOUGH = 8
"""Recordings after which the estimate is used."""

SURPRISING = 3.0
"""Deviations beyond this multiple of the spread (an outage, for example) are clipped to it."""

LEAST_SPREAD, FIRST_SPREAD = 0.08, 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Speed:
    """The estimate from so many `jobs`: mean and variance of the logarithm."""

    jobs: int
    mean: float
    variance: float

    @property
    def is_known(self) -> bool:
        """Return whether there are enough recordings for an estimate."""
        return self.jobs >= ENOUGH

    @property
    def spread(self) -> float:
        """Return the standard deviation of the logarithm: 0.1 means that most take the expected time within 10 %."""
        return max(math.sqrt(self.variance), LEAST_SPREAD)

    def expected(self, length: timedelta, *, deviations: float = 0) -> timedelta:
        """Return the expected time for a recording of this length, plus so many standard deviations."""
        return math.exp(self.mean + deviations * self.spread) * (length + START)

    def learning(self, length: timedelta, *, time_taken: timedelta) -> Speed:
        """Return the estimate with one more recording."""
        off = math.log(max(time_taken, timedelta(seconds=0.1)) / (length + START)) - self.mean
        if self.is_known:
            most = SURPRISING * max(self.spread, FIRST_SPREAD / SURPRISING)
            off = min(max(off, -most), most)
        share = max(1 / (self.jobs + 1), 1 / MEMORY)
        variance = (1 - share) * (self.variance + share * off**2)
        return Speed(jobs=self.jobs + 1, mean=self.mean + share * off, variance=variance)


UNKNOWN = Speed(jobs=0, mean=0.0, variance=0.0)
"""The estimate without any recordings."""


def speed_of(tx: Transaction, *, provider: str, model: str) -> Speed:
    """Return the estimate for a provider's model."""
    row = tx.one(
        "SELECT jobs, mean, variance FROM speeds WHERE provider = :provider AND model = :model",
        provider=provider,
        model=model,
    )
    return Speed(jobs=row["jobs"], mean=row["mean"], variance=row["variance"]) if row else UNKNOWN


def learn(tx: Transaction, *, provider: str, model: str, length: timedelta, time_taken: timedelta) -> None:
    """Add a recording to the estimate. Of two concurrent calls one may be lost."""
    speed = speed_of(tx, provider=provider, model=model).learning(length, time_taken=time_taken)
    tx.run(
        "INSERT INTO speeds (provider, model, jobs, mean, variance) "
        "VALUES (:provider, :model, :jobs, :mean, :variance) ON CONFLICT (provider, model) DO UPDATE SET "
        "jobs = excluded.jobs, mean = excluded.mean, variance = excluded.variance",
        provider=provider,
        model=model,
        jobs=speed.jobs,
        mean=speed.mean,
        variance=speed.variance,
    )
