"""Count unfinished jobs for the metrics.

Ended jobs have a null `due_at` and are not in the partial indexes, so the query takes time in proportion to the
unfinished jobs only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.database import Transaction
from storage.job import JobState
from storage.timestamps import moment, stored

UNFINISHED = """
SELECT state, provider, count(*) AS jobs, sum(CASE WHEN due_at <= :now THEN 1 ELSE 0 END) AS due,
    min(CASE WHEN retried > 0 THEN state_since ELSE created_at END) AS since
FROM (SELECT state, provider, due_at, retried, state_since, created_at
      FROM jobs WHERE waiting = 1 AND due_at IS NOT NULL
      UNION ALL
      SELECT state, provider, due_at, retried, state_since, created_at
      FROM jobs WHERE waiting = 0 AND due_at IS NOT NULL) AS unfinished
GROUP BY state, provider
"""
"""One half for each partial index: with one combined condition SQLite would read the whole table."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobCount:
    """Unfinished jobs of one state and provider (None: not chosen yet).

    `due`: how many could be claimed now. `since`: creation time of the oldest; for a rerun, time of its latest step.
    """

    state: JobState
    provider: str | None
    jobs: int
    due: int
    since: datetime


def job_counts(tx: Transaction, *, now: datetime) -> list[JobCount]:
    """Return all groups with a job, including ended jobs that still need cleanup."""
    rows = tx.all(UNFINISHED, now=stored(now))
    return [
        JobCount(
            state=JobState(row["state"]),
            provider=row["provider"],
            jobs=int(row["jobs"]),
            due=int(row["due"]),
            since=moment(int(row["since"])),
        )
        for row in rows
    ]
