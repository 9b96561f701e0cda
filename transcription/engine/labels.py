"""Who speaks in each frame: the value that `speakers` and `channels` find and everything else reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NOBODY = -1
"""The label of a frame in which no voice speaks."""

Labels = NDArray[np.int16]
"""The voice of every frame of 10 ms, 0 for the first to speak."""


def by_appearance(found: Labels) -> Labels:
    """Number the voices as they begin to speak."""
    voices, first = np.unique(found[found != NOBODY], return_index=True)
    numbers = np.zeros(int(found.max(initial=NOBODY)) + 2, np.int16)
    numbers[voices] = np.argsort(np.argsort(first))
    numbers[NOBODY] = NOBODY
    return numbers[found]
