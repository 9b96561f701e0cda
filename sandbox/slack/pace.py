"""Slack's rate limit for messages: about one per second and conversation.

Source: https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

import time

from sandbox.slack.options import Options
from sandbox.slack.refusal import Throttled

GAP = 1.0
"""Seconds between two messages in one conversation."""


class Pace:
    """Rejects a message that comes too soon after the last one, if `enforce_rate` is on."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._last: dict[str, float] = {}

    def admit(self, channel_id: str) -> None:
        """Count one message to a conversation. Raises `Throttled`."""
        now = time.monotonic()
        if self._options.enforce_rate and now - self._last.get(channel_id, -GAP) < GAP:
            raise Throttled(1)
        self._last[channel_id] = now
