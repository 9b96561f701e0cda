"""Create, read and change jobs. Leases are in `storage.claiming`, lists for people in `storage.job_lists`.

Each function takes a transaction, so callers can combine a change of a job with other changes in one transaction.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from storage.database import Transaction
from storage.job import MOVES, Failure, Job, JobId, JobState, LeaseLost, Origin, Reason, as_before
from storage.job_rows import entry, job_of, update
from storage.timestamps import length, stored

PURGED = 500
"""Rows that one transaction deletes at most: others wait to write meanwhile."""

_ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"  # people read ids aloud and type them: no similar characters


def add(tx: Transaction, *, origin: Origin, now: datetime, title: str | None = None) -> Job | None:
    """Create the job of this sharing, due at once. Return None if it exists already."""
    job = Job(
        id=_new_id(), origin=origin, state=JobState.RECEIVED, created_at=now, state_since=now, title=title, due_at=now
    )
    made = tx.run(
        """
        INSERT INTO jobs (id, enterprise, team, channel, file, occasion, thread, message_ts, user_id, title, state,
                          state_since, attempts, waiting, due_at, created_at)
        VALUES (:id, :enterprise, :team, :channel, :file, :occasion, :thread, NULL, :user, :title, 'received',
                :now, 0, 1, :now, :now)
        ON CONFLICT (team, channel, file, occasion) DO NOTHING
        """,
        id=job.id,
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
    if not made:
        return None
    tx.announce()
    return job


def sharings(tx: Transaction, *, file: str, team: str, organisation: str | None) -> frozenset[tuple[str, str]]:
    """Return the channels and occasions of this file's jobs, of the team or of any in its organisation."""
    rows = tx.all(
        "SELECT channel, occasion FROM jobs WHERE (team = :team AND file = :file) "
        "OR (enterprise = :organisation AND file = :file)",
        team=team,
        organisation=organisation,
        file=file,
    )
    return frozenset((str(row["channel"]), str(row["occasion"])) for row in rows)


def _new_id() -> JobId:
    number, letters = int.from_bytes(secrets.token_bytes(8)), []
    for _ in range(10):
        number, letter = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    return JobId("".join(letters))


def save(tx: Transaction, before: Job, after: Job, *, now: datetime, note: str | None = None) -> Job:
    """Write `after` over `before` and keep the lease. Return the job as written.

    A change of state resets the counters of the step. A job that is abandoned keeps no transcript. `note` is for the
    history: a code or a few plain words, never names or text of people. Raises `LeaseLost`, and `ValueError` for a
    transition that is not in `MOVES`.
    """
    moved = before.state is not after.state
    if moved and after.state not in MOVES[before.state]:
        raise ValueError(f"no job moves from {before.state} to {after.state}")
    if moved:
        under_way = now if after.state.acts else None
        after = replace(
            after,
            state_since=now,
            attempts=0,
            misses=0,
            under_way_since=under_way,
            failing_since=None,
            waited=timedelta(0),
            waited_until=None,
            leases_lost=0,
            losing_since=None,
            observed=timedelta(0),
            observed_until=None,
        )
    if not after.state.is_open:
        after = replace(after, ticket=None)
    update(tx, before, after, entry=entry(after.state, now=now, note=note) if moved or note else None)
    if moved and after.state is JobState.ABANDONED:
        drop_transcript(tx, after.id)
    return after


def drop_transcript(tx: Transaction, job_id: JobId) -> None:
    """Delete the transcript of a job and the speaker names.

    The schema deletes its corrections, and what a search finds it by.
    """
    tx.run("DELETE FROM transcripts WHERE job_id = :job", job=job_id)
    tx.run("DELETE FROM namings WHERE job_id = :job", job=job_id)


def locate(tx: Transaction, before: Job, after: Job) -> Job:
    """Write where the recording was shared, once known. Raises `Taken` if another job has it, and `LeaseLost`."""
    update(tx, before, after)
    return after


def occasions(tx: Transaction, origin: Origin) -> frozenset[str]:
    """Return the occasions of this file in this channel that have jobs."""
    rows = tx.all(
        "SELECT occasion FROM jobs WHERE team = :team AND channel = :channel AND file = :file",
        team=origin.team,
        channel=origin.channel,
        file=origin.file,
    )
    return frozenset(str(row["occasion"]) for row in rows)


def length_of(tx: Transaction, *, provider: str, handle: str) -> timedelta | None:
    """Return the length of the recording that the provider calls `handle`; None if it or its length is not known."""
    row = tx.one(
        "SELECT duration FROM jobs WHERE provider = :provider AND handle = :handle LIMIT 1",
        provider=provider,
        handle=handle,
    )
    return length(row["duration"]) if row and row["duration"] is not None else None


