"""Speaker names given by people. Every version (naming) is kept; the newest counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from storage.database import Row, Transaction
from storage.job import Job, JobId
from storage.timestamps import moment, stored

_RECORDINGS = 50
"""The newest named recordings of a conversation, in which names are looked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Naming:
    """One version of the names, by the provider's speaker label. A label without a name keeps its number.

    `version` counts from 1.
    """

    version: int
    names: Mapping[str, str]
    by: str
    at: datetime


class NamingOutdated(Exception):
    """Somebody else has named the speakers meanwhile; `newest` is their naming."""

    def __init__(self, newest: Naming) -> None:
        super().__init__(newest.version)
        self.newest = newest


def newest(tx: Transaction, job_id: JobId) -> Naming | None:
    """Return the newest naming; None without one."""
    return _at(tx, job_id, back=0)


def before_newest(tx: Transaction, job_id: JobId) -> Naming | None:
    """Return the naming before the newest; None without one."""
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


def given_in(tx: Transaction, *, team: str, channel: str, limit: int) -> list[str]:
    """Return names that count in a conversation's transcripts, those of the newest recordings first, at most `limit`.

    `team`: of the conversation's home. Names that differ in upper and lower case only are returned once.
    """
    rows = tx.all(
        "SELECT namings.names FROM jobs JOIN namings ON namings.job_id = jobs.id AND namings.version = jobs.naming "
        "WHERE jobs.team = :team AND jobs.channel = :channel AND jobs.naming > 0 AND jobs.forgotten = 0 "
        "AND EXISTS (SELECT 1 FROM transcripts WHERE job_id = jobs.id) ORDER BY jobs.created_at DESC LIMIT :most",
        team=team,
        channel=channel,
        most=_RECORDINGS,
    )
    found: dict[str, str] = {}
    for row in rows:
        for name in json.loads(row["names"]).values():
            found.setdefault(name.casefold(), name)
    return list(found.values())[:limit]


def start_over(tx: Transaction, job: Job) -> None:
    """Delete all namings after a rerun, since the speaker labels are different now."""
    tx.run("DELETE FROM namings WHERE job_id = :job", job=job.id)
    tx.run("UPDATE jobs SET naming = 0, shown = 0 WHERE id = :job", job=job.id)


def add(tx: Transaction, job: Job, *, names: Mapping[str, str], seen: int, by: str, now: datetime) -> None:
    """Store a naming by a person who saw version `seen`, and make the job due so that its reply is updated.

    Does nothing unless the job has its reply and transcript. Raises `NamingOutdated` if another naming came in between.
    """
    # Lock the row of the job first: two namings at once, or a worker that releases the job, then wait for each other.
    # `state_since` restarts, so that retries of the update get the full time of a step.
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
        if latest is None or latest.version == seen:  # the job is deleted or has a rerun
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
