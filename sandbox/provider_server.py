"""The HTTP server of a provider's stand-in: record requests, apply armed faults, turn refusals into answers.

Used by `sandbox.botlhale` and `sandbox.gowajee`, which register their handlers.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import hdrs, web

from sandbox.faults import Faults
from sandbox.loopback import LOOPBACK, only_loopback
from sandbox.wire_log import Party, WireLog, noting

JSON = "application/json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One received request. Only names are kept, so that no secret is stored.

    `call` is the name by which faults are armed. `headers` are lower-case. `fields` are the names in the body, in
    order; they are filled in when the body is read, so they stay empty if a fault prevented that.
    """

    call: str
    method: str
    path: str
    query: tuple[str, ...]
    headers: frozenset[str]
    fields: list[str] = field(default_factory=list)


SEEN = web.RequestKey("seen", Seen)


class Refusal(Exception):
    """A rejected request: the status and the body of the answer."""

    def __init__(self, status: int, *, body: bytes = b"", content_type: str = JSON) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.content_type = content_type

    def response(self) -> web.Response:
        """Return the answer; without a body it has no content type."""
        if not self.body:
            return web.Response(status=self.status)
        return web.Response(status=self.status, body=self.body, content_type=self.content_type)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ProviderServer:
    """One listening address on loopback, which answers under no other name.

    Every other request is first appended to `requests`. `name` returns the call's name for a request. Unknown paths are
    answered with 404 and an empty body.
    """

    def __init__(
        self,
        *,
        faults: Faults,
        requests: list[Seen],
        name: Callable[[web.Request], str],
        party: Party,
        wire_log: Callable[[], WireLog | None],
    ) -> None:
        self._faults = faults
        self._requests = requests
        self._name = name
        # Bodies are limited where they are read: aiohttp's own limit would answer before the stand-in could.
        notes = noting(wire_log, party, lambda request, _: ("provider", name(request), ""))
        self._app = web.Application(middlewares=[only_loopback, notes, self._admit], client_max_size=sys.maxsize)
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=1)

    def serve(self, method: str, path: str, handler: Handler) -> None:
        """Answer `method` on `path` (an aiohttp route) with `handler`."""
        self._app.router.add_route(method, path, handler)

    async def open(self, port: int) -> str:
        """Listen on `port` (0: any free one) and return the origin."""
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, port).start()
        return f"http://{LOOPBACK}:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Stop listening and close open connections."""
        await self._runner.cleanup()

    @web.middleware
    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        call = self._name(request)
        request[SEEN] = Seen(
            call=call,
            method=request.method,
            path=request.path,
            query=tuple(request.query),
            headers=frozenset(name.lower() for name in request.headers),
        )
        self._requests.append(request[SEEN])
        return await self._faults.apply(call, request, lambda: _act(request, handler))


async def _act(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await _answer(request, handler)
    except ConnectionError:
        # The client disconnected within its body; nobody reads this answer.
        return web.Response(status=400)
    except web.HTTPException as error:
        headers = {hdrs.ALLOW: error.headers[hdrs.ALLOW]} if hdrs.ALLOW in error.headers else None
        return web.Response(status=error.status, headers=headers)


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as refusal:
        # Read the rest of the body: a client that is still sending would see a reset connection instead of the refusal.
        async for _ in request.content.iter_any():
            pass
        return refusal.response()
