"""Socket Mode, watched: a connection that is gone, refused or deaf is replaced by a wholly new one.

slack_sdk reconnects by itself, but repeats one socket address where the server refuses it, and may look connected
while nothing comes any more. So the handler is built anew, with a fresh address, whenever it has not been in
order for a while.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

CONNECT = timedelta(seconds=15)
LOOK = timedelta(seconds=1)
SILENCE = timedelta(seconds=30)
"""Slack answers a ping within moments."""

PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(seconds=30)

_log = structlog.get_logger()


class SocketMode:
    """Keeps one connection for `app`; `client` asks for its address."""

    def __init__(self, app: AsyncApp, *, app_token: str, client: Callable[[], AsyncWebClient]) -> None:
        self._app = app
        self._app_token = app_token
        self._client = client
        self.is_connected = False

    async def run(self) -> None:
        """Stay connected until cancelled."""
        pause = PAUSE
        while True:
            handler = AsyncSocketModeHandler(self._app, self._app_token, web_client=self._client(), ping_interval=5)
            try:
                async with asyncio.timeout(CONNECT.total_seconds()):
                    await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
                _log.info("socket connected")
                pause = PAUSE
                await self._watch(handler)
            except (SlackApiError, TimeoutError, OSError) as error:
                _log.warning("socket not connected", error=type(error).__name__)
            finally:
                self.is_connected = False
                await handler.close_async()  # type: ignore[no-untyped-call]  # same
            await asyncio.sleep(pause.total_seconds())
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _watch(self, handler: AsyncSocketModeHandler) -> None:
        """Return when the connection has not been in order for a while."""
        good = time.monotonic()
        while time.monotonic() - good < SILENCE.total_seconds():
            self.is_connected = await handler.client.is_connected()
            if self.is_connected:
                good = time.monotonic()
            await asyncio.sleep(LOOK.total_seconds())
        _log.warning("socket silent")
