"""Socket Mode: Slack's requests over two WebSockets, so that one can be replaced without a gap.

Slack sends each event over one of the connections, and again over any of them until it is acknowledged; the unique key
of jobs makes one job of it (https://docs.slack.dev/apis/events-api/using-socket-mode).
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
"""Number of WebSockets; Slack allows ten for one app."""


class SocketMode:
    """Keeps `connections` WebSockets open for `app`.

    `client` asks Slack for addresses; `connected` is called for each connection that was opened.
    """

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
        succession = Succession(timings)
        self._supervisors = [
            Supervisor(n, open_one=self._open, succession=succession, timings=timings)
            for n in range(1, connections + 1)
        ]

    @property
    def is_connected(self) -> bool:
        """Whether at least one connection is open, so that Slack can reach us."""
        return any(supervisor.is_connected for supervisor in self._supervisors)

    async def run(self) -> None:
        """Stay connected until cancelled; then acknowledge pending envelopes and close."""
        async with asyncio.TaskGroup() as group:
            for supervisor in self._supervisors:
                group.create_task(supervisor.keep())

    async def _open(self) -> SocketConnection:
        async with asyncio.timeout(self._timings.opening.total_seconds()):
            address = await fresh_address(self._client, app_token=self._app_token)
            connection = await SocketConnection.open(address, app=self._app, client=self._client, timings=self._timings)
        self._connected()
        return connection


async def fresh_address(client: AsyncWebClient, *, app_token: str) -> str:
    """Return an address for one connection, good for one attempt. Raises `TurnedAway` and what slack_sdk raises."""
    try:
        answer = await client.apps_connections_open(app_token=app_token)
    except (AttributeError, TypeError, ValueError):  # slack_sdk fails on answers that are not JSON objects
        raise TurnedAway("not an answer") from None
    address = answer.data.get("url") if isinstance(answer.data, dict) else None
    if not isinstance(address, str):
        raise TurnedAway("no address")
    return address
