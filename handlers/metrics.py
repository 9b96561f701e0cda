"""Serve `/metrics` for Prometheus: with a token on the public port, without one on a port of its own."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4


def register(app: web.Application, *, text: Callable[[], Awaitable[bytes]], token: str | None) -> None:
    """Serve `text` at `/metrics`. With a `token`, requests need `Authorization: Bearer …`, others get 401."""
    wanted = f"Bearer {token}".encode()

    async def tell(request: web.Request) -> web.Response:
        shown = request.headers.get("Authorization", "").encode(errors="surrogateescape")
        if token is not None and not hmac.compare_digest(shown, wanted):
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
        return web.Response(body=await text(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    app.router.add_get("/metrics", tell)
