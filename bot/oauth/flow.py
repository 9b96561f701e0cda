"""The OAuth installation flow: sends people to Slack, takes them back, and stores the installation.

It is Bolt's flow with our own stores and pages. https://docs.slack.dev/authentication/installing-with-oauth
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from logging import Logger, getLogger

import structlog
from aiohttp import web
from pydantic import SecretStr
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.oauth import OAuthStateUtils
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from yarl import URL

from bot.oauth.token_rotation import InstallationRegistry
from bot.settings.model import Settings
from bot.slack.errors import SDK_ERRORS
from bot.slack.manifest import OPTIONAL_SCOPES, REQUIRED_SCOPES
from handlers import install_pages as pages
from storage import install_states, installations
from storage.database import StorageUnavailable
from storage.installations import Installed

STATE_LASTS = timedelta(minutes=10)
COOKIE = "__Host-threadscribe-install"
"""With the prefix `__Host-`, browsers accept this cookie from this host over https only."""

_OF_BOLT = frozenset({"invalid_code", "missing_code"})
"""Bolt's words for a failure; `invalid_code` stands for everything that Slack refused, also a wrong client secret."""

_log = structlog.get_logger()


class NoBot(Exception):
    """Slack has given a token that is not a bot's, or has named no team and no enterprise."""


def register(server: web.Application, settings: Settings, registry: InstallationRegistry) -> None:
    """Serve the address at which an installation begins, and the one to which Slack sends people back."""
    flow = _flow(settings, registry)

    def answering(
        handle: Callable[[AsyncBoltRequest], Awaitable[BoltResponse]],
    ) -> Callable[..., Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            asked = AsyncBoltRequest(body="", query=request.query_string, headers=dict(request.headers))
            try:
                return _as_response(await handle(asked))
            except (*SDK_ERRORS, StorageUnavailable, NoBot) as error:
                _log.error("installation_failed", error=type(error).__name__)
                return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=pages.failed(), headers=pages.HEADERS)

        return answer

    server.router.add_get(pages.INSTALL, answering(flow.handle_installation), allow_head=False)
    server.router.add_get(pages.REDIRECT, answering(flow.handle_callback), allow_head=False)


def _as_response(said: BoltResponse) -> web.Response:
    response = web.Response(status=said.status, text=said.body, headers=pages.HEADERS)
    for name in ("location", "set-cookie"):
        for value in said.headers.get(name, ()):
            response.headers.add(name, value)
    return response


def _flow(settings: Settings, registry: InstallationRegistry) -> AsyncOAuthFlow:
    flow = _Flow(
        client=registry.client,
        logger=getLogger(__name__),
        settings=AsyncOAuthSettings(
            client_id=registry.client_id,
            client_secret=registry.client_secret.get_secret_value(),
            scopes=[*REQUIRED_SCOPES, *OPTIONAL_SCOPES],
            user_scopes=[],
            redirect_uri=f"{settings.public_url}{pages.REDIRECT}",
            install_path=pages.INSTALL,
            install_page_rendering_enabled=False,
            redirect_uri_path=pages.REDIRECT,
            callback_options=AsyncCallbackOptions(success=_done, failure=_not_done),
            authorization_url=settings.slack_authorize_url.rstrip("/"),
            installation_store=_Installations(registry),
            state_store=_States(registry),
            logger=getLogger(__name__),
        ),
    )
    flow.settings.state_utils = _Cookie(cookie_name=COOKIE, expiration_seconds=int(STATE_LASTS.total_seconds()))
    return flow


class _Flow(AsyncOAuthFlow):
    """Builds Slack's address without anything from the request; Bolt would copy its `team` unchecked."""

    async def build_authorize_url(self, state: str, request: AsyncBoltRequest) -> str:
        del request
        wanted = {
            "client_id": self.client_id,
            "scope": ",".join(self.settings.scopes or ()),
            "state": state,
            "redirect_uri": self.redirect_uri or "",
        }
        return str(URL(self.settings.authorization_url).with_query(wanted))


