"""The Bolt app: the same listeners whether Slack's requests come over HTTP or over a socket."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.request.internals import extract_enterprise_id, extract_is_enterprise_install, extract_team_id
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import Metrics
from bot.settings.model import Settings
from bot.slack.workspaces import Workspaces
from handlers import words
from handlers.listener import Installation, Listener

_log = structlog.get_logger()


Payload = dict[str, Any]

_LATEST = 2**36
"""Seconds since 1970: in the year 4147, which every database can keep."""

ResolveInstallation = Callable[[Payload], Awaitable[Installation | None]]
"""Tells the installation that a request is about; None if it is not ours."""


class BoltApp(AsyncApp):
    """Bolt's app, and past it a short way for events that come often and are only stored.

    Times every answer: this is the one place through which Slack's requests come, over HTTP and over a socket, and over
    HTTP only after their signature was checked (`bot.web.server`).
    """

    def __init__(self, *, resolve_installation: ResolveInstallation, metrics: Metrics, **more: Any) -> None:
        super().__init__(**more)
        self._resolve_installation = resolve_installation
        self._metrics = metrics
        self._direct: dict[str, Listener] = {}

    def listen_directly(self, event_type: str, listener: Listener) -> None:
        """Give events of this type to `listener` alone: most of an answer's cost would be Bolt's own."""
        self._direct[event_type] = listener

    def listener(self, payload: object) -> Listener | None:
        """Whom `dispatch_directly` would give it to; None where Bolt has to answer."""
        if not isinstance(payload, dict) or payload.get("type") != "event_callback":
            return None
        event = payload.get("event")
        return self._direct.get(str(event.get("type"))) if isinstance(event, dict) else None

    async def dispatch_directly(self, listener: Listener, payload: Any) -> int:
        """Answer an event: 200 once its listener has returned, 500 if it raised, so that Slack repeats it."""
        began, status = time.perf_counter(), 200
        try:
            installation = await self._resolve_installation(payload)
            if installation is not None:
                await listener(payload["event"], installation)
        except Exception as error:  # noqa: BLE001 - whatever it is, the event was not stored
            status = _not_stored(error).status
        self._metrics.acknowledged("event", status=status, after=time.perf_counter() - began)
        return status

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """Answer any request."""
        if listener := self.listener(req.body):
            return BoltResponse(status=await self.dispatch_directly(listener, req.body), body="")
        began = time.perf_counter()
        response = await super().async_dispatch(req)
        self._metrics.acknowledged(_kind(req.body), status=response.status, after=time.perf_counter() - began)
        return response


def _kind(body: Mapping[str, Any]) -> str:
    if body.get("type") == "event_callback":
        return "event"
    return "command" if "command" in body else "other"


def _not_stored(error: Exception) -> BoltResponse:
    _log.error("listener_failed", error=type(error).__name__)
    return BoltResponse(status=500, body="")  # Slack delivers again


def make_app(settings: Settings, *, client: AsyncWebClient, workspaces: Workspaces, metrics: Metrics) -> BoltApp:
    """An app without listeners yet."""
    secret = settings.slack_signing_secret

    async def resolve_installation(payload: Payload) -> Installation | None:
        enterprise = extract_enterprise_id(payload)
        team = _team_of(payload, enterprise=enterprise)
        whole = bool(extract_is_enterprise_install(payload))
        workspace = await workspaces.find(team=team, enterprise=enterprise, is_enterprise_install=whole)
        if workspace is None:
            return None
        bot_user = (await workspace.identify()).user_id
        at = _moment_of(payload)
        place = team or enterprise or ""
        return Installation(team=place, enterprise=enterprise, is_enterprise_install=whole, bot_user=bot_user, at=at)

    async def authorize(context: AsyncBoltContext) -> AuthorizeResult | None:
        whole = bool(context.is_enterprise_install)
        workspace = await workspaces.find(
            team=context.team_id, enterprise=context.enterprise_id, is_enterprise_install=whole
        )
        if workspace is None:
            return None
        identity = await workspace.identify()
        # No token: what calls Slack goes through `Workspace`.
        return AuthorizeResult(
            enterprise_id=identity.enterprise_id,
            team_id=identity.team_id,
            bot_id=identity.bot_id,
            bot_user_id=identity.user_id,
        )

    app = BoltApp(
        resolve_installation=resolve_installation,
        metrics=metrics,
        client=client,
        authorize=authorize,
        signing_secret=secret.get_secret_value() if secret else "",
        # `bot.web.server` has checked the signature before Bolt sees a request, and a socket brings none.
        request_verification_enabled=False,
        # Without it Bolt answers 200 before our listener has stored anything.
        process_before_response=True,
        user_facing_authorize_error_message=words.ELSEWHERE,
    )

    @app.error
    async def not_stored(error: Exception) -> BoltResponse:
        return _not_stored(error)

    return app


def _moment_of(payload: Payload) -> datetime | None:
    seconds = payload.get("event_time")
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) and 0 < seconds < _LATEST else None


def _team_of(payload: Payload, *, enterprise: str | None) -> str | None:
    """The team that an event is about, as far as Slack says.

    An app in a whole organisation is authorised for none of its teams, and then what stands beside the authorisation
    counts; in a channel that is shared with another company that can be theirs.
    """
    if team := extract_team_id(payload):
        return str(team)
    for which in ("context_", ""):
        team = payload.get(f"{which}team_id")
        if team and payload.get(f"{which}enterprise_id") == enterprise:
            return str(team)
    return None
