"""Units of work that wait together are done together: whatever comes while one group is at work shares the next.

So many writers cost one commit, and nobody waits for a timer. The event loop hands over at the end of its turn: handed
over one by one, as they come, each would be a group of its own, and the threads would fight for the interpreter.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from storage.database import StorageUnavailable, Transaction, Work

T = TypeVar("T")


class Request(NamedTuple, Generic[T]):
    """A unit of work, and whom to tell what came of it."""

    work: Work[T]
    result: asyncio.Future[T]


class Outcome(NamedTuple):
    """What came of a unit of work."""

    value: Any = None
    error: Exception | None = None


Group = Sequence[Request[Any]]

Do = Callable[[Group], Coroutine[Any, Any, Sequence[Outcome]]]
"""Does a group, and gives an outcome for each unit. What it raises is every unit's."""


class GroupCommits:
    """Up to `hands` groups are at work at once, each in a task; a hand that is done takes the next."""

    def __init__(self, do: Do, *, hands: int = 1) -> None:
        self._do = do
        self._free = hands
        self._waiting: list[Request[Any]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._is_closed = False

    async def run(self, work: Work[T]) -> T:
        """What `work` returns, once the group that it was in is done."""
        if self._is_closed:
            raise StorageUnavailable("the database is closed")
        result: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append(Request(work, result))
        if len(self._waiting) == 1 and self._free > 0:
            self._start()
        return await result

    async def close(self) -> None:
        """Take nothing more, hand over what waits, and wait until all groups are done."""
        self._is_closed = True
        if self._waiting:
            self._free = max(self._free, 1)
            self._start()
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _start(self) -> None:
        """Let one more hand begin, at the end of the event loop's turn."""
        self._free -= 1
        task = self._loop.create_task(self._work())
        self._tasks.add(task)  # the event loop itself refers to a task weakly
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        try:
            while group := self._take():
                await self._finish(group)
                await asyncio.sleep(0)  # those that just got their outcome go on writing
        finally:
            self._free += 1

    def _take(self) -> Group:
        """This hand's share of what waits; a free hand begins with the rest."""
        share = math.ceil(len(self._waiting) / (self._free + 1))
        group, self._waiting = self._waiting[:share], self._waiting[share:]
        if self._waiting and self._free > 0:
            self._start()
        return group

    async def _finish(self, group: Group) -> None:
        try:
            outcomes = await self._do(group)
        except asyncio.CancelledError:  # the event loop ends, and with it every task
            for request in group:
                request.result.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - it belongs to whoever asked
            outcomes = [Outcome(error=error)] * len(group)
        for request, outcome in zip(group, outcomes, strict=True):
            if request.result.done():
                continue  # whoever asked has gone
            if outcome.error is None:
                request.result.set_result(outcome.value)
            else:
                request.result.set_exception(outcome.error)


def plainly(group: Group, transaction: Transaction) -> list[Outcome]:
    """Run all of a group in one transaction; the first error ends it."""
    return [Outcome(request.work(transaction)) for request in group]
