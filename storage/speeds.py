"""How long a provider takes for a recording, learned from what it has done.

A recording takes in proportion to its length, and a little for being taken up: `length + START` is its size. Of
`log(took / size)` a mean and a variance are kept, in which the newest `MEMORY` recordings count for most, so that a
provider that becomes slower or faster is noticed. What is lost of it is learned again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from storage.database import Transaction

START = timedelta(seconds=30)
MEMORY = 50
ENOUGH = 8
"""Recordings after which what was learned is worth something."""

SURPRISING = 3.0
"""So many times the usual spread: what is farther off (an outage) counts as this far."""

LEAST_SPREAD, FIRST_SPREAD = 0.08, 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Speed:
    """What was learned from so many `jobs`."""

    jobs: int
    mean: float
    variance: float

    @property
    def is_known(self) -> bool:
        """Whether there is enough to go by."""
        return self.jobs >= ENOUGH

    @property
    def spread(self) -> float:
        """The standard deviation of the logarithm: 0.1 means that most take the expected time give or take a tenth."""
        return max(math.sqrt(self.variance), LEAST_SPREAD)

    def expected(self, length: timedelta, *, deviations: float = 0) -> timedelta:
        """How long a recording of this length takes, or one that is so many standard deviations slower."""
        return math.exp(self.mean + deviations * self.spread) * (length + START)

    def learning(self, length: timedelta, *, time_taken: timedelta) -> Speed:
        """With one recording more."""
        off = math.log(max(time_taken, timedelta(seconds=0.1)) / (length + START)) - self.mean
        if self.is_known:
            most = SURPRISING * max(self.spread, FIRST_SPREAD / SURPRISING)
            off = min(max(off, -most), most)
        share = max(1 / (self.jobs + 1), 1 / MEMORY)
        variance = (1 - share) * (self.variance + share * off**2)
        return Speed(jobs=self.jobs + 1, mean=self.mean + share * off, variance=variance)


UNKNOWN = Speed(jobs=0, mean=0.0, variance=0.0)
"""Nothing was learned yet."""


def speed_of(tx: Transaction, *, provider: str, model: str) -> Speed:
    """What is known of this model."""
    row = tx.one(
        "SELECT jobs, mean, variance FROM speeds WHERE provider = :provider AND model = :model",
        provider=provider,
        model=model,
    )
    return Speed(jobs=row["jobs"], mean=row["mean"], variance=row["variance"]) if row else UNKNOWN


def learn(tx: Transaction, *, provider: str, model: str, length: timedelta, time_taken: timedelta) -> None:
    """Note that a recording of this length took so long. Of two at the same moment one may not count."""
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
