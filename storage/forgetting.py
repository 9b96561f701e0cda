"""What was deleted, or is too old, is forgotten: the transcript here at once, the reply in Slack by the worker.

Of a job that is forgotten its row is left, without a title, and a line in its history: what happened, when, at whose
wish. Nobody at all is asked where the whole installation goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage import jobs
from storage.database import Transaction
from storage.job import Job, JobState, LeaseLost, Reason
from storage.job_rows import entry, job_of
from storage.moments import stored

BATCH = 500
"""Transcripts that are purged in one unit of work."""

_AT_WORK = frozenset({JobState.RECEIVED, JobState.SUBMITTING, JobState.SUBMITTED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """Why something is forgotten: `by` whom (a person's id, or Slack), and what they did, in a few words of ours."""

    by: str
    why: str
    reason: Reason


def file_deleted(tx: Transaction, *, team: str, file: str, now: datetime) -> int:
    """Forget whatever was shared of a file; how many jobs that are."""
    rows = tx.all("SELECT * FROM jobs WHERE team = :team AND file = :file", team=team, file=file)
    wish = Wish(by="Slack", why="the file was deleted", reason=Reason.FILE_GONE)
    return sum(forget(tx, job_of(row), wish, now=now) for row in rows)


def message_deleted(tx: Transaction, *, team: str, channel: str, ts: str, now: datetime) -> int:
    """Forget whatever a message had shared; how many jobs that are."""
    rows = tx.all(
        "SELECT * FROM jobs WHERE team = :team AND channel = :channel AND occasion = :ts",
        team=team,
        channel=channel,
        ts=ts,
    )
    wish = Wish(by="Slack", why="the message was deleted", reason=Reason.FILE_GONE)
    return sum(forget(tx, job_of(row), wish, now=now) for row in rows)


def forget(tx: Transaction, job: Job, wish: Wish, *, now: datetime) -> bool:
    """Cancel the job if it is at work; have its reply removed if there is one, or once there is. False if it was so."""
    job = jobs.get(tx, job.id) or job
    if job.forgotten:
        return False
    if job.state in _AT_WORK:
        job = _cancelled(tx, job, wish, now=now)
    # What is in the worker's hands goes on to its end; then it is looked at again (`claiming.release`).
    tx.run(
        "UPDATE jobs SET forgotten = 1, title = NULL, attempts = 0, history = history || :told, "
        "state_since = CASE WHEN state IN ('replied', 'abandoned') THEN :now ELSE state_since END, "
        "due_at = CASE WHEN lease IS NULL THEN :now ELSE due_at END WHERE id = :job",
        job=job.id,
        now=stored(now),
        told=entry(job.state, now=now, note=f"forgotten: {wish.why} ({wish.by})"),
    )
    if not job.state.is_open:
        drop(tx, job)
    tx.announce()
    return True


def _cancelled(tx: Transaction, job: Job, wish: Wish, *, now: datetime) -> Job:
    while True:
        try:
            return jobs.cancel(tx, job, now=now, reason=wish.reason) or job
        except LeaseLost:  # it changed hands at this very moment
            job = jobs.get(tx, job.id) or job


def drop(tx: Transaction, job: Job) -> None:
    """Remove what was said in it, and who the speakers were."""
    tx.run("DELETE FROM transcripts WHERE job_id = :job", job=job.id)
    tx.run("DELETE FROM namings WHERE job_id = :job", job=job.id)


def purge(tx: Transaction, *, before: datetime) -> int:
    """Remove transcripts that were made before that moment, at most `BATCH`; how many. Threads keep their replies."""
    # One that still owes its reply, or a change of it, needs its transcript for that.
    rows = tx.all(
        "SELECT jobs.* FROM transcripts JOIN jobs ON jobs.id = transcripts.job_id "
        "WHERE transcripts.created_at < :before AND jobs.state IN ('replied', 'abandoned') "
        "AND jobs.naming = jobs.shown ORDER BY transcripts.created_at LIMIT :most",
        before=stored(before),
        most=BATCH,
    )
    for row in rows:
        job = job_of(row)
        tx.run("UPDATE jobs SET title = NULL WHERE id = :job", job=job.id)
        drop(tx, job)
    return len(rows)


def workspace(tx: Transaction, *, team: str) -> int:
    """Remove everything of a workspace that the app was taken out of; how many jobs."""
    tx.run(
        "DELETE FROM inbox WHERE EXISTS (SELECT 1 FROM jobs WHERE jobs.team = :team "
        "AND jobs.provider = inbox.provider AND jobs.handle = inbox.handle)",
        team=team,
    )
    for table in ("transcripts", "namings", "job_history"):
        tx.run(f"DELETE FROM {table} WHERE job_id IN (SELECT id FROM jobs WHERE team = :team)", team=team)  # noqa: S608 - our own names
    return tx.run("DELETE FROM jobs WHERE team = :team", team=team)
