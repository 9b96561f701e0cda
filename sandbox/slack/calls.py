"""The record of what the app asked for, in the order of arrival."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from sandbox.slack.signals import Signal
from sandbox.slack.values import Call, Json


class Entry:
    """The outcome of one call, as far as it is known."""

    def __init__(self) -> None:
        self.outcome: tuple[bool, str | None] | None = None

    def settle(self, *, ok: bool, error: str | None = None) -> None:
        """Note what the stand-in did."""
        self.outcome = (ok, error)

    def settle_unless_done(self, request: web.Request, response: web.StreamResponse) -> None:
        """Note that an armed fault answered and nothing was done."""
        if self.outcome is None:
            cut = request.transport is None or request.transport.is_closing()
            self.outcome = (False, "hung_up" if cut else f"http_{response.status}")


class CallLog:
    """Every call that has ended."""

    def __init__(self, signal: Signal) -> None:
        self.calls: list[Call] = []
        self._signal = signal

    @contextmanager
    def record(self, method: str, args: Json) -> Iterator[Entry]:
        """Keep a record of what happens inside."""
        at, entry = time.time(), Entry()
        try:
            yield entry
        finally:
            ok, error = entry.outcome or (False, "hung_up")
            self.calls.append(Call(method=method, args=args, ok=ok, error=error, at=at))
            self._signal.notify()
