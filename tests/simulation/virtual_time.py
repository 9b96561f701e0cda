"""Virtual time: event loops that never wait, one for each simulated process, and a driver that advances the time.

A sleep of hours costs nothing, and runs are deterministic. A frozen loop does not run until it is thawed; a dead one
never runs again.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import selectors
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple, Unpack

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

SOON_ENOUGH = 200
"""Turns in which every task of a process that is gone has ended."""


class VirtualTime:
    """Seconds since the beginning, what happens outside of all processes, and whose turn it is."""

    def __init__(self) -> None:
        self.now = 0.0
        self.loops: list[VirtualLoop] = []
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def at(self, delay: float, call: Callable[[], None]) -> None:
        """Do it so many seconds from now."""
        heapq.heappush(self._agenda, (self.now + delay, next(self._numbers), call))

    @property
    def next_errand(self) -> float | None:
        """When something happens outside of all processes."""
        return self._agenda[0][0] if self._agenda else None

    def go_on(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> None:
        """Let so much time pass, with everything that happens in it; no more once `until` is true."""
        end = self.now + seconds
        while (moment := self._next()) is not None and moment <= end:
            self.now = max(self.now, moment)
            self._turn()
            if until():
                return
        self.now = end

    def skip(self, seconds: float) -> None:
        """Let so much time pass in which nobody gets a turn, as when the whole machine is suspended."""
        self.now += seconds

    def _next(self) -> float | None:
        moments = [loop.wake_at for loop in self.loops if not loop.is_frozen and loop.wake_at is not None]
        if self._agenda:
            moments.append(self._agenda[0][0])
        return min(moments, default=None)

    def _turn(self) -> None:
        while self._agenda and self._agenda[0][0] <= self.now:
            heapq.heappop(self._agenda)[2]()
        for loop in list(self.loops):
            if loop.is_gone:
                self.loops.remove(loop)
                loop.end()
            elif not loop.is_frozen and loop.wake_at is not None and loop.wake_at <= self.now:
                loop.run_until_idle()


class _NumberedTask(asyncio.Task[T]):
    """A task whose place in a set does not depend on where it lies in memory: every run of a seed is the same."""

    def __init__(self, coro: Coroutine[Any, Any, T], *, number: int, **how: Any) -> None:
        self._number = number
        super().__init__(coro, **how)

    def __hash__(self) -> int:
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


class _NeverWaits(selectors.BaseSelector):
    """Where a selector would wait, it stops the loop and notes until when."""

    def __init__(self) -> None:
        self.on_idle: Callable[[float | None], None] = lambda _: None
        self._keys: dict[FileDescriptorLike, selectors.SelectorKey] = {}

    def register(self, fileobj: FileDescriptorLike, events: int, data: object = None) -> selectors.SelectorKey:
        key = selectors.SelectorKey(fileobj, 0, events, data)
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        return self._keys.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self.on_idle(timeout)
        return []

    def get_map(self) -> Mapping[FileDescriptorLike, selectors.SelectorKey]:
        return self._keys


class VirtualLoop(asyncio.SelectorEventLoop):
    """The event loop of one pretended process. Threads are pretended too: their work is done at once."""

    def __init__(self, time: VirtualTime) -> None:
        self._virtual = time
        self.is_frozen = False
        self.is_gone = False
        self.wake_at: float | None = time.now
        """When it has something to do; None while it waits for others."""
        selector = _NeverWaits()
        selector.on_idle = self._idle
        super().__init__(selector)
        numbers = itertools.count()
        self.set_task_factory(lambda loop, coro, **how: _NumberedTask(coro, loop=loop, number=next(numbers), **how))
        time.loops.append(self)

    def time(self) -> float:
        return self._virtual.now

    def run_until_idle(self) -> None:
        """Do everything that can be done at this moment."""
        self.wake_at = self._virtual.now
        self.run_forever()

    def deliver(self, call: Callable[[], None]) -> None:
        """Something comes from outside."""
        if not self.is_gone:
            self.call_soon(call)
            self.wake_at = self._virtual.now

    def freeze(self) -> None:
        """No more turns until `thaw`."""
        self.is_frozen = True
        self._interrupt()

    def thaw(self) -> None:
        """Go on; what was slept through comes at once."""
        self.is_frozen = False
        self.wake_at = self._virtual.now

    def kill(self) -> None:
        """No more turns, for ever. `end` sweeps up."""
        self.is_gone = True
        self.is_frozen = False
        self.wake_at = self._virtual.now
        self._interrupt()

    def end(self) -> None:
        """Cancel what is left, so that nothing of it warns later, and close."""
        for _ in range(SOON_ENOUGH):
            tasks = asyncio.all_tasks(self)
            if not tasks:
                self.close()
                return
            for task in tasks:
                task.cancel()
            self.run_until_idle()
        raise AssertionError(f"tasks that cannot be cancelled: {asyncio.all_tasks(self)}")

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        del executor
        future: asyncio.Future[T] = self.create_future()
        if self.is_gone:
            future.cancel()
            return future
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - it belongs to whoever waits for the thread
            future.set_exception(error)
        return future

    def _idle(self, timeout: float | None) -> None:
        self.wake_at = None if timeout is None else self._virtual.now + timeout
        self.stop()

    def _interrupt(self) -> None:
        if self.is_running():
            self.stop()
