"""The stand-ins of both providers, as the page's switches use them: hold them back, deliver a webhook twice."""

from __future__ import annotations

import secrets
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from sandbox.botlhale import Botlhale
from sandbox.gowajee import Gowajee
from sandbox.wire_log import WireLog

SPEED = 0.1
"""Seconds of work for each second of a recording."""


class Providers:
    """Both stand-ins with credentials of their own, running inside `async with`.

    `webhook_url` is the bot's address for Gowajee's results.
    """

    def __init__(self, *, webhook_url: str, log: WireLog) -> None:
        self.botlhale = Botlhale(speed=SPEED, refresh_token=secrets.token_hex(16))
        # As on the vendor's page: the result comes by webhook, and there is no status call.
        self.gowajee = Gowajee(webhook_url=webhook_url, speed=SPEED, status_path="none", api_key=secrets.token_hex(16))
        self.botlhale.wire_log = self.gowajee.wire_log = log
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.botlhale)
            await stack.enter_async_context(self.gowajee)
            self._open = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    @property
    def held(self) -> bool:
        """Return whether they take recordings and finish none."""
        return self.gowajee.hold

    @property
    def webhook_twice(self) -> bool:
        """Return whether each webhook is delivered twice."""
        return self.gowajee.webhook_mode == "twice"

    @webhook_twice.setter
    def webhook_twice(self, on: bool) -> None:
        self.gowajee.webhook_mode = "twice" if on else "normal"

    def hold(self) -> None:
        """Finish nothing until `release`: neither what is in work nor what comes."""
        self.botlhale.hold = self.gowajee.hold = True
        for job in self.gowajee.jobs.values():
            if job.state in {"IN_QUEUE", "IN_PROGRESS"}:
                job.released.clear()

    def release(self) -> None:
        """Finish what was held back."""
        self.botlhale.release()
        self.gowajee.release()
