"""Faults on request: what a stand-in does wrong the next time it is asked.

A test arms a fault for one named call (`chat.postMessage`, `POST /asr/async/upload`, …); the stand-in takes it when
that call comes. `hang_up_after` is the nasty one: the effect happened, the answer never came.
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
    """One misbehaviour.

    `delay` seconds pass first. `act` says whether the call still takes effect; `late`: only so many seconds after it
    was cut off. Then the connection is cut (`hang_up`), or `status`, `headers` and `body` are answered in place of the
    real answer; with neither, the real answer follows the delay.
    """

    delay: float = 0
    act: bool = True
    late: float = 0
    hang_up: bool = False
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def slow(seconds: float) -> Fault:
    """Answer correctly, but late."""
    return Fault(delay=seconds)


def hang_up_before() -> Fault:
    """Cut the connection; nothing happened."""
    return Fault(act=False, hang_up=True)


def hang_up_after() -> Fault:
    """Do what was asked, then cut the connection without an answer."""
    return Fault(hang_up=True)


def lands_late(seconds: float) -> Fault:
    """Cut the connection at once, and do what was asked so many seconds later."""
    return Fault(hang_up=True, late=seconds)


def answer(status: int, body: bytes = b"", *, act: bool = False, **headers: str) -> Fault:
    """Answer with this instead; header names are written with underscores (`Retry_After="2"`)."""
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Fault(act=act, status=status, headers=named, body=body)


def rate_limited(retry_after: int) -> Fault:
    """Answer 429 with `Retry-After`; nothing happened."""
    return answer(
        429, b'{"ok":false,"error":"ratelimited"}', Retry_After=str(retry_after), Content_Type="application/json"
    )


class Faults:
    """The faults armed for each call, taken first in, first out."""

    def __init__(self) -> None:
        self._armed: dict[str, deque[Fault]] = defaultdict(deque)
        self._haunting: Sequence[Fault] = ()
        self._share = 0.0
        self._to_land: set[asyncio.Task[None]] = set()

    def arm(self, call: str, fault: Fault, *, times: int = 1) -> None:
        """Make the next `times` uses of `call` go wrong."""
        self._armed[call].extend([fault] * times)

    def persist(self, kinds: Sequence[Fault], *, share: float) -> None:
        """From now on let that share of all calls go wrong in one of these ways, whichever call it is."""
        self._haunting = kinds
        self._share = share

    def clear(self) -> None:
        """Behave again."""
        self._armed.clear()
        self._haunting = ()

    def take(self, call: str) -> Fault | None:
        """The fault that is next for `call`; it is used up."""
        waiting = self._armed.get(call)
        if waiting:
            return waiting.popleft()
        return random.choice(self._haunting) if self._haunting and random.random() < self._share else None

    async def meet(
        self, call: str, request: web.Request, act: Callable[[], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Do `act`, or what is armed for `call` in its place."""
        fault = self.take(call)
        if fault is None:
            return await act()
        await asyncio.sleep(fault.delay)
        if fault.late:
            self._to_land.add(landing := asyncio.create_task(_later(fault.late, act)))
            landing.add_done_callback(self._to_land.discard)
        real = await act() if fault.act and not fault.late else None
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
