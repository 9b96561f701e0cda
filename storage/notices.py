"""When each conversation was last told that a recording is on hold, so that it is not told about every one."""

from __future__ import annotations

from datetime import datetime, timedelta

from storage.database import Transaction
from storage.job import Origin
from storage.timestamps import stored

EVERY = timedelta(hours=1)


def claim(tx: Transaction, origin: Origin, *, now: datetime) -> bool:
    """Note that the conversation is told now, and return True; False if it was told within the hour before."""
    told = tx.one(
        "INSERT INTO notices (team, channel, told_at) VALUES (:team, :channel, :now) "
        "ON CONFLICT (team, channel) DO UPDATE SET told_at = excluded.told_at WHERE notices.told_at <= :before "
        "RETURNING told_at",
        team=origin.team,
        channel=origin.channel,
        now=stored(now),
        before=stored(now - EVERY),
    )
    return told is not None


def withdraw(tx: Transaction, origin: Origin) -> None:
    """Undo `claim`: the conversation could not be told."""
    tx.run("DELETE FROM notices WHERE team = :team AND channel = :channel", team=origin.team, channel=origin.channel)


def forget_workspace(tx: Transaction, *, team: str) -> None:
    """Delete the notes about a workspace."""
    tx.run("DELETE FROM notices WHERE team = :team", team=team)
