"""OAuth installation: the consent page, and the exchange of its code for a token.

Source: https://docs.slack.dev/authentication/installing-with-oauth,
https://docs.slack.dev/reference/methods/oauth.v2.access
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from aiohttp import web

from sandbox.slack.arguments import Arguments
from sandbox.slack.context import Context, Method, Methods
from sandbox.slack.grants import Grant, Grants
from sandbox.slack.options import Options
from sandbox.slack.refusal import Denied
from sandbox.slack.values import Json
from sandbox.slack.workspace import Workspace

CODE_LASTS = 600.0
"""Lifetime of a code in seconds."""

ASKED = ("client_id", "scope", "state", "redirect_uri")


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreed:
    """What a code authorises."""

    place: str
    redirect_uri: str
    scopes: frozenset[str]
    by: str
    at: float


class OAuth:
    """The app's OAuth configuration; `teams` are the workspaces that can install it."""

    client_id = "1000.2000"

    def __init__(
        self, options: Options, *, teams: Callable[[], Mapping[str, Workspace]], grants: Grants, client_secret: str
    ) -> None:
        self.client_secret = client_secret
        self._options = options
        self._teams = teams
        self._grants = grants
        self._codes: dict[str, Agreed] = {}

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes of the consent page."""
        return [web.get("/oauth/v2/authorize", self.ask), web.post("/oauth/v2/decide", self.decide)]

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """Show the consent page, or the error code."""
        asked = {name: request.query.get(name, "") for name in ASKED}
        trouble = self._trouble(asked)
        if trouble is not None:
            return web.Response(status=400, text=trouble)
        hidden = "".join(f'<input type="hidden" name="{name}" value="{escape(asked[name])}">' for name in ASKED)
        places = "".join(f"<option>{escape(place)}</option>" for place in self._places())
        return web.Response(
            content_type="text/html",
            text=f'<form method="post" action="/oauth/v2/decide">{hidden}<select name="place">{places}</select>'
            '<button name="answer" value="allow">Allow</button><button name="answer" value="cancel">Cancel</button>'
            "</form>",
        )

    def _trouble(self, asked: Mapping[str, str]) -> str | None:
        if asked["client_id"] != self.client_id:
            return "invalid_client_id"
        if not asked["scope"]:
            return "invalid_scope"
        return None if asked["redirect_uri"] in self._options.redirect_urls else "bad_redirect_uri"

    def _places(self) -> list[str]:
        teams = self._teams().values()
        return sorted({team.team_id for team in teams} | {team.enterprise for team in teams if team.enterprise})

    async def decide(self, request: web.Request) -> web.StreamResponse:
        """Redirect the browser to the app, with a code or an error."""
        said = {name: str(value) for name, value in (await request.post()).items()}
        if self._trouble(said) is not None or said["place"] not in self._places():
            return web.Response(status=400)
        back = {"state": said["state"]}
        if said["answer"] != "allow":
            back["error"] = "access_denied"
        else:
            back["code"] = code = secrets.token_hex(16)
            self._codes[code] = Agreed(
                place=said["place"],
                redirect_uri=said["redirect_uri"],
                scopes=frozenset(said["scope"].split(",")),
                by=said.get("user", "U0SANDBOXADMIN"),
                at=time.monotonic(),
            )
        return web.Response(status=302, headers={"Location": f"{said['redirect_uri']}?{urlencode(back)}"})

    def access(self, sent: Arguments) -> Json:
        """Exchange a code or a refresh token for an access token."""
        if sent.text("client_id") != self.client_id:
            raise Denied("invalid_client_id")
        if sent.text("client_secret") != self.client_secret:
            raise Denied("bad_client_secret")
        if sent.text("grant_type") == "refresh_token":
            options = self._options
            lasts, grace = options.token_lasts or CODE_LASTS, options.refresh_grace
            grant = self._grants.rotate(sent.text("refresh_token"), lasts=lasts, grace=grace)
            return self._token_answer(grant, scopes=set(grant.teams[0].scopes))
        agreed = self._codes.pop(sent.text("code"), None)
        if agreed is None or time.monotonic() - agreed.at > CODE_LASTS:
            raise Denied("invalid_code")
        if sent.text("redirect_uri") != agreed.redirect_uri:
            raise Denied("bad_redirect_uri")
        grant = self._grants.new(**self._teams_of(agreed.place), lasts=self._options.token_lasts)
        told = self._token_answer(grant, scopes=grant.teams[0].scopes & agreed.scopes)
        return told | {"authed_user": {"id": agreed.by}}

    def _teams_of(self, place: str) -> Json:
        teams = self._teams()
        if place in teams:
            return {"teams": [teams[place]], "enterprise": None}
        return {"teams": [team for team in teams.values() if team.enterprise == place], "enterprise": place}

    def _token_answer(self, grant: Grant, *, scopes: set[str]) -> Json:
        first = grant.teams[0]
        enterprise = first.enterprise
        told: Json = {
            "access_token": grant.token,
            "token_type": "bot",
            "scope": ",".join(sorted(scopes)),
            "bot_user_id": first.bot_user_id,
            "app_id": first.app_id,
            "team": None if grant.enterprise else {"id": first.team_id, "name": first.name},
            "enterprise": {"id": enterprise, "name": "Organisation"} if enterprise else None,
            "is_enterprise_install": grant.enterprise is not None,
        }
        if grant.refresh_token and self._options.token_lasts:
            told |= {"refresh_token": grant.refresh_token, "expires_in": int(self._options.token_lasts)}
        return told


async def access(context: Context, sent: Arguments) -> Json:
    """Exchange a code or a refresh token for an access token."""
    return context.oauth(sent)


METHODS: Methods = {"oauth.v2.access": Method(act=access, caller="anyone")}
