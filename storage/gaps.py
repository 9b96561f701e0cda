"""When Slack was last heard by any process of this installation, and by which places since when it was not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from storage.database import Transaction
from storage.timestamps import moment, stored

_BEHIND = "behind "
"""Before the place."""


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


def fall_behind(tx: Transaction, places: Iterable[str], *, since: datetime) -> None:
    """Note that these places, teams and organisations, were not heard since then; what was noted earlier stays."""
    for place in places:
        tx.run(
            "INSERT INTO presence (place, heard_at) VALUES (:place, :since) ON CONFLICT (place) DO NOTHING",
            place=_BEHIND + place,
            since=stored(since),
        )


def behind(tx: Transaction) -> dict[str, datetime]:
    """The places of which it is not known what was shared there since then."""
    rows = tx.all(
        "SELECT place, heard_at FROM presence WHERE substr(place, 1, 7) = :behind ORDER BY place", behind=_BEHIND
    )
    return {str(row["place"]).removeprefix(_BEHIND): moment(row["heard_at"]) for row in rows}


def caught_up(tx: Transaction, place: str) -> None:
    """What was shared at a place is known again."""
    tx.run("DELETE FROM presence WHERE place = :place", place=_BEHIND + place)
