"""Wait for a condition without polling, and run background tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine


class Signal:
    """Notified whenever anything in the stand-in has changed."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []
        self.watchers: list[Callable[[], None]] = []
        """Called at every notification."""

    def notify(self) -> None:
        """Wake all waiters."""
        for watcher in self.watchers:
            watcher()
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    async def until(self, condition: Callable[[], object], *, within: float) -> None:
        """Return as soon as `condition()` is true. Raises TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            while not condition():
                waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.append(waiting)
                await waiting


class BackgroundTasks:
    """Background tasks: deliveries, late shares."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[object]] = set()
        self._errors: list[BaseException] = []

    def start(self, work: Coroutine[object, object, object]) -> None:
        """Run a coroutine in the background."""
        task: asyncio.Task[object] = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._finished)

    async def quiet(self) -> None:
        """Wait until no task runs. Raises the exception of a failed task, which is a bug of the stand-in."""
        while self._running:
            await asyncio.wait(set(self._running))
        self._raise_error()

    async def stop(self) -> None:
        """Cancel all tasks. Raises the exception of a failed task."""
        while running := set(self._running):
            for task in running:
                task.cancel()
            await asyncio.wait(running)
        self._raise_error()

    def _finished(self, task: asyncio.Task[object]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._errors.append(error)

    def _raise_error(self) -> None:
        if self._errors:
            raise self._errors.pop(0)
