"""The home of a channel: the one team under which its jobs are stored, where an organisation installed the app.

A channel can be in several workspaces of an organisation, and Slack names any of them. `organisation` is always the
enterprise of an enterprise install, and None for an installation in one workspace, which never shares a home with
another one. See docs/decisions/0032.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from storage.database import SqlValue, Transaction
from storage.job import Origin

TEAMS = "(SELECT CAST(:team AS TEXT) UNION SELECT team FROM channel_homes WHERE enterprise = :organisation)"
"""SQL: the teams under which jobs of a person of `team` can be stored. `organisation`: from `around`."""


def around(tx: Transaction, *, organisation: str | None, team: str) -> str | None:
    """Return the organisation if its installation counts for this team; None where the team has one of its own."""
    if organisation is None or organisation == team:
        return organisation
    own = tx.one("SELECT 1 AS found FROM installations WHERE place = :team", team=team)
    return None if own else organisation


def home_team(tx: Transaction, *, organisation: str | None, team: str, channel: str) -> str:
    """Return the team under which jobs of the channel are stored: that of its home, or else `team`."""
    organisation = around(tx, organisation=organisation, team=team)
    if organisation is None:
        return team
    return _known(tx, organisation=organisation, channel=channel) or team


def settle(tx: Transaction, *, organisation: str | None, team: str, channel: str) -> str:
    """Return the same as `home_team`; the first team for which it is called becomes the home."""
    organisation = around(tx, organisation=organisation, team=team)
    if organisation is None:
        return team
    find = "SELECT team FROM channel_homes WHERE channel = :channel AND enterprise = :organisation"
    row = tx.one(find, channel=channel, organisation=organisation)
    if row is None:
        first = _of_oldest_job(tx, organisation=organisation, channel=channel) or team
        # Of two that settle at once, one waits here for the other; what is read then is the same for both.
        tx.run(
            "INSERT INTO channel_homes (enterprise, channel, team) VALUES (:organisation, :channel, :first) "
            "ON CONFLICT (channel, enterprise) DO NOTHING",
            organisation=organisation,
            channel=channel,
            first=first,
        )
        row = tx.one(find, channel=channel, organisation=organisation)
    return str(row["team"]) if row else team


def at_home(tx: Transaction, origin: Origin, *, organisation: str | None) -> Origin:
    """Return the origin as it is stored: under the team of its channel's home."""
    return replace(origin, team=settle(tx, organisation=organisation, team=origin.team, channel=origin.channel))


def is_of(tx: Transaction, origin: Origin, *, organisation: str | None, team: str) -> bool:
    """Return whether a job with this origin is of the team: its own, or of a channel that has the same home."""
    if origin.team == team:
        return True
    return origin.team == home_team(tx, organisation=organisation, team=team, channel=origin.channel)


def organisation_of(tx: Transaction, origin: Origin) -> str | None:
    """Return the organisation whose installation a job came from; None for an installation in one workspace."""
    row = tx.one(
        "SELECT enterprise FROM channel_homes WHERE channel = :channel AND enterprise = :enterprise AND team = :team",
        channel=origin.channel,
        enterprise=origin.enterprise,
        team=origin.team,
    )
    return str(row["enterprise"]) if row else None


def by_home(
    tx: Transaction, channels: Collection[str], *, organisation: str | None, team: str
) -> Mapping[str, list[str]]:
    """Return the channels by the teams under which their jobs are stored."""
    organisation = around(tx, organisation=organisation, team=team)
    homes: dict[str, str] = {}
    if organisation is not None and channels:
        names: dict[str, SqlValue] = {f"channel{number}": channel for number, channel in enumerate(channels)}
        rows = tx.all(
            "SELECT channel, team FROM channel_homes WHERE enterprise = :organisation "  # noqa: S608 - our own names
            f"AND channel IN ({', '.join(f':{name}' for name in names)})",
            organisation=organisation,
            **names,
        )
        homes = {row["channel"]: row["team"] for row in rows}
    found: dict[str, list[str]] = {}
    for channel in sorted(channels):
        found.setdefault(homes.get(channel, team), []).append(channel)
    return found


def change_channel(tx: Transaction, *, team: str, enterprise: str | None, old: str, new: str) -> str:
    """Make the home of `old` that of `new`. Return the team under which the jobs of the channel are stored."""
    home = _known(tx, organisation=enterprise, channel=old) if enterprise else None
    where = "WHERE channel = :old AND (enterprise = :enterprise OR team = :team)"
    place: dict[str, SqlValue] = {"old": old, "enterprise": enterprise, "team": team}
    tx.run(
        "INSERT INTO channel_homes (enterprise, channel, team) "  # noqa: S608 - our own words
        f"SELECT enterprise, :new, team FROM channel_homes {where} "
        "ON CONFLICT (channel, enterprise) DO UPDATE SET team = excluded.team",
        new=new,
        **place,
    )
    tx.run(f"DELETE FROM channel_homes {where}", **place)  # noqa: S608 - our own words
    return home or team


def forget_workspace(tx: Transaction, *, team: str) -> None:
    """Delete the homes in a workspace: another one becomes the home of their channels."""
    tx.run("DELETE FROM channel_homes WHERE team = :team", team=team)


def _known(tx: Transaction, *, organisation: str, channel: str) -> str | None:
    row = tx.one(
        "SELECT team FROM channel_homes WHERE channel = :channel AND enterprise = :organisation",
        channel=channel,
        organisation=organisation,
    )
    return str(row["team"]) if row else _of_oldest_job(tx, organisation=organisation, channel=channel)


def _of_oldest_job(tx: Transaction, *, organisation: str, channel: str) -> str | None:
    """Return the team of the channel's oldest job that did not come from a workspace's own installation."""
    row = tx.one(
        "SELECT team FROM jobs WHERE enterprise = :organisation AND channel = :channel "
        "AND NOT EXISTS (SELECT 1 FROM installations WHERE place = jobs.team AND place <> jobs.enterprise) "
        "ORDER BY created_at, id LIMIT 1",
        organisation=organisation,
        channel=channel,
    )
    return str(row["team"]) if row else None
