"""Usage: the transcribed length of recordings, for monthly limits and the App Home. Failed recordings do not count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from storage.channel_homes import TEAMS, around, organisation_of
from storage.database import SqlValue, Transaction
from storage.job import Job
from storage.timestamps import length, stored

COUNTED = (
    "provider IS NOT NULL AND duration IS NOT NULL "
    "AND (failure_reason IS NULL OR (failure_reason IN ('cancelled', 'file_gone') AND handle IS NOT NULL))"
)
"""Recordings cancelled after the provider had them count too. `reruns.costs` is the same rule for one job."""

_COST = f"spent + CASE WHEN {COUNTED} THEN duration ELSE 0 END"

_BY_ITSELF = "begun_at IS NULL AND created_at >= :since"
_ASKED_FOR = "begun_at >= :since"
"""A requested run counts from the time of the request, for the person who asked."""

_EARLIER = "(coalesce(begun_at, created_at) < :begun OR (coalesce(begun_at, created_at) = :begun AND id < :id))"
"""Of two concurrent recordings only the first counts for the second, so that not both are refused."""


def of_person(tx: Transaction, job: Job, *, since: datetime) -> timedelta:
    """Return the usage, before this job, of the person who asked for it or shared it."""
    whose = job.begun_by or job.origin.user
    where: dict[str, SqlValue] = {"whose": whose, "organisation": organisation_of(tx, job.origin)}
    shared = _sum(tx, f"team IN {TEAMS} AND user_id = :whose AND {_BY_ITSELF}", job, since=since, **where)
    asked = f"team IN {TEAMS} AND coalesce(begun_by, user_id) = :whose AND {_ASKED_FOR}"
    return shared + _sum(tx, asked, job, since=since, **where) + job.spent


def of_channel(tx: Transaction, job: Job, *, since: datetime) -> timedelta:
    """Return the usage in the job's channel before it."""
    return _of_all(tx, "team = :team AND channel = :whose", job, whose=job.origin.channel, since=since)


def of_workspace(tx: Transaction, job: Job, *, since: datetime) -> timedelta:
    """Return the usage in the job's workspace before it."""
    return _of_all(tx, "team = :team AND :whose = ''", job, whose="", since=since)


def _of_all(tx: Transaction, where: str, job: Job, *, whose: str, since: datetime) -> timedelta:
    by_itself = _sum(tx, f"{where} AND {_BY_ITSELF}", job, whose=whose, since=since)
    return by_itself + _sum(tx, f"{where} AND {_ASKED_FOR}", job, whose=whose, since=since) + job.spent


def of_person_by_provider(
    tx: Transaction, *, team: str, user: str, since: datetime, organisation: str | None = None
) -> Mapping[str, timedelta]:
    """Return the usage of a person since then by provider, largest first. A rerun counts for its last provider.

    `organisation`: of an enterprise install; then that in any of its workspaces.
    """
    organisation = around(tx, organisation=organisation, team=team)
    totals = Counter[str]()
    for whose in (f"user_id = :user AND {_BY_ITSELF}", f"coalesce(begun_by, user_id) = :user AND {_ASKED_FOR}"):
        rows = tx.all(
            f"SELECT provider, sum({_COST}) AS total FROM jobs WHERE team IN {TEAMS} AND {whose} "  # noqa: S608 - our own words
            "AND provider IS NOT NULL GROUP BY provider ORDER BY provider",
            team=team,
            organisation=organisation,
            user=user,
            since=stored(since),
        )
        totals.update({str(row["provider"]): int(row["total"]) for row in rows})
    return {provider: length(total) for provider, total in totals.most_common() if total}


def _sum(tx: Transaction, where: str, job: Job, *, since: datetime, **values: SqlValue) -> timedelta:
    row = tx.one(
        f"SELECT sum({_COST}) AS total FROM jobs WHERE {where} AND {_EARLIER}",  # noqa: S608 - our own words
        team=job.origin.team,
        **values,
        since=stored(since),
        begun=stored(job.begun_at or job.created_at),
        id=job.id,
    )
    return length(int(row["total"])) if row and row["total"] is not None else timedelta(0)
