"""The clock of a recording: how much was not captured before a frame. Pure."""

from __future__ import annotations

import math

TOLERANCE = 0.1
"""Seconds. Time stamps are rounded, and jitter where a browser records; less than this is no gap."""

BACKWARDS = 1.0
"""Seconds. A clock that goes back by more has been set again, for example where files were joined."""

MARGIN = 1.0
"""Seconds by which the sound may go on behind the length that the container states."""

LONGEST_JUMP = 600.0
"""Seconds that one jump may have where the container states no length."""

LONGEST_IN_ALL = 3_600.0
"""Seconds of all such jumps."""


class Timeline:
    """The clock of one track. All times are in seconds.

    `origin` is the time stamp at which the recording begins, and `length` what its container states, if it does: a
    length that is only derived from the time stamps proves nothing about them.
    """

    def __init__(self, *, origin: float, length: float | None) -> None:
        self._zero = origin
        self._length = length
        self._unproved = 0.0
        self.ignored = 0.0
        """How much of the forward jumps was not believed."""

    def silence_before(self, stamp: float | None, *, at: float) -> float:
        """Return how much silence belongs before a frame with this time stamp; `at` is how long the track is so far.

        Jumps that the container's length does not allow for are ignored, and so is a clock that goes backwards.
        """
        if stamp is None:
            return 0.0
        ahead = stamp - self._zero - at
        if -BACKWARDS <= ahead <= TOLERANCE or not math.isfinite(stamp):
            return 0.0
        if ahead > 0 and self._is_plausible(ahead, at=at):
            return ahead
        self._zero += ahead
        self.ignored += max(ahead, 0.0)
        return 0.0

    def _is_plausible(self, jump: float, *, at: float) -> bool:
        if self._length is not None and at <= self._length + MARGIN:
            return at + jump <= self._length + MARGIN
        if jump > LONGEST_JUMP or self._unproved + jump > LONGEST_IN_ALL:
            return False
        self._unproved += jump
        return True
