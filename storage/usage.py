"""How much was transcribed, for limits and for whoever asks: the length of recordings, failed ones left out."""

from __future__ import annotations

from datetime import datetime, timedelta

from storage.database import Transaction
from storage.job import Job
from storage.moments import length, stored

_COUNTED = (
    "created_at >= :since AND provider IS NOT NULL AND duration IS NOT NULL "
    "AND (failure_reason IS NULL OR (failure_reason IN ('cancelled', 'file_gone') AND handle IS NOT NULL))"
)
"""What was cancelled once the provider had it was spent all the same."""

_EARLIER = "(created_at < :created OR (created_at = :created AND id < :id))"
"""Of two that come at once the first counts for the second and not the other way round: so not both are refused."""


def of_person(tx: Transaction, job: Job, *, since: datetime) -> timedelta:
    """What the person who shared this one had transcribed before it."""
    return _sum(tx, "team = :team AND user_id = :whose", job, whose=job.origin.user, since=since)


def of_channel(tx: Transaction, job: Job, *, since: datetime) -> timedelta:
    """What was transcribed in this one's channel before it."""
    return _sum(tx, "team = :team AND channel = :whose", job, whose=job.origin.channel, since=since)


def of_workspace(tx: Transaction, job: Job, *, since: datetime) -> timedelta:
    """What was transcribed in this one's workspace before it."""
    return _sum(tx, "team = :team AND :whose = ''", job, whose="", since=since)


def _sum(tx: Transaction, where: str, job: Job, *, whose: str, since: datetime) -> timedelta:
    row = tx.one(
        f"SELECT sum(duration) AS total FROM jobs WHERE {where} AND {_COUNTED} AND {_EARLIER}",  # noqa: S608 - our own words
        team=job.origin.team,
        whose=whose,
        since=stored(since),
        created=stored(job.created_at),
        id=job.id,
    )
    return length(int(row["total"])) if row and row["total"] is not None else timedelta(0)
