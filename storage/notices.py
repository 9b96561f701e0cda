"""When each conversation was last told that a recording is on hold, so that it is not told about every one."""

from __future__ import annotations

from datetime import datetime, timedelta

from storage.database import Transaction
from storage.job import Origin
from storage.timestamps import stored

EVERY = timedelta(hours=1)

WHILE_TELLING = timedelta(minutes=2)
"""How long `claim` keeps others from telling: longer than it takes, and short if whoever claimed it dies meanwhile."""


def claim(tx: Transaction, origin: Origin, *, now: datetime) -> bool:
    """Note that the conversation is being told, and return True; False if it is, or was within the hour before.

    After `WHILE_TELLING` that counts as not done, unless it is confirmed.
    """
    told = tx.one(
        "INSERT INTO notices (team, channel, told_at) VALUES (:team, :channel, :now) "
        "ON CONFLICT (team, channel) DO UPDATE SET told_at = excluded.told_at WHERE notices.told_at <= :before "
        "RETURNING told_at",
        team=origin.team,
        channel=origin.channel,
        now=stored(now - EVERY + WHILE_TELLING),
        before=stored(now - EVERY),
    )
    return told is not None


def confirm(tx: Transaction, origin: Origin, *, now: datetime) -> None:
    """Note that the conversation was told."""
    tx.run(
        "UPDATE notices SET told_at = :now WHERE team = :team AND channel = :channel",
        team=origin.team,
        channel=origin.channel,
        now=stored(now),
    )


def withdraw(tx: Transaction, origin: Origin) -> None:
    """Undo `claim`: the conversation could not be told."""
    tx.run("DELETE FROM notices WHERE team = :team AND channel = :channel", team=origin.team, channel=origin.channel)


def forget_workspace(tx: Transaction, *, team: str) -> None:
    """Delete the notes about a workspace."""
    tx.run("DELETE FROM notices WHERE team = :team", team=team)
