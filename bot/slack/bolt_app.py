"""The Bolt app: the same listeners for Slack's requests over HTTP and over Socket Mode."""

from __future__ import annotations

import asyncio
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
from bot.slack.response_url import ACKNOWLEDGED_AFTER, BoundedRespond
from bot.slack.workspaces import Workspaces
from handlers import words
from handlers.listener import Event, Installation, Listener

_log = structlog.get_logger()


Payload = dict[str, Any]

RATE_LIMITED = "app_rate_limited"
"""Slack sends this without a subscription, and without an event in it."""

_EVENTS = frozenset({"event_callback", RATE_LIMITED})
_LONGEST_TYPE, _MOST_TYPES = 60, 200

_LATEST = 2**36
"""Latest event time that is read, in seconds since 1970 (the year 4147): every database can store it."""

ResolveInstallation = Callable[[Payload], Awaitable[Installation | None]]
"""Returns the installation that a request is about; None if the app is not installed there."""


class BoltApp(AsyncApp):
    """Bolt's app, with a fast path past Bolt for frequent events that are only stored.

    It times every answer, because all of Slack's requests pass here: over HTTP after `bot.web.server` has verified
    their signature, and over Socket Mode.

    `lost` is called for every event that could not be stored, with its moment by Slack's clock if that is known;
    `heard` for the first event of each type that was passed to a listener of ours.
    """

    def __init__(
        self,
        *,
        resolve_installation: ResolveInstallation,
        metrics: Metrics,
        lost: Callable[[datetime | None], None],
        heard: Callable[[str], None],
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self._resolve_installation = resolve_installation
        self._metrics = metrics
        self._direct: dict[str, Listener] = {}
        self._unheard: set[str] = set()
        self._heard: set[str] = set()
        self._on_heard = heard
        self._lost = lost

    def listen_directly(self, event_type: str, listener: Listener) -> None:
        """Give events of this type to `listener` alone, past Bolt: Bolt would take most of the time of an answer."""
        self._direct[event_type] = listener

    def listener(self, payload: object) -> Listener | None:
        """Return the listener that `dispatch_directly` would call for this payload; None if Bolt must answer it.

        Every event has one, also of a type that nobody here listens to: Slack counts anything but 200 as a failure, and
        turns all events off after many.
        """
        if not isinstance(payload, dict) or payload.get("type") not in _EVENTS:
            return None
        return self._direct.get(_event_type(payload), self._leave_alone)

    async def _leave_alone(self, event: Event, installation: Installation) -> None:
        """Log the type of an event, once: somebody has subscribed to it beside the manifest."""
        del installation
        name = str(event.get("type"))[:_LONGEST_TYPE]
        if name not in self._unheard and len(self._unheard) < _MOST_TYPES:
            self._unheard.add(name)
            _log.info("event_ignored", type=name)

    async def dispatch_directly(self, listener: Listener, payload: Any) -> int:
        """Pass an event to its listener. Return 200, or 500 if the listener raised, so that Slack repeats the event.

        Slack may not repeat it for as long as the fault lasts, so `lost` is called with its moment.
        """
        began, status = time.perf_counter(), 200
        try:
            installation = await self._resolve_installation(payload)
            if installation is not None:
                event = payload if payload.get("type") == RATE_LIMITED else payload.get("event")
                await listener(event if isinstance(event, dict) else {}, installation)
        except Exception as error:  # noqa: BLE001 - whatever it is, the event was not stored
            status = _not_stored(error).status
            self._lost(_moment_of(payload))
        else:
            self._note_type(_event_type(payload))
        self._metrics.acknowledged("event", status=status, after=time.perf_counter() - began)
        return status

    def _note_type(self, event_type: str) -> None:
        if event_type in self._direct and event_type not in self._heard:
            self._heard.add(event_type)
            self._on_heard(event_type)

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """Answer any request of Slack."""
        if listener := self.listener(req.body):
            return BoltResponse(status=await self.dispatch_directly(listener, req.body), body="")
        began = time.perf_counter()
        self._set_respond(req)
        response = await super().async_dispatch(req)
        self._metrics.acknowledged(_kind(req.body), status=response.status, after=time.perf_counter() - began)
        return response

    def _set_respond(self, req: AsyncBoltRequest) -> None:
        """Replace Bolt's own `respond`, which raises where the `response_url` cannot be reached, and waits for it."""
        address = req.context.pop("response_url", None)
        if "command" in req.body:
            return  # answered in the acknowledgement, also by Bolt where the app is not installed
        req.context["response_url"] = address
        until = asyncio.get_running_loop().time() + ACKNOWLEDGED_AFTER
        req.context["respond"] = BoundedRespond(response_url=address, proxy=self.client.proxy, until=until)


def _event_type(payload: Payload) -> str:
    event = payload.get("event")
    outer = str(payload.get("type"))
    return outer if outer == RATE_LIMITED or not isinstance(event, dict) else str(event.get("type"))


def _kind(body: Mapping[str, Any]) -> str:
    if body.get("type") in _EVENTS:
        return "event"
    return "command" if "command" in body else "other"


def _not_stored(error: Exception) -> BoltResponse:
    _log.error("listener_failed", error=type(error).__name__)
    return BoltResponse(status=500, body="")  # Slack sends the event again


def make_app(
    settings: Settings,
    *,
    client: AsyncWebClient,
    workspaces: Workspaces,
    metrics: Metrics,
    lost: Callable[[datetime | None], None] = lambda _: None,
    heard: Callable[[str], None] = lambda _: None,
) -> BoltApp:
    """Make an app that has no listeners yet.

    `lost` and `heard`: see `BoltApp`.
    """
    secret = settings.slack_signing_secret

    async def resolve_installation(payload: Payload) -> Installation | None:
        enterprise = extract_enterprise_id(payload)
        team = _team_of(payload, enterprise=enterprise)
        org_wide = bool(extract_is_enterprise_install(payload))
        workspace = await workspaces.find(team=team, enterprise=enterprise, is_enterprise_install=org_wide)
        if workspace is None:
            return None
        bot_user = (await workspace.identify()).user_id
        at = _moment_of(payload)
        place = team or enterprise or ""
        return Installation(team=place, enterprise=enterprise, is_enterprise_install=org_wide, bot_user=bot_user, at=at)

    async def authorize(context: AsyncBoltContext) -> AuthorizeResult | None:
        org_wide = bool(context.is_enterprise_install)
        workspace = await workspaces.find(
            team=context.team_id, enterprise=context.enterprise_id, is_enterprise_install=org_wide
        )
        if workspace is None:
            return None
        identity = await workspace.identify()
        # No token: all calls to Slack go through `Workspace`.
        return AuthorizeResult(
            enterprise_id=identity.enterprise_id,
            team_id=identity.team_id,
            bot_id=identity.bot_id,
            bot_user_id=identity.user_id,
        )

    app = BoltApp(
        resolve_installation=resolve_installation,
        metrics=metrics,
        lost=lost,
        heard=heard,
        client=client,
        authorize=authorize,
        signing_secret=secret.get_secret_value() if secret else "",
        # `bot.web.server` verifies signatures before Bolt sees a request; Socket Mode requests have none.
        request_verification_enabled=False,
        # Otherwise Bolt answers 200 before our listener has stored anything.
        process_before_response=True,
        user_facing_authorize_error_message=words.ELSEWHERE,
    )

    @app.error
    async def not_stored(error: Exception) -> BoltResponse:
        return _not_stored(error)

    return app


def _moment_of(payload: Payload) -> datetime | None:
    seconds = payload.get("event_time", payload.get("minute_rate_limited"))
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) and 0 < seconds < _LATEST else None


def _team_of(payload: Payload, *, enterprise: str | None) -> str | None:
    """Return the team that an event is about, as far as Slack says.

    For an enterprise install the authorisation names no team, so the fields beside it are read; only where they name
    our enterprise, because in a shared channel they can name the other company's.
    """
    if team := extract_team_id(payload):
        return str(team)
    for which in ("context_", ""):
        team = payload.get(f"{which}team_id")
        if team and payload.get(f"{which}enterprise_id") == enterprise:
            return str(team)
    return None
