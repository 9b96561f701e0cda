"""Files that people asked for: a row each, numbered for its job, written before Slack is told that it was heard."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from storage import jobs
from storage.database import Row, Transaction
from storage.job import Job, JobId, JobState
from storage.timestamps import moment, stored

MOST = 100
"""Files of one transcript: each is kept known until the recording is deleted, and removed then by two calls."""


class TooMany(Exception):
    """So many were asked for already."""


class Recipient(enum.StrEnum):
    """Who gets a file."""

    THREAD = "thread"
    """Everybody in the thread of the recording."""

    PERSON = "person"
    """Whoever asked for it, in their direct messages with us."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportRequest:
    """What somebody asked for: a file of this ending. `request` is the same where one wish is told twice."""

    format: str
    recipient: Recipient
    by: str
    request: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """A wish as it is kept, `number` counts from 1.

    `channel`, `file`: where it goes and which file it is, once Slack has that. `sharings`: how many files were handed
    over for it. `message_ts`: the message that carries it.
    """

    job: JobId
    number: int
    order: ExportRequest
    at: datetime
    channel: str | None = None
    file: str | None = None
    sharings: int = 0
    message_ts: str | None = None


def add(tx: Transaction, job_id: JobId, wish: ExportRequest, *, now: datetime) -> bool:
    """Keep a wish; the job is owed work until it is fulfilled. False where there is no transcript to export.

    Raises `TooMany`.
    """
    # First the row of the job, so that what is told twice at once stands in line here.
    job = jobs.locked(tx, job_id)
    if job is None or job.state is not JobState.REPLIED or job.failure is not None or job.forgotten:
        return False
    if tx.one("SELECT 1 AS kept FROM transcripts WHERE job_id = :job", job=job_id) is None:
        return False
    known = "SELECT 1 AS known FROM exports WHERE job_id = :job AND request = :request"
    if tx.one(known, job=job_id, request=wish.request) is not None:
        return True
    if job.exports >= MOST:
        raise TooMany(job_id)
    # It is tried as long as any other step: the state is as if reached now.
    tx.run(
        "UPDATE jobs SET exports = :number, state_since = :now, attempts = 0, "
        "due_at = CASE WHEN lease IS NULL THEN :now ELSE due_at END WHERE id = :job",
        job=job_id,
        number=job.exports + 1,
        now=stored(now),
    )
    tx.run(
        "INSERT INTO exports (job_id, number, request, format, recipient, asked_by, asked_at) "
        "VALUES (:job, :number, :request, :format, :recipient, :by, :now)",
        job=job_id,
        number=job.exports + 1,
        request=wish.request,
        format=wish.format,
        recipient=wish.recipient,
        by=wish.by,
        now=stored(now),
    )
    tx.announce()
    return True


def owed(tx: Transaction, job: Job) -> Export | None:
    """The next one that the job owes."""
    number = job.exported + 1
    row = tx.one("SELECT * FROM exports WHERE job_id = :job AND number = :number", job=job.id, number=number)
    return _export(row) if row else None


def note(tx: Transaction, export: Export) -> None:
    """Write what has become of it at Slack."""
    tx.run(
        "UPDATE exports SET channel = :channel, file = :file, sharings = :sharings, message_ts = :ts "
        "WHERE job_id = :job AND number = :number",
        job=export.job,
        number=export.number,
        channel=export.channel,
        file=export.file,
        sharings=export.sharings,
        ts=export.message_ts,
    )


def of_job(tx: Transaction, job_id: JobId) -> list[Export]:
    """All of a job, in the order in which they were asked for."""
    return [_export(row) for row in tx.all("SELECT * FROM exports WHERE job_id = :job ORDER BY number", job=job_id)]


def drop(tx: Transaction, export: Export) -> None:
    """Remove the row, once nothing of it is left at Slack."""
    tx.run("DELETE FROM exports WHERE job_id = :job AND number = :number", job=export.job, number=export.number)


def _export(row: Row) -> Export:
    wish = ExportRequest(
        format=row["format"], recipient=Recipient(row["recipient"]), by=row["asked_by"], request=row["request"]
    )
    return Export(
        job=JobId(row["job_id"]),
        number=row["number"],
        order=wish,
        at=moment(row["asked_at"]),
        channel=row["channel"],
        file=row["file"],
        sharings=row["sharings"],
        message_ts=row["message_ts"],
    )
