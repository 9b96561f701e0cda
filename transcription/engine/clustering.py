"""Cluster voice vectors by speaker, and estimate the number of speakers.

Agglomerative clustering: the two closest groups are merged repeatedly, once with the mean cosine distance of all pairs
(average linkage) and once with Ward's criterion (1963). Average linkage finds people who say little; Ward separates
similar people among many vectors. From all stages of both, the stage with the most voices is taken in which every two
groups are further apart than they are wide, by a margin, and in which the voices hold most of the speech. One fixed
distance does not work: how much one person's vectors vary depends on the line, the mood and the language. The shorter a
voice and the more speech there is, the larger the margin must be.

If the number of speakers is known and differs from the estimate, Ward's clustering produces that number: average
linkage would rather keep a few outliers as a voice.

A group is stored as the sum of its vectors, because the mean distance of all pairs follows from the sums alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Clusters = NDArray[np.intp]
"""The group number of every vector. The numbers have no other meaning."""

_MARGIN = 0.08
_MARGIN_OF_A_SECOND = 0.2
"""An addition to the margin for a group of one second; it shrinks as the group grows.

Both were measured on dialogues of real voices.
"""

_DOUBT_OF_A_CHOICE = 0.1
"""A further addition for every e-fold of `_SMALL_CHOICE`.

The more somebody says, the more the oddest seconds of it differ from the rest.
"""

_SMALL_CHOICE = 60.0
"""Seconds of speech, about the amount in the dialogues on which `_MARGIN_OF_A_SECOND` was measured."""

_OF_THE_LOOSER = 0.75
"""The weight of the wider group's width in the distance that two groups need.

With 1, a calm person is hidden by a lively one; with 0.5, the lively person's moods count as different people.
"""

_SHORTEST_VOICE = 3.0
"""Seconds: a group with less speech is a cough or overlapping speech, not a speaker."""

_ODD_SECONDS = 0.3
"""The minimum for one second of speech in total; it grows with the square root of the total.

Ten minutes contain more odd moments than one, but not all of the same kind.
"""

_SMALLEST_SHARE = 0.005
"""The minimum share of all speech, which is more than the square-root rule from an hour on.

Nothing longer was measured.
"""

_LEAST_HELD = 0.65
"""The minimum share of all speech that a stage's voices must hold.

Early stages consist of fragments: among hundreds of vectors there are always a few similar ones that are far from a few
others. Values from 0.55 to 0.75 give nearly the same results.
"""

_MOST_VOICES = 20
"""Maximum number of voices. No margin separates more of them, and searching for them takes time."""

_AT_ONCE = 400
"""Vectors that are clustered together, about twenty minutes of speech. Memory grows with the square of this number."""

_SURELY_ONE = 0.2
"""The mean distance up to which groups of one block are merged before the blocks are compared."""

_UNKNOWN_WIDTH = 0.22
"""The typical mean distance between vectors of one person, used for a group of one vector."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Heap:
    """Groups as sums: `sums` of the weighted vectors, of the `weights` (seconds), and of the squared weights."""

    sums: Reals
    weights: Reals
    squares: Reals

    def together(self, groups: Clusters) -> _Heap:
        """Add up the members of each group; `groups` counts from 0."""
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
        """Return the mean distance inside every group, without the distance of a vector to itself."""
        pairs = self.weights**2 - self.squares
        alone = pairs <= 1e-6 * self.squares
        inside = 1 - (np.sum(self.sums**2, axis=1) - self.squares) / np.where(alone, 1, pairs)
        usual = float(np.mean(inside[~alone])) if not alone.all() else _UNKNOWN_WIDTH
        return np.where(alone, usual, inside)


