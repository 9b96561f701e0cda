"""What Slack said was deleted, for as long as it repeats events: those about a message may come after its deletion.

A listener commits a deletion before it searches for the jobs that are concerned. A worker commits a job before it asks
here. So no deletion is missed, whichever comes first.
"""

from __future__ import annotations

from datetime import datetime

from storage.database import Transaction
from storage.job import Origin
from storage.jobs import PURGED
from storage.timestamps import stored

_OF_A_FILE = ""
"""In place of a conversation: a file is deleted in all of them."""


def remember_message(
    tx: Transaction, *, team: str, enterprise: str | None, channel: str, ts: str, now: datetime
) -> None:
    """Note that a message was deleted. `team`: that of the channel's home."""
    _remember(tx, team=team, enterprise=enterprise, channel=channel, item=ts, now=now)


def remember_file(tx: Transaction, *, team: str, enterprise: str | None, file: str, now: datetime) -> None:
    """Note that a file was deleted. `team` is the enterprise id where the workspace is unknown."""
    _remember(tx, team=team, enterprise=enterprise, channel=_OF_A_FILE, item=file, now=now)


def _remember(tx: Transaction, *, team: str, enterprise: str | None, channel: str, item: str, now: datetime) -> None:
    tx.run(
        "INSERT INTO deletions (team, channel, item, enterprise, deleted_at) "
        "VALUES (:team, :channel, :item, :enterprise, :now) "
        "ON CONFLICT (team, channel, item) DO UPDATE SET deleted_at = excluded.deleted_at",
        team=team,
        channel=channel,
        item=item,
        enterprise=enterprise,
        now=stored(now),
    )


def includes(tx: Transaction, origin: Origin) -> bool:
    """Return whether the message or the file of a recording was deleted, matched as in `storage.forgetting`."""
    row = tx.one(
        "SELECT 1 AS found FROM deletions WHERE (team = :team AND channel = :channel AND item = :ts) "
        "OR (team = :team AND channel = :anywhere AND item = :file) "
        "OR (team = :organisation AND channel = :anywhere AND item = :file) "
        "OR (enterprise = :any_of AND channel = :anywhere AND item = :file)",
        team=origin.team,
        organisation=origin.enterprise,
        any_of=origin.enterprise if origin.team == origin.enterprise else None,
        channel=origin.channel,
        anywhere=_OF_A_FILE,
        ts=origin.occasion,
        file=origin.file,
    )
    return row is not None


def change_channel(tx: Transaction, *, team: str, old: str, new: str) -> None:
    """Remember what was deleted in the conversation `old` under the id `new`, too."""
    tx.run(
        "INSERT INTO deletions (team, channel, item, enterprise, deleted_at) "
        "SELECT team, :new, item, enterprise, deleted_at FROM deletions WHERE team = :team AND channel = :old "
        "ON CONFLICT (team, channel, item) DO NOTHING",
        team=team,
        old=old,
        new=new,
    )


def purge(tx: Transaction, *, before: datetime) -> int:
    """Delete what was deleted before then, at most `PURGED`. Return how many."""
    return tx.run(
        "DELETE FROM deletions WHERE (team, channel, item) IN "
        "(SELECT team, channel, item FROM deletions WHERE deleted_at < :before LIMIT :most)",
        before=stored(before),
        most=PURGED,
    )


def forget_workspace(tx: Transaction, *, team: str) -> None:
    """Delete what is remembered of a workspace."""
    tx.run("DELETE FROM deletions WHERE team = :team", team=team)
