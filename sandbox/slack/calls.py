"""The log of the app's calls, in the order in which they ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from sandbox.slack.signals import Signal
from sandbox.slack.values import Call, Json


class Entry:
    """The outcome of one call, if it is known yet."""

    def __init__(self) -> None:
        self.outcome: tuple[bool, str | None] | None = None

    def settle(self, *, ok: bool, error: str | None = None) -> None:
        """Record the outcome."""
        self.outcome = (ok, error)

    def settle_unless_done(self, request: web.Request, response: web.StreamResponse) -> None:
        """Record that an armed fault answered without any effect."""
        if self.outcome is None:
            cut = request.transport is None or request.transport.is_closing()
            self.outcome = (False, "hung_up" if cut else f"http_{response.status}")


class CallLog:
    """All calls that have ended."""

    def __init__(self, signal: Signal) -> None:
        self.calls: list[Call] = []
        self._signal = signal

    @contextmanager
    def record(self, method: str, args: Json) -> Iterator[Entry]:
        """Record the call that runs inside the block."""
        at, entry = time.time(), Entry()
        try:
            yield entry
        finally:
            ok, error = entry.outcome or (False, "hung_up")
            self.calls.append(Call(method=method, args=args, ok=ok, error=error, at=at))
            self._signal.notify()
