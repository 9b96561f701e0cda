"""Who the speakers of a recording are, as people say it. Every naming is kept; the newest counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from storage.database import Row, Transaction
from storage.job import Job, JobId
from storage.timestamps import moment, stored


@dataclass(frozen=True, kw_only=True, slots=True)
class Naming:
    """`names` by the provider's label; a label without a name keeps its number. `version` counts from 1."""

    version: int
    names: Mapping[str, str]
    by: str
    at: datetime


class NamingOutdated(Exception):
    """Somebody has named the speakers meanwhile: `newest` is what they chose."""

    def __init__(self, newest: Naming) -> None:
        super().__init__(newest.version)
        self.newest = newest


def newest(tx: Transaction, job_id: JobId) -> Naming | None:
    """The naming that counts."""
    return _at(tx, job_id, back=0)


def before_newest(tx: Transaction, job_id: JobId) -> Naming | None:
    """The one before."""
    return _at(tx, job_id, back=1)


def _at(tx: Transaction, job_id: JobId, *, back: int) -> Naming | None:
    row = tx.one(
        "SELECT * FROM namings WHERE job_id = :job ORDER BY version DESC LIMIT 1 OFFSET :back", job=job_id, back=back
    )
    return _naming(row) if row else None


def _naming(row: Row) -> Naming:
    return Naming(
        version=row["version"], names=json.loads(row["names"]), by=row["named_by"], at=moment(row["named_at"])
    )


def start_over(tx: Transaction, job: Job) -> None:
    """Drop every naming: the recording was done again, and its voices have other labels now."""
    tx.run("DELETE FROM namings WHERE job_id = :job", job=job.id)
    tx.run("UPDATE jobs SET naming = 0, shown = 0 WHERE id = :job", job=job.id)


def add(tx: Transaction, job: Job, *, names: Mapping[str, str], seen: int, by: str, now: datetime) -> None:
    """Keep a naming made by whoever saw version `seen`; the reply, if it is there, is owed a change.

    Only of a job that has its reply and its transcript. Raises `NamingOutdated` where another naming came in between.
    """
    # First the row of the job, so that two who name at once stand in line here, and a worker that lets go as well.
    # What is done about it is tried as long as any other step: the state is as if reached now.
    touched = tx.run(
        "UPDATE jobs SET naming = naming + 1, state_since = :now, attempts = 0, due_at = CASE WHEN lease IS NULL "
        "THEN :now ELSE due_at END WHERE id = :job AND naming = :seen AND state = 'replied' AND forgotten = 0 "
        "AND EXISTS (SELECT 1 FROM transcripts WHERE job_id = jobs.id)",
        job=job.id,
        seen=seen,
        now=stored(now),
    )
    if not touched:
        latest = newest(tx, job.id)
        if latest is None or latest.version == seen:  # the job is gone, or it is being done anew
            return
        raise NamingOutdated(latest)
    tx.run(
        "INSERT INTO namings (job_id, version, names, named_by, named_at) VALUES (:job, :version, :names, :by, :now)",
        job=job.id,
        version=seen + 1,
        names=json.dumps(dict(names), ensure_ascii=False),
        by=by,
        now=stored(now),
    )
    tx.announce()