class _Cookie(OAuthStateUtils):
    """Binds a state to the browser that received it; requests from other sites carry it only when they lead here."""

    def build_set_cookie_for_new_state(self, state: str) -> str:
        return f"{super().build_set_cookie_for_new_state(state)}; SameSite=Lax"

    def build_set_cookie_for_deletion(self) -> str:
        return f"{super().build_set_cookie_for_deletion()}; Max-Age=0; SameSite=Lax"


@dataclass(frozen=True, slots=True)
class _States(AsyncOAuthStateStore):
    registry: InstallationRegistry

    @property
    def logger(self) -> Logger:
        return getLogger(__name__)

    async def async_issue(self, *args: object, **named: object) -> str:
        del args, named
        state, now = secrets.token_urlsafe(32), self.registry.clock()
        await self.registry.database.write(lambda tx: install_states.issue(tx, state, now=now, until=now + STATE_LASTS))
        return state

    async def async_consume(self, state: str) -> bool:
        now = self.registry.clock()
        return await self.registry.database.write(lambda tx: install_states.consume(tx, state, now=now))


@dataclass(frozen=True, slots=True)
class _Installations(AsyncInstallationStore):
    registry: InstallationRegistry

    @property
    def logger(self) -> Logger:
        return getLogger(__name__)

    async def async_save(self, installation: Installation) -> None:
        place = installation.enterprise_id if installation.is_enterprise_install else installation.team_id
        if not (place and installation.bot_token and installation.bot_user_id):
            raise NoBot
        url = (await self.registry.client.auth_test(token=installation.bot_token)).get("url")
        kept = self._encrypted(installation, place=place, url=str(url or ""))
        await self.registry.database.write(lambda tx: installations.put(tx, kept))
        _log.info("app_installed", place=place)

    def _encrypted(self, given: Installation, *, place: str, url: str) -> Installed:
        encrypt, refresh_token, expires = (
            self.registry.cipher.encrypt,
            given.bot_refresh_token,
            given.bot_token_expires_at,
        )
        return Installed(
            place=place,
            enterprise=given.enterprise_id,
            url=url,
            bot_user=given.bot_user_id or "",
            bot_id=given.bot_id,
            scopes=frozenset(given.bot_scopes or ()) or None,
            token=encrypt(SecretStr(given.bot_token or ""), place=place),
            refresh_token=encrypt(SecretStr(refresh_token), place=place) if refresh_token else None,
            expires_at=datetime.fromtimestamp(expires, UTC) if expires else None,
            installed_by=given.user_id or "",
            installed_at=self.registry.clock(),
        )


async def _done(args: AsyncSuccessArgs) -> BoltResponse:
    made = args.installation
    page = (
        pages.installed_in_organisation(app=made.app_id, enterprise=made.enterprise_id)
        if made.is_enterprise_install
        else pages.installed(app=made.app_id, team=made.team_id)
    )
    return _ended(args, HTTPStatus.OK, page)


async def _not_done(args: AsyncFailureArgs) -> BoltResponse:
    match args.reason:
        case "access_denied":
            return _ended(args, HTTPStatus.OK, pages.denied())
        case "invalid_browser" | "invalid_state":
            return _ended(args, HTTPStatus.BAD_REQUEST, pages.out_of_date())
        case _:
            # The reason may come from the request and cannot be trusted, so only known ones are logged.
            _log.error("installation_failed", error=args.reason if args.reason in _OF_BOLT else "refused")
            return _ended(args, HTTPStatus.BAD_GATEWAY, pages.failed())


def _ended(args: AsyncSuccessArgs | AsyncFailureArgs, status: int, page: str) -> BoltResponse:
    cookie = args.settings.state_utils.build_set_cookie_for_deletion()
    return BoltResponse(status=status, body=page, headers={"Set-Cookie": cookie})
