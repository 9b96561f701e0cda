"""Socket Mode: WebSockets opened with a ticket, envelopes and their acknowledgements.

Source: https://docs.slack.dev/apis/events-api/using-socket-mode. Each envelope is sent to one connection; it is
acknowledged when its `envelope_id` comes back.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import secrets
import uuid

from aiohttp import web

from sandbox.faults import Faults
from sandbox.slack.connection import Connection
from sandbox.slack.options import Options
from sandbox.slack.received import Received
from sandbox.slack.signals import Signal
from sandbox.slack.socket_faults import Moment, SocketFaults
from sandbox.slack.values import Json
from sandbox.slack.wire_lines import noted_delivery
from sandbox.wire_log import Half, half

MOST_CONNECTIONS = 10


class Sockets:
    """The open connections. Events are distributed in round-robin order."""

    def __init__(self, options: Options, *, app_id: str, signal: Signal, faults: Faults) -> None:
        self._options = options
        self.connections: list[Connection] = []
        self.address = ""
        self.socket_faults = SocketFaults()
        self.used_tickets: list[str] = []
        """The tickets of all attempts to connect, in order."""
        self._app_id = app_id
        self._signal = signal
        self._faults = faults
        self._tickets: set[str] = set()
        self._numbers = itertools.count(1)
        self._turn = itertools.count()

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the route at which WebSockets are opened."""
        return [web.get("/link/", self.accept)]

    def ticket(self) -> str:
        """Return a WebSocket address that can be opened once."""
        ticket = f"ticket-{next(self._numbers)}-{secrets.token_hex(8)}"
        self._tickets.add(ticket)
        return f"{self.address}/link/?ticket={ticket}&app_id={self._app_id}"

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """Open a connection and serve it until it closes, or apply the fault that is armed for `socket`."""
        ticket = request.query.get("ticket", "")
        self.used_tickets.append(ticket)
        self._signal.notify()
        known = ticket in self._tickets
        self._tickets.discard(ticket)
        if self._options.refuse_sockets or not known:
            return web.Response(status=503 if known else 403)
        return await self._faults.apply("socket", request, lambda: self._open(request, ticket))

    async def _open(self, request: web.Request, ticket: str) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False, autoclose=False)
        await socket.prepare(request)
        connection = Connection(socket=socket, request=request, options=self._options, ticket=ticket)
        if len(self.connections) >= MOST_CONNECTIONS:
            await connection.end("too_many_websockets", grace=0)
        else:
            await self._serve(connection)
        return socket

    async def _serve(self, connection: Connection) -> None:
        self.connections.append(connection)
        try:
            await self._apply_fault("open", connection)
            await connection.say(self._hello())
            self._signal.notify()
            await self._apply_fault("hello", connection)
            async for message in connection.messages():
                if _acknowledge(connection, message):
                    await self._apply_fault("acknowledgement", connection)
        except ConnectionError:
            pass
        finally:
            self.connections.remove(connection)
            connection.lost()
            self._signal.notify()

    async def _apply_fault(self, moment: Moment, connection: Connection) -> None:
        socket_fault = self.socket_faults.take(moment)
        if socket_fault is not None:
            await connection.apply_fault(socket_fault)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "connection_info": {"app_id": self._app_id},
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
        }

    async def send(self, kind: str, payload: Json, *, retry: tuple[int, str] | None = None) -> Received:
        """Send an envelope to one connection and wait for its acknowledgement."""
        envelope_id = str(uuid.uuid4())
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": retry[0] if retry else 0, "retry_reason": retry[1] if retry else ""}
        return await noted_delivery(
            self._options.wire_log, sent=lambda: (_message(envelope), payload), send=lambda: self._try(envelope)
        )

    async def _try(self, envelope: Json) -> Received:
        try:
            async with asyncio.timeout(self._options.ack_timeout):
                return await self._deliver(envelope)
        except TimeoutError:
            return Received(status=None, reason="timeout")

    async def _deliver(self, envelope: Json) -> Received:
        await self._signal.until(lambda: self.connections, within=self._options.ack_timeout)
        connection = self._next()
        acknowledged: asyncio.Future[Received] = asyncio.get_running_loop().create_future()
        connection.waiting[envelope["envelope_id"]] = acknowledged
        try:
            await connection.say(envelope)
            await self._apply_fault("delivery", connection)
            return await acknowledged
        except ConnectionError:
            return Received(status=None, reason="connection_failed")
        finally:
            del connection.waiting[envelope["envelope_id"]]

    def _next(self) -> Connection:
        stay = [connection for connection in self.connections if not connection.leaving] or self.connections
        return stay[next(self._turn) % len(stay)]

    async def drop(self) -> None:
        """Cut every connection without a close frame."""
        for connection in list(self.connections):
            connection.cut()
        await self._signal.until(lambda: not self.connections, within=5)

    async def disconnect(self, reason: str, *, grace: float) -> None:
        """Announce the end of the open connections, and close them after `grace` seconds.

        `reason` is `warning` or `refresh_requested`.
        """
        await asyncio.gather(*(connection.end(reason, grace=grace) for connection in self.connections))


def _message(envelope: Json) -> Half:
    return half("WebSocket message", {"Content-Type": "application/json"}, json.dumps(envelope).encode())


def _acknowledge(connection: Connection, message: Json) -> bool:
    """Record the acknowledgement of an envelope. Return False if none was expected."""
    acknowledged = connection.waiting.get(str(message.get("envelope_id")))
    if acknowledged is None or acknowledged.done():
        return False
    payload = message.get("payload")
    body = b"" if payload is None else json.dumps(payload).encode()
    acknowledged.set_result(Received(status=200, body=body))
    return True
