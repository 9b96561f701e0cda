"""Paces what goes out: one message a second in a channel, and a pause for a provider that asked for one.

In memory only: after a restart the worst that can happen is one more 429.
"""

from __future__ import annotations

from datetime import datetime, timedelta

CHANNEL_INTERVAL = timedelta(seconds=1.1)
"""Slack takes about one message per second and channel, and two requests seldom take the same time on their way.
https://docs.slack.dev/apis/web-api/rate-limits
"""


class RateLimits:
    """Who may go when. Moments are aware UTC."""

    def __init__(self) -> None:
        self._paused: dict[str, datetime] = {}
        self._free_from: dict[str, datetime] = {}
        self._reserved: dict[str, datetime] = {}

    def pause(self, name: str, *, until: datetime) -> None:
        """Hold back everything that goes to `name`."""
        self._paused[name] = max(until, self._paused.get(name, until))

    def paused_until(self, name: str, *, now: datetime) -> datetime | None:
        """When `name` may be asked again; None means now."""
        until = self._paused.get(name)
        if until is not None and until <= now:
            del self._paused[name]
            return None
        return until

    def message_slot(self, channel: str, job: str, *, now: datetime) -> datetime | None:
        """When the job's message may go to the channel; None means now. A slot once given is kept for the job."""
        slot = self._reserved.get(job)
        if slot is None:
            slot = max(now, self._free_from.get(channel, now))
            self._free_from[channel] = slot + CHANNEL_INTERVAL
            self._reserved[job] = slot
        if slot > now:
            return slot
        del self._reserved[job]
        # Late to its slot: the next one counts from now.
        self._free_from[channel] = max(self._free_from.get(channel, now), now + CHANNEL_INTERVAL)
        self._forget_the_past(now)
        return None

    def _forget_the_past(self, now: datetime) -> None:
        for book in (self._free_from, self._reserved):
            for name in [name for name, moment in book.items() if moment < now - timedelta(minutes=1)]:
                del book[name]
