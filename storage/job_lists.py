"""Read-only queries for people: lists of jobs and the history of a job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from storage.channel_homes import TEAMS, around
from storage.database import Transaction
from storage.job import Job, JobId, JobState
from storage.job_rows import entries, job_of
from storage.timestamps import moment

BY_PEOPLE = ("started again", "cancelled")
"""How the notes in a job's history begin that tell what somebody did; others tell of what went wrong."""


def in_channel(tx: Transaction, *, team: str, channel: str, limit: int) -> list[Job]:
    """Return the located jobs of a channel, newest first."""
    rows = tx.all(
        "SELECT * FROM jobs WHERE team = :team AND channel = :channel AND message_ts IS NOT NULL "
        "ORDER BY created_at DESC, id LIMIT :limit",
        team=team,
        channel=channel,
        limit=limit,
    )
    return [job_of(row) for row in rows]


def of_person(tx: Transaction, *, team: str, user: str, limit: int, organisation: str | None = None) -> list[Job]:
    """Return the located jobs that a person shared or asked for, newest first.

    `organisation`: of an enterprise install; then those in any of its workspaces.
    """
    theirs = f"SELECT * FROM jobs WHERE team IN {TEAMS} AND message_ts IS NOT NULL"  # noqa: S608 - our own words
    rows = tx.all(
        f"SELECT * FROM ({theirs} AND user_id = :user UNION {theirs} AND requested_by = :user) AS theirs "  # noqa: S608 - our own words
        "ORDER BY created_at DESC, id LIMIT :limit",
        team=team,
        organisation=around(tx, organisation=organisation, team=team),
        user=user,
        limit=limit,
    )
    return [job_of(row) for row in rows]


def on_message(tx: Transaction, *, team: str, channel: str, ts: str) -> list[Job]:
    """Return the jobs whose reply or whose recording is in this message."""
    rows = tx.all(
        "SELECT * FROM jobs WHERE team = :team AND channel = :channel AND reply_ts = :ts "
        "UNION SELECT * FROM jobs WHERE team = :team AND channel = :channel AND occasion = :ts",
        team=team,
        channel=channel,
        ts=ts,
    )
    return [job_of(row) for row in rows]


def newest(tx: Transaction, *, limit: int, states: Sequence[JobState] = tuple(JobState)) -> list[Job]:
    """Return the newest jobs of all workspaces, for the operator."""
    names = {f"state{index}": str(state) for index, state in enumerate(states)}
    rows = tx.all(
        f"SELECT * FROM jobs WHERE state IN ({', '.join(':' + name for name in names)}) "  # noqa: S608 - our own names
        "ORDER BY created_at DESC, id LIMIT :limit",
        limit=limit,
        **names,
    )
    return [job_of(row) for row in rows]


def history(tx: Transaction, job_id: JobId) -> list[tuple[datetime, JobState, str | None]]:
    """Return the history of a job, oldest first, as time, new state and note. The first entry is its creation."""
    job = tx.one("SELECT created_at, history FROM jobs WHERE id = :id", id=job_id)
    if job is None:
        return []
    # Older releases wrote a separate table that includes the creation.
    rows = tx.all("SELECT at, state, note FROM job_history WHERE job_id = :id ORDER BY at, seq", id=job_id)
    earlier = [(moment(row["at"]), JobState(row["state"]), row["note"]) for row in rows]
    beginning = (moment(job["created_at"]), JobState.RECEIVED, None)
    told = earlier if beginning in earlier else [beginning, *earlier]
    return sorted([*told, *entries(job["history"])], key=lambda one: one[0])
