"""Bounds the connections of the HTTP server: where there are too many, those end whose other side keeps us waiting.

A stranger can open connections and send next to nothing over them (slow loris). Each costs a file descriptor and some
memory, until the process can open no file any more.
"""

from __future__ import annotations

import asyncio
import enum
import resource
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectionLimits:
    """`most` connections at the same time. Nobody is called slow before `grace`; it is looked `every` so often."""

    most: int = 500
    grace: timedelta = timedelta(seconds=3)
    every: timedelta = timedelta(seconds=1)
    unread: timedelta = timedelta(seconds=150)
    """After so long without any progress the kernel ends a connection whose other side does not read."""


LIMITS = ConnectionLimits()
"""Slack itself gives up after three seconds. A flood of complete requests is not bounded here: they are answered."""


class _Waits(enum.IntEnum):
    """What a connection waits for. Those with the smallest value end first."""

    FIRST_REQUEST = 0
    BODY = 1
    NEXT_REQUEST = 2
    """It may be a proxy's, which keeps its connections for later."""


class _Waiting(NamedTuple):
    what: _Waits
    since: float


class Connections:
    """The connections of one server. Its middleware sees every request, `run` ends what is too much."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._requests: dict[web.RequestHandler, web.Request] = {}
        self._waiting: dict[web.RequestHandler, _Waiting] = {}

    def note(self, server: web.Application) -> None:
        """Note the requests of a server that has not started."""

        @web.middleware
        async def noted(request: web.Request, handler: Handler) -> web.StreamResponse:
            connection = request.protocol
            known = self._waiting.get(connection)
            if known is None or known.what is _Waits.FIRST_REQUEST:
                _end_unread(request.transport, after=self._limits.unread)
            self._requests[connection] = request
            self._waiting[connection] = _Waiting(_Waits.BODY, time.monotonic())
            try:
                return await handler(request)
            finally:
                self._requests.pop(connection, None)
                self._waiting[connection] = _Waiting(_Waits.NEXT_REQUEST, time.monotonic())

        server.middlewares.append(noted)

    async def run(self, runner: web.AppRunner) -> None:
        """Look at the connections of a server that has started again and again, until cancelled."""
        while True:
            if runner.server is not None:
                self.end_slow(runner.server.connections)
            await asyncio.sleep(self._limits.every.total_seconds())

    def end_slow(self, connections: Sequence[web.RequestHandler]) -> None:
        """End connections that wait for their other side, the first ones first, until there are not too many."""
        now = time.monotonic()
        self._waiting = {each: self._waiting.get(each, _Waiting(_Waits.FIRST_REQUEST, now)) for each in connections}
        excess = len(connections) - self._limits.most
        if excess <= 0:
            return
        latest = now - self._limits.grace.total_seconds()
        waiting = sorted(filter(self._is_waiting, self._waiting), key=self._waiting.__getitem__)
        # Those that have only just come count as well, so that none of a proxy's ends in the place of one of theirs.
        ended = [each for each in waiting[:excess] if self._waiting[each].since <= latest]
        for connection in ended:
            connection.force_close()
        if ended:
            _log.warning("connections_ended", connections=len(ended))

    def _is_waiting(self, connection: web.RequestHandler) -> bool:
        request = self._requests.get(connection)
        return request is None or not request.content.is_eof()


def allow_open_files(
    most: int = 65_536, *, set_limits: Callable[[int, tuple[int, int]], None] = resource.setrlimit
) -> None:
    """Let this process have as many files and connections open as its hard limit allows, at most `most`.

    Where the kernel refuses that (macOS has a lower maximum than the hard limit says), the limit stays as it is.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            set_limits(resource.RLIMIT_NOFILE, (wanted, hard))


def _end_unread(transport: asyncio.Transport | None, *, after: timedelta) -> None:
    """Let the kernel end the connection when nothing of an answer was taken for so long; Linux only."""
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    connection = transport.get_extra_info("socket") if transport is not None else None
    if option is not None and connection is not None:
        with suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, option, after // timedelta(milliseconds=1))
