"""The faults between a process and its partners, and how a run selects them."""

from __future__ import annotations

import enum
import random
from collections import Counter, deque


class Call(enum.StrEnum):
    """The kinds of calls that a process makes."""

    WRITE = "write"
    READ = "read"
    TIME = "time"
    LOOK = "look"
    """Slack is asked something."""
    REACT = "react"
    POST = "post"
    UPLOAD = "upload"
    SHARE = "share"
    DOWNLOAD = "download"
    CONVERT = "convert"
    PREPARE = "prepare"
    SUBMIT = "submit"
    FIND = "find"
    CHECK = "check"


class Fault(enum.StrEnum):
    """What goes wrong with one call."""

    UNREACHED = "the connection never stood"
    BROKEN = "it took effect, then the connection broke"
    LATE = "it takes effect late"
    SLOW = "the answer is slow"
    LIMITED = "too many requests"
    REFUSED = "turned down"
    NONSENSE = "the answer cannot be read"
    TWICE = "the unit of work is run again from the start"
    CRASH = "the process is killed before it"
    CRASH_UNDER_WAY = "the process is killed while it is under way"
    CRASH_AFTER = "the process is killed when it has taken effect"
    FREEZE = "the process is frozen before it"
    FREEZE_UNDER_WAY = "the process is frozen while it is under way"
    FREEZE_AFTER = "the process is frozen when it has taken effect"


_ENDS = (Fault.CRASH, Fault.CRASH_UNDER_WAY, Fault.CRASH_AFTER)
_PAUSES = (Fault.FREEZE_UNDER_WAY, Fault.FREEZE_AFTER)
_NETWORK = (Fault.UNREACHED, Fault.BROKEN, Fault.SLOW, Fault.LATE, *_ENDS, *_PAUSES)
_DATABASE = (Fault.UNREACHED, Fault.SLOW, Fault.FREEZE, *_ENDS, *_PAUSES)

POSSIBLE: dict[Call, tuple[Fault, ...]] = {
    Call.WRITE: (*_DATABASE, Fault.BROKEN, Fault.TWICE),
    Call.READ: _DATABASE,
    Call.TIME: _DATABASE,
    Call.LOOK: (*_NETWORK, Fault.LIMITED),
    Call.REACT: (*_NETWORK, Fault.LIMITED, Fault.REFUSED),
    Call.POST: (*_NETWORK, Fault.LIMITED, Fault.REFUSED),
    Call.UPLOAD: (*_NETWORK, Fault.LIMITED),
    Call.SHARE: (*_NETWORK, Fault.LIMITED, Fault.REFUSED),
    Call.DOWNLOAD: (*_NETWORK, Fault.LIMITED),
    Call.CONVERT: (Fault.UNREACHED, Fault.SLOW, *_ENDS),
    Call.PREPARE: (*_NETWORK, Fault.LIMITED, Fault.NONSENSE),
    Call.SUBMIT: (*_NETWORK, Fault.LIMITED, Fault.NONSENSE, Fault.REFUSED),
    Call.FIND: (*_NETWORK, Fault.LIMITED, Fault.NONSENSE),
    Call.CHECK: (*_NETWORK, Fault.LIMITED, Fault.NONSENSE, Fault.REFUSED),
}


class Faults:
    """Decides about every call: first what was armed for its kind, then the weather."""

    def __init__(self, rng: random.Random, *, possible: dict[Call, tuple[Fault, ...]]) -> None:
        self._rng = rng
        self._possible = possible
        self._armed: dict[Call, deque[Fault]] = {call: deque() for call in Call}
        self.weather = 0.0
        """How likely a call goes wrong."""
        self.takes: dict[str, tuple[float, float]] = {}
        """How many seconds each call of a partner takes, at least and at most, where that is out of the ordinary."""
        self.made: Counter[Call] = Counter()
        """How many calls of each kind were made."""

    def arm(self, call: Call, fault: Fault) -> bool:
        """Let the next call of this kind go wrong like this; False where that cannot happen."""
        if fault not in self._possible[call]:
            return False
        self._armed[call].append(fault)
        return True

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.weather = 0.0
        self.takes.clear()
        for armed in self._armed.values():
            armed.clear()

    def draw(self, call: Call) -> Fault | None:
        """What goes wrong with this call."""
        self.made[call] += 1
        if self._armed[call]:
            return self._armed[call].popleft()
        if self.weather and self._rng.random() < self.weather:
            return self._rng.choice(self._possible[call])
        return None
