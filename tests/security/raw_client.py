"""A host that must not be called, and a client that sends raw bytes to the bot's port."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from aiohttp import web


class Stranger:
    """Listens on loopback, answers everything with 200, and keeps every byte that it was shown."""

    def __init__(self) -> None:
        self.shown: list[bytes] = []
        self.origin = ""
        app = web.Application(client_max_size=2**30)
        app.router.add_route("*", "/{path:.*}", self._note)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)

    async def _note(self, request: web.Request) -> web.Response:
        head = "\n".join([request.path_qs, *(f"{name}: {value}" for name, value in request.headers.items())])
        self.shown.append(head.encode() + b"\n" + await request.read())
        return web.json_response({"ok": True})

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.origin = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()


async def slowly(port: int, sent: bytes) -> bytes:
    """Send this and then nothing more; the first line of the answer, empty where the other side only hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        async with asyncio.timeout(20):
            return await reader.readline()
    finally:
        writer.close()
        await writer.wait_closed()


def head(path: str, **headers: str) -> bytes:
    """The beginning of a POST; names of headers are written with underscores."""
    named = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\nHost: bot\r\n{named}\r\n".encode()
