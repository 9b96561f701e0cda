"""The HTTP client for Slack's Web API."""

from __future__ import annotations

from typing import Any

from aiohttp import encode_basic_auth
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.settings.model import Settings


def slack_client(settings: Settings) -> AsyncWebClient:
    """Make a client without a token and without retries: a repeated post would be a second message."""
    return _Client(base_url=settings.slack_api_url, timeout=20, retry_handlers=[])


class _Client(AsyncWebClient):
    """Follows no redirects: tokens and texts go to the address in the settings only."""

    async def api_call(
        self, api_method: str, *, auth: Any = None, headers: Any = None, **more: Any
    ) -> AsyncSlackResponse:
        """Call a method. The app's id and secret go in a header, because aiohttp deprecates slack_sdk's way."""
        if auth is not None:
            shown = encode_basic_auth(auth["client_id"], auth["client_secret"])
            headers = {**(headers or {}), "Authorization": shown}
        return await super().api_call(api_method, headers=headers, **more)

    async def _request(self, *, http_verb: str, api_url: str, req_args: dict[str, Any]) -> dict[str, Any]:
        there = {**req_args, "allow_redirects": False}
        return await super()._request(http_verb=http_verb, api_url=api_url, req_args=there)
