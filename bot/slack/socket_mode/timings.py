"""How patient Socket Mode is: the times that its connections keep to, and how long it waits between two attempts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Timings:
    """The product's times; a test is less patient."""

    opening: timedelta = timedelta(seconds=10)
    """From the request for an address to Slack's hello, at most."""
    ping: timedelta = timedelta(seconds=5)
    """Between two pings of ours."""
    unanswered: int = 3
    """So many pings of ours may wait for an answer."""
    unheard: int = 9
    """So many pings of ours may pass without a word from Slack, once it has pinged: it does so every few seconds."""
    finishing: timedelta = timedelta(seconds=3)
    """For what is in hand when a connection is closed: Slack waits no longer for an acknowledgement."""
    closing: timedelta = timedelta(seconds=1)
    """For Slack's answer to our goodbye; a deaf connection gives none."""
    leaving: timedelta = timedelta(seconds=15)
    """How long a connection whose end was announced is still heard beside its successor; Slack takes about ten."""
    apart: timedelta = timedelta(seconds=5)
    """Between two openings, so that Slack, which ends a connection after some hours, does not end both at once."""
    settled: timedelta = timedelta(seconds=30)
    """A connection that ends sooner counts as a failed attempt."""
    first_pause: timedelta = timedelta(seconds=1)
    longest_pause: timedelta = timedelta(seconds=30)

    def pause(self, failures: int, *, chance: float) -> timedelta:
        """Full-jitter exponential, at least a tenth; `chance` is between 0 and 1."""
        ceiling = min(self.first_pause * (1 << min(failures, 16)), self.longest_pause)
        return ceiling * max(0.1, chance)


TIMINGS = Timings()
