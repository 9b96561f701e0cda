"""Posts the answer to a button, a shortcut or a modal to the `response_url` that Slack gave with it.

Best effort: Slack waits for the answer to its own request, which does not depend on what becomes of this one.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from slack_bolt.async_app import AsyncRespond
from slack_sdk.webhook import WebhookResponse

from bot.slack.errors import SDK_ERRORS

ACKNOWLEDGED_AFTER = 2.5
"""Seconds after which a request of Slack's is answered, whatever is still under way. Slack waits three."""

_TAKEN, _NOT_POSTED = 200, 504

_log = structlog.get_logger()


class BoundedRespond(AsyncRespond):
    """Raises nothing, and gives up at `until`, a time of the event loop's clock.

    The address is never logged: whoever has it can write in the conversation.
    """

    def __init__(self, *, response_url: str | None, proxy: str | None, until: float) -> None:
        super().__init__(response_url=response_url, proxy=proxy)
        self._until = until

    async def __call__(self, *args: Any, **kwargs: Any) -> WebhookResponse:
        """Post a message. Return what Slack answered, or 504 without an answer; log what went wrong."""
        try:
            async with asyncio.timeout_at(self._until):
                answered = await super().__call__(*args, **kwargs)
        except (*SDK_ERRORS, ValueError, TypeError) as error:  # the last two: an address that is none
            return self._failed(type(error).__name__)
        return answered if answered.status_code == _TAKEN else self._failed(str(answered.status_code))

    def _failed(self, why: str) -> WebhookResponse:
        _log.warning("response_url_failed", error=why)
        return WebhookResponse(url="", status_code=_NOT_POSTED, body="", headers={})
