"""Serve recordings to a provider that downloads them by URL, as long as their job needs them.

Needed where the audio is too large for the provider's request (Gowajee above 20 MB). Range requests are supported.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from aiohttp import web


class Find(Protocol):
    """Maps a signed URL to a file."""

    def __call__(self, *, key: str, signature: str, name: str) -> Path | None:
        """Return the file; None for a bad signature or a job that no longer needs its audio."""
        ...


def register(app: web.Application, *, find: Find) -> None:
    """Serve `GET /recordings/{key}/{signature}/{name}`."""

    async def send(request: web.Request) -> web.StreamResponse:
        path = find(**request.match_info)
        if path is None:
            return web.Response(status=404)
        return web.FileResponse(path, headers={"Content-Type": "audio/wav", "Cache-Control": "no-store"})

    app.router.add_get("/recordings/{key}/{signature}/{name}", send)
