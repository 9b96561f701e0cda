"""The Bolt app: the same listeners whether Slack's requests come over HTTP or over a socket."""

from __future__ import annotations

from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.settings import Settings
from bot.workspace import Workspace

_log = structlog.get_logger()


def slack_client(settings: Settings, *, token: str | None) -> AsyncWebClient:
    """A client that never repeats a call by itself: a repeated post is a second message."""
    return AsyncWebClient(token=token, base_url=settings.slack_api_url, timeout=20, retry_handlers=[])


def make_app(settings: Settings, *, client: AsyncWebClient, workspace: Workspace) -> AsyncApp:
    """An app without listeners yet."""
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
    secret = settings.slack_signing_secret

    async def authorize(**_: Any) -> AuthorizeResult:
        identity = await workspace.identify()
        return AuthorizeResult(
            enterprise_id=identity.enterprise_id,
            team_id=identity.team_id,
            bot_token=token,
            bot_id=identity.bot_id,
            bot_user_id=identity.user_id,
        )

    app = AsyncApp(
        client=client,
        authorize=authorize,
        signing_secret=secret.get_secret_value() if secret else "",
        # Without it Bolt answers 200 before our listener has stored anything.
        process_before_response=True,
    )

    @app.error
    async def not_stored(error: Exception) -> BoltResponse:
        _log.error("listener failed", error=type(error).__name__)
        return BoltResponse(status=500, body="")  # Slack delivers again

    return app
