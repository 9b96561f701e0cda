"""Groups vectors of voices by who speaks, and finds out how many there are.

The two closest groups are joined again and again, once by the mean cosine distance of all pairs (average link) and once
so that each group stays as narrow as can be (Ward, 1963). The average link finds who says little, and Ward's finds
people who are alike among many vectors. Of all the stages on the way, the one with the most voices is taken in which
every two groups are further from each other than they are wide, by a margin, and in which the voices hold most of the
speech. One fixed distance cannot do that: how much one person's vectors differ depends on the line, the mood and the
language. The less there is of a voice and the more there is to choose it from, the wider it has to be apart.

Where somebody knows how many there are and another number was found, Ward's link makes that number: the average link
would rather leave a few odd vectors as a voice of their own.

A group is kept as the sum of its vectors: the mean distance of all pairs follows from the sums alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Clusters = NDArray[np.intp]
"""The group of every vector; the numbers say nothing but which are alike."""

_MARGIN = 0.08
_MARGIN_OF_A_SECOND = 0.2
"""What is added to the margin for a group of one second; it shrinks as the group grows. Both measured on dialogues of
real voices."""

_DOUBT_OF_A_CHOICE = 0.1
"""What is added to that for every e-fold of `_SMALL_CHOICE`: the more somebody says, the odder are the oddest seconds
of it."""

_SMALL_CHOICE = 60.0
"""Seconds of speech, about as much as there was in the dialogues for `_MARGIN_OF_A_SECOND`."""

_OF_THE_LOOSER = 0.75
"""How much of the width that two groups have to be apart by is the looser one's. All of it would hide somebody calm
behind a lively one, and half of it takes the lively one's moods for people."""

_SHORTEST_VOICE = 3.0
"""Seconds below which a group is a cough or two people at once, not a speaker."""

_ODD_SECONDS = 0.3
"""For the first second of all speech, growing with its root: there are more odd moments in ten minutes than in one, but
they are not all odd in the same way."""

_SMALLEST_SHARE = 0.005
"""Of all speech, which is more than the root from an hour on: nothing longer was measured to trust the root there."""

_LEAST_HELD = 0.65
"""Of all speech, by the voices of a stage. Early stages consist of scraps: among hundreds of vectors there are always a
few alike that are far from a few others. Anything between 0.55 and 0.75 finds nearly the same."""

_MOST_VOICES = 20
"""More are not told apart by any margin, and looking for them takes time."""

_AT_ONCE = 400
"""Vectors that are joined together, about twenty minutes; joining takes the square of them in memory."""

_SURELY_ONE = 0.2
"""The mean distance up to which groups of one block are joined before the blocks are compared."""

