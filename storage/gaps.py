"""Gaps in the event stream: when any process last received from Slack, and which places need a catch-up since when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from storage.database import Transaction
from storage.timestamps import moment, stored

_BEHIND = "behind "
"""Prefix of rows about places that need a catch-up."""


def last(tx: Transaction) -> datetime | None:
    """Return when Slack was last heard; None for never."""
    row = tx.one("SELECT heard_at FROM presence WHERE place = 'slack'")
    return moment(row["heard_at"]) if row else None


def note(tx: Transaction, *, now: datetime) -> None:
    """Note that Slack is heard now."""
    tx.run(
        "INSERT INTO presence (place, heard_at) VALUES ('slack', :now) "
        "ON CONFLICT (place) DO UPDATE SET heard_at = excluded.heard_at",
        now=stored(now),
    )


def fall_behind(tx: Transaction, places: Iterable[str], *, since: datetime) -> None:
    """Note that these places (workspaces and enterprises) were not heard since then. An earlier time stays."""
    for place in places:
        tx.run(
            "INSERT INTO presence (place, heard_at) VALUES (:place, :since) ON CONFLICT (place) DO NOTHING",
            place=_BEHIND + place,
            since=stored(since),
        )


def behind(tx: Transaction) -> dict[str, datetime]:
    """Return the places that need a catch-up, with the beginning of their gap."""
    rows = tx.all(
        "SELECT place, heard_at FROM presence WHERE substr(place, 1, 7) = :behind ORDER BY place", behind=_BEHIND
    )
    return {str(row["place"]).removeprefix(_BEHIND): moment(row["heard_at"]) for row in rows}


def caught_up(tx: Transaction, place: str) -> None:
    """Note that the catch-up of a place is done."""
    tx.run("DELETE FROM presence WHERE place = :place", place=_BEHIND + place)
