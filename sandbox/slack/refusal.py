"""Slack's way of saying no: `ok: false`, a word for the reason, still HTTP 200."""

from __future__ import annotations

from typing import Any


class Denied(Exception):
    """The call is refused with Slack's word `error`; `extra` goes into the answer beside it."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra


class Throttled(Exception):
    """The call came too soon: HTTP 429, try again after so many seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after