def grouped(vectors: Reals, *, seconds: Reals, speakers: tuple[int, int] | None = None) -> list[Clusters]:
    """Return the voices: for each voice the indices of its vectors, the longest voice first.

    `vectors` have length 1 and stand for `seconds` each. Vectors of groups that are too short for a speaker are in no
    voice. `speakers`: the minimum and the maximum number; fewer are returned if there are fewer vectors.
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
    """Return the mean distance of all pairs between one group and each group (average linkage)."""
    return np.asarray(1 - (sums @ sums[row]) / (weights * weights[row]), np.float64)


def _ward_growths(sums: Reals, weights: Reals, row: int) -> Reals:
    """Return how much the total variance grows if one group is merged with each (Ward's criterion)."""
    apart = sums / weights[:, None] - sums[row] / weights[row]
    return np.asarray(np.sum(apart**2, axis=1) * weights * weights[row] / (weights + weights[row]), np.float64)


def _blockwise(heap: _Heap) -> Clusters:
    """Merge what is surely one person's in each block.

    So the cost grows with the length of the recording and not with its square.
    """
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
    """Return the merges, stage by stage: the group that remains, the group that is gone, and their distance."""
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
    """Return the groups at every stage, from one group upwards."""
    groups = np.arange(len(heap.weights))
    stages = [groups.copy()]
    for keep, gone, _ in _joins(heap, by=by):
        groups[groups == gone] = keep
        stages.append(groups.copy())
    return stages[::-1]


def _by_margin(heap: _Heap) -> list[Clusters]:
    """Return the voices of the stage with the most voices that are far enough apart."""
    shortest = _shortest_voice(float(heap.weights.sum()))
    best = [np.arange(len(heap.weights))]
    for link in (_mean_distances, _ward_growths):
        for stage in _stages(heap, by=link):
            voices = _voices(heap, stage, shortest=shortest)
            if len(best) < len(voices) <= _MOST_VOICES and _cover_most(heap, voices) and _are_separated(heap, voices):
                best = voices
    return best


def _shortest_voice(seconds: float) -> float:
    """Return the least seconds of speech that a speaker must have, given the seconds of all speech."""
    return max(_SHORTEST_VOICE, _ODD_SECONDS * math.sqrt(seconds), _SMALLEST_SHARE * seconds)


def _by_number(heap: _Heap, wanted: int) -> list[Clusters]:
    """Return `wanted` voices, or as many as there are vectors."""
    stages = _stages(heap, by=_ward_growths)
    return _voices(heap, stages[min(wanted, len(stages)) - 1], shortest=0.0)


def _voices(heap: _Heap, stage: Clusters, *, shortest: float) -> list[Clusters]:
    """Return the members of every group with enough speech, the longest first."""
    seconds = np.bincount(stage, weights=heap.weights)
    order = np.argsort(-seconds, kind="stable")
    return [np.flatnonzero(stage == group) for group in order if seconds[group] > 0 and seconds[group] >= shortest]


def _cover_most(heap: _Heap, voices: Sequence[Clusters]) -> bool:
    return bool(heap.weights[np.concatenate(voices)].sum() >= _LEAST_HELD * heap.weights.sum())


def _are_separated(heap: _Heap, voices: Sequence[Clusters]) -> bool:
    names = np.concatenate([np.full(len(voice), name) for name, voice in enumerate(voices)])
    members = np.concatenate(voices)
    own = _Heap(sums=heap.sums[members], weights=heap.weights[members], squares=heap.squares[members]).together(names)
    widths, doubts = own.widths(), _extra_margin(float(heap.weights.sum())) / own.weights
    looser, tighter = np.maximum(widths[:, None], widths), np.minimum(widths[:, None], widths)
    width = _OF_THE_LOOSER * looser + (1 - _OF_THE_LOOSER) * tighter
    needed = width + _MARGIN + doubts[:, None] + doubts
    return bool(np.all(own.distances() >= needed, where=~np.eye(len(voices), dtype=bool)))


def _extra_margin(seconds: float) -> float:
    """Return the addition to the margin for a group of one second, given the seconds of all speech."""
    return _MARGIN_OF_A_SECOND + _DOUBT_OF_A_CHOICE * math.log(max(1.0, seconds / _SMALL_CHOICE))
