"""Group commit: units of work that arrive while a group is being committed share the next transaction.

Many writers then cost one commit, without a timer. A group is collected at the end of an event loop iteration. If each
unit started at once, it would be a group of its own, and the threads would compete for the interpreter.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from storage.database import StorageUnavailable, Transaction, Work

T = TypeVar("T")


class Request(NamedTuple, Generic[T]):
    """A unit of work with the future for its result."""

    work: Work[T]
    result: asyncio.Future[T]


class Outcome(NamedTuple):
    """The result of a unit of work: a value or an error."""

    value: Any = None
    error: Exception | None = None


Group = Sequence[Request[Any]]

Do = Callable[[Group], Coroutine[Any, Any, Sequence[Outcome]]]
"""Runs a group and returns an outcome for each unit. An exception is the outcome of all units."""


class GroupCommits:
    """Runs up to `concurrency` groups at the same time, each in a task that takes the next group when it is done."""

    def __init__(self, do: Do, *, concurrency: int = 1) -> None:
        self._do = do
        self._free = concurrency
        self._waiting: list[Request[Any]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._is_closed = False

    async def run(self, work: Work[T]) -> T:
        """Return what `work` returns, after its group is committed. Raises `StorageUnavailable` after `close`."""
        if self._is_closed:
            raise StorageUnavailable("the database is closed")
        result: asyncio.Future[T] = self._loop.create_future()
        self._waiting.append(Request(work, result))
        if len(self._waiting) == 1 and self._free > 0:
            self._start()
        return await result

    async def close(self) -> None:
        """Accept no more units, run those that wait, and return when all groups are done."""
        self._is_closed = True
        if self._waiting:
            self._free = max(self._free, 1)
            self._start()
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _start(self) -> None:
        """Start one more task, at the end of the event loop iteration."""
        self._free -= 1
        task = self._loop.create_task(self._work())
        self._tasks.add(task)  # the event loop itself refers to a task weakly
        task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        try:
            while group := self._take():
                await self._finish(group)
                await asyncio.sleep(0)  # let the callers that just got a result add their next unit
        finally:
            self._free += 1

    def _take(self) -> Group:
        """Return this task's share of the waiting units, and start another task for the rest if one is free."""
        share = math.ceil(len(self._waiting) / (self._free + 1))
        group, self._waiting = self._waiting[:share], self._waiting[share:]
        if self._waiting and self._free > 0:
            self._start()
        return group

    async def _finish(self, group: Group) -> None:
        try:
            outcomes = await self._do(group)
        except asyncio.CancelledError:  # the event loop is shutting down
            for request in group:
                request.result.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - the callers get it
            outcomes = [Outcome(error=error)] * len(group)
        for request, outcome in zip(group, outcomes, strict=True):
            if request.result.done():
                continue  # the caller was cancelled
            if outcome.error is None:
                request.result.set_result(outcome.value)
            else:
                request.result.set_exception(outcome.error)


def run_together(group: Group, transaction: Transaction) -> list[Outcome]:
    """Run all units of a group in one transaction. Raises the first error."""
    return [Outcome(request.work(transaction)) for request in group]
