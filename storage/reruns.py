"""Reruns: retry a failed job, transcribe a finished one with other options, or start a skipped one on request.

A reply in the thread stays until the rerun has a result, and is then updated in place.
"""

from __future__ import annotations

import enum
import json
from dataclasses import replace
from datetime import datetime, timedelta

from storage import jobs, preferences
from storage.database import Transaction
from storage.job import Job, JobId, JobState, LeaseLost, Origin, Reason
from storage.job_rows import entry, update
from storage.options import NO_OPTIONS, TranscriptionOptions
from storage.timestamps import stored


class Asked(enum.Enum):
    """The result of a request to transcribe a recording."""

    STARTED = "started"
    IN_WORK = "in work"
    DONE = "done"
    FAILED = "failed"
    """Not started: only its owner or a channel manager may retry it, since they may have ended it on purpose."""

    REMOVED = "removed"


LEFT_ALONE = frozenset(
    {Reason.ON_REQUEST, Reason.NOT_A_MEMBER, Reason.SHARED_CHANNEL, Reason.CHANNEL_GONE, Reason.NOWHERE_TO_REPLY}
)
"""Reasons that are nobody's decision about this recording: everyone in the conversation may request it."""


def retry(tx: Transaction, job: Job, *, now: datetime, by: str | None = None) -> Job | None:
    """Start a failed or skipped job again from its recording. Return None when there is nothing to retry.

    `by`: the person who asked, if any. Raises `LeaseLost` while a worker holds the job.
    """
    job = _free(tx, job)
    if job.state is JobState.REPLIED and job.failure is None:
        return None
    return _begin(tx, job, NO_OPTIONS, now=now, by=by)  # with the current settings


def rerun(tx: Transaction, job: Job, *, options: TranscriptionOptions, now: datetime, by: str) -> Job | None:
    """Rerun an ended job with `options`. The thread keeps its reply until the rerun is done.

    Return None if the job is open or forgotten. Raises `LeaseLost` while a worker holds the job.
    """
    return _begin(tx, _free(tx, job), options, now=now, by=by)


def request(
    tx: Transaction, origin: Origin, *, by: str, now: datetime, title: str | None = None
) -> tuple[Asked, JobId]:
    """Request the transcript of a recording: create a job, or start the existing one if that is allowed.

    `origin` is the message with the recording. Raises `LeaseLost` while a worker holds the job.
    """
    added = jobs.add(tx, origin=origin, title=title, now=now)
    if added is not None:
        _note_who(tx, added.id, by=by, now=now)
        return Asked.STARTED, added.id
    row = tx.one(
        "SELECT id FROM jobs WHERE team = :team AND channel = :channel AND file = :file AND occasion = :occasion",
        team=origin.team,
        channel=origin.channel,
        file=origin.file,
        occasion=origin.occasion,
    )
    job = jobs.locked(tx, JobId(row["id"])) if row else None
    if job is None:
        raise LeaseLost("it is being moved")  # a worker is just locating it under another message
    return _ask_for_known(tx, job, by=by, now=now), job.id


def _ask_for_known(tx: Transaction, job: Job, *, by: str, now: datetime) -> Asked:
    if job.forgotten:
        return Asked.REMOVED
    if job.state.is_open:
        if job.requested_by is None and preferences.of_recording(tx, job.origin).automatic is False:
            _note_who(tx, job.id, by=by, now=job.created_at)
        return Asked.IN_WORK
    if job.failure is None:
        return Asked.DONE
    if job.failure.reason not in LEFT_ALONE and by not in {job.origin.user, job.requested_by}:
        return Asked.FAILED
    retry(tx, job, now=now, by=by)
    if job.requested_by is None:
        tx.run("UPDATE jobs SET requested_by = :by WHERE id = :id", by=by, id=job.id)
    return Asked.STARTED


def _note_who(tx: Transaction, job: JobId, *, by: str, now: datetime) -> None:
    tx.run(
        "UPDATE jobs SET requested_by = :by, begun_by = :by, begun_at = :now WHERE id = :id",
        by=by,
        now=stored(now),
        id=job,
    )


def who_asked(tx: Transaction, job: Job) -> str | None:
    """Return who asked for this recording, read from the row: it may have changed since the job was claimed."""
    row = tx.one("SELECT coalesce(requested_by, begun_by) AS asker FROM jobs WHERE id = :id", id=job.id)
    return row["asker"] if row else None


def _free(tx: Transaction, job: Job) -> Job:
    found = jobs.locked(tx, job.id) or job
    if found.lease is not None:
        raise LeaseLost(job.id)
    return found


def _begin(tx: Transaction, job: Job, options: TranscriptionOptions, *, now: datetime, by: str | None) -> Job | None:
    if job.state.is_open or job.forgotten:
        return None
    begun = replace(
        job,
        state=JobState.RECEIVED,
        state_since=now,
        attempts=0,
        sendings=0,
        tickets=0,
        misses=0,
        retried=job.retried + 1,
        due_at=now,
        ticket=None,
        handle=None,
        handle_from=None,
        failure=None,
        under_way_since=None,
        failing_since=None,
        waited=timedelta(0),
        waited_until=None,
        observed=timedelta(0),
        observed_until=None,
        report=None,
        reply_intent=job.reply_intent if job.reply_ts else None,
        options=options,
        begun_by=by,
        shown_as=_shown(job),
        begun_at=now,
        spent=_spent(job, now=now),
    )
    told = entry(begun.state, now=now, note=f"started again ({by})" if by else "started again")
    update(tx, job, begun, claimable=True, entry=told)
    tx.announce()
    return begun


def _shown(job: Job) -> str | None:
    if job.state is not JobState.REPLIED or job.failure is not None:
        return None
    return json.dumps({"provider": job.provider, "wanted": job.options.dump()})


def _spent(job: Job, *, now: datetime) -> timedelta:
    """Return the length charged for earlier runs of this job in the month of the rerun (UTC)."""
    last = job.begun_at or job.created_at
    if (last.year, last.month) != (now.year, now.month):
        return timedelta(0)
    return job.spent + (job.duration or timedelta(0) if costs(job) else timedelta(0))


def costs(job: Job) -> bool:
    """Return whether the last run counts as usage: not if it failed, but if it was cancelled after the submission."""
    if job.provider is None or job.duration is None:
        return False
    if job.failure is None:
        return True
    return job.failure.reason in {Reason.CANCELLED, Reason.FILE_GONE} and job.handle is not None
