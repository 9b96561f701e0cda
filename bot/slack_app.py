"""The Bolt app: the same listeners whether Slack's requests come over HTTP or over a socket."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import Metrics
from bot.settings import Settings
from bot.slack_files import Identity
from bot.workspace import Workspace
from handlers import words

_log = structlog.get_logger()


def slack_client(settings: Settings, *, token: str | None) -> AsyncWebClient:
    """A client that never repeats a call by itself: a repeated post is a second message."""
    return _Client(token=token, base_url=settings.slack_api_url, timeout=20, retry_handlers=[])


class _Client(AsyncWebClient):
    """Follows no redirect: a call's token and words are for the address in the settings and for nobody else."""

    async def _request(self, *, http_verb: str, api_url: str, req_args: dict[str, Any]) -> dict[str, Any]:
        there = {**req_args, "allow_redirects": False}
        return await super()._request(http_verb=http_verb, api_url=api_url, req_args=there)


class _TimedApp(AsyncApp):
    """Times every answer: the one place through which Slack's requests come, over HTTP and over a socket."""

    def __init__(self, metrics: Metrics, **more: Any) -> None:
        super().__init__(**more)
        self._metrics = metrics

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        began = time.perf_counter()
        response = await super().async_dispatch(req)
        self._metrics.acknowledged(_kind(req.body), status=response.status, after=time.perf_counter() - began)
        return response


def _kind(body: Mapping[str, Any]) -> str:
    if body.get("type") == "event_callback":
        return "event"
    return "command" if "command" in body else "other"


def make_app(settings: Settings, *, client: AsyncWebClient, workspace: Workspace, metrics: Metrics) -> AsyncApp:
    """An app without listeners yet."""
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
    secret = settings.slack_signing_secret

    async def authorize(context: AsyncBoltContext) -> AuthorizeResult | None:
        identity = await workspace.identify()
        if not _concerns(context, identity):
            # The app is installed there too, perhaps, but we hold no token for it and keep nothing of it.
            _log.warning("another workspace refused")
            return None
        return AuthorizeResult(
            enterprise_id=identity.enterprise_id,
            team_id=identity.team_id,
            bot_token=token,
            bot_id=identity.bot_id,
            bot_user_id=identity.user_id,
        )

    app = _TimedApp(
        metrics,
        client=client,
        authorize=authorize,
        signing_secret=secret.get_secret_value() if secret else "",
        # Without it Bolt answers 200 before our listener has stored anything.
        process_before_response=True,
        user_facing_authorize_error_message=words.ELSEWHERE,
    )

    @app.error
    async def not_stored(error: Exception) -> BoltResponse:
        _log.error("listener failed", error=type(error).__name__)
        return BoltResponse(status=500, body="")  # Slack delivers again

    return app


def _concerns(context: AsyncBoltContext, identity: Identity) -> bool:
    """Whether a request is about our installation: in a workspace, or in a whole organisation."""
    if context.is_enterprise_install:
        return context.enterprise_id is not None and context.enterprise_id == identity.enterprise_id
    return context.team_id == identity.team_id
