"""One open WebSocket of Socket Mode: sending, receiving and faults."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from sandbox.slack.options import Options
from sandbox.slack.received import Received
from sandbox.slack.socket_faults import GRACE, SocketFault
from sandbox.slack.values import Json

CHECK_EVERY = 0.01
"""Seconds between two checks whether the app has closed a connection that is no longer read."""


@dataclass(kw_only=True, eq=False)
class Connection:
    """A connection that was opened with `ticket`. `waiting` holds the envelopes that are not acknowledged yet.

    `pongs` counts the answers to our pings.
    """

    socket: web.WebSocketResponse
    request: web.Request
    options: Options
    ticket: str
    leaving: bool = False
    mute: bool = False
    unread: bool = False
    pongs: int = 0
    waiting: dict[str, asyncio.Future[Received]] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def is_mute(self) -> bool:
        """Return whether it sends nothing."""
        return self.mute or self.options.deaf_sockets

    async def say(self, message: Json) -> None:
        """Send one message. Raises `ConnectionError`."""
        if not self.is_mute:
            await self.socket.send_json(message)

    async def messages(self) -> AsyncIterator[Json]:
        """Yield the app's messages and answer its pings, until the connection ends."""
        self._start(self._ping())
        async for message in self.socket:
            if self.unread:
                break
            if self.is_mute:
                continue
            if message.type == WSMsgType.PING:
                await self.socket.pong(message.data)
            elif message.type == WSMsgType.PONG:
                self.pongs += 1
            elif message.type == WSMsgType.TEXT:
                yield json.loads(message.data)
        await (self._hung_up() if self.unread else self.socket.close())

    async def apply_fault(self, socket_fault: SocketFault) -> None:
        """Apply a fault now."""
        match socket_fault:
            case "cut":
                self.cut()
            case "close":
                await self.socket.close()
            case "deaf" | "half_open":
                self.unread, self.mute = True, socket_fault == "deaf"
            case farewell:
                self._start(self.end(farewell, grace=GRACE))

    def cut(self) -> None:
        """Cut the connection without a close frame."""
        if self.request.transport is not None:
            self.request.transport.abort()

    async def end(self, reason: str, *, grace: float) -> None:
        """Announce the end, and close after `grace` seconds.

        Until then it gets only what no other connection can take.
        """
        self.leaving = True
        with suppress(ConnectionError):
            await self.say({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
        await asyncio.sleep(grace)
        await self.socket.close()

    def lost(self) -> None:
        """Mark all unacknowledged envelopes as failed."""
        for task in self.tasks:
            task.cancel()
        for acknowledged in self.waiting.values():
            if not acknowledged.done():
                acknowledged.set_result(Received(status=None, reason="connection_failed"))

    def _start(self, work: Coroutine[object, object, None]) -> None:
        self.tasks.add(asyncio.create_task(work))

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self.options.ping_every)
            if not self.is_mute:
                try:
                    await self.socket.ping(b"Ping from sandbox")
                except ConnectionError:
                    return

    async def _hung_up(self) -> None:
        while self.request.transport is not None and not self.request.transport.is_closing():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(CHECK_EVERY)
