"""Socket Mode: WebSockets opened with a ticket, envelopes and their acknowledgements.

https://docs.slack.dev/apis/events-api/using-socket-mode. Each envelope goes to one connection; it counts as received
when its `envelope_id` comes back.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from sandbox.slack.behaviour import Behaviour
from sandbox.slack.bell import Bell
from sandbox.slack.doors import Received
from sandbox.slack.values import Json

MOST_CONNECTIONS = 10


@dataclass(kw_only=True, eq=False)
class Connection:
    """One open WebSocket."""

    socket: web.WebSocketResponse
    request: web.Request
    waiting: dict[str, asyncio.Future[Received]] = field(default_factory=dict)

    def lost(self) -> None:
        """Give up what was sent here and never acknowledged."""
        for acknowledged in self.waiting.values():
            if not acknowledged.done():
                acknowledged.set_result(Received(status=None, reason="connection_failed"))


class Sockets:
    """The open connections; an event goes to the next one in turn."""

    def __init__(self, behaviour: Behaviour, *, app_id: str, bell: Bell) -> None:
        self._behaviour = behaviour
        self.connections: list[Connection] = []
        self.address = ""
        self._app_id = app_id
        self._bell = bell
        self._tickets: set[str] = set()
        self._numbers = itertools.count(1)
        self._turn = itertools.count()

    def routes(self) -> list[web.AbstractRouteDef]:
        """Where WebSockets are opened."""
        return [web.get("/link/", self.accept)]

    def ticket(self) -> str:
        """Give an address that opens one connection."""
        ticket = f"ticket-{next(self._numbers)}"
        self._tickets.add(ticket)
        return f"{self.address}/link/?ticket={ticket}&app_id={self._app_id}"

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Open a connection and serve it until it closes."""
        ticket = request.query.get("ticket", "")
        known = ticket in self._tickets
        self._tickets.discard(ticket)
        if self._behaviour.refuse_sockets or not known:
            return web.Response(status=503 if known else 403)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        if len(self.connections) >= MOST_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets", "debug_info": {}})
            await socket.close()
            return socket
        await self._serve(Connection(socket=socket, request=request))
        return socket

    async def _serve(self, connection: Connection) -> None:
        self.connections.append(connection)
        pinging = asyncio.create_task(self._ping(connection))
        try:
            await self._say(connection, self._hello())
            self._bell.ring()
            await self._listen(connection)
        except ConnectionError:
            pass
        finally:
            pinging.cancel()
            self.connections.remove(connection)
            connection.lost()
            self._bell.ring()

    async def _listen(self, connection: Connection) -> None:
        async for message in connection.socket:
            if self._behaviour.deaf_sockets:
                continue
            if message.type == WSMsgType.PING:
                await connection.socket.pong(message.data)
            elif message.type == WSMsgType.TEXT:
                _acknowledge(connection, json.loads(message.data))

    async def _ping(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(self._behaviour.ping_every)
            if not self._behaviour.deaf_sockets:
                try:
                    await connection.socket.ping(b"Ping from sandbox")
                except ConnectionError:
                    return

    async def _say(self, connection: Connection, message: Json) -> None:
        if not self._behaviour.deaf_sockets:
            await connection.socket.send_json(message)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "connection_info": {"app_id": self._app_id},
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
        }

    async def send(self, kind: str, payload: Json, *, retry: tuple[int, str] | None = None) -> Received:
        """Hand an envelope to one connection and wait for its acknowledgement."""
        envelope_id = str(uuid.uuid4())
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": retry[0] if retry else 0, "retry_reason": retry[1] if retry else ""}
        try:
            async with asyncio.timeout(self._behaviour.ack_timeout):
                return await self._hand_over(envelope)
        except TimeoutError:
            return Received(status=None, reason="timeout")

    async def _hand_over(self, envelope: Json) -> Received:
        await self._bell.until(lambda: self.connections, within=self._behaviour.ack_timeout)
        connection = self.connections[next(self._turn) % len(self.connections)]
        acknowledged: asyncio.Future[Received] = asyncio.get_running_loop().create_future()
        connection.waiting[envelope["envelope_id"]] = acknowledged
        try:
            await self._say(connection, envelope)
            return await acknowledged
        except ConnectionError:
            return Received(status=None, reason="connection_failed")
        finally:
            del connection.waiting[envelope["envelope_id"]]

    async def drop(self) -> None:
        """Cut every connection without a word."""
        for connection in list(self.connections):
            if connection.request.transport is not None:
                connection.request.transport.abort()
        await self._bell.until(lambda: not self.connections, within=5)

    async def disconnect(self, reason: str, *, grace: float) -> None:
        """Announce the end of the present connections (`warning`, `refresh_requested`), and end them after `grace`."""
        leaving = list(self.connections)
        for connection in leaving:
            await self._say(connection, {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
        await asyncio.sleep(grace)
        for connection in leaving:
            await connection.socket.close()


def _acknowledge(connection: Connection, message: Json) -> None:
    acknowledged = connection.waiting.get(str(message.get("envelope_id")))
    if acknowledged is not None and not acknowledged.done():
        payload = message.get("payload")
        body = b"" if payload is None else json.dumps(payload).encode()
        acknowledged.set_result(Received(status=200, body=body))
