"""Who works on what: a job is claimed by one worker at a time, under a lease that ends by itself.

Jobs in work come in the order in which they are due. Those that nobody has looked at yet stand in a line in which
every workspace has its turn, and in a workspace every channel, the oldest of a channel first: one busy channel keeps
nobody waiting.
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
"""No job waits longer than this for its next look, so a clock that was wrong for a while costs no more."""

_IN_LINE = "waiting = 1 AND due_at IS NOT NULL AND lease IS NULL"


class FairShare:
    """Whose turn it was last: the workspace, and in each workspace the channel. Of one worker, in memory."""

    def __init__(self) -> None:
        self.team = ""
        self.channels: dict[str, str] = {}

    def taken(self, *, team: str, channel: str) -> None:
        """It was this channel's turn."""
        self.team = team
        self.channels[team] = channel


def claim(
    tx: Transaction,
    *,
    turns: FairShare,
    now: datetime,
    until: datetime,
    held: Collection[JobId] = (),
    line_first: bool = False,
) -> Job | None:
    """Take a job, if any can be taken, and hold its lease until `until`: one in work, or else the next in line.

    With `line_first` the other way round. `held` are in the caller's hands already: after a pause of the whole process
    their leases look expired to it.
    """
    in_line = partial(_next_in_line, tx, turns=turns, until=until)
    in_work = partial(_longest_due, tx, now=now, until=until, held=held)
    return (in_line() or in_work()) if line_first else (in_work() or in_line())


def _longest_due(tx: Transaction, *, now: datetime, until: datetime, held: Collection[JobId]) -> Job | None:
    names = {f"held{index}": job for index, job in enumerate(held)}
    others = f"AND id NOT IN ({', '.join(':' + name for name in names)})" if names else ""
    candidate = f"waiting = 0 AND due_at <= :now {others} ORDER BY due_at"
    return _take(tx, candidate, now=stored(now), until=stored(until), **names)


def _next_in_line(tx: Transaction, *, turns: FairShare, until: datetime) -> Job | None:
    """The oldest job of the channel whose turn it is, of those that nobody has looked at; notes the turn."""
    team = _next_team(tx, after=turns.team)
    if team is None:
        return None
    after, end = turns.channels.get(team, ""), stored(until)
    in_team = f"{_IN_LINE} AND team = :team"
    order = "ORDER BY channel, created_at, id"
    job = _take(tx, f"{in_team} AND channel > :after {order}", team=team, after=after, until=end)
    job = job or _take(tx, f"{in_team} {order}", team=team, until=end)
    turns.taken(team=team, channel=job.origin.channel if job else "")
    return job


def _next_team(tx: Transaction, *, after: str) -> str | None:
    first = f"SELECT team FROM jobs WHERE {_IN_LINE} AND team > :after ORDER BY team LIMIT 1"  # noqa: S608 - our own words
    row = tx.one(first, after=after) or tx.one(first, after="")
    return str(row["team"]) if row else None


