"""Limits what one person's reactions cost: for each, Slack is asked for the message, and its calls are everybody's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from handlers.events import Reacted

PER_PERSON = 10
"""Messages that are looked up for one person in a `WINDOW`. Slack allows about fifty calls for everybody."""

WINDOW = timedelta(minutes=1)

_log = structlog.get_logger()


class ReactionLimits:
    """Remembers who has asked for which message, for a `WINDOW`, in this process."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._asked: defaultdict[tuple[str, str], dict[tuple[str, str], datetime]] = defaultdict(dict)
        self._told: dict[tuple[str, str], datetime] = {}

    def admit(self, reacted: Reacted, *, team: str) -> bool:
        """Return whether to look the message up for this person, and remember it.

        It is not where they have asked for this message already, or for too many others.
        """
        now, person = self._clock(), (team, reacted.user)
        self._forget(now - WINDOW)
        message = (reacted.item.channel, reacted.item.ts)
        asked = self._asked.get(person, {})
        if message in asked:
            return False
        if len(asked) >= PER_PERSON:
            self._tell(person, now)
            return False
        self._asked[person][message] = now
        return True

    def withdraw(self, reacted: Reacted, *, team: str) -> None:
        """Forget that this person has asked for the message: it could not be looked up."""
        self._asked[team, reacted.user].pop((reacted.item.channel, reacted.item.ts), None)

    def _forget(self, before: datetime) -> None:
        for person in list(self._asked):
            self._asked[person] = {message: at for message, at in self._asked[person].items() if at > before}
            if not self._asked[person]:
                del self._asked[person]
        self._told = {person: at for person, at in self._told.items() if at > before}

    def _tell(self, person: tuple[str, str], now: datetime) -> None:
        if person not in self._told:
            self._told[person] = now
            _log.warning("reactions_limited", team=person[0], user=person[1])
