"""HTTP servers on loopback: one for Slack, one for a host that is not Slack's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from aiohttp import web
from aiohttp.typedefs import Middleware

from sandbox.loopback import LOOPBACK, only_loopback

LONGEST_LINE = 64 * 1024
"""Maximum bytes of a request line: slack_sdk sends some arguments in the query."""


class Part(Protocol):
    """An object with routes."""

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return its routes."""


class Server:
    """One listening server."""

    def __init__(self, routes: Iterable[web.AbstractRouteDef], *, middlewares: Sequence[Middleware] = ()) -> None:
        # Uploads have no limit of size here.
        self._app = web.Application(client_max_size=0, middlewares=[only_loopback, *middlewares])
        self._app.add_routes(routes)
        self._runner = web.AppRunner(
            self._app, shutdown_timeout=0.2, access_log=None, max_line_size=LONGEST_LINE, max_field_size=LONGEST_LINE
        )

    async def start(self, *, port: int = 0) -> int:
        """Listen on `port` (0: any free one) and return the port."""
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, port).start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening and close all connections."""
        await self._runner.cleanup()
