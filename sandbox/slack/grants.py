"""Tokens: what they give access to, their expiry and their rotation.

Source: https://docs.slack.dev/authentication/using-token-rotation
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from sandbox.slack.refusal import Denied
from sandbox.slack.workspace import Workspace

Kind = Literal["bot", "app"]


@dataclass(kw_only=True, eq=False)
class Grant:
    """A token with the teams that it gives access to, and the organisation of an enterprise install.

    `expires` is by the monotonic clock; None for a token that does not expire.
    """

    token: str
    kind: Kind
    teams: list[Workspace]
    enterprise: str | None = None
    expires: float | None = None
    refresh_token: str | None = None
    revoked: bool = False

    @property
    def place(self) -> str:
        """Return the id of the installation: the organisation's or the team's."""
        return self.enterprise or self.teams[0].team_id


class Grants:
    """All tokens of the stand-in."""

    def __init__(self) -> None:
        self._known: dict[str, Grant] = {}
        self._spent: dict[str, float] = {}
        self._numbers = itertools.count(1)

    def add(self, grant: Grant) -> Grant:
        """Register a token."""
        self._known[grant.token] = grant
        return grant

    def new(self, teams: list[Workspace], *, enterprise: str | None, lasts: float | None) -> Grant:
        """Create a bot token. With `lasts` (seconds) it expires and has a refresh token."""
        number = next(self._numbers)
        place = enterprise or teams[0].team_id
        if lasts is None:
            return self.add(Grant(token=f"xoxb-{place}-{number}", kind="bot", teams=teams, enterprise=enterprise))
        return self.add(
            Grant(
                token=f"xoxe.xoxb-{place}-{number}",
                kind="bot",
                teams=teams,
                enterprise=enterprise,
                expires=time.monotonic() + lasts,
                refresh_token=f"xoxe-{place}-{number}",
            )
        )

    def admit(self, token: str | None) -> Grant:
        """Return what a token gives access to; raise Slack's error for an invalid one."""
        if token is None:
            raise Denied("not_authed")
        grant = self._known.get(token)
        if grant is None:
            raise Denied("invalid_auth")
        if grant.revoked:
            raise Denied("account_inactive")
        if grant.expires is not None and time.monotonic() >= grant.expires:
            raise Denied("token_expired")
        return grant

    def rotate(self, refresh_token: str, *, lasts: float, grace: float) -> Grant:
        """Return a new token for a refresh token, which can be used once, and again within `grace` seconds.

        The old access token stays valid.
        """
        old = next((one for one in self._known.values() if one.refresh_token == refresh_token), None)
        spent = self._spent.get(refresh_token)
        if old is None or old.revoked or (spent is not None and time.monotonic() - spent >= grace):
            raise Denied("invalid_refresh_token")
        self._spent.setdefault(refresh_token, time.monotonic())
        return self.new(old.teams, enterprise=old.enterprise, lasts=lasts)

    def of(self, team: Workspace) -> list[Grant]:
        """Return the tokens for a team, its own first."""
        found = [one for one in self._known.values() if one.kind == "bot" and not one.revoked and team in one.teams]
        return sorted(found, key=lambda one: one.enterprise is not None)

    def expire(self, teams: Iterable[Workspace]) -> None:
        """Expire the rotating tokens of these teams now."""
        for grant in [grant for team in teams for grant in self.of(team) if grant.refresh_token]:
            grant.expires = time.monotonic()

    def revoke(self, place: str) -> None:
        """Revoke every token of an installation."""
        for grant in self._known.values():
            if grant.kind == "bot" and grant.place == place:
                grant.revoked = True
