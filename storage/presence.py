"""When Slack was last heard by any process of this installation."""

from __future__ import annotations

from datetime import datetime

from storage.database import Transaction
from storage.moments import moment, stored


def last(tx: Transaction) -> datetime | None:
    """When, if ever."""
    row = tx.one("SELECT heard_at FROM presence WHERE place = 'slack'")
    return moment(row["heard_at"]) if row else None


def note(tx: Transaction, *, now: datetime) -> None:
    """It is heard now."""
    tx.run(
        "INSERT INTO presence (place, heard_at) VALUES ('slack', :now) "
        "ON CONFLICT (place) DO UPDATE SET heard_at = excluded.heard_at",
        now=stored(now),
    )
