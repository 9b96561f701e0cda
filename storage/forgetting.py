"""Delete data: of recordings deleted in Slack, of transcripts beyond the retention time, of workspaces without the app.

The transcript is deleted here at once; the worker then removes the reply from Slack. The row of a forgotten job stays,
without a title, with a history entry that says why, when and by whom. If the app was removed from a workspace, all rows
of the workspace are deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from storage import channel_homes, deletions, folding, inbox, installations, jobs, notices, preferences
from storage.database import Row, Transaction
from storage.job import Job, Reason
from storage.job_rows import entry, job_of
from storage.timestamps import stored

BATCH = 500
"""Transcripts or titles purged in one transaction."""

_REMOVED = "removed "
"""Prefix of rows in the table `presence` about places that removed the app."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ForgetRequest:
    """Why a job is forgotten: by whom (a person's id or "Slack"), and a few words for the history."""

    by: str
    why: str
    reason: Reason


def file_deleted(tx: Transaction, *, team: str, enterprise: str | None, file: str, now: datetime) -> int:
    """Forget all jobs of a file. Return how many.

    Where the workspace is unknown, `team` is the enterprise id; then jobs of all its workspaces match.
    """
    rows = tx.all(
        "SELECT * FROM jobs WHERE (team = :team AND file = :file) OR (team = :organisation AND file = :file) "
        "OR (enterprise = :any_of AND file = :file)",
        team=team,
        organisation=enterprise,
        any_of=enterprise if team == enterprise else None,
        file=file,
    )
    request = ForgetRequest(by="Slack", why="the file was deleted", reason=Reason.FILE_GONE)
    return sum(forget(tx, job_of(row), request, now=now) for row in rows)


def message_deleted(tx: Transaction, *, team: str, channel: str, ts: str, now: datetime) -> int:
    """Forget all jobs of a message. Return how many.

    If it is a reply of ours, its transcript is not found by a search any more; a rerun makes a new one.
    """
    answered = "job_id IN (SELECT id FROM jobs WHERE team = :team AND channel = :channel AND reply_ts = :ts)"
    # What is being indexed at this moment goes no further; the lock lets what is being corrected end first.
    stop = f"UPDATE transcripts SET searchable = created_at WHERE {answered}"  # noqa: S608 - our own words
    tx.run(stop, team=team, channel=channel, ts=ts)
    tx.run(f"DELETE FROM passages WHERE {answered}", team=team, channel=channel, ts=ts)  # noqa: S608 - same
    rows = tx.all(
        "SELECT * FROM jobs WHERE team = :team AND channel = :channel AND occasion = :ts",
        team=team,
        channel=channel,
        ts=ts,
    )
    request = ForgetRequest(by="Slack", why="the message was deleted", reason=Reason.FILE_GONE)
    return sum(forget(tx, job_of(row), request, now=now) for row in rows)


def channel_deleted(tx: Transaction, *, team: str, enterprise: str | None, channel: str, now: datetime) -> int:
    """Forget all jobs of a conversation. Return how many.

    `enterprise`: of an installation in all of its workspaces; then the jobs of any of them are meant.
    """
    rows = tx.all(
        "SELECT * FROM jobs WHERE channel = :channel AND (team = :team OR enterprise = :enterprise)",
        team=team,
        enterprise=enterprise,
        channel=channel,
    )
    request = ForgetRequest(by="Slack", why="the channel was deleted", reason=Reason.CHANNEL_GONE)
    return sum(forget(tx, job_of(row), request, now=now) for row in rows)


def forget(tx: Transaction, job: Job, request: ForgetRequest, *, now: datetime) -> bool:
    """Forget a job: cancel it if it is open, delete its transcript, and make the worker remove its reply and files.

    Return False if it was forgotten before.
    """
    found = jobs.locked(tx, job.id)
    if found is None or found.forgotten:
        return False
    before = found
    found = jobs.cancel(tx, found, now=now, reason=request.reason) or found
    # A job that the worker holds is finished first; then `claiming.release` makes it due again.
    tx.run(
        "UPDATE jobs SET forgotten = 1, title = NULL, report = NULL, attempts = 0, history = history || :told, "
        "state_since = CASE WHEN state IN ('replied', 'abandoned') THEN :now ELSE state_since END, "
        "due_at = CASE WHEN lease IS NULL THEN :now ELSE due_at END WHERE id = :job",
        job=found.id,
        now=stored(now),
        told=entry(found.state, now=now, note=f"forgotten: {request.why} ({request.by})"),
    )
    if not found.state.is_open:
        drop(tx, found)
        _refuse_webhooks(tx, before)
    tx.announce()
    return True


def _refuse_webhooks(tx: Transaction, job: Job) -> None:
    """Delete webhooks about the job, and keep its handle so that later ones are recognised (`is_unwanted`)."""
    if job.handle:
        inbox.forget(tx, provider=job.provider or "", handle=job.handle)
        tx.run(
            "UPDATE jobs SET provider = :provider, handle = :handle WHERE id = :job",
            provider=job.provider,
            handle=job.handle,
            job=job.id,
        )


def drop(tx: Transaction, job: Job) -> None:
    """Delete the transcript, its corrections, the speaker names and the webhooks of a job.

    Exports stay: their files must be removed.
    """
    jobs.drop_transcript(tx, job.id)
    if job.handle:
        inbox.forget(tx, provider=job.provider or "", handle=job.handle)