def _take(tx: Transaction, candidate: str, **values: str | int) -> Job | None:
    row = tx.one(
        f"""
        UPDATE jobs SET lease = :lease, due_at = :until, waiting = 0
        WHERE id = (SELECT id FROM jobs WHERE {candidate} LIMIT 1 {tx.skip_locked})
        RETURNING *
        """,  # noqa: S608 - our own words
        lease=secrets.token_hex(8),
        **values,
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


def release(
    tx: Transaction,
    job: Job,
    *,
    now: datetime,
    due: datetime | None,
    attempts: int,
    misses: int = 0,
    waited: timedelta | None = None,
    settled: bool = False,
    unless_webhook: bool = False,
    note: str | None = None,
) -> None:
    """Let the lease go: claimable from `due`, never if it is None. Raises `LeaseLost`.

    `settled`: nothing that was begun for it can still be under way. `waited`: for how long the provider has been at
    work, up to now. With `attempts` above zero the tries of this step are failing, since now if they did not before.

    With `unless_webhook` it is claimable at once where a webhook about it came in the meantime; where its speakers were
    named or a file was asked for in the meantime, in any case. Touches nothing else of the row: whoever lets go in a
    hurry may not know what was saved last.
    """
    touched = tx.run(
        "UPDATE jobs SET lease = NULL, due_at = :due, attempts = :attempts, looks = :looks, "
        "under_way_since = CASE WHEN :settled = 1 THEN NULL ELSE under_way_since END, "
        # As `job_rows.job_of` reads it: what the release before has left of an earlier step or row is none.
        "failing_since = CASE WHEN :attempts = 0 THEN NULL "
        "WHEN attempts = 0 OR failing_looks <> looks OR failing_since < state_since THEN :now "
        "ELSE coalesce(failing_since, :now) END, failing_looks = :looks, "
        "waited = coalesce(:waited, waited), waited_until = coalesce(:waited_until, waited_until), "
        "history = history || :told WHERE id = :id AND lease = :lease",
        due=stored(due),
        attempts=attempts,
        looks=misses,
        settled=int(settled),
        now=stored(now),
        waited=stored(waited),
        waited_until=stored(None if waited is None else now),
        told=entry(job.state, now=now, note=note) if note else "",
        id=job.id,
        lease=job.lease,
    )
    if not touched:
        raise LeaseLost(job.id)
    # Looked at after the row is ours: a webhook that comes at this very moment waits for it, and then wakes the job.
    if unless_webhook and inbox.has_unread(tx, provider=job.provider or "", handle=job.handle or ""):
        hurry(tx, job, now=now)
    if due is None:  # nor does a naming, or a wish of somebody's, that came at this very moment wait for another one
        tx.run(
            "UPDATE jobs SET due_at = :now WHERE id = :id AND lease IS NULL AND "
            "((state = 'replied' AND naming <> shown) "
            "OR (state IN ('replied', 'abandoned') AND (forgotten = 1 OR exports <> exported)))",
            now=stored(now),
            id=job.id,
        )


def void_leases(tx: Transaction, *, now: datetime) -> int:
    """Make every leased job due: the only worker has just started, so nobody is at them."""
    return tx.run("UPDATE jobs SET lease = NULL, due_at = :now WHERE lease IS NOT NULL", now=stored(now))


def poll_now(tx: Transaction, *, now: datetime) -> int:
    """Make every submitted job due: a webhook may have come while nobody listened."""
    return tx.run("UPDATE jobs SET due_at = :now WHERE state = 'submitted' AND lease IS NULL", now=stored(now))


def hurry(tx: Transaction, job: Job, *, now: datetime) -> None:
    """Make a job that is in nobody's hands due at once."""
    if tx.run("UPDATE jobs SET due_at = :now WHERE id = :id AND lease IS NULL", id=job.id, now=stored(now)):
        tx.announce()


def pull_back(tx: Transaction, *, now: datetime, lease: timedelta) -> int:
    """Bring back what a clock that was wrong has put out of reach; a lease keeps at most its `lease` from now.

    What stands in the line needs no bringing back: there nobody looks at a clock.
    And what a release before this one took from the line without taking it out of it: no lease of that would ever end.
    """
    tx.run("UPDATE jobs SET waiting = 0 WHERE waiting = 1 AND lease IS NOT NULL AND due_at IS NOT NULL")
    late = tx.run(
        "UPDATE jobs SET due_at = :now WHERE waiting = 0 AND due_at > :farthest AND lease IS NULL",
        now=stored(now),
        farthest=stored(now + FARTHEST),
    )
    # The release before keeps what a provider said of what it forgets.
    tx.run("UPDATE jobs SET report = NULL WHERE forgotten > 0 AND report IS NOT NULL")
    # A release of before this one lets go of what it does not know to be owed. As each index of these has it.
    owed = sum(
        tx.run(
            f"UPDATE jobs SET due_at = :now WHERE due_at IS NULL AND {owing} AND lease IS NULL "  # noqa: S608 - our own words
            "AND state IN ('replied', 'abandoned')",
            now=stored(now),
        )
        for owing in ("(forgotten = 1 OR naming <> shown)", "exports <> exported")
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
    """When the next job becomes claimable; those in the line are at once."""
    row = tx.one(f"SELECT due_at FROM jobs WHERE {_IN_LINE} LIMIT 1") or tx.one(  # noqa: S608 - our own words
        "SELECT due_at FROM jobs WHERE waiting = 0 AND due_at IS NOT NULL ORDER BY due_at LIMIT 1"
    )
    return moment(row["due_at"]) if row else None
