"""Serves a recording to a provider that fetches it by address, for as long as its job needs it.

For providers whose request is too small for the audio (Gowajee above 20 MB). Range requests work, as downloaders use
them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from aiohttp import web


class Find(Protocol):
    """Tells which file an address means; None for an address that is not ours or not any more."""

    def __call__(self, *, key: str, signature: str, name: str) -> Path | None:
        """The file."""
        ...


def register(app: web.Application, *, find: Find) -> None:
    """Serve `GET /recordings/{key}/{signature}/{name}`."""

    async def send(request: web.Request) -> web.StreamResponse:
        path = find(**request.match_info)
        if path is None:
            return web.Response(status=404)
        return web.FileResponse(path, headers={"Content-Type": "audio/wav", "Cache-Control": "no-store"})

    app.router.add_get("/recordings/{key}/{signature}/{name}", send)
