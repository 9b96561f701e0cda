"""Long work that others must not wait for: only so much of it at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Limited:
    """Runs at most `most` at a time; the others wait, and one whose caller stops waiting before its turn never runs."""

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)

    async def run(self, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what `begin` returns, once it is its turn.

        What has begun ends by itself, also if the caller is cancelled: until then nobody else has its place.
        """
        await self._free.acquire()
        running = asyncio.ensure_future(begin())
        running.add_done_callback(self._ended)
        return await asyncio.shield(running)

    def _ended(self, running: asyncio.Future[T]) -> None:
        self._free.release()
        if not running.cancelled():
            running.exception()  # the caller may be gone, and then nobody asks for it
