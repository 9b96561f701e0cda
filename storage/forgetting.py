"""What was deleted, or is too old, is forgotten: the transcript here at once, the reply in Slack by the worker.

Of a job that is forgotten its row is left, without a title, and a line in its history: what happened, when, at whose
wish. Nobody at all is asked where the whole installation goes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from storage import inbox, installations, jobs, preferences
from storage.database import Row, Transaction
from storage.job import Job, Reason
from storage.job_rows import entry, job_of
from storage.timestamps import stored

BATCH = 500
"""Transcripts that are purged in one unit of work."""

_REMOVED = "removed "
"""Before the workspace, in the table of when something was heard."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ForgetRequest:
    """Why something is forgotten: `by` whom (a person's id, or Slack), and what they did, in a few words of ours."""

    by: str
    why: str
    reason: Reason


def file_deleted(tx: Transaction, *, team: str, enterprise: str | None, file: str, now: datetime) -> int:
    """Forget whatever was shared of a file; how many jobs that are.

    Where it is not known of which team something is, its organisation's id stands there: any of its teams may be meant.
    """
    rows = tx.all(
        "SELECT * FROM jobs WHERE (team = :team AND file = :file) OR (team = :organisation AND file = :file) "
        "OR (enterprise = :any_of AND file = :file)",
        team=team,
        organisation=enterprise,
        any_of=enterprise if team == enterprise else None,
        file=file,
    )
    wish = ForgetRequest(by="Slack", why="the file was deleted", reason=Reason.FILE_GONE)
    return sum(forget(tx, job_of(row), wish, now=now) for row in rows)


def message_deleted(tx: Transaction, *, team: str, channel: str, ts: str, now: datetime) -> int:
    """Forget whatever a message had shared; how many jobs that are."""
    rows = tx.all(
        "SELECT * FROM jobs WHERE team = :team AND channel = :channel AND occasion = :ts",
        team=team,
        channel=channel,
        ts=ts,
    )
    wish = ForgetRequest(by="Slack", why="the message was deleted", reason=Reason.FILE_GONE)
    return sum(forget(tx, job_of(row), wish, now=now) for row in rows)


def forget(tx: Transaction, job: Job, wish: ForgetRequest, *, now: datetime) -> bool:
    """Cancel the job if it is at work; have its reply removed if there is one, or once there is. False if it was so."""
    found = jobs.locked(tx, job.id)
    if found is None or found.forgotten:
        return False
    at_work = found
    found = jobs.cancel(tx, found, now=now, reason=wish.reason) or found
    # What is in the worker's hands goes on to its end; then it is looked at again (`claiming.release`).
    tx.run(
        "UPDATE jobs SET forgotten = 1, title = NULL, report = NULL, attempts = 0, history = history || :told, "
        "state_since = CASE WHEN state IN ('replied', 'abandoned') THEN :now ELSE state_since END, "
        "due_at = CASE WHEN lease IS NULL THEN :now ELSE due_at END WHERE id = :job",
        job=found.id,
        now=stored(now),
        told=entry(found.state, now=now, note=f"forgotten: {wish.why} ({wish.by})"),
    )
    if not found.state.is_open:
        drop(tx, found)
        _drop_what_comes(tx, at_work)
    tx.announce()
    return True


def _drop_what_comes(tx: Transaction, job: Job) -> None:
    """What a provider sends about a job that it had in hand is not kept, either."""
    if job.handle:
        inbox.forget(tx, provider=job.provider or "", handle=job.handle)
        tx.run(
            "UPDATE jobs SET provider = :provider, handle = :handle WHERE id = :job",
            provider=job.provider,
            handle=job.handle,
            job=job.id,
        )


def drop(tx: Transaction, job: Job) -> None:
    """Remove what was said in it, and who the speakers were. What is known of its files is needed to remove those."""
    tx.run("DELETE FROM transcripts WHERE job_id = :job", job=job.id)
    tx.run("DELETE FROM namings WHERE job_id = :job", job=job.id)
    if job.handle:
        inbox.forget(tx, provider=job.provider or "", handle=job.handle)


def is_unwanted(tx: Transaction, *, provider: str, handle: str) -> bool:
    """Whether what a webhook says about this handle is of a recording that is forgotten."""
    row = tx.one(
        "SELECT 1 AS found FROM jobs WHERE provider = :provider AND handle = :handle AND forgotten > 0",
        provider=provider,
        handle=handle,
    )
    return row is not None


