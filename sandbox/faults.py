"""Fault injection: what a stand-in does wrong the next time it is called.

A test arms a fault for one named call (`chat.postMessage`, `POST /asr/async/upload`, …); it is used up by the next such
call. `hang_up_after` is the hardest: the effect happened, but the answer never arrived.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One fault.

    First it waits `delay` seconds. `act` decides whether the call still takes effect; with `late`, only that many
    seconds after the connection was cut. After the effect it waits `silence` seconds. Then the connection is cut
    (`hang_up`), or `status`, `headers` and `body` replace the real answer. With neither, the real answer is sent.
    """

    delay: float = 0
    silence: float = 0
    act: bool = True
    late: float = 0
    hang_up: bool = False
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def slow(seconds: float) -> Fault:
    """Return a fault that answers correctly but late."""
    return Fault(delay=seconds)


def answers_late(seconds: float) -> Fault:
    """Return a fault that takes effect at once and answers correctly, `seconds` later."""
    return Fault(silence=seconds)


def hang_up_before() -> Fault:
    """Return a fault that cuts the connection without any effect."""
    return Fault(act=False, hang_up=True)


def hang_up_after() -> Fault:
    """Return a fault that takes effect, then cuts the connection without an answer."""
    return Fault(hang_up=True)


def takes_effect_late(seconds: float) -> Fault:
    """Return a fault that cuts the connection at once and takes effect `seconds` later."""
    return Fault(hang_up=True, late=seconds)


def answer(status: int, body: bytes = b"", *, act: bool = False, **headers: str) -> Fault:
    """Return a fault that answers with this instead. Header names are written with underscores (`Retry_After="2"`)."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Fault(act=act, status=status, headers=named, body=body)


def rate_limited(retry_after: int) -> Fault:
    """Return a fault that answers 429 with `Retry-After`, without any effect."""
    return answer(
        429, b'{"ok":false,"error":"ratelimited"}', Retry_After=str(retry_after), Content_Type="application/json"
    )


class Faults:
    """The faults armed for each call, first in, first out."""

    def __init__(self) -> None:
        self._armed: dict[str, deque[Fault]] = defaultdict(deque)
        self._persistent: Sequence[Fault] = ()
        self._share = 0.0
        self._late_effects: set[asyncio.Task[None]] = set()

    def arm(self, call: str, fault: Fault, *, times: int = 1) -> None:
        """Arm the fault for the next `times` calls of `call`."""
        self._armed[call].extend([fault] * times)

    def persist(self, kinds: Sequence[Fault], *, share: float) -> None:
        """Make that share of all calls fail in one of these ways, until `clear`."""
        self._persistent = kinds
        self._share = share

    def clear(self) -> None:
        """Disarm all faults."""
        self._armed.clear()
        self._persistent = ()

    def take(self, call: str) -> Fault | None:
        """Return the next fault for `call` and remove it; None if there is none."""
        waiting = self._armed.get(call)
        if waiting:
            return waiting.popleft()
        return random.choice(self._persistent) if self._persistent and random.random() < self._share else None

    async def apply(
        self, call: str, request: web.Request, act: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Run `act`, or apply the fault that is armed for `call`."""
        fault = self.take(call)
        if fault is None:
            return await act()
        await asyncio.sleep(fault.delay)
        if fault.late:
            self._late_effects.add(late_effect := asyncio.create_task(_later(fault.late, act)))
            late_effect.add_done_callback(self._late_effects.discard)
        real = await act() if fault.act and not fault.late else None
        await asyncio.sleep(fault.silence)
        if fault.hang_up:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        if fault.status is not None or real is None:
            return web.Response(status=fault.status or 500, headers=dict(fault.headers), body=fault.body)
        return real


async def _later(seconds: float, act: Callable[[], Awaitable[web.StreamResponse]]) -> None:
    await asyncio.sleep(seconds)
    await act()