def is_unwanted(tx: Transaction, *, provider: str, handle: str) -> bool:
    """Return whether a webhook with this handle is about a forgotten job."""
    row = tx.one(
        "SELECT 1 AS found FROM jobs WHERE provider = :provider AND handle = :handle AND forgotten > 0",
        provider=provider,
        handle=handle,
    )
    return row is not None


def has_neighbours(tx: Transaction, job: Job) -> bool:
    """Return whether the message has other recordings, which share its reactions."""
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
    """Delete transcripts made before then, at most `BATCH`. Return how many were found. Threads keep their replies."""
    # A job that owes a reply, an update of it or an export still needs its transcript.
    rows = tx.all(
        "SELECT jobs.* FROM transcripts JOIN jobs ON jobs.id = transcripts.job_id "
        "WHERE transcripts.created_at < :before AND jobs.state IN ('replied', 'abandoned') "
        "AND jobs.naming = jobs.shown AND jobs.corrections = jobs.corrections_shown "
        "AND jobs.exports = jobs.exported ORDER BY transcripts.created_at LIMIT :most",
        before=stored(before),
        most=BATCH,
    )
    for row in rows:
        # Check again: meanwhile somebody may have named the speakers, corrected words or asked for an export.
        untouched = (
            "id = :job AND state IN ('replied', 'abandoned') AND naming = shown AND corrections = corrections_shown "
            "AND exports = exported"
        )
        if tx.run(f"UPDATE jobs SET title = NULL WHERE {untouched}", job=row["id"]):  # noqa: S608 - our own words
            drop(tx, job_of(row))
    return len(rows)


def purge_titles(tx: Transaction, *, before: datetime) -> int:
    """Delete titles of recordings that ended before then and have no transcript, at most `BATCH`. Return how many.

    What the provider said of them goes, too.
    """
    # Checked again where the row is changed: meanwhile somebody may have asked for a rerun.
    old = (
        "title IS NOT NULL AND state IN ('replied', 'abandoned') AND state_since < :before "
        "AND NOT EXISTS (SELECT 1 FROM transcripts WHERE transcripts.job_id = jobs.id)"
    )
    return tx.run(
        f"UPDATE jobs SET title = NULL, report = NULL WHERE {old} "  # noqa: S608 - our own words
        f"AND id IN (SELECT id FROM jobs WHERE {old} LIMIT :most)",
        before=stored(before),
        most=BATCH,
    )


def app_removed(tx: Transaction, *, place: str, now: datetime) -> None:
    """Note that a workspace or enterprise removed the app or revoked its token. The first time counts."""
    tx.run(
        "INSERT INTO presence (place, heard_at) VALUES (:place, :now) ON CONFLICT (place) DO NOTHING",
        place=_REMOVED + place,
        now=stored(now),
    )


def removals(tx: Transaction) -> list[str]:
    """Return the workspaces and enterprises with a noted removal; some may have installed the app again."""
    return [str(row["place"]).removeprefix(_REMOVED) for row in _removals(tx)]


def _removals(tx: Transaction) -> Sequence[Row]:
    return tx.all(
        "SELECT place, heard_at FROM presence WHERE substr(place, 1, 8) = :removed ORDER BY place", removed=_REMOVED
    )


def settle_removals(
    tx: Transaction, *, gone: Collection[str], back: Collection[str], asked: datetime, before: datetime
) -> int:
    """Delete everything of places that removed the app before then and are `gone`. Return the number of deleted jobs.

    The noted removal is dropped for places that are `back`, or that installed the app after `asked`, when the caller
    began to ask Slack.
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
    """Return whether the app was installed meanwhile, in the place or its enterprise."""
    return any(one.place == place or one.installed_at >= since for one in installations.that_open(tx, place))


def workspace(tx: Transaction, *, team: str) -> int:
    """Delete everything of a workspace. Return the number of deleted jobs."""
    tx.run(
        "DELETE FROM inbox WHERE EXISTS (SELECT 1 FROM jobs WHERE jobs.team = :team "
        "AND jobs.provider = inbox.provider AND jobs.handle = inbox.handle)",
        team=team,
    )
    for table in ("corrections", "transcripts", "namings", "exports", "job_history"):
        tx.run(f"DELETE FROM {table} WHERE job_id IN (SELECT id FROM jobs WHERE team = :team)", team=team)  # noqa: S608 - our own names
    preferences.forget_workspace(tx, team=team)
    notices.forget_workspace(tx, team=team)
    deletions.forget_workspace(tx, team=team)
    channel_homes.forget_workspace(tx, team=team)
    folding.forget_workspace(tx, team=team)
    return tx.run("DELETE FROM jobs WHERE team = :team", team=team)


def _organisation(tx: Transaction, enterprise: str) -> int:
    """Delete everything of an enterprise's workspaces that have no installation. Return the number of deleted jobs."""
    rows = tx.all(
        "SELECT team FROM jobs WHERE enterprise = :enterprise "
        "UNION SELECT team FROM preferences WHERE enterprise = :enterprise "
        "UNION SELECT team FROM deletions WHERE enterprise = :enterprise",
        enterprise=enterprise,
    )
    return sum(workspace(tx, team=row["team"]) for row in rows if not installations.that_open(tx, row["team"]))
