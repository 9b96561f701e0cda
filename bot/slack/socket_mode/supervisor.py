"""Keeps one Socket Mode connection: when it ends, a new one is opened in its place."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from types import TracebackType

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError

from bot.slack.errors import SDK_ERRORS, SlackRefused, retry_after, translate
from bot.slack.socket_mode.connection import PLANNED, SocketConnection, TurnedAway
from bot.slack.socket_mode.timings import Timings
from transcription.connection_faults import connection_fault

Open = Callable[[], Awaitable[SocketConnection]]

Write = Callable[..., object]
"""A log function: takes a level, an event key and its fields."""

_log = structlog.get_logger()


class Succession:
    """Lets one connection be opened at a time, with a pause between two unless a connection was lost."""

    def __init__(self, timings: Timings) -> None:
        self._apart = timings.apart.total_seconds()
        self._lock = asyncio.Lock()
        self._last = float("-inf")
        self.hurry = asyncio.Event()
        """A connection was lost since the last one was opened: there may be none left."""

    async def __aenter__(self) -> None:
        await self._lock.acquire()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._last + self._apart):
                    await self.hurry.wait()
        except BaseException:
            self._lock.release()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._last = asyncio.get_running_loop().time()
        self.hurry.clear()
        self._lock.release()


class Supervisor:
    """Keeps one connection; `open_one` opens one, each time at a new address."""

    def __init__(self, number: int, *, open_one: Open, succession: Succession, timings: Timings) -> None:
        self._open_one = open_one
        self._succession = succession
        self._timings = timings
        self._story = LogOnce(number)
        self._failures = 0
        self._connection: SocketConnection | None = None
        self._old: set[SocketConnection] = set()
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def is_connected(self) -> bool:
        """Whether envelopes can come over it."""
        return self._connection is not None and self._connection.is_open

    async def keep(self) -> None:
        """Stay connected until cancelled; then acknowledge pending envelopes and close."""
        try:
            while True:
                successor = await self._open()
                self._retire(after=self._timings.leaving)
                self._connection = successor
                await self._stay(successor)
        finally:
            self._retire(after=timedelta(0))
            for connection in self._old:
                connection.stop()
            await asyncio.gather(*self._closing, return_exceptions=True)

    async def _open(self) -> SocketConnection:
        async with self._succession:
            while True:
                try:
                    return await self._open_one()
                except (TurnedAway, *SDK_ERRORS) as error:
                    why, wait = trouble(error)
                self._story.tell("socket_connect_failed", why=why, level=logging.WARNING)
                self._failures += 1
                await self._pause(at_least=wait)

    async def _stay(self, connection: SocketConnection) -> None:
        """Return when the connection must be replaced."""
        self._story.tell("socket_connected")
        if await self._settles(connection):
            self._failures = 0
            self._story.settle()
            await connection.leaving.wait()
        else:
            self._failures += 1
        if connection.reason in PLANNED:
            self._story.tell("socket_replacing", why=connection.reason)
        else:
            self._story.tell("socket_lost", why=connection.reason, level=logging.WARNING)
            self._retire(after=timedelta(0))
            self._succession.hurry.set()
        if self._failures or connection.reason not in PLANNED:
            await self._pause()

    async def _settles(self, connection: SocketConnection) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timings.settled.total_seconds()):
                await connection.leaving.wait()
        return not connection.leaving.is_set()

    async def _pause(self, *, at_least: timedelta = timedelta(0)) -> None:
        wait = self._timings.pause(self._failures, chance=random.random())  # noqa: S311 - jitter
        await asyncio.sleep(max(wait, at_least).total_seconds())

    def _retire(self, *, after: timedelta) -> None:
        """Close the current connection when Slack closes it, or after this time."""
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        self._old.add(connection)
        task = asyncio.create_task(self._close_after(connection, after=after))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close_after(self, connection: SocketConnection, *, after: timedelta) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(after.total_seconds()):
                await connection.over.wait()
        self._old.discard(connection)
        await connection.close()


class LogOnce:
    """Logs each change of state once, and the same trouble again only after a connection has settled."""

    def __init__(self, number: int, *, write: Write | None = None) -> None:
        self._number = number
        self._write = write or _log.log
        self._told: set[tuple[str, str]] = set()
        self._last = ""

    def tell(self, what: str, *, why: str = "", level: int = logging.INFO) -> None:
        """Write a log line, unless it was written since the last `settle`."""
        if (what, why) in self._told:
            return
        self._told.add((what, why))
        self._last = what
        self._write(level, what, connection=self._number, **({"reason": why} if why else {}))

    def settle(self) -> None:
        """Note that a connection has lasted: trouble after it is new."""
        self._told.clear()
        if self._last != "socket_connected":
            self.tell("socket_connected")


def trouble(error: Exception) -> tuple[str, timedelta]:
    """Return a word for why opening failed, and how long Slack wants us to wait at least."""
    match error:
        case SlackApiError():
            understood = translate("apps.connections.open", error)
            wait = None if isinstance(understood, SlackRefused) else understood.retry_after
            return str(understood), wait or timedelta(0)
        case aiohttp.WSServerHandshakeError(status=status, headers=headers):
            return f"refused with {status}", retry_after(headers or {}) or timedelta(0)
        case TurnedAway():
            return str(error), timedelta(0)
        case _:
            return connection_fault(error) or type(error).__name__, timedelta(0)
