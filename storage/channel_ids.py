"""Carries everything about a conversation over to another id: Slack changes it when another company is invited."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from storage import channel_homes, deletions, jobs, search
from storage.database import Row, SqlValue, Transaction
from storage.job import JobId, JobState
from storage.timestamps import stored

_UNDER_WAY = (JobState.RECEIVED, JobState.READY, JobState.REPLYING)
_ANSWERED = {JobState.REPLYING: 1, JobState.REPLIED: 2}
"""How certain it is that a job in this state has its reply in the thread; 0 in any other one."""

_OF_A_JOB = ("passages", "corrections", "transcripts", "namings", "exports", "job_history", "jobs")
"""Tables with rows of a job; its own is the last."""


def change(tx: Transaction, *, team: str, enterprise: str | None, old: str, new: str, now: datetime) -> int:
    """Give everything about the conversation `old` the id `new`. Return the number of its jobs.

    `enterprise`: of an installation in all of its workspaces; then those of any of them are meant. Where both ids have
    a row, the two become one: the job that has answered or may have, else the older one; the newer settings.
    Repeating it changes nothing.
    """
    if old == new:
        return 0
    place: dict[str, SqlValue] = {"old": old, "new": new, "team": team, "enterprise": enterprise}
    team = channel_homes.change_channel(tx, team=team, enterprise=enterprise, old=old, new=new)
    _unite_jobs(tx, place)
    tx.run(
        "UPDATE transcripts SET searchable = 0 WHERE job_id IN "
        "(SELECT id FROM jobs WHERE channel = :old AND (team = :team OR enterprise = :enterprise)) "
        "AND EXISTS (SELECT 1 FROM passages WHERE passages.job_id = transcripts.job_id)",  # else its reply was deleted
        **place,
    )
    states = ", ".join(f"'{state}'" for state in _UNDER_WAY)
    count = tx.run(
        "UPDATE jobs SET channel = :new, channel_was = :old, "  # noqa: S608 - our own words
        f"due_at = CASE WHEN lease IS NULL AND due_at > :now AND state IN ({states}) THEN :now ELSE due_at END "
        "WHERE channel = :old AND (team = :team OR enterprise = :enterprise)",
        **place,
        now=stored(now),
    )
    tx.run(
        "UPDATE exports SET channel = :new WHERE channel = :old AND job_id IN "
        "(SELECT id FROM jobs WHERE channel = :new AND (team = :team OR enterprise = :enterprise))",
        **place,
    )
    for table, key, at, rest in (
        ("preferences", "whose", "changed_at", "AND kind = 'channel'"),
        ("notices", "channel", "told_at", ""),
    ):
        _unite_rows(tx, table, key=key, at=at, rest=rest, team=team, old=old, new=new)
    deletions.change_channel(tx, team=team, old=old, new=new)
    search.catch_up(tx)
    tx.announce()
    return count


def carry_over(
    tx: Transaction,
    *,
    file: str,
    ts: str,
    channel: str,
    conversations: Collection[str],
    team: str,
    organisation: str | None,
    now: datetime,
) -> bool:
    """Carry everything over from where the message `ts` with this file was known, if that is `channel` now.

    Slack may tell of the new id late or never. `conversations`: where the file is now. Return whether it was known.
    """
    known = jobs.sharings(tx, file=file, team=team, organisation=organisation)
    former = [was for was, at in known if at == ts and was not in conversations]
    for old in former:
        change(tx, team=team, enterprise=organisation, old=old, new=channel, now=now)
    return bool(former)


def _unite_jobs(tx: Transaction, place: dict[str, SqlValue]) -> None:
    """Of two jobs for one sharing, under the old id and the new one, delete one with everything of it."""
    pairs = tx.all(
        "SELECT one.id AS old_id, one.state AS old_state, one.created_at AS old_at, one.under_way_since AS old_begun, "
        "other.id AS new_id, other.state AS new_state, other.created_at AS new_at, other.under_way_since AS new_begun "
        "FROM jobs AS one JOIN jobs AS other ON other.team = one.team AND other.file = one.file "
        "AND other.occasion = one.occasion AND other.channel = :new "
        "WHERE one.channel = :old AND (one.team = :team OR one.enterprise = :enterprise)",
        **place,
    )
    for pair in pairs:
        dropped = JobId(_dropped(pair))
        for table in _OF_A_JOB:
            column = "id" if table == "jobs" else "job_id"
            tx.run(f"DELETE FROM {table} WHERE {column} = :job", job=dropped)  # noqa: S608 - our own names


def _dropped(pair: Row) -> str:
    """Return the id of the job that is less certain to have answered, else of the newer one.

    By its time alone a job with a reply could go, and the other one would answer a second time: a clock was ahead.
    """
    old, new = (
        (_ANSWERED.get(JobState(pair[f"{one}_state"]), 0), bool(pair[f"{one}_begun"])) for one in ("old", "new")
    )
    if old != new:
        return str(pair["new_id"] if old > new else pair["old_id"])
    return str(pair["new_id"] if pair["old_at"] <= pair["new_at"] else pair["old_id"])


def _unite_rows(tx: Transaction, table: str, *, key: str, at: str, rest: str, team: str, old: str, new: str) -> None:
    """Give a row the new id; if there is one with that id, the older of the two goes."""
    find = f"SELECT {at} AS at FROM {table} WHERE team = :team AND {key} = :which {rest}"  # noqa: S608 - our own names
    before, known = (tx.one(find, team=team, which=which) for which in (old, new))
    if before is None:
        return
    keeps_old = known is None or known["at"] < before["at"]
    tx.run(
        f"DELETE FROM {table} WHERE team = :team AND {key} = :which {rest}",  # noqa: S608 - our own names
        team=team,
        which=new if keeps_old else old,
    )
    if keeps_old:
        tx.run(
            f"UPDATE {table} SET {key} = :new WHERE team = :team AND {key} = :old {rest}",  # noqa: S608 - our own names
            team=team,
            new=new,
            old=old,
        )
