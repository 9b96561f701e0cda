"""Units of work that wait together are done together: whatever comes while one group is at work shares the next.

So many writers cost one commit, and nobody waits for a timer. The event loop hands over at the end of its turn: handed
over one by one, as they come, each would be a group of its own, and the threads would fight for the interpreter.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from functools import partial
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

Do = Callable[[Group], Sequence[Outcome]]
"""Does a group in a thread; an outcome for each. What it raises is every unit's."""


class Groups:
    """Up to `hands` groups are at work at once, each in a thread of `threads`."""

    def __init__(self, do: Do, *, threads: Executor, hands: int = 1) -> None:
        self._do = do
        self._threads = threads
        self._free = hands
        self._waiting: list[Request[Any]] = []
        self._loop = asyncio.get_running_loop()
        self._is_closed = False

    async def run(self, work: Work[T]) -> T:
        """What `work` returns, once the group that it was in is done."""
        if self._is_closed:
            raise StorageUnavailable("the database is closed")
        result: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append(Request(work, result))
        if len(self._waiting) == 1:
            self._loop.call_soon(self._hand_over)
        return await result

    def close(self) -> None:
        """Take nothing more, and hand over what waits."""
        self._is_closed = True
        self._free = max(self._free, 1)
        self._hand_over()

    def _hand_over(self) -> None:
        while self._waiting and self._free > 0:
            share = math.ceil(len(self._waiting) / self._free)
            group, self._waiting = self._waiting[:share], self._waiting[share:]
            self._free -= 1
            self._threads.submit(self._do, group).add_done_callback(partial(self._done, group))

    def _done(self, group: Group, done: Future[Sequence[Outcome]]) -> None:
        error = done.exception()
        outcomes = [Outcome(error=error)] * len(group) if isinstance(error, Exception) else done.result()
        self._loop.call_soon_threadsafe(self._deliver, group, outcomes)

    def _deliver(self, group: Group, outcomes: Sequence[Outcome]) -> None:
        for request, outcome in zip(group, outcomes, strict=True):
            if request.result.done():
                continue  # whoever asked has gone
            if outcome.error is None:
                request.result.set_result(outcome.value)
            else:
                request.result.set_exception(outcome.error)
        self._free += 1
        self._loop.call_soon(self._hand_over)  # after those that just got their outcome and go on writing


def plainly(group: Group, transaction: Transaction) -> list[Outcome]:
    """Run all of a group in one transaction; the first error ends it."""
    return [Outcome(request.work(transaction)) for request in group]
