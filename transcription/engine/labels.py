"""Speaker labels: which voice speaks in each frame. Computed by `speakers` or `channels`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NOBODY = -1
"""The label of a frame in which no voice speaks."""

Labels = NDArray[np.int16]
"""The voice of every frame of 10 ms; voice 0 speaks first."""


def by_appearance(found: Labels) -> Labels:
    """Renumber the voices in the order in which they first speak."""
    voices, first = np.unique(found[found != NOBODY], return_index=True)
    numbers = np.zeros(int(found.max(initial=NOBODY)) + 2, np.int16)
    numbers[voices] = np.argsort(np.argsort(first))
    numbers[NOBODY] = NOBODY
    return numbers[found]
