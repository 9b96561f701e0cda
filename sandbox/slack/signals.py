"""Waiting for something to become true, without sleeping for a guess."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine


class Signal:
    """Rung whenever anything in the stand-in has changed."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def notify(self) -> None:
        """Wake everybody who waits."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
        self._waiting.clear()

    async def until(self, condition: Callable[[], object], *, within: float) -> None:
        """Return once `condition()` is truthy; TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            while not condition():
                waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.append(waiting)
                await waiting


class BackgroundTasks:
    """Work that goes on behind an answer: deliveries, late shares."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[object]] = set()
        self._broken: list[BaseException] = []

    def start(self, errand: Coroutine[object, object, object]) -> None:
        """Run it beside everything else."""
        task: asyncio.Task[object] = asyncio.create_task(errand)
        self._running.add(task)
        task.add_done_callback(self._finished)

    async def quiet(self) -> None:
        """Wait until nothing runs; raises what an errand raised, for that is a mistake of the stand-in."""
        while self._running:
            await asyncio.wait(set(self._running))
        self._complain()

    async def stop(self) -> None:
        """Give up what still runs."""
        while running := set(self._running):
            for task in running:
                task.cancel()
            await asyncio.wait(running)
        self._complain()

    def _finished(self, task: asyncio.Task[object]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken.append(error)

    def _complain(self) -> None:
        if self._broken:
            raise self._broken.pop(0)
