"""Socket Mode: Slack's requests over WebSockets that we open, two of them, so that one may go without a gap.

Slack hands each event to one of the connections, and again to any of them while it is not acknowledged; the unique key
of the jobs makes one job of it (https://docs.slack.dev/apis/events-api/using-socket-mode).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.socket_mode.connection import SocketConnection, TurnedAway
from bot.slack.socket_mode.supervisor import Succession, Supervisor
from bot.slack.socket_mode.timings import TIMINGS, Timings

CONNECTIONS = 2
"""Slack allows ten for one app."""


class SocketMode:
    """Keeps so many `connections` for `app`; `client` asks for addresses, `connected` hears of each one that stands."""

    def __init__(
        self,
        app: AsyncApp,
        *,
        app_token: str,
        client: AsyncWebClient,
        connected: Callable[[], None],
        timings: Timings = TIMINGS,
        connections: int = CONNECTIONS,
    ) -> None:
        self._app = app
        self._app_token = app_token
        self._client = client
        self._connected = connected
        self._timings = timings
        turn = Succession(timings)
        self._lines = [
            Supervisor(n, open_one=self._open, turn=turn, timings=timings) for n in range(1, connections + 1)
        ]

    @property
    def is_connected(self) -> bool:
        """Whether Slack can reach us: one connection in order is enough."""
        return any(line.is_connected for line in self._lines)

    async def run(self) -> None:
        """Stay connected until cancelled, whatever Slack does; then acknowledge what is in hand, and close."""
        async with asyncio.TaskGroup() as group:
            for line in self._lines:
                group.create_task(line.keep())

    async def _open(self) -> SocketConnection:
        async with asyncio.timeout(self._timings.opening.total_seconds()):
            address = await fresh_address(self._client, app_token=self._app_token)
            connection = await SocketConnection.open(address, app=self._app, client=self._client, timings=self._timings)
        self._connected()
        return connection


async def fresh_address(client: AsyncWebClient, *, app_token: str) -> str:
    """Where one connection can be opened, once. Raises `TurnedAway` and what slack_sdk raises."""
    try:
        answer = await client.apps_connections_open(app_token=app_token)
    except (AttributeError, TypeError, ValueError):  # slack_sdk trips over answers that are no objects
        raise TurnedAway("not an answer") from None
    address = answer.data.get("url") if isinstance(answer.data, dict) else None
    if not isinstance(address, str):
        raise TurnedAway("no address")
    return address