def wake(tx: Transaction, *, provider: str, handle: str, now: datetime) -> None:
    """Make the submitted job with this handle due because a webhook arrived.

    A job that a worker holds is not changed: the worker checks for webhooks when it releases the lease. If no job has
    the handle, it may belong to a submission whose response was lost; then all submitting jobs of the provider are due.
    """
    if not _wake_submitted(tx, provider=provider, handle=handle, now=now):
        # Touch all submitting jobs: a worker that stores the response of a submission waits for this commit and then
        # sees the webhook. If this transaction had to wait, the handle may be stored by now: search again.
        tx.run(
            "UPDATE jobs SET due_at = CASE WHEN lease IS NULL THEN :now ELSE due_at END "
            "WHERE provider = :provider AND state = 'submitting' AND waiting = 0 AND due_at IS NOT NULL",
            provider=provider,
            now=stored(now),
        )
        _wake_submitted(tx, provider=provider, handle=handle, now=now)
    tx.announce()


def _wake_submitted(tx: Transaction, *, provider: str, handle: str, now: datetime) -> int:
    # The lease is checked in SET, not in WHERE, so that this waits for a worker that is releasing the job.
    return tx.run(
        "UPDATE jobs SET due_at = CASE WHEN lease IS NULL THEN :now ELSE due_at END "
        "WHERE provider = :provider AND handle = :handle AND state = 'submitted'",
        provider=provider,
        handle=handle,
        now=stored(now),
    )


def others_on_message(tx: Transaction, job: Job) -> int:
    """Return how many other jobs of the same message are open: a message can have several recordings."""
    row = tx.one(
        "SELECT count(*) AS n FROM jobs WHERE team = :team AND channel = :channel AND message_ts = :ts AND id <> :id "
        "AND state NOT IN ('replied', 'abandoned')",
        team=job.origin.team,
        channel=job.origin.channel,
        ts=job.message_ts,
        id=job.id,
    )
    return int(row["n"]) if row else 0


def rivals(tx: Transaction, job: Job, *, now: datetime) -> int:
    """Return how many other jobs could be the one that an unknown webhook is about.

    These have the same provider and length (within two seconds), are not done, or changed state in the two days before
    this job or later, and were submitted more often than the provider responded. `now`: a job that was stored while the
    clock was ahead is not newer than that.
    """
    row = tx.one(
        "SELECT count(*) AS n FROM jobs WHERE (provider = :provider OR retried > 0) AND id <> :id "
        "AND (state_since > :since OR state NOT IN ('replied', 'abandoned')) "
        "AND abs(duration - :duration) < 2000 AND (handle IS NULL OR sendings > 1 OR retried > 0)",
        provider=job.provider,
        id=job.id,
        since=stored(min(job.created_at, now) - timedelta(days=2)),
        duration=stored(job.duration),
    )
    return int(row["n"]) if row else 0


def get(tx: Transaction, job_id: JobId) -> Job | None:
    """Return a job; None if there is none with this id."""
    row = tx.one("SELECT * FROM jobs WHERE id = :id", id=job_id)
    return job_of(row) if row else None


def locked(tx: Transaction, job_id: JobId) -> Job | None:
    """Return a job and lock its row until the end of the transaction; None if there is none with this id."""
    return get(tx, job_id) if tx.run("UPDATE jobs SET id = id WHERE id = :id", id=job_id) else None


def purge_left_alone(tx: Transaction, *, before: datetime) -> int:
    """Delete old rows of skipped files that were never located, at most `PURGED`. Return how many.

    The rows were needed only to recognise repeated events.
    """
    old = "state = 'abandoned' AND message_ts IS NULL AND due_at IS NULL AND created_at < :before"
    # Checked again where the row is deleted: meanwhile somebody may have asked for a rerun.
    return tx.run(
        f"DELETE FROM jobs WHERE {old} AND id IN (SELECT id FROM jobs WHERE {old} LIMIT :most)",  # noqa: S608 - our own words
        before=stored(before),
        most=PURGED,
    )


def needs_audio(tx: Transaction, *, job: JobId) -> bool:
    """Return whether the job exists and may still need its audio."""
    row = tx.one("SELECT id FROM jobs WHERE id = :id AND state IN ('received', 'submitting', 'submitted')", id=job)
    return row is not None


def cancel(
    tx: Transaction, job: Job, *, now: datetime, reason: Reason = Reason.CANCELLED, by: str | None = None
) -> Job | None:
    """Cancel a job. Return it as ended, or None when it is too late. A worker that holds it gets `LeaseLost`.

    A rerun is cancelled by restoring the state before it. `by`: the person who cancels, if any. Raises `LeaseLost` if
    the lease changed since `job` was read.
    """
    if (current := locked(tx, job.id) or job).lease != job.lease:
        raise LeaseLost(job.id)
    job = current
    if not job.state.can_be_cancelled:
        return None
    if job.shown_as is not None:  # a rerun: the thread keeps the existing transcript
        cost = job.duration or timedelta(0) if job.handle else timedelta(0)
        before = as_before(job)
        ended = replace(before, spent=before.spent + cost)
    else:
        ended = replace(job, state=JobState.ABANDONED, failure=Failure(reason=reason), ticket=None)
    ended = replace(ended, state_since=now, attempts=0)
    # Due at once, so that the worker cleans up Slack and the spool.
    ended = replace(ended, lease=None, due_at=now, under_way_since=None)
    update(
        tx,
        job,
        ended,
        claimable=True,
        entry=entry(ended.state, now=now, note=f"cancelled ({by})" if by else "cancelled"),
    )
    tx.announce()
    return ended
