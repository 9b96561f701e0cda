"""Timeouts, intervals and backoff of the Socket Mode connections."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Timings:
    """The product's times; tests use shorter ones."""

    opening: timedelta = timedelta(seconds=10)
    """Longest time from the request for an address to Slack's hello."""
    ping: timedelta = timedelta(seconds=5)
    """Time between two of our pings."""
    unanswered: int = 3
    """So many of our pings may be unanswered."""
    unheard: int = 9
    """So many of our pings may pass without anything from Slack, once it has pinged: it does so every few seconds."""
    finishing: timedelta = timedelta(seconds=3)
    """Time for pending envelopes at closing: Slack waits no longer for an acknowledgement."""
    closing: timedelta = timedelta(seconds=1)
    """Time for Slack's answer to our close frame; a dead connection gives none."""
    leaving: timedelta = timedelta(seconds=15)
    """How long a connection whose end was announced stays open beside its replacement; Slack takes about 10 s."""
    apart: timedelta = timedelta(seconds=5)
    """Time between two openings: Slack ends a connection after some hours, and should not end both at once."""
    settled: timedelta = timedelta(seconds=30)
    """A connection that ends sooner counts as a failed attempt."""
    first_pause: timedelta = timedelta(seconds=1)
    longest_pause: timedelta = timedelta(seconds=30)

    def pause(self, failures: int, *, chance: float) -> timedelta:
        """Return an exponential backoff with full jitter, at least a tenth; `chance` is from 0 to 1."""
        ceiling = min(self.first_pause * (1 << min(failures, 16)), self.longest_pause)
        return ceiling * max(0.1, chance)


TIMINGS = Timings()
