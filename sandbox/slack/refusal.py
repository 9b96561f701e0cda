"""Refusals of the Web API: `ok: false` with an error code and HTTP 200, or HTTP 429."""

from __future__ import annotations

from typing import Any


class Denied(Exception):
    """The call is rejected with Slack's error code `error`; `extra` is added to the answer."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra


class Throttled(Exception):
    """The call exceeds the rate limit: HTTP 429 with `Retry-After` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after
