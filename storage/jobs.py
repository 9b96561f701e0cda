"""Every statement about jobs. The worker lives by three of them: `claim`, `save` and `release`.

Each function is (part of) a unit of work: it takes the transaction, so that callers can combine a change of a job
with what must be true at the same moment.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from storage import inbox
from storage.database import Transaction
from storage.job import MOVES, Failure, Job, JobId, JobState, LeaseLost, Origin, Reason
from storage.job_rows import job_of, update, write_history
from storage.moments import moment, stored

_ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"  # read aloud and typed by people: no look-alikes


def add(tx: Transaction, *, origin: Origin, now: datetime, title: str | None = None) -> Job | None:
    """Make the row for this sharing, due at once; None when it is there already."""
    row = tx.one(
        """
        INSERT INTO jobs (id, enterprise, team, channel, file, occasion, thread, message_ts, user_id, title, state,
                          state_since, attempts, due_at, created_at)
        VALUES (:id, :enterprise, :team, :channel, :file, :occasion, :thread, NULL, :user, :title, 'received',
                :now, 0, :now, :now)
        ON CONFLICT (team, channel, file, occasion) DO NOTHING
        RETURNING *
        """,
        id="".join(secrets.choice(_ALPHABET) for _ in range(10)),
        enterprise=origin.enterprise,
        team=origin.team,
        channel=origin.channel,
        file=origin.file,
        occasion=origin.occasion,
        thread=origin.thread,
        user=origin.user,
        title=title,
        now=stored(now),
    )
    if row is None:
        return None
    job = job_of(row)
    write_history(tx, job.id, JobState.RECEIVED, now=now, note=None)
    return job


def claim(tx: Transaction, *, now: datetime, until: datetime, held: Collection[JobId] = ()) -> Job | None:
    """Take the job that has been due longest, if any, and hold its lease until `until`.

    `held` are in the caller's hands already: after a pause of the whole process their leases look expired to it.
    """
    names = {f"held{index}": job for index, job in enumerate(held)}
    others = f"AND id NOT IN ({', '.join(':' + name for name in names)})" if names else ""
    row = tx.one(
        f"""
        UPDATE jobs SET lease = :lease, due_at = :until
        WHERE id = (SELECT id FROM jobs WHERE due_at <= :now {others} ORDER BY due_at LIMIT 1)
        RETURNING *
        """,  # noqa: S608 - our own names
        lease=secrets.token_hex(8),
        now=stored(now),
        until=stored(until),
        **names,
    )
    return job_of(row) if row else None


def extend(tx: Transaction, job: Job, *, until: datetime) -> None:
    """Hold the lease longer. Raises `LeaseLost`."""
    touched = tx.run(
        "UPDATE jobs SET due_at = :until WHERE id = :id AND lease = :lease",
        until=stored(until),
        id=job.id,
        lease=job.lease,
    )
    if not touched:
        raise LeaseLost(job.id)


def save(tx: Transaction, before: Job, after: Job, *, now: datetime, note: str | None = None) -> Job:
    """Write `after` over `before`, keeping the lease. Raises `LeaseLost`.

    `note` is for the history: a code or a few plain words, never a name or a text of anybody's.
    """
    moved = before.state is not after.state
    if moved and after.state not in MOVES[before.state]:
        raise ValueError(f"no job moves from {before.state} to {after.state}")
    if moved:
        after = replace(after, state_since=now, attempts=0)
    if not after.state.is_open:
        after = replace(after, ticket=None)
    update(tx, after, lease=before.lease, keep_due=True)
    if moved or note:
        write_history(tx, after.id, after.state, now=now, note=note)
    return after


def release(
    tx: Transaction,
    job: Job,
    *,
    now: datetime,
    due: datetime | None,
    attempts: int,
    unless_webhook: bool = False,
    note: str | None = None,
) -> None:
    """Let the lease go: claimable from `due`, never if it is None. Raises `LeaseLost`.

    With `unless_webhook` it is claimable at once where a webhook about it came in the meantime. Touches nothing else
    of the row: whoever lets go in a hurry may not know what was saved last.
    """
    if unless_webhook and inbox.has_unread(tx, provider=job.provider or "", handle=job.handle or ""):
        due = now
    touched = tx.run(
        "UPDATE jobs SET lease = NULL, due_at = :due, attempts = :attempts WHERE id = :id AND lease = :lease",
        due=stored(due),
        attempts=attempts,
        id=job.id,
        lease=job.lease,
    )
    if not touched:
        raise LeaseLost(job.id)
    if note:
        write_history(tx, job.id, job.state, now=now, note=note)


def locate(tx: Transaction, before: Job, after: Job) -> bool:
    """Write where the recording was really shared; False when another job has that sharing already."""
    taken = tx.one(
        "SELECT id FROM jobs WHERE team = :team AND channel = :channel AND file = :file AND occasion = :occasion "
        "AND id <> :id",
        team=after.origin.team,
        channel=after.origin.channel,
        file=after.origin.file,
        occasion=after.origin.occasion,
        id=after.id,
    )
    if taken:
        return False
    update(tx, after, lease=before.lease, keep_due=True)
    return True


def occasions(tx: Transaction, origin: Origin) -> frozenset[str]:
    """Which sharings of this file in this channel have jobs."""
    rows = tx.all(
        "SELECT occasion FROM jobs WHERE team = :team AND channel = :channel AND file = :file",
        team=origin.team,
        channel=origin.channel,
        file=origin.file,
    )
    return frozenset(str(row["occasion"]) for row in rows)


def wake(tx: Transaction, *, provider: str, handle: str, now: datetime) -> None:
    """Make the submitted job of this handle due, unless somebody is at it (who then looks again).

    Where no job has this handle, it may be of one whose submission was never answered: these look again.
    """
    woken = tx.run(
        "UPDATE jobs SET due_at = :now WHERE provider = :provider AND handle = :handle "
        "AND state = 'submitted' AND lease IS NULL",
        provider=provider,
        handle=handle,
        now=stored(now),
    )
    if not woken:
        tx.run(
            "UPDATE jobs SET due_at = :now WHERE provider = :provider AND state = 'submitting' AND lease IS NULL",
            provider=provider,
            now=stored(now),
        )


def others_on_message(tx: Transaction, job: Job) -> int:
    """How many other jobs of the same message are still open: it can carry several recordings."""
    row = tx.one(
        "SELECT count(*) AS n FROM jobs WHERE team = :team AND channel = :channel AND message_ts = :ts AND id <> :id "
        "AND state NOT IN ('replied', 'abandoned')",
        team=job.origin.team,
        channel=job.origin.channel,
        ts=job.message_ts,
        id=job.id,
    )
    return int(row["n"]) if row else 0


def void_leases(tx: Transaction, *, now: datetime) -> int:
    """Make every leased job due: the only worker has just started, so nobody is at them."""
    return tx.run("UPDATE jobs SET lease = NULL, due_at = :now WHERE lease IS NOT NULL", now=stored(now))


def look_again(tx: Transaction, *, now: datetime) -> int:
    """Make every submitted job due: a webhook may have come while nobody listened."""
    return tx.run("UPDATE jobs SET due_at = :now WHERE state = 'submitted' AND lease IS NULL", now=stored(now))


def next_due(tx: Transaction) -> datetime | None:
    """When the next job becomes claimable."""
    row = tx.one("SELECT due_at FROM jobs WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1")
    return moment(row["due_at"]) if row else None


def rivals(tx: Transaction, job: Job) -> int:
    """How many other jobs could be the owner of a webhook that nobody knows.

    Those of the same provider and length (within two seconds) of the two days before that were sent more often than
    answered, whatever became of them since.
    """
    row = tx.one(
        "SELECT count(*) AS n FROM jobs WHERE provider = :provider AND id <> :id AND created_at > :since "
        "AND abs(duration - :duration) < 2000 AND (handle IS NULL OR sendings > 1 OR retried > 0)",
        provider=job.provider,
        id=job.id,
        since=stored(job.created_at - timedelta(days=2)),
        duration=stored(job.duration),
    )
    return int(row["n"]) if row else 0


def get(tx: Transaction, job_id: JobId) -> Job | None:
    """One job."""
    row = tx.one("SELECT * FROM jobs WHERE id = :id", id=job_id)
    return job_of(row) if row else None


def purge_left_alone(tx: Transaction, *, before: datetime) -> int:
    """Drop the rows of what never was a recording for us: they only had to outlive Slack's repeats."""
    return tx.run(
        "DELETE FROM jobs WHERE state = 'abandoned' AND message_ts IS NULL AND due_at IS NULL AND created_at < :before",
        before=stored(before),
    )