_UNKNOWN_WIDTH = 0.22
"""The usual mean distance of one person's vectors, for a group of one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Heap:
    """Groups as sums: `sums` of the weighted vectors, of the `weights` (seconds), and of their squares."""

    sums: Reals
    weights: Reals
    squares: Reals

    def together(self, groups: Clusters) -> _Heap:
        """Add up what is of one group; `groups` counts from 0."""
        size = int(groups.max()) + 1
        found = _Heap(sums=np.zeros((size, self.sums.shape[1])), weights=np.zeros(size), squares=np.zeros(size))
        np.add.at(found.sums, groups, self.sums)
        np.add.at(found.weights, groups, self.weights)
        np.add.at(found.squares, groups, self.squares)
        return found

    def distances(self) -> Reals:
        """Return the mean distance of every two groups."""
        return np.array([_mean_distances(self.sums, self.weights, at) for at in range(len(self.weights))])

    def widths(self) -> Reals:
        """Return the mean distance inside every group, of a vector to itself left out."""
        pairs = self.weights**2 - self.squares
        alone = pairs <= 1e-6 * self.squares
        inside = 1 - (np.sum(self.sums**2, axis=1) - self.squares) / np.where(alone, 1, pairs)
        usual = float(np.mean(inside[~alone])) if not alone.all() else _UNKNOWN_WIDTH
        return np.where(alone, usual, inside)


def grouped(vectors: Reals, *, seconds: Reals, speakers: tuple[int, int] | None = None) -> list[Clusters]:
    """Return the voices: for each the places of its vectors, the longest first.

    `vectors` have length 1 and stand for so many `seconds` each. What is too short to be anybody is in no group.
    `speakers`: the fewest and the most; fewer come out where there are fewer vectors.
    """
    heap = _Heap(sums=vectors * seconds[:, None], weights=seconds, squares=seconds**2)
    first = _blockwise(heap)
    heap = heap.together(first)
    fewest, most = speakers or (1, _MOST_VOICES)
    found = _by_margin(heap)
    if not fewest <= len(found) <= most:
        found = _by_number(heap, min(max(len(found), fewest), most))
    return [np.flatnonzero(np.isin(first, voice)) for voice in found]


def _mean_distances(sums: Reals, weights: Reals, row: int) -> Reals:
    """Return the mean distance of all pairs between one group and each (average link)."""
    return np.asarray(1 - (sums @ sums[row]) / (weights * weights[row]), np.float64)


def _growths(sums: Reals, weights: Reals, row: int) -> Reals:
    """Return how much wider, weighed, everything becomes by joining one group with each (Ward's link)."""
    apart = sums / weights[:, None] - sums[row] / weights[row]
    return np.asarray(np.sum(apart**2, axis=1) * weights * weights[row] / (weights + weights[row]), np.float64)


def _blockwise(heap: _Heap) -> Clusters:
    """Join what is surely one person's in each block, so that hours cost hours and not their square."""
    count = len(heap.weights)
    if count <= _AT_ONCE:
        return np.arange(count)
    found, names = np.zeros(count, np.intp), 0
    for start in range(0, count, _AT_ONCE):
        block = slice(start, start + _AT_ONCE)
        part = _Heap(sums=heap.sums[block], weights=heap.weights[block], squares=heap.squares[block])
        groups = np.arange(len(part.weights))
        for keep, gone, distance in _joins(part, by=_mean_distances):
            if distance > _SURELY_ONE:
                break
            groups[groups == gone] = keep
        _, groups = np.unique(groups, return_inverse=True)
        found[block] = groups + names
        names += int(groups.max()) + 1
    return found


def _joins(heap: _Heap, *, by: Callable[[Reals, Reals, int], Reals]) -> list[tuple[int, int, float]]:
    """Return which two groups are joined, stage by stage, and how far apart they were; the first of them remains."""
    sums, weights = heap.sums.copy(), heap.weights.copy()
    distances = np.array([by(sums, weights, row) for row in range(len(weights))])
    np.fill_diagonal(distances, np.inf)
    joins = []
    for _ in range(len(weights) - 1):
        keep, gone = sorted(int(at) for at in np.unravel_index(np.argmin(distances), distances.shape))
        joins.append((keep, gone, float(distances[keep, gone])))
        sums[keep] += sums[gone]
        weights[keep] += weights[gone]
        distances[gone, :] = distances[:, gone] = np.inf
        row = np.where(np.isinf(distances[keep]), np.inf, by(sums, weights, keep))
        distances[keep, :] = distances[:, keep] = row
    return joins


def _stages(heap: _Heap, *, by: Callable[[Reals, Reals, int], Reals]) -> list[Clusters]:
    """Return the groups at every stage, the last one first: one group, two, and so on."""
    groups = np.arange(len(heap.weights))
    stages = [groups.copy()]
    for keep, gone, _ in _joins(heap, by=by):
        groups[groups == gone] = keep
        stages.append(groups.copy())
    return stages[::-1]


def _by_margin(heap: _Heap) -> list[Clusters]:
    """Return the voices of the stage in which the most can be told apart."""
    shortest = _shortest_voice(float(heap.weights.sum()))
    best = [np.arange(len(heap.weights))]
    for link in (_mean_distances, _growths):
        for stage in _stages(heap, by=link):
            voices = _voices(heap, stage, shortest=shortest)
            if len(best) < len(voices) <= _MOST_VOICES and _hold_most(heap, voices) and _are_apart(heap, voices):
                best = voices
    return best


def _shortest_voice(seconds: float) -> float:
    """Return how long somebody has to be heard among so many seconds of speech."""
    return max(_SHORTEST_VOICE, _ODD_SECONDS * math.sqrt(seconds), _SMALLEST_SHARE * seconds)


def _by_number(heap: _Heap, wanted: int) -> list[Clusters]:
    """Return as many voices as `wanted`, or as many as there are vectors."""
    stages = _stages(heap, by=_growths)
    return _voices(heap, stages[min(wanted, len(stages)) - 1], shortest=0.0)


def _voices(heap: _Heap, stage: Clusters, *, shortest: float) -> list[Clusters]:
    """Return the members of every group that is heard for long enough, the longest first."""
    seconds = np.bincount(stage, weights=heap.weights)
    order = np.argsort(-seconds, kind="stable")
    return [np.flatnonzero(stage == group) for group in order if seconds[group] > 0 and seconds[group] >= shortest]


def _hold_most(heap: _Heap, voices: Sequence[Clusters]) -> bool:
    return bool(heap.weights[np.concatenate(voices)].sum() >= _LEAST_HELD * heap.weights.sum())


def _are_apart(heap: _Heap, voices: Sequence[Clusters]) -> bool:
    names = np.concatenate([np.full(len(voice), name) for name, voice in enumerate(voices)])
    members = np.concatenate(voices)
    own = _Heap(sums=heap.sums[members], weights=heap.weights[members], squares=heap.squares[members]).together(names)
    widths, doubts = own.widths(), _doubt(float(heap.weights.sum())) / own.weights
    looser, tighter = np.maximum(widths[:, None], widths), np.minimum(widths[:, None], widths)
    width = _OF_THE_LOOSER * looser + (1 - _OF_THE_LOOSER) * tighter
    needed = width + _MARGIN + doubts[:, None] + doubts
    return bool(np.all(own.distances() >= needed, where=~np.eye(len(voices), dtype=bool)))


def _doubt(seconds: float) -> float:
    """Return what the margin of a group of one second grows by, among so many seconds of speech."""
    return _MARGIN_OF_A_SECOND + _DOUBT_OF_A_CHOICE * math.log(max(1.0, seconds / _SMALL_CHOICE))
