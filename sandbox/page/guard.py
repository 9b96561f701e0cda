"""Who may speak to the page's server: a browser on this machine that has the address with the token in it.

A page on the internet can have a browser call loopback. So `Host` must be loopback (`sandbox.loopback` says why), the
token must be in the path, and what changes something must not come from another site.
"""

from __future__ import annotations

import secrets

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from sandbox.loopback import Handler, is_loopback

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""Of every answer. There is no CORS header: no other site may read anything."""


class Tickets:
    """Tickets that each lead once to the address with the token.

    A browser is started with one: every user of the machine can read what a process is started with, and finds there
    a ticket that is spent.
    """

    def __init__(self) -> None:
        self._good: set[str] = set()

    def draw(self) -> str:
        """Return a new one."""
        ticket = secrets.token_urlsafe(18)
        self._good.add(ticket)
        return ticket

    def spend(self, ticket: str) -> bool:
        """Return whether it is good, which it is no longer afterwards."""
        good = ticket in self._good
        self._good.discard(ticket)
        return good


def guarding(token: str, tickets: Tickets) -> Middleware:
    """Return a middleware that lets in those who know `token`, leads those with a ticket to it, and sets `HEADERS`."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_loopback(request.host):
            raise web.HTTPForbidden(text="This page is for this machine only.", headers=HEADERS)
        given = request.match_info.get("token", "")
        if request.method == hdrs.METH_GET and request.path == f"/{given}" and tickets.spend(given):
            raise web.HTTPSeeOther(f"/{token}/", headers=HEADERS)
        if not secrets.compare_digest(given.encode(), token.encode()):
            raise web.HTTPNotFound(text="The address is the one that the terminal shows.", headers=HEADERS)
        if request.method != hdrs.METH_GET and _is_from_elsewhere(request):
            raise web.HTTPForbidden(text="Another site may not do that.", headers=HEADERS)
        return await handler(request)

    return guard


async def set_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Set `HEADERS` on an answer, unless it has stricter ones."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


def _is_from_elsewhere(request: web.Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:  # with `no-referrer` some browsers send the origin `null`
        return site != "same-origin"
    origin = request.headers.get(hdrs.ORIGIN)
    return origin is not None and origin != f"http://{request.host}"
