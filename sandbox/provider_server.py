"""The door of a provider's stand-in: notes who came, lets armed faults happen, turns refusals into answers.

Behind it stand `sandbox.botlhale` and `sandbox.gowajee`; each says what it accepts, the door does the rest.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import hdrs, web

from sandbox.faults import Faults

JSON = "application/json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One request as it came in: names only, so that no secret is kept.

    `call` is the name under which faults are armed. `headers` are lower-case. `fields` are the names in the body, in
    order; they appear once the body was read, so a call that a fault kept from acting has none.
    """

    call: str
    method: str
    path: str
    query: tuple[str, ...]
    headers: frozenset[str]
    fields: list[str] = field(default_factory=list)


SEEN = web.RequestKey("seen", Seen)


class Refusal(Exception):
    """A stand-in's "no": the status and body that the caller gets in place of an answer."""

    def __init__(self, status: int, *, body: bytes = b"", content_type: str = JSON) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.content_type = content_type

    def response(self) -> web.Response:
        """Give the answer; without a body it names no type either."""
        if not self.body:
            return web.Response(status=self.status)
        return web.Response(status=self.status, body=self.body, content_type=self.content_type)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ProviderServer:
    """One listening address on loopback.

    Every request is appended to `requests` before anything else happens to it. `name` says which call a request is.
    A path nobody serves is answered 404 with an empty body.
    """

    def __init__(self, *, faults: Faults, requests: list[Seen], name: Callable[[web.Request], str]) -> None:
        self._faults = faults
        self._requests = requests
        self._name = name
        # Bodies are counted where they are read; aiohttp's own limit would answer before the stand-in could.
        self._app = web.Application(middlewares=[self._admit], client_max_size=sys.maxsize)
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=1)

    def serve(self, method: str, path: str, handler: Handler) -> None:
        """Answer `method` on `path` (an aiohttp route) with `handler`."""
        self._app.router.add_route(method, path, handler)

    async def open(self, port: int) -> str:
        """Listen on `port` (0: any free one) and return the origin."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Stop listening and drop what is open."""
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
        return await self._faults.meet(call, request, lambda: _act(request, handler))


async def _act(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await _answer(request, handler)
    except ConnectionError:
        # The caller went away in the middle of its body; nobody reads this answer.
        return web.Response(status=400)
    except web.HTTPException as error:
        headers = {hdrs.ALLOW: error.headers[hdrs.ALLOW]} if hdrs.ALLOW in error.headers else None
        return web.Response(status=error.status, headers=headers)


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as refusal:
        # A client still sending would meet a reset connection and never read why it was refused.
        async for _ in request.content.iter_any():
            pass
        return refusal.response()
