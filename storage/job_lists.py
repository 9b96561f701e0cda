"""Jobs as people ask for them: lists and histories. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from storage.database import Transaction
from storage.job import Job, JobId, JobState
from storage.job_rows import entries, job_of
from storage.timestamps import moment


def in_channel(tx: Transaction, *, team: str, channel: str, limit: int) -> list[Job]:
    """The channel's located jobs, newest first."""
    rows = tx.all(
        "SELECT * FROM jobs WHERE team = :team AND channel = :channel AND message_ts IS NOT NULL "
        "ORDER BY created_at DESC, id LIMIT :limit",
        team=team,
        channel=channel,
        limit=limit,
    )
    return [job_of(row) for row in rows]


def of_person(tx: Transaction, *, team: str, user: str, limit: int) -> list[Job]:
    """The located jobs of what this person shared or asked for, newest first."""
    rows = tx.all(
        "SELECT * FROM (SELECT * FROM jobs WHERE team = :team AND user_id = :user AND message_ts IS NOT NULL "
        "UNION SELECT * FROM jobs WHERE team = :team AND requested_by = :user AND message_ts IS NOT NULL) AS theirs "
        "ORDER BY created_at DESC, id LIMIT :limit",
        team=team,
        user=user,
        limit=limit,
    )
    return [job_of(row) for row in rows]


def on_message(tx: Transaction, *, team: str, channel: str, ts: str) -> list[Job]:
    """The jobs of a message: those that it answers, or those of the recordings that it carries."""
    rows = tx.all(
        "SELECT * FROM jobs WHERE team = :team AND channel = :channel AND reply_ts = :ts "
        "UNION SELECT * FROM jobs WHERE team = :team AND channel = :channel AND occasion = :ts",
        team=team,
        channel=channel,
        ts=ts,
    )
    return [job_of(row) for row in rows]


def newest(tx: Transaction, *, limit: int, states: Sequence[JobState] = tuple(JobState)) -> list[Job]:
    """The newest jobs of the whole installation, for the operator."""
    names = {f"state{index}": str(state) for index, state in enumerate(states)}
    rows = tx.all(
        f"SELECT * FROM jobs WHERE state IN ({', '.join(':' + name for name in names)}) "  # noqa: S608 - our own names
        "ORDER BY created_at DESC, id LIMIT :limit",
        limit=limit,
        **names,
    )
    return [job_of(row) for row in rows]


def history(tx: Transaction, job_id: JobId) -> list[tuple[datetime, JobState, str | None]]:
    """What happened to a job, oldest first: when, the state it came to, a note. It begins with how it was made."""
    job = tx.one("SELECT created_at, history FROM jobs WHERE id = :id", id=job_id)
    if job is None:
        return []
    # Earlier releases wrote a table of its own, with the beginning in it.
    rows = tx.all("SELECT at, state, note FROM job_history WHERE job_id = :id ORDER BY at, seq", id=job_id)
    earlier = [(moment(row["at"]), JobState(row["state"]), row["note"]) for row in rows]
    beginning = (moment(job["created_at"]), JobState.RECEIVED, None)
    told = earlier if beginning in earlier else [beginning, *earlier]
    return sorted([*told, *entries(job["history"])], key=lambda one: one[0])
