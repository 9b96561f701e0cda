"""A simulated host for one process: its event loop, its life cycle, and its network connection.

A network call takes some time each way. Calls in flight when the process is killed or frozen still arrive, as in a real
network.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from bot.timeouts import REQUEST_TIMEOUT
from tests.simulation.faults import Call, Fault, Faults
from tests.simulation.virtual_time import VirtualLoop, VirtualTime

T = TypeVar("T")


class Unreached(Exception):
    """The call never got there."""


class BrokenOff(Exception):
    """The connection broke; the call may have got there."""


class TooMany(Exception):
    """The partner wants fewer calls."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.retry_after = timedelta(seconds=seconds)


class TurnedDown(Exception):
    """The partner will not do this, for no reason of the call's own."""


class Unreadable(Exception):
    """The partner's answer makes no sense."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delays:
    """In seconds, least and most: until a usual call arrives, until a late one does, until a slow answer comes."""

    usual: tuple[float, float] = (0.01, 0.3)
    late: tuple[float, float] = (1.0, 25.0)
    slow: tuple[float, float] = (1.0, 90.0)
    freeze: tuple[float, float] = (1.0, 600.0)


class Host:
    """A process that can be killed and frozen. `delays` and `faults` are the world's."""

    def __init__(self, name: str, *, time: VirtualTime, faults: Faults, delays: Delays, rng: random.Random) -> None:
        self.name = name
        self.time = time
        self.loop = VirtualLoop(time)
        self.faults = faults
        self.delays = delays
        self.rng = rng
        self.unfrozen_at = -1.0
        """When it was thawed last, in virtual seconds."""
        self.storage_failed_at = -1.0
        """When the database refused it something last."""
        self.calls_under_way = 0
        self.cut_off_until: dict[str, float] = {}
        """Which partners cannot be reached, until when."""

    @property
    def is_alive(self) -> bool:
        """Whether it was not killed."""
        return not self.loop.is_gone

    @property
    def hears(self) -> bool:
        """Whether somebody who calls it gets an answer."""
        return self.is_alive and not self.loop.is_frozen

    def crash(self) -> None:
        """As with `kill -9`."""
        self.loop.kill()

    def freeze(self, seconds: float | None = None) -> None:
        """As with SIGSTOP: for so long."""
        if not self.hears:
            return
        self.loop.freeze()
        self.time.at(seconds or self.rng.uniform(*self.delays.freeze), self.thaw)

    def thaw(self) -> None:
        """Go on, if it was frozen."""
        if self.is_alive and self.loop.is_frozen:
            self.loop.thaw()
            self.unfrozen_at = self.time.now

    def is_cut_off(self, partner: str) -> bool:
        """Whether this partner cannot be reached."""
        return self.cut_off_until.get(partner, 0) > self.time.now

    def a_moment(self) -> float:
        """How long a call is on its way, in seconds."""
        return self.rng.uniform(*self.delays.usual)

    async def call(
        self, kind: Call, effect: Callable[[], T], *, partner: str, on_answer: Callable[[], None] = lambda: None
    ) -> T:
        """Make a call whose `effect` happens at the partner; `on_answer` when the answer is in our hands.

        Raises what the effect raises, `Unreached`, `BrokenOff`, `TooMany`, `TurnedDown`, `Unreadable`, `TimeoutError`.
        """
        with self.calling():
            value = await self._call(kind, effect, partner=partner)
        on_answer()
        return value

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Around a call: it is under way."""
        self.calls_under_way += 1
        try:
            yield
        finally:
            self.calls_under_way -= 1

    async def _call(self, kind: Call, effect: Callable[[], T], *, partner: str) -> T:
        if not self.is_alive:
            raise Unreached
        fault = self.faults.draw(kind)
        if self.is_cut_off(partner):
            fault = Fault.UNREACHED
        if fault in {Fault.UNREACHED, Fault.LIMITED, Fault.REFUSED}:
            await asyncio.sleep(self.a_moment())
            raise self._without_effect(fault)
        if fault is Fault.CRASH:
            self.crash()
            raise asyncio.CancelledError
        answer = self._send(effect, fault=fault, partner=partner)
        self._meanwhile(fault)
        async with asyncio.timeout(REQUEST_TIMEOUT.total_seconds()):
            return await answer

    def _without_effect(self, fault: Fault) -> Exception:
        match fault:
            case Fault.LIMITED:
                return TooMany(self.rng.choice([1, 5, 30, 90]))
            case Fault.REFUSED:
                return TurnedDown()
            case _:
                return Unreached()

    def _send(self, effect: Callable[[], T], *, fault: Fault | None, partner: str) -> asyncio.Future[T]:
        answer: asyncio.Future[T] = self.loop.create_future()
        there, back = self._on_the_way(partner)

        def land() -> None:
            try:
                value = effect()
            except Exception as error:  # noqa: BLE001 - the partner's own answer, on its way back
                self._answer(answer, error=error)
                return
            if fault is Fault.CRASH_AFTER:
                self.crash()
            if fault is Fault.FREEZE_AFTER:
                self.freeze()
            match fault:
                case Fault.BROKEN:
                    self._answer(answer, error=BrokenOff())
                case Fault.NONSENSE:
                    self._answer(answer, error=Unreadable())
                case Fault.SLOW:
                    self._answer(answer, value=value, after=self.rng.uniform(*self.delays.slow))
                case _:
                    self._answer(answer, value=value, after=back)

        late = fault in {Fault.LATE, Fault.CRASH_UNDER_WAY}
        usual = self.rng.uniform(*self.delays.late) if late else self.a_moment() if there is None else there
        self.time.at(usual, land)
        return answer

    def _on_the_way(self, partner: str) -> tuple[float, float] | tuple[None, None]:
        """How long a call to this partner is on its way there, and its answer, where that is out of the ordinary."""
        if partner not in self.faults.takes:
            return None, None
        whole = self.rng.uniform(*self.faults.takes[partner])
        there = self.rng.uniform(0, whole)
        return there, whole - there

    def _meanwhile(self, fault: Fault | None) -> None:
        if fault is Fault.CRASH_UNDER_WAY:
            self.crash()
            raise asyncio.CancelledError
        if fault is Fault.FREEZE_UNDER_WAY:
            self.freeze()

    def _answer(
        self,
        answer: asyncio.Future[T],
        *,
        value: T | None = None,
        error: Exception | None = None,
        after: float | None = None,
    ) -> None:
        def settle() -> None:
            if answer.done():
                return
            if error is not None:
                answer.set_exception(error)
            else:
                answer.set_result(value)  # type: ignore[arg-type] # None only where T is

        self.time.at(self.a_moment() if after is None else after, lambda: self.loop.deliver(settle))
