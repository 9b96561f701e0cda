"""How many jobs are on their way and for how long: what the metrics ask for, again and again, beside the worker.

Ended jobs are not looked at: their `due_at` is null, so the partial indexes on it lead past them, however many there
are. The effort is in proportion to what is still to be done.
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
"""One half for each partial index: asked for in one condition, SQLite would rather read the whole table."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobCount:
    """The jobs of one state and provider (None: not chosen yet) about which something is still to be done.

    `due` of them could be claimed at once: nobody has them in hand. The oldest one is there `since` then; one that was
    started again counts from its latest step.
    """

    state: JobState
    provider: str | None
    jobs: int
    due: int
    since: datetime


def job_counts(tx: Transaction, *, now: datetime) -> list[JobCount]:
    """Every group that has a job. Ended jobs that still have to be tidied up are among them."""
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
