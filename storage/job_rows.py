"""Map jobs to rows of the table `jobs` and back. For modules of `storage` only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType

from storage.database import Row, SqlValue, Transaction
from storage.job import Failure, HandleFrom, Job, JobId, JobState, LeaseLost, LeaseToken, Origin, Reason
from storage.options import TranscriptionOptions
from storage.timestamps import length, moment, stored
from transcription.transcript import Report

_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "team": "origin.team",
        "channel": "origin.channel",
        "occasion": "origin.occasion",
        "thread": "origin.thread",
        "user_id": "origin.user",
        "looks": "misses",
        "wanted": "options",
        **{
            name: name
            for name in (
                "message_ts",
                "title",
                "state",
                "state_since",
                "provider",
                "duration",
                "damaged",
                "ticket",
                "handle",
                "attempts",
                "tickets",
                "sendings",
                "retried",
                "reply_intent",
                "reply_ts",
                "under_way_since",
                "shown",
                "corrections_shown",
                "exported",
                "forgotten",
                "requested_by",
                "begun_by",
                "shown_as",
                "begun_at",
                "spent",
                "progress",
                "failing_since",
                "waited",
                "waited_until",
                "observed",
                "observed_until",
                "channel_was",
                "leases_lost",
                "losing_since",
            )
        },
    }
)
"""Columns that may change and their attributes of `Job`, except lease, due time and what `_written` handles."""

_read = attrgetter(*_COLUMNS.values())

_TRY = "try"
"""Key in the stored report: the number of the run that it belongs to."""


def update(tx: Transaction, before: Job, after: Job, *, claimable: bool = False, entry: str | None = None) -> None:
    """Write the columns that differ, if the row still has the lease of `before`. Raises `LeaseLost` otherwise.

    `before` is the row as last written. With `claimable`, lease and due time are written too, because the job is no
    longer held. Without, they are not touched, because the heartbeat writes them meanwhile. `entry` is appended to the
    history.
    """
    values = zip(_COLUMNS, _read(before), _read(after), strict=True)
    changed: dict[str, SqlValue] = {name: _stored(new) for name, old, new in values if new != old}
    changed |= _written(before, after)
    if claimable:
        changed |= {"due_at": stored(after.due_at), "lease": after.lease}
    if entry is not None:
        changed["history"] = entry
    if not tx.run(_updating(tuple(changed)), **changed, id=after.id, held=before.lease or ""):
        raise LeaseLost(after.id)


def _written(before: Job, after: Job) -> dict[str, SqlValue]:
    """Return the changed columns that do not map one to one to an attribute."""
    changed: dict[str, SqlValue] = {}
    if after.failure != before.failure:
        changed["failure_reason"] = after.failure.reason if after.failure else None
        changed["failure_sentence"] = after.failure.sentence if after.failure else None
    if (after.handle_from, after.handle) != (before.handle_from, before.handle):
        changed["handle_from"] = f"{after.handle_from} {after.handle}" if after.handle_from and after.handle else None
    if (after.report, after.retried) != (before.report, before.retried):
        told = {**asdict(after.report), _TRY: after.retried} if after.report else None
        changed["report"] = json.dumps(told, ensure_ascii=False) if told else None
    return changed


def _stored(value: SqlValue | datetime | timedelta | TranscriptionOptions) -> SqlValue:
    match value:
        case TranscriptionOptions():
            return value.dump()
        case datetime() | timedelta():
            return stored(value)
        case bool():
            return int(value)
        case _:
            return value


@lru_cache(maxsize=256)
def _updating(columns: tuple[str, ...]) -> str:
    # Name only changed columns: the statement is faster, since other indexes are not touched.
    changes = ", ".join(map(_set, columns)) or "state = state"
    return f"UPDATE jobs SET {changes} WHERE id = :id AND coalesce(lease, '') = :held"  # noqa: S608 - our own names


def _set(column: str) -> str:
    return "history = history || :history" if column == "history" else f"{column} = :{column}"


def entry(state: JobState, *, now: datetime, note: str | None) -> str:
    """Return a history entry as a JSON line."""
    return json.dumps([stored(now), state, note]) + "\n"


def entries(history: str) -> list[tuple[datetime, JobState, str | None]]:
    """Return the entries of a history in order."""
    told = [json.loads(line) for line in history.splitlines()]
    return [(moment(at), JobState(state), note) for at, state, note in told]


def job_of(row: Row) -> Job:
    """Return the job of a row."""
    reason = row["failure_reason"]
    return Job(
        id=JobId(row["id"]),
        origin=Origin(
            enterprise=row["enterprise"],
            team=row["team"],
            channel=row["channel"],
            file=row["file"],
            occasion=row["occasion"],
            thread=row["thread"],
            user=row["user_id"],
        ),
        state=JobState(row["state"]),
        created_at=moment(row["created_at"]),
        state_since=moment(row["state_since"]),
        title=row["title"],
        provider=row["provider"],
        duration=length(row["duration"]) if row["duration"] is not None else None,
        damaged=bool(row["damaged"]),
        ticket=row["ticket"],
        handle=row["handle"],
        attempts=row["attempts"],
        tickets=row["tickets"],
        sendings=row["sendings"],
        retried=row["retried"],
        due_at=moment(row["due_at"]) if row["due_at"] is not None else None,
        lease=LeaseToken(row["lease"]) if row["lease"] else None,
        reply_intent=row["reply_intent"],
        reply_ts=row["reply_ts"],
        failure=Failure(reason=Reason(reason), sentence=row["failure_sentence"]) if reason else None,
        message_ts=row["message_ts"],
        under_way_since=moment(row["under_way_since"]) if row["under_way_since"] is not None else None,
        misses=row["looks"],
        naming=row["naming"],
        shown=row["shown"],
        corrections=row["corrections"],
        corrections_shown=row["corrections_shown"],
        exports=row["exports"],
        exported=row["exported"],
        forgotten=row["forgotten"],
        options=TranscriptionOptions.load(row["wanted"]),
        requested_by=row["requested_by"],
        begun_by=row["begun_by"],
        shown_as=row["shown_as"],
        begun_at=moment(row["begun_at"]) if row["begun_at"] is not None else None,
        spent=length(row["spent"]),
        progress=row["progress"],
        handle_from=_handle_from(row),
        failing_since=_of_this_step(row, "failing_since") if row["failing_looks"] == row["looks"] else None,
        waited=length(row["waited"]) if _of_this_step(row, "waited_until") else timedelta(0),
        waited_until=_of_this_step(row, "waited_until"),
        observed=length(row["observed"]) if _of_this_step(row, "observed_until") else timedelta(0),
        observed_until=_of_this_step(row, "observed_until"),
        report=_report(row),
        channel_was=row["channel_was"],
        leases_lost=row["leases_lost"],
        losing_since=moment(row["losing_since"]) if row["leases_lost"] and row["losing_since"] else None,
    )


def _of_this_step(row: Row, column: str) -> datetime | None:
    """Return the time in `column` if it belongs to this step; the previous release does not reset it between steps."""
    at = row[column]
    return moment(at) if at is not None and at >= row["state_since"] else None


def _handle_from(row: Row) -> HandleFrom | None:
    told, _, handle = (row["handle_from"] or "").partition(" ")
    return HandleFrom(told) if told and handle == row["handle"] else None


def _report(row: Row) -> Report | None:
    if row["report"] is None or row["forgotten"]:
        return None
    told = json.loads(row["report"])
    return Report(**told) if told.pop(_TRY) == row["retried"] else None
