"""Servers for this machine alone: the address they bind, and the only names under which they answer.

A page on the internet can have a browser call loopback under a name of its own (DNS rebinding), and could then read the
answers: its browser takes them for the page's own. So `Host` must be a name of loopback.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

LOOPBACK = "127.0.0.1"
LOOPBACK_NAMES = frozenset({LOOPBACK, "localhost", "[::1]"})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_loopback(host: str) -> bool:
    """Return whether a `Host` header, perhaps with a port, is a name of this machine."""
    name = host[: host.rindex("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
    return name.lower() in LOOPBACK_NAMES


@web.middleware
async def only_loopback(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 403 under any other name, before anything is looked at or noted."""
    if not is_loopback(request.host):
        raise web.HTTPForbidden(text="This server is for this machine only.")
    return await handler(request)
