"""One Socket Mode WebSocket, from Slack's hello to its end: gives envelopes to Bolt and acknowledges them.

slack_sdk's client is not used, because it repeats an address whose ticket is spent, reports itself connected before
Slack's hello, judges silence by the wall clock, closes the old connection before it opens the new one, and cannot
acknowledge pending envelopes when it is closed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any

import aiohttp
import structlog
from aiohttp import WSMsgType
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.socket_mode.timings import Timings

PLANNED = frozenset({"warning", "refresh_requested"})
"""Reasons why Slack ends a healthy connection: it wants a new one in its place."""

_REASONS = PLANNED | {"too_many_websockets", "link_disabled"}
_TAKEN = 200

_log = structlog.get_logger()


class TurnedAway(Exception):
    """Slack opened no connection, or ended it before its hello; the message is a word for why."""


class Liveness:
    """Decides whether the connection is lost, by counting our own pings.

    A clock would declare every connection lost after the machine has slept.
    """

    def __init__(self, *, unanswered: int, unheard: int) -> None:
        self._most_unanswered, self._most_unheard = unanswered, unheard
        self._unanswered = 0
        self._unheard: int | None = None

    def asked(self) -> None:
        """Note that we sent a ping."""
        self._unanswered += 1
        if self._unheard is not None:
            self._unheard += 1

    def answered(self) -> None:
        """Note that Slack answered a ping."""
        self._unanswered = 0

    def pinged(self) -> None:
        """Note that Slack sent a ping; from then on it is expected to send some."""
        self._unheard = 0

    def spoke(self) -> None:
        """Note that Slack sent a message."""
        if self._unheard is not None:
            self._unheard = 0

    @property
    def is_lost(self) -> bool:
        """Whether too many pings are unanswered, or too many have passed without anything from Slack."""
        return self._unanswered > self._most_unanswered or (self._unheard or 0) > self._most_unheard


class SocketConnection:
    """A WebSocket that is served from `open` to `close`.

    `leaving` is set as soon as a replacement is needed, `over` when nothing comes over it any more. `reason` says why:
    the reason in Slack's `disconnect` message, `closed`, `silent`, or the class of an error.
    """

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse[Any], stack: AsyncExitStack, *, app: AsyncApp, timings: Timings
    ) -> None:
        self.leaving, self.over = asyncio.Event(), asyncio.Event()
        self.reason = ""
        self._socket = socket
        self._stack = stack
        self._app = app
        self._timings = timings
        self._pulse = Liveness(unanswered=timings.unanswered, unheard=timings.unheard)
        self._greeted = False
        self._decided = asyncio.Event()
        self._pending: set[asyncio.Task[None]] = set()
        self._serving = asyncio.create_task(self._serve())

    @classmethod
    async def open(cls, address: str, *, app: AsyncApp, client: AsyncWebClient, timings: Timings) -> SocketConnection:
        """Connect and wait for Slack's hello. Raises `TurnedAway`, `aiohttp.ClientError`, `OSError`.

        The proxy and the TLS settings are those of `client`. The address is good for one attempt.
        """
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(aiohttp.ClientSession(middlewares=(_once,)))
            socket = await session.ws_connect(address, autoping=False, proxy=client.proxy, ssl=client.ssl or True)
            stack.push_async_callback(socket.close)
            connection = cls(socket, stack.pop_all(), app=app, timings=timings)
        try:
            await connection._greeting()
        except BaseException:
            await connection.close()
            raise
        return connection

    @property
    def is_open(self) -> bool:
        """Whether envelopes can come over it."""
        return self._greeted and not self.over.is_set()

    def stop(self) -> None:
        """Accept no more envelopes."""
        self.over.set()

    async def close(self) -> None:
        """Accept no more envelopes, acknowledge the pending ones, and close."""
        self.stop()
        try:
            await self._finish()
        finally:
            with suppress(TimeoutError):  # without an answer to our close frame, the stack still closes the socket
                async with asyncio.timeout(self._timings.closing.total_seconds()):
                    await self._stack.aclose()
            self._serving.cancel()  # usually it has ended by now
            await asyncio.gather(self._serving, return_exceptions=True)

    async def _finish(self) -> None:
        if self._pending:
            await asyncio.wait(self._pending, timeout=self._timings.finishing.total_seconds())
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)

    async def _greeting(self) -> None:
        await self._decided.wait()
        if not self._greeted:
            raise TurnedAway(self.reason)

    async def _serve(self) -> None:
        parts = [asyncio.create_task(self._read()), asyncio.create_task(self._watch())]
        try:
            ended, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in ended:
                error = part.exception()
                self._leave(type(error).__name__ if error else part.result())
        finally:
            self.over.set()
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    def _leave(self, reason: str) -> None:
        self.reason = self.reason or reason
        self.leaving.set()
        self._decided.set()

    async def _read(self) -> str:
        while True:
            message = await self._socket.receive()
            match message.type:
                case WSMsgType.TEXT:
                    self._pulse.spoke()
                    self._take(_read(message.data))
                case WSMsgType.PING:
                    self._pulse.pinged()
                    await self._socket.pong(message.data)
                case WSMsgType.PONG:
                    self._pulse.answered()
                case WSMsgType.BINARY:
                    pass  # Slack sends none
                case _:
                    return "closed"

    async def _watch(self) -> str:
        """Send pings; return when Slack is silent for too long or the connection is closed."""
        while not self._pulse.is_lost:
            self._pulse.asked()
            try:
                # On a connection that takes no more bytes, sending would block for ever.
                async with asyncio.timeout(self._timings.ping.total_seconds()):
                    await self._socket.ping()
            except TimeoutError:
                pass
            except ConnectionError:
                return "closed"
            await asyncio.sleep(self._timings.ping.total_seconds())
        return "silent"

    def _take(self, message: Any) -> None:
        match message:
            case {"type": "hello"}:
                self._greeted = True
                self._decided.set()
            case {"type": "disconnect"}:
                reason = str(message.get("reason"))
                self._leave(reason if reason in _REASONS else "disconnect")
            case {"envelope_id": str(), "type": str(), "payload": dict()} if not self.over.is_set():
                self._begin(self._answer(SocketModeRequest.from_dict(message)))

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._pending.add(task)
        task.add_done_callback(self._answered)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._pending.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("socket_envelope_failed", error=type(error).__name__)

    async def _answer(self, request: SocketModeRequest | None) -> None:
        if request is None:
            return
        said = acknowledgement(request, await run_async_bolt_app(self._app, request))
        if said is not None:
            with suppress(ConnectionError):  # closed: Slack sends it again over another connection
                await self._socket.send_str(said)


def acknowledgement(request: SocketModeRequest, response: BoltResponse) -> str | None:
    """Return what goes back to Slack; None if a listener failed, so that Slack sends the envelope again."""
    if response.status != _TAKEN:
        return None
    payload: dict[str, Any] | None = None
    if response.body:
        is_json = str(response.first_headers().get("content-type", "")).startswith("application/json")
        payload = json.loads(response.body) if is_json else {"text": response.body}
    return json.dumps(SocketModeResponse(envelope_id=request.envelope_id, payload=payload).to_dict())


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        # aiohttp would repeat the request by itself, but its ticket is good for one attempt.
        raise TurnedAway(type(error).__name__) from error


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None  # Slack sends an empty text now and then
