"""A job as a row: how its columns are read and written, for `storage.jobs` alone."""

from __future__ import annotations

from datetime import datetime

from storage.database import Row, Transaction
from storage.job import Failure, Job, JobId, JobState, LeaseLost, LeaseToken, Origin, Reason
from storage.moments import length, moment, stored


def update(tx: Transaction, job: Job, *, lease: str | None, keep_due: bool) -> None:
    """Write every column that can change, while the row has that lease. Raises `LeaseLost`."""
    touched = tx.run(
        """
        UPDATE jobs SET occasion = :occasion, thread = :thread, message_ts = :message_ts, user_id = :user,
            title = :title, state = :state, state_since = :state_since, provider = :provider, duration = :duration,
            damaged = :damaged, ticket = :ticket, handle = :handle, attempts = :attempts, tickets = :tickets,
            sendings = :sendings, retried = :retried,
            due_at = CASE WHEN :keep_due = 1 THEN due_at ELSE :due_at END, lease = :new_lease,
            reply_intent = :reply_intent, reply_ts = :reply_ts, failure_reason = :failure_reason,
            failure_sentence = :failure_sentence, under_way_since = :under_way_since,
            looks = :looks
        WHERE id = :id AND coalesce(lease, '') = coalesce(:lease, '')
        """,
        id=job.id,
        occasion=job.origin.occasion,
        thread=job.origin.thread,
        message_ts=job.message_ts,
        user=job.origin.user,
        title=job.title,
        state=job.state,
        state_since=stored(job.state_since),
        provider=job.provider,
        duration=stored(job.duration),
        damaged=int(job.damaged),
        ticket=job.ticket,
        handle=job.handle,
        attempts=job.attempts,
        tickets=job.tickets,
        sendings=job.sendings,
        retried=job.retried,
        keep_due=int(keep_due),
        due_at=stored(job.due_at),
        new_lease=job.lease,
        reply_intent=job.reply_intent,
        reply_ts=job.reply_ts,
        failure_reason=job.failure.reason if job.failure else None,
        failure_sentence=job.failure.sentence if job.failure else None,
        under_way_since=stored(job.under_way_since),
        looks=job.looks,
        lease=lease,
    )
    if not touched:
        raise LeaseLost(job.id)


def write_history(tx: Transaction, job_id: JobId, state: JobState, *, now: datetime, note: str | None) -> None:
    """Note what a job came to."""
    tx.run(
        "INSERT INTO job_history (job_id, at, state, note, seq) VALUES (:job_id, :at, :state, :note, "
        "(SELECT count(*) FROM job_history WHERE job_id = :job_id))",
        job_id=job_id,
        at=stored(now),
        state=state,
        note=note,
    )


def job_of(row: Row) -> Job:
    """The job that a row holds."""
    reason = row["failure_reason"]
    return Job(
        id=JobId(row["id"]),
        origin=Origin(
            enterprise=row["enterprise"],
            team=row["team"],
            channel=row["channel"],
            file=row["file"],
            occasion=row["occasion"],
            thread=row["thread"],
            user=row["user_id"],
        ),
        state=JobState(row["state"]),
        created_at=moment(row["created_at"]),
        state_since=moment(row["state_since"]),
        title=row["title"],
        provider=row["provider"],
        duration=length(row["duration"]) if row["duration"] is not None else None,
        damaged=bool(row["damaged"]),
        ticket=row["ticket"],
        handle=row["handle"],
        attempts=row["attempts"],
        tickets=row["tickets"],
        sendings=row["sendings"],
        retried=row["retried"],
        due_at=moment(row["due_at"]) if row["due_at"] is not None else None,
        lease=LeaseToken(row["lease"]) if row["lease"] else None,
        reply_intent=row["reply_intent"],
        reply_ts=row["reply_ts"],
        failure=Failure(reason=Reason(reason), sentence=row["failure_sentence"]) if reason else None,
        message_ts=row["message_ts"],
        under_way_since=moment(row["under_way_since"]) if row["under_way_since"] is not None else None,
        looks=row["looks"],
    )
