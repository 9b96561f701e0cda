"""What goes to the page by itself: the workspace after every change, and the lines of the wire.

Server-sent events, not a WebSocket: everything flows one way, a browser connects again by itself, and what people do
goes the ordinary way, as a request that can be refused with a sentence.
"""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from sandbox.page.snapshot import snapshot, summary
from sandbox.page.stage import Stage
from sandbox.slack.values import Json
from sandbox.wire_log import WireLine

TOGETHER = 0.05
"""Seconds in which changes are collected."""

HEARTBEAT = 10
"""Seconds after which a quiet connection is written to."""


class Stream:
    """All open connections to the page."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._connections: set[_Connection] = set()
        stage.watch(self.changed)
        stage.log.watchers.append(self._line_changed)

    def changed(self) -> None:
        """Have the workspace drawn again."""
        for connection in self._connections:
            connection.woken.set()

    def end(self) -> None:
        """Tell every page that the demo ends."""
        for connection in self._connections:
            connection.ended = True
            connection.woken.set()

    def _line_changed(self, line: WireLine) -> None:
        for connection in self._connections:
            connection.lines[line.number] = line
            connection.woken.set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Write to one connection until either side ends."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        connection = _Connection({line.number: line for line in self._stage.log.lines})
        self._connections.add(connection)
        try:
            await self._write(response, connection)
        except ConnectionError:
            pass
        finally:
            self._connections.discard(connection)
        return response

    async def _write(self, response: web.StreamResponse, connection: _Connection) -> None:
        before = ""
        while not connection.ended:
            connection.woken.clear()
            now = json.dumps(snapshot(self._stage))
            if now != before:
                await response.write(_event("state", now))
                before = now
            if connection.lines:
                changed: list[Json] = [summary(line) for line in connection.lines.values()]
                connection.lines.clear()
                await response.write(_event("wire", json.dumps(changed)))
            try:
                async with asyncio.timeout(HEARTBEAT):
                    await connection.woken.wait()
            except TimeoutError:
                await response.write(b": still here\n\n")
            await asyncio.sleep(TOGETHER)
        await response.write(_event("ended", "{}"))


class _Connection:
    def __init__(self, lines: dict[int, WireLine]) -> None:
        self.lines = lines
        self.woken = asyncio.Event()
        self.ended = False


def _event(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()
