"""Settings of workspaces, channels and people. Specific ones override general ones. Every change has a version."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Literal

from storage import channel_homes
from storage.database import Transaction
from storage.job import Origin
from storage.options import NO_OPTIONS, TranscriptionOptions
from storage.timestamps import stored

Kind = Literal["workspace", "channel", "person"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Whose settings these are. `owner`: the id of the channel or person, empty for a workspace."""

    team: str
    kind: Kind
    owner: str = ""
    enterprise: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Preferences:
    """Settings; None means: use the more general setting.

    `automatic`: transcribe every shared recording, not only on request. `outside`: transcribe although the channel is
    shared with another company (Slack Connect). `locked`: only workspace admins may change these settings.
    """

    automatic: bool | None = None
    outside: bool | None = None
    locked: bool | None = None
    options: TranscriptionOptions = NO_OPTIONS

    def over(self, general: Preferences) -> Preferences:
        """Return these settings, and the `general` ones where None. `outside` and `locked` are not inherited."""
        return Preferences(
            automatic=general.automatic if self.automatic is None else self.automatic,
            outside=self.outside,
            locked=self.locked,
            options=self.options.over(general.options),
        )

    def dump(self) -> str:
        """Return the settings as JSON."""
        said: dict[str, Any] = {name: value for name in _SWITCHES if (value := getattr(self, name)) is not None}
        return json.dumps(said | json.loads(self.options.dump() or "{}"), ensure_ascii=False)

    @classmethod
    def load(cls, text: str) -> Preferences:
        """Read what `dump` returned."""
        said = json.loads(text)
        return cls(**{name: said[name] for name in _SWITCHES if name in said}, options=TranscriptionOptions.of(said))


_SWITCHES = tuple(field.name for field in fields(Preferences) if field.name != "options")

NONE = Preferences()


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """Stored settings with their `version` (0 for none) and the person who changed them last."""

    preferences: Preferences = NONE
    version: int = 0
    by: str = ""


class PreferencesOutdated(Exception):
    """Somebody else has changed the settings meanwhile; `newest` has theirs."""

    def __init__(self, newest: Kept) -> None:
        super().__init__(newest.version)
        self.newest = newest


def get(tx: Transaction, place: Scope) -> Kept:
    """Return the stored settings of a scope, without more general ones."""
    row = tx.one(
        "SELECT body, version, changed_by FROM preferences WHERE team = :team AND kind = :kind AND whose = :whose",
        team=place.team,
        kind=place.kind,
        whose=place.owner,
    )
    if row is None:
        return Kept()
    return Kept(preferences=Preferences.load(row["body"]), version=row["version"], by=row["changed_by"])


def put(tx: Transaction, place: Scope, chosen: Preferences, *, seen: int, by: str, now: datetime) -> None:
    """Store settings chosen by a person who saw version `seen`. Raises `PreferencesOutdated` for any other version."""
    # Insert the row first, so that of two concurrent changes one waits and then sees the version of the other.
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
        body=chosen.dump(),
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


def at_home(tx: Transaction, scope: Scope, *, organisation: str | None) -> Scope:
    """Return the scope as it is stored; `organisation`: of an enterprise install.

    There, settings of a channel are those of its home, and a person has the same ones in all workspaces.
    """
    match scope.kind:
        case "channel":
            home = channel_homes.home_team(tx, organisation=organisation, team=scope.team, channel=scope.owner)
            return replace(scope, team=home)
        case "person":
            return replace(scope, team=_team_of_person(tx, scope, organisation=organisation))
        case "workspace":
            return scope


def _team_of_person(tx: Transaction, scope: Scope, *, organisation: str | None) -> str:
    organisation = channel_homes.around(tx, organisation=organisation, team=scope.team)
    row = tx.one(
        "SELECT team FROM preferences WHERE enterprise = :organisation AND whose = :owner AND kind = 'person' "
        "AND NOT EXISTS (SELECT 1 FROM installations WHERE place = preferences.team AND place <> :organisation) "
        "ORDER BY changed_at DESC, team LIMIT 1",
        organisation=organisation,
        owner=scope.owner,
    )
    return str(row["team"]) if row else scope.team


def of_recording(tx: Transaction, origin: Origin) -> Preferences:
    """Return the settings for a recording."""
    organisation = channel_homes.organisation_of(tx, origin)
    return at_sharing(tx, team=origin.team, channel=origin.channel, user=origin.user, organisation=organisation)


def at_sharing(tx: Transaction, *, team: str, channel: str, user: str, organisation: str | None) -> Preferences:
    """Return the settings for what a person shares in a channel: of the channel, else theirs, else of the workspace.

    `team`: that of the channel's home. If the person turned automatic transcription off, it is off in every channel.
    """
    here = get(tx, Scope(team=team, kind="channel", owner=channel)).preferences
    own = at_home(tx, Scope(team=team, kind="person", owner=user), organisation=organisation)
    person = get(tx, own).preferences
    workspace = get(tx, Scope(team=team, kind="workspace")).preferences
    merged = here.over(person).over(workspace)
    return replace(merged, automatic=False) if person.automatic is False else merged


def forget_workspace(tx: Transaction, *, team: str) -> None:
    """Delete all settings of a workspace."""
    tx.run("DELETE FROM preferences WHERE team = :team", team=team)
