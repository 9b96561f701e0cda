"""Gaps in the event stream: when any process last received from Slack, and which places need a catch-up since when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from storage.database import Transaction
from storage.timestamps import moment, stored

_BEHIND = "behind "
"""Prefix of rows about places that need a catch-up: since when."""

_EVENT = "event "
"""Prefix of rows about types of events: when one was first heard."""

_PROCESS = "process "
"""Prefix of rows about processes that hear Slack: when each last noted that it had lost nothing."""

_UNTIL = "until "
"""Prefix of rows about the same places: until when they were not heard."""


def last(tx: Transaction) -> datetime | None:
    """Return when Slack was last heard; None for never."""
    row = tx.one("SELECT heard_at FROM presence WHERE place = 'slack'")
    return moment(row["heard_at"]) if row else None


def note(tx: Transaction, *, now: datetime) -> None:
    """Note that Slack is heard now."""
    _put(tx, "slack", now=now)


def vouch(tx: Transaction, process: str, *, now: datetime) -> None:
    """Note that this process has lost nothing, or that all of it is noted. It stays noted until `sign_off`."""
    _put(tx, _PROCESS + process, now=now)


def sign_off(tx: Transaction, process: str) -> None:
    """Delete what `vouch` noted of a process that ends and has lost nothing since."""
    tx.run("DELETE FROM presence WHERE place = :place", place=_PROCESS + process)


def dead(tx: Transaction, *, alive: str, before: datetime | None) -> dict[str, datetime]:
    """Return the processes that died without signing off, each with the moment since which it may have lost something.

    Dead is any but `alive`, the one that asks, whose note is older than `before`; None stands for any age.
    """
    noted = _noted(tx, _PROCESS).items()
    return {process: at for process, at in noted if process != alive and (before is None or at < before)}


def _put(tx: Transaction, place: str, *, now: datetime) -> None:
    tx.run(
        "INSERT INTO presence (place, heard_at) VALUES (:place, :now) "
        "ON CONFLICT (place) DO UPDATE SET heard_at = excluded.heard_at",
        place=place,
        now=stored(now),
    )


def hear(tx: Transaction, types: Iterable[str], *, now: datetime) -> None:
    """Note that events of these types were heard. The first time stays."""
    for each in sorted(types):
        tx.run(
            "INSERT INTO presence (place, heard_at) VALUES (:place, :now) ON CONFLICT (place) DO NOTHING",
            place=_EVENT + each,
            now=stored(now),
        )


def heard(tx: Transaction) -> frozenset[str]:
    """Return the types of events that were ever heard."""
    return frozenset(_noted(tx, _EVENT))


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A time in which a place was not heard. It may go on for a while after `until`."""

    since: datetime
    until: datetime


def fall_behind(tx: Transaction, places: Iterable[str], *, since: datetime, until: datetime) -> None:
    """Note that these places (workspaces and enterprises) were not heard in that time; a gap that is noted grows."""
    for place in places:
        tx.run(
            "INSERT INTO presence (place, heard_at) VALUES (:place, :since) ON CONFLICT (place) DO UPDATE "
            "SET heard_at = excluded.heard_at WHERE excluded.heard_at < presence.heard_at",
            place=_BEHIND + place,
            since=stored(since),
        )
        tx.run(
            "INSERT INTO presence (place, heard_at) VALUES (:place, :until) ON CONFLICT (place) DO UPDATE "
            "SET heard_at = excluded.heard_at WHERE excluded.heard_at > presence.heard_at",
            place=_UNTIL + place,
            until=stored(until),
        )


def behind(tx: Transaction) -> dict[str, Gap]:
    """Return the places that need a catch-up, each with its gap."""
    until = _noted(tx, _UNTIL)
    return {
        place: Gap(since=since, until=until.get(place, since))  # the release before notes no end
        for place, since in _noted(tx, _BEHIND).items()
    }


def caught_up(tx: Transaction, place: str, *, upto: datetime) -> None:
    """Note that the catch-up of a place is done, unless its gap has grown beyond `upto` meanwhile."""
    ended = tx.one(
        "SELECT 1 AS found FROM presence WHERE place = :place AND heard_at > :upto",
        place=_UNTIL + place,
        upto=stored(upto),
    )
    if ended is None:
        for prefix in (_BEHIND, _UNTIL):
            tx.run("DELETE FROM presence WHERE place = :place", place=prefix + place)


def _noted(tx: Transaction, prefix: str) -> dict[str, datetime]:
    rows = tx.all(
        f"SELECT place, heard_at FROM presence WHERE substr(place, 1, {len(prefix)}) = :prefix ORDER BY place",  # noqa: S608 - a number
        prefix=prefix,
    )
    return {str(row["place"]).removeprefix(prefix): moment(row["heard_at"]) for row in rows}
