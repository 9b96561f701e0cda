"""Claim jobs: one worker at a time holds the lease of a job, and the lease expires if its heartbeat stops.

Started jobs are claimed in order of their due time. New jobs form a backlog (`waiting = 1`) that is claimed round robin
by workspace, in a workspace by channel, and in a channel the oldest first, so a busy channel does not delay others.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial

from storage import inbox
from storage.database import Transaction
from storage.job import Job, JobId, LeaseLost
from storage.job_rows import entry, job_of
from storage.timestamps import moment, stored

FARTHEST = timedelta(minutes=15)
"""The longest time until a job is due. So a clock that was wrong for a while delays jobs by no more than this."""

_BACKLOG = "waiting = 1 AND due_at IS NOT NULL AND lease IS NULL"


_LOST = (
    "attempts = CASE WHEN lease IS NULL THEN attempts ELSE attempts + 1 END, "
    "losing_since = CASE WHEN lease IS NULL OR leases_lost > 0 THEN losing_since ELSE :now END, "
    "leases_lost = CASE WHEN lease IS NULL THEN leases_lost ELSE leases_lost + 1 END"
)
"""A lease that nobody released was lost by a step: that counts as a failed attempt of it."""


class FairShare:
    """Round-robin position of one worker, in memory: the last workspace, and the last channel in each workspace."""

    def __init__(self) -> None:
        self.team = ""
        self.channels: dict[str, str] = {}

    def taken(self, *, team: str, channel: str) -> None:
        """Note that a job of this channel was claimed."""
        self.team = team
        self.channels[team] = channel


def claim(
    tx: Transaction,
    *,
    fair_share: FairShare,
    now: datetime,
    until: datetime,
    held: Collection[JobId] = (),
    backlog_first: bool = False,
) -> Job | None:
    """Claim a job with a lease until `until`: a started job that is due, else the next of the backlog.

    If an earlier lease of it expired, one more attempt has failed. With `backlog_first` the backlog comes first. Return
    None where nothing can be claimed. `held`: jobs that the caller holds already; after a pause of the whole process
    their leases look expired.
    """
    backlog = partial(_next_of_backlog, tx, fair_share=fair_share, now=now, until=until)
    in_progress = partial(_longest_due, tx, now=now, until=until, held=held)
    return (backlog() or in_progress()) if backlog_first else (in_progress() or backlog())


def _longest_due(tx: Transaction, *, now: datetime, until: datetime, held: Collection[JobId]) -> Job | None:
    names = {f"held{index}": job for index, job in enumerate(held)}
    others = f"AND id NOT IN ({', '.join(':' + name for name in names)})" if names else ""
    candidate = f"waiting = 0 AND due_at <= :now {others} ORDER BY due_at"
    return _take(tx, candidate, now=stored(now), until=stored(until), **names)


def _next_of_backlog(tx: Transaction, *, fair_share: FairShare, now: datetime, until: datetime) -> Job | None:
    """Claim the oldest new job of the next channel and note the round-robin position."""
    team = _next_team(tx, after=fair_share.team)
    if team is None:
        return None
    after = fair_share.channels.get(team, "")
    moments = {"now": stored(now), "until": stored(until)}
    in_team = f"{_BACKLOG} AND team = :team"
    order = "ORDER BY channel, created_at, id"
    job = _take(tx, f"{in_team} AND channel > :after {order}", team=team, after=after, **moments)
    job = job or _take(tx, f"{in_team} {order}", team=team, **moments)
    fair_share.taken(team=team, channel=job.origin.channel if job else "")
    return job


def _next_team(tx: Transaction, *, after: str) -> str | None:
    first = f"SELECT team FROM jobs WHERE {_BACKLOG} AND team > :after ORDER BY team LIMIT 1"  # noqa: S608 - our own words
    row = tx.one(first, after=after) or tx.one(first, after="")
    return str(row["team"]) if row else None


def _take(tx: Transaction, candidate: str, **values: str | int) -> Job | None:
    row = tx.one(
        f"""
        UPDATE jobs SET lease = :lease, due_at = :until, waiting = 0, {_LOST}
        WHERE id = (SELECT id FROM jobs WHERE {candidate} LIMIT 1 {tx.skip_locked})
        RETURNING *
        """,  # noqa: S608 - our own words
        lease=secrets.token_hex(8),
        **values,
    )
    return job_of(row) if row else None


def extend(tx: Transaction, job: Job, *, until: datetime) -> None:
    """Extend the lease (heartbeat). Raises `LeaseLost`."""
    touched = tx.run(
        "UPDATE jobs SET due_at = :until WHERE id = :id AND lease = :lease",
        until=stored(until),
        id=job.id,
        lease=job.lease,
    )
    if not touched:
        raise LeaseLost(job.id)


def release(
    tx: Transaction,
    job: Job,
    *,
    now: datetime,
    due: datetime | None,
    attempts: int,
    misses: int = 0,
    waited: timedelta | None = None,
    observed: timedelta | None = None,
    settled: bool = False,
    unless_webhook: bool = False,
    note: str | None = None,
) -> None:
    """Release the lease: the job can be claimed from `due` on, or never if it is None. Raises `LeaseLost`.

    `attempts`: failed attempts of this step in a row. The first failure sets `failing_since`, 0 clears it. `misses`:
    missed polls in this state. `waited`: how long the provider has been working, up to now. `observed`: how long
    somebody was awake to see the job in its state, up to now. `settled`: no request for this job can still be on its
    way.

    With `unless_webhook` the job is due at once if an unread webhook about it exists. A job that would end is due at
    once if a naming, a correction, an export or a deletion was stored meanwhile. No other columns are written, since a
    caller that stops in a hurry may not have the latest values.
    """
    touched = tx.run(
        "UPDATE jobs SET lease = NULL, leases_lost = 0, due_at = :due, attempts = :attempts, looks = :looks, "
        "under_way_since = CASE WHEN :settled = 1 THEN NULL ELSE under_way_since END, "
        # As `job_rows.job_of` reads it: a value that the previous release left from an earlier step does not count.
        "failing_since = CASE WHEN :attempts = 0 THEN NULL "
        "WHEN attempts = 0 OR failing_looks <> looks OR failing_since < state_since THEN :now "
        "ELSE coalesce(failing_since, :now) END, failing_looks = :looks, "
        "waited = coalesce(:waited, waited), waited_until = coalesce(:waited_until, waited_until), "
        "observed = coalesce(:observed, observed), observed_until = coalesce(:observed_until, observed_until), "
        # Stored by a clock that was ahead: what is observed from now on would never count as of this state.
        "state_since = CASE WHEN state_since > :now THEN :now ELSE state_since END, "
        "history = history || :told WHERE id = :id AND lease = :lease",
        due=stored(due),
        attempts=attempts,
        looks=misses,
        settled=int(settled),
        now=stored(now),
        waited=stored(waited),
        waited_until=stored(None if waited is None else now),
        observed=stored(observed),
        observed_until=stored(None if observed is None else now),
        told=entry(job.state, now=now, note=note) if note else "",
        id=job.id,
        lease=job.lease,
    )
    if not touched:
        raise LeaseLost(job.id)
    # Checked while this transaction locks the row: a webhook that arrives now waits for it and then wakes the job.
    if unless_webhook and inbox.has_unread(tx, provider=job.provider or "", handle=job.handle or ""):
        hurry(tx, job, now=now)
    if due is None:  # a naming, correction, export or deletion stored at this moment makes the job due again
        tx.run(
            "UPDATE jobs SET due_at = :now WHERE id = :id AND lease IS NULL AND "
            "((state = 'replied' AND (naming <> shown OR corrections <> corrections_shown)) "
            "OR (state IN ('replied', 'abandoned') AND (forgotten = 1 OR exports <> exported)))",
            now=stored(now),
            id=job.id,
        )


def void_leases(tx: Transaction, *, now: datetime) -> int:
    """Drop all leases and make these jobs due. For a worker that just started and is the only one."""
    return tx.run(
        f"UPDATE jobs SET lease = NULL, due_at = :now, {_LOST} WHERE lease IS NOT NULL",  # noqa: S608 - our own words
        now=stored(now),
    )


def poll_now(tx: Transaction, *, now: datetime) -> int:
    """Make every submitted job due: webhooks may have been missed while no process listened."""
    return tx.run("UPDATE jobs SET due_at = :now WHERE state = 'submitted' AND lease IS NULL", now=stored(now))


def hurry(tx: Transaction, job: Job, *, now: datetime) -> None:
    """Make a job without a lease due at once."""
    if tx.run("UPDATE jobs SET due_at = :now WHERE id = :id AND lease IS NULL", id=job.id, now=stored(now)):
        tx.announce()


def pull_back(tx: Transaction, *, now: datetime, lease: timedelta) -> int:
    """Repair due times and leases that lie too far in the future because a clock was wrong. Return how many.

    A lease then ends after `lease` at most. The backlog needs no repair, since its claims do not depend on a clock.
    Also repairs rows that an older release left behind: claimed jobs still marked as waiting, and ended jobs that owe
    work but have no due time.
    """
    tx.run("UPDATE jobs SET waiting = 0 WHERE waiting = 1 AND lease IS NOT NULL AND due_at IS NOT NULL")
    late = tx.run(
        "UPDATE jobs SET due_at = :now WHERE waiting = 0 AND due_at > :farthest AND lease IS NULL",
        now=stored(now),
        farthest=stored(now + FARTHEST),
    )
    # The previous release keeps the report of a job that it forgets.
    tx.run("UPDATE jobs SET report = NULL WHERE forgotten > 0 AND report IS NOT NULL")
    # An older release does not know all kinds of owed work. The conditions match the partial indexes.
    owed = sum(
        tx.run(
            f"UPDATE jobs SET due_at = :now WHERE due_at IS NULL AND {owing} AND lease IS NULL "  # noqa: S608 - our own words
            "AND state IN ('replied', 'abandoned')",
            now=stored(now),
        )
        for owing in ("(forgotten = 1 OR naming <> shown)", "corrections <> corrections_shown", "exports <> exported")
    )
    return (
        late
        + owed
        + tx.run(
            "UPDATE jobs SET due_at = :until WHERE waiting = 0 AND due_at > :farthest AND lease IS NOT NULL",
            until=stored(now + lease),
            farthest=stored(now + 2 * lease),
        )
    )


def next_due(tx: Transaction) -> datetime | None:
    """Return when the next job becomes claimable; jobs of the backlog are claimable at once. None without jobs."""
    row = tx.one(f"SELECT due_at FROM jobs WHERE {_BACKLOG} LIMIT 1") or tx.one(  # noqa: S608 - our own words
        "SELECT due_at FROM jobs WHERE waiting = 0 AND due_at IS NOT NULL ORDER BY due_at LIMIT 1"
    )
    return moment(row["due_at"]) if row else None
