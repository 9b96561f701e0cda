"""Export requests: one row each, numbered per job, stored before Slack gets the acknowledgement."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

from storage import jobs
from storage.database import Row, Transaction
from storage.job import Job, JobId, JobState
from storage.timestamps import moment, stored

MOST = 100
"""Exports per transcript at most. Each is remembered until the recording is deleted, and then costs two Slack calls."""


class TooMany(Exception):
    """The transcript has `MOST` exports already."""


class Recipient(enum.StrEnum):
    """Where an exported file is sent."""

    THREAD = "thread"
    """A thread reply under the recording."""

    PERSON = "person"
    """A direct message from the bot to the person who asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportRequest:
    """An export request. `format` is the file suffix. `request` makes it idempotent: a repeat has the same value."""

    format: str
    recipient: Recipient
    by: str
    request: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """A stored export request. `number` counts from 1 per job.

    `channel` and `file`: Slack's ids of the target conversation and the uploaded file, once known. `unshared`: the file
    that nobody has begun to share. `sharings`: number of uploads. `message_ts`: the message with the file.
    """

    job: JobId
    number: int
    order: ExportRequest
    at: datetime
    channel: str | None = None
    file: str | None = None
    unshared: str | None = None
    sharings: int = 0
    message_ts: str | None = None

    @property
    def is_unshared(self) -> bool:
        """Return whether it is certain that nobody has begun to share the file."""
        return self.file is not None and self.file == self.unshared


def add(tx: Transaction, job_id: JobId, request: ExportRequest, *, now: datetime) -> bool:
    """Store a request and make the job due. Return False where there is no transcript to export.

    Raises `TooMany`.
    """
    # Lock the row of the job first, so that two copies of one request are handled one after the other.
    job = jobs.locked(tx, job_id)
    if job is None or job.state is not JobState.REPLIED or job.failure is not None or job.forgotten:
        return False
    if tx.one("SELECT 1 AS kept FROM transcripts WHERE job_id = :job", job=job_id) is None:
        return False
    known = "SELECT 1 AS known FROM exports WHERE job_id = :job AND request = :request"
    if tx.one(known, job=job_id, request=request.request) is not None:
        return True
    if job.exports >= MOST:
        raise TooMany(job_id)
    # `state_since` restarts, so that retries of the export get the full time of a step.
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
        request=request.request,
        format=request.format,
        recipient=request.recipient,
        by=request.by,
        now=stored(now),
    )
    tx.announce()
    return True


def owed(tx: Transaction, job: Job) -> Export | None:
    """Return the next export of the job that is not done; None if there is none."""
    number = job.exported + 1
    row = tx.one("SELECT * FROM exports WHERE job_id = :job AND number = :number", job=job.id, number=number)
    return _export(row) if row else None


def note(tx: Transaction, export: Export) -> None:
    """Store the progress of an export at Slack."""
    tx.run(
        "UPDATE exports SET channel = :channel, file = :file, unshared = :unshared, sharings = :sharings, "
        "message_ts = :ts WHERE job_id = :job AND number = :number",
        job=export.job,
        number=export.number,
        channel=export.channel,
        file=export.file,
        unshared=export.unshared,
        sharings=export.sharings,
        ts=export.message_ts,
    )


def of_job(tx: Transaction, job_id: JobId) -> list[Export]:
    """Return all exports of a job in order of request."""
    return [_export(row) for row in tx.all("SELECT * FROM exports WHERE job_id = :job ORDER BY number", job=job_id)]


def drop(tx: Transaction, export: Export) -> None:
    """Delete the row of an export whose file is removed from Slack."""
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
        unshared=row["unshared"],
        sharings=row["sharings"],
        message_ts=row["message_ts"],
    )