def has_neighbours(tx: Transaction, job: Job) -> bool:
    """Whether its message carries other recordings, whose reactions these are as well."""
    row = tx.one(
        "SELECT 1 AS found FROM jobs WHERE team = :team AND channel = :channel AND message_ts = :ts AND id <> :id "
        "AND forgotten = 0 LIMIT 1",
        team=job.origin.team,
        channel=job.origin.channel,
        ts=job.message_ts,
        id=job.id,
    )
    return row is not None


def purge(tx: Transaction, *, before: datetime) -> int:
    """Remove transcripts that were made before that moment, at most `BATCH`; how many. Threads keep their replies."""
    # One that still owes its reply, a change of it or a file needs its transcript for that.
    rows = tx.all(
        "SELECT jobs.* FROM transcripts JOIN jobs ON jobs.id = transcripts.job_id "
        "WHERE transcripts.created_at < :before AND jobs.state IN ('replied', 'abandoned') "
        "AND jobs.naming = jobs.shown AND jobs.exports = jobs.exported ORDER BY transcripts.created_at LIMIT :most",
        before=stored(before),
        most=BATCH,
    )
    for row in rows:
        # Looked at again: since it was found somebody may have named its speakers, or asked for a file.
        untouched = "id = :job AND state IN ('replied', 'abandoned') AND naming = shown AND exports = exported"
        if tx.run(f"UPDATE jobs SET title = NULL WHERE {untouched}", job=row["id"]):  # noqa: S608 - our own words
            drop(tx, job_of(row))
    return len(rows)


def app_removed(tx: Transaction, *, place: str, now: datetime) -> None:
    """Note that a team or an organisation has taken the app out, or its token back; the first time counts."""
    tx.run(
        "INSERT INTO presence (place, heard_at) VALUES (:place, :now) ON CONFLICT (place) DO NOTHING",
        place=_REMOVED + place,
        now=stored(now),
    )


def removals(tx: Transaction) -> list[str]:
    """The teams and organisations that took the app out, or did so for a while."""
    return [str(row["place"]).removeprefix(_REMOVED) for row in _removals(tx)]


def _removals(tx: Transaction) -> Sequence[Row]:
    return tx.all(
        "SELECT place, heard_at FROM presence WHERE substr(place, 1, 8) = :removed ORDER BY place", removed=_REMOVED
    )


def settle_removals(
    tx: Transaction, *, gone: Collection[str], back: Collection[str], asked: datetime, before: datetime
) -> int:
    """Forget everything of those that removed the app before that moment and are `gone`; how many jobs.

    That the app was removed is forgotten of those that are `back`, or came back after all were `asked` for.
    """
    count = 0
    for row in _removals(tx):
        place = str(row["place"]).removeprefix(_REMOVED)
        is_gone = place in gone and not _came_back(tx, place, since=asked)
        over = is_gone and row["heard_at"] < stored(before)
        if over:
            count += workspace(tx, team=place) + _organisation(tx, place)
        if over or place in back or (place in gone and not is_gone):
            tx.run("DELETE FROM presence WHERE place = :place", place=row["place"])
    return count


def _came_back(tx: Transaction, place: str, *, since: datetime) -> bool:
    """Whether it was installed meanwhile, there or in its organisation: a place that is gone has none of its own."""
    return any(one.place == place or one.installed_at >= since for one in installations.that_open(tx, place))


def workspace(tx: Transaction, *, team: str) -> int:
    """Remove everything of a workspace that the app was taken out of; how many jobs."""
    tx.run(
        "DELETE FROM inbox WHERE EXISTS (SELECT 1 FROM jobs WHERE jobs.team = :team "
        "AND jobs.provider = inbox.provider AND jobs.handle = inbox.handle)",
        team=team,
    )
    for table in ("transcripts", "namings", "exports", "job_history"):
        tx.run(f"DELETE FROM {table} WHERE job_id IN (SELECT id FROM jobs WHERE team = :team)", team=team)  # noqa: S608 - our own names
    preferences.forget_workspace(tx, team=team)
    return tx.run("DELETE FROM jobs WHERE team = :team", team=team)


def _organisation(tx: Transaction, enterprise: str) -> int:
    """Remove everything of an organisation's teams, but of those that have the app all the same; how many jobs."""
    rows = tx.all(
        "SELECT team FROM jobs WHERE enterprise = :enterprise "
        "UNION SELECT team FROM preferences WHERE enterprise = :enterprise",
        enterprise=enterprise,
    )
    return sum(workspace(tx, team=row["team"]) for row in rows if not installations.that_open(tx, row["team"]))
