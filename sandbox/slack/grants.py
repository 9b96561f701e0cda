"""Which tokens there are, what they open, and until when.

Tokens that are exchanged: https://docs.slack.dev/authentication/using-token-rotation
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
    """A token: the teams that it opens, and the organisation that has the app in all of them.

    `expires` is by the monotonic clock, None for one that lasts.
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
        """Where the app is installed with it."""
        return self.enterprise or self.teams[0].team_id


class Grants:
    """All of them."""

    def __init__(self) -> None:
        self._known: dict[str, Grant] = {}
        self._spent: dict[str, float] = {}
        self._numbers = itertools.count(1)

    def add(self, grant: Grant) -> Grant:
        """From now on it opens what it says."""
        self._known[grant.token] = grant
        return grant

    def new(self, teams: list[Workspace], *, enterprise: str | None, lasts: float | None) -> Grant:
        """Invent a bot token; one that `lasts` so many seconds comes with a token to exchange it by."""
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
        """Return what a token opens, or refuse as Slack does."""
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

    def exchange(self, refresh_token: str, *, lasts: float, grace: float) -> Grant:
        """Give the next token for one; each counts once, and `grace` seconds longer. The old one stays as it is."""
        old = next((one for one in self._known.values() if one.refresh_token == refresh_token), None)
        spent = self._spent.get(refresh_token)
        if old is None or old.revoked or (spent is not None and time.monotonic() - spent >= grace):
            raise Denied("invalid_refresh_token")
        self._spent.setdefault(refresh_token, time.monotonic())
        return self.new(old.teams, enterprise=old.enterprise, lasts=lasts)

    def of(self, team: Workspace) -> list[Grant]:
        """Those that open a team, its own first."""
        found = [one for one in self._known.values() if one.kind == "bot" and not one.revoked and team in one.teams]
        return sorted(found, key=lambda one: one.enterprise is not None)

    def expire(self, teams: Iterable[Workspace]) -> None:
        """Let the tokens of these teams that can be exchanged expire now."""
        for grant in [grant for team in teams for grant in self.of(team) if grant.refresh_token]:
            grant.expires = time.monotonic()

    def revoke(self, place: str) -> None:
        """Take back every token of an installation."""
        for grant in self._known.values():
            if grant.kind == "bot" and grant.place == place:
                grant.revoked = True