def open_ids(tx: Transaction) -> frozenset[str]:
    """The jobs that may still need their audio."""
    rows = tx.all("SELECT id FROM jobs WHERE state IN ('received', 'submitting', 'submitted')")
    return frozenset(str(row["id"]) for row in rows)


def retry(tx: Transaction, job: Job, *, now: datetime) -> Job | None:
    """Start a job that failed (or was left alone) again from its recording; None when there is nothing to retry."""
    if job.state.is_open:
        return None
    if job.state is JobState.REPLIED and job.failure is None:
        return None
    again = replace(
        job, state=JobState.RECEIVED, state_since=now, attempts=0, sendings=0, tickets=0,
        retried=job.retried + 1, due_at=now, ticket=None, handle=None, failure=None, reply_intent=None, reply_ts=None,
    )  # fmt: skip
    update(tx, again, lease=None, keep_due=False)
    write_history(tx, job.id, JobState.RECEIVED, now=now, note="started again")
    return again


def hurry(tx: Transaction, job: Job, *, now: datetime) -> None:
    """Make a waiting job due at once."""
    tx.run("UPDATE jobs SET due_at = :now WHERE id = :id AND lease IS NULL", id=job.id, now=stored(now))


def cancel(tx: Transaction, job: Job, *, now: datetime) -> Job | None:
    """End a job that owes no reply yet; whoever is at it learns so at its next write. None when it is too late."""
    if job.state not in {JobState.RECEIVED, JobState.SUBMITTING, JobState.SUBMITTED}:
        return None
    failure = Failure(reason=Reason.CANCELLED)
    ended = replace(job, state=JobState.ABANDONED, failure=failure, ticket=None, state_since=now, attempts=0)
    # Due at once: what it left in Slack and on disk is tidied up by the worker.
    ended = replace(ended, lease=None, due_at=now)
    update(tx, ended, lease=job.lease, keep_due=False)
    write_history(tx, job.id, ended.state, now=now, note="cancelled")
    return ended
