"""What a workspace, a channel and a person want: more special goes before more general. Every change has a version."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Literal

from storage.database import Transaction
from storage.job import Origin
from storage.options import NO_OPTIONS, TranscriptionOptions
from storage.timestamps import stored

Kind = Literal["workspace", "channel", "person"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Whose preferences they are; of a workspace `owner` is empty. `enterprise`: the workspace's organisation."""

    team: str
    kind: Kind
    owner: str = ""
    enterprise: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Preferences:
    """None leaves it to whatever is more general.

    `automatic`: recordings are transcribed without being asked for. `outside`: although the channel is shared with
    another company. `locked`: only admins of the workspace change these.
    """

    automatic: bool | None = None
    outside: bool | None = None
    locked: bool | None = None
    options: TranscriptionOptions = NO_OPTIONS

    def over(self, general: Preferences) -> Preferences:
        """These, and where nothing is said the `general` ones. Whom the general ones are locked for is their matter."""
        return Preferences(
            automatic=general.automatic if self.automatic is None else self.automatic,
            outside=self.outside,
            locked=self.locked,
            options=self.options.over(general.options),
        )

    def dump(self) -> str:
        """As text for a row."""
        said: dict[str, Any] = {name: value for name in _SWITCHES if (value := getattr(self, name)) is not None}
        return json.dumps(said | json.loads(self.options.dump() or "{}"), ensure_ascii=False)

    @classmethod
    def load(cls, text: str) -> Preferences:
        """As it was dumped."""
        said = json.loads(text)
        return cls(**{name: said[name] for name in _SWITCHES if name in said}, options=TranscriptionOptions.of(said))


_SWITCHES = tuple(field.name for field in fields(Preferences) if field.name != "options")

NONE = Preferences()


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What is kept of a place, in this `version`, 0 for nothing; changed by a person."""

    preferences: Preferences = NONE
    version: int = 0
    by: str = ""


class PreferencesOutdated(Exception):
    """Somebody has changed them meanwhile: `newest` is what they chose."""

    def __init__(self, newest: Kept) -> None:
        super().__init__(newest.version)
        self.newest = newest


def get(tx: Transaction, place: Scope) -> Kept:
    """What this place wants itself."""
    row = tx.one(
        "SELECT body, version, changed_by FROM preferences WHERE team = :team AND kind = :kind AND whose = :whose",
        team=place.team,
        kind=place.kind,
        whose=place.owner,
    )
    if row is None:
        return Kept()
    return Kept(preferences=Preferences.load(row["body"]), version=row["version"], by=row["changed_by"])


def put(tx: Transaction, place: Scope, wanted: Preferences, *, seen: int, by: str, now: datetime) -> None:
    """Keep what somebody chose who saw version `seen`. Raises `PreferencesOutdated`."""
    # The row is made first, so that of two who choose at once one waits and then sees the other's version.
    tx.run(
        "INSERT INTO preferences (team, kind, whose, body, version, changed_by, changed_at) "
        "VALUES (:team, :kind, :whose, '{}', 0, :by, :now) ON CONFLICT (team, kind, whose) DO NOTHING",
        team=place.team,
        kind=place.kind,
        whose=place.owner,
        by=by,
        now=stored(now),
    )
    touched = tx.run(
        "UPDATE preferences SET body = :body, version = version + 1, changed_by = :by, changed_at = :now, "
        "enterprise = COALESCE(:enterprise, enterprise) "
        "WHERE team = :team AND kind = :kind AND whose = :whose AND version = :seen",
        body=wanted.dump(),
        by=by,
        now=stored(now),
        enterprise=place.enterprise,
        team=place.team,
        kind=place.kind,
        whose=place.owner,
        seen=seen,
    )
    if not touched:
        raise PreferencesOutdated(get(tx, place))


def of_recording(tx: Transaction, origin: Origin) -> Preferences:
    """What counts for a recording: its channel's, else those of who shared it, else the workspace's.

    Whoever wants to be asked first is asked first in every channel.
    """
    channel = get(tx, Scope(team=origin.team, kind="channel", owner=origin.channel)).preferences
    person = get(tx, Scope(team=origin.team, kind="person", owner=origin.user)).preferences
    workspace = get(tx, Scope(team=origin.team, kind="workspace")).preferences
    merged = channel.over(person).over(workspace)
    return replace(merged, automatic=False) if person.automatic is False else merged


def forget_workspace(tx: Transaction, *, team: str) -> None:
    """Drop all of a workspace."""
    tx.run("DELETE FROM preferences WHERE team = :team", team=team)
