"""The page's web server on loopback: its assets, the stream of changes, and what people do on it."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from sandbox.loopback import LOOPBACK
from sandbox.page.guard import Tickets, guarding, set_headers
from sandbox.page.requests import Requests, answering, sorry
from sandbox.page.snapshot import whole
from sandbox.page.stage import Stage
from sandbox.page.stream import Stream

ASSETS = Path(__file__).parent / "assets"
LARGEST_FILE = 1_000_000_000
"""Bytes, as Slack's own limit."""

PLAYED = ("audio/", "video/")


class PageServer:
    """Serves the page of a stage inside `async with`. Its `address` has a token, without which there is nothing.

    `port` is the one that it has, once it is served.
    """

    def __init__(self, stage: Stage, *, port: int = 0) -> None:
        self.address = ""
        self._stage = stage
        self.port = port
        self._token = secrets.token_urlsafe(18)
        self._tickets = Tickets()
        self._stream = Stream(stage)
        app = web.Application(middlewares=[guarding(self._token, self._tickets)], client_max_size=2**20)
        app.on_response_prepare.append(set_headers)
        app.add_routes(self._routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, LOOPBACK, self.port).start()
        except BaseException:
            await self._runner.cleanup()
            raise
        self.port = int(self._runner.addresses[0][1])
        self.address = f"http://{LOOPBACK}:{self.port}/{self._token}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        await asyncio.sleep(0)
        await self._runner.cleanup()

    def invite(self) -> str:
        """Return an address that leads to the page once."""
        return f"http://{LOOPBACK}:{self.port}/{self._tickets.draw()}"

    def end(self) -> None:
        """Tell every open page that the demo ends."""
        self._stream.end()

    def _routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/{token}/", self._index),
            web.get("/{token}/assets/{name}", self._asset),
            web.get("/{token}/events", self._stream.serve),
            web.get("/{token}/wire/{number:[0-9]+}", self._line),
            web.get("/{token}/files/{file}", self._file),
            web.get("/{token}/manifest", self._manifest),
            web.post("/{token}/share", self._share),
            *(
                web.post(f"/{{token}}/{name}", answering(does, changed=self._stream.changed))
                for name, does in Requests(self._stage).by_name().items()
            ),
            web.route("*", "/{token:[^/]*}{rest:.*}", _nothing),
        ]

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(ASSETS / "index.html")

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        path = ASSETS / request.match_info["name"]
        if path.parent != ASSETS or not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path)

    async def _line(self, request: web.Request) -> web.StreamResponse:
        line = self._stage.log.find(int(request.match_info["number"]))
        if line is None:
            raise web.HTTPNotFound
        return web.json_response(whole(line))

    async def _manifest(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(self._stage.manifest)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """Send a file: what can be played as it is, anything else as an attachment that no browser runs."""
        try:
            upload = self._stage.slack.upload_of(request.match_info["file"])
        except KeyError:
            raise web.HTTPNotFound from None
        played = upload.mimetype.startswith(PLAYED)
        headers = {"Content-Type": upload.mimetype if played else "application/octet-stream"}
        if not played:
            headers |= {"Content-Disposition": "attachment", "Content-Security-Policy": "sandbox"}
        if isinstance(upload.content, Path):
            return web.FileResponse(upload.content, headers=headers)
        body = upload.content if isinstance(upload.content, bytes) else b""
        return web.Response(body=body, headers=headers)

    async def _share(self, request: web.Request) -> web.StreamResponse:
        """Share the body as a file. The query has `channel` and `name`, and perhaps `thread`, `text` and `ms`."""
        stage, given = self._stage, request.query
        if (request.content_length or 0) > LARGEST_FILE:
            return sorry("That file is larger than Slack allows.")
        try:
            channel = stage.channel(given["channel"])
            milliseconds = int(given["ms"]) if given.get("ms") else None
        except (KeyError, ValueError):
            return sorry("That conversation is not there any more.")
        name = Path(given.get("name", "")).name or "recording.webm"
        path = stage.new_file(name)
        with path.open("wb") as written:
            async for piece in request.content.iter_chunked(2**16):
                await asyncio.to_thread(written.write, piece)
        share = await stage.share(
            channel,
            path,
            name=name,
            mimetype=request.headers.get("Content-Type", ""),
            thread_ts=given.get("thread") or None,
            text=given.get("text", ""),
            recorded_ms=milliseconds,
        )
        return web.json_response({"ok": True, "ts": share.ts, "files": share.file_ids})


async def _nothing(_request: web.Request) -> web.StreamResponse:
    raise web.HTTPNotFound
