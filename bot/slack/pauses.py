"""Keeps Slack's rate limits (`Retry-After`): no call of a method before its pause is over."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from bot.slack.errors import SlackUnavailable


class Paused(SlackUnavailable):
    """The call was not made: Slack wants no call of this method for the time that is `left`."""

    def __init__(self, method: str, *, left: timedelta) -> None:
        super().__init__(f"{method}: still limited", retry_after=left, maybe_done=False)
        self.left = left


class Pauses:
    """Until when each method is paused in one workspace: Slack limits per method and workspace.

    Measured by the event loop's clock, because Slack gives durations.
    """

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    @contextmanager
    def kept(self, method: str) -> Iterator[None]:
        """Wrap a call: raise `Paused` while the method is paused, and keep the pause that Slack asks for."""
        clock = asyncio.get_running_loop().time
        left = self._until.get(method, 0.0) - clock()
        if left > 0:
            raise Paused(method, left=timedelta(seconds=left))
        try:
            yield
        except SlackUnavailable as error:
            if error.retry_after is not None:
                self._until[method] = clock() + error.retry_after.total_seconds()
            raise
