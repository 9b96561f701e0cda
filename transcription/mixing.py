"""How the channels and tracks of a recording become the one or two channels that a transcriber gets.

The one place that decides it, for the conversion of every recording and for the engine that reads two channels:

- The channels of a track are mixed, unless they cancel each other; then the louder one is used alone.
- Tracks are brought to a common loudness. While somebody speaks on one of them, those with the same voice a moment
  later, with music or with noise are lowered: they cost words. Other people are not.
- Two channels stay two. Two tracks become two channels if one person speaks on each.

Levels are the mean power of blocks of 0.1 s, with 1 for full scale. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Powers = NDArray[np.float64]
"""The mean power of each block of 0.1 s."""

BLOCKS_PER_SECOND = 10

CANCELS_DB = 12.0
"""How far the mix of two channels may lie below the louder one."""

ONE_SIDED_DB = 4.5
"""A mix lower than this is raised to the level of the louder channel. It is 6 dB lower if one side is silent, and 3 dB
lower with two voices of the same level."""

SILENT_DB = -65.0
"""Full scale: a track without any block louder than this contains nothing."""

MOST_GAIN_DB = 20.0
AWAY_DB = 20.0
"""How much a track is lowered while somebody speaks on another one."""

APART_DB = 15.0
"""How much quieter a person is on the track of the other, where each has a track."""

MOST_OVERLAP = 0.2
"""Share of the speech that may be equally loud on both tracks."""

_NOTHING = 1e-12
_LOUD_DB = 12.0
_FLOOR_DB = 6.0
_DIP_DB = 15.0
_FEWEST_DIPS = 0.03
"""Share of the blocks with a pause between words around them. Speech has 0.1 and more, music and noise 0.005."""

_STEADY_DB = 30.0
_HOLD_BEFORE, _HOLD_AFTER = 3, 10
"""Blocks: a person is heard from a moment before, and until the pause is longer than one between words."""

_HYSTERESIS_DB = 6.0
_PAUSE_DB = 40.0
_AROUND = 15
_ALIKE = 0.7
"""Correlation of the levels within 1.5 s: the same voice on two tracks has 0.8 and more, two voices 0.2."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackLevels:
    """The levels of one track: of its only channel, or of the left one, the right one and their mean."""

    channels: tuple[Powers, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackMix:
    """What becomes of a track. `weights`: for each of its channels, how much of it goes into each output channel.

    `gains`: a factor for every block in addition, which changes from one to the next smoothly.
    """

    weights: tuple[tuple[float, ...], ...]
    gains: NDArray[np.float32] | None = field(default=None, compare=False)
    varies: bool = False

    @property
    def is_plain(self) -> bool:
        """Return whether the track is passed on as it is."""
        return not self.varies and self.weights == tuple(
            tuple(float(one == other) for other in range(len(self.weights))) for one in range(len(self.weights))
        )

    @property
    def narrowed(self) -> TrackMix:
        """Return the same mix for the mean of all channels, if it treats all of them alike; else itself."""
        if len(set(self.weights)) > 1:
            return self
        total = tuple(len(self.weights) * weight for weight in self.weights[0])
        return replace(self, weights=(total,))

    def applied(self, samples: NDArray[np.int16], *, at: int, rate: int) -> NDArray[np.int16]:
        """Return the track's share of the output, shape (samples, output channels); `at` is its first sample."""
        mixed = samples.astype(np.float32) @ np.array(self.weights, np.float32)
        if self.gains is not None and len(self.gains):
            size = rate / BLOCKS_PER_SECOND
            centres = (np.arange(at, at + len(samples)) + 0.5) / size - 0.5
            mixed *= np.interp(centres, np.arange(len(self.gains)), self.gains)[:, np.newaxis]
        return np.clip(np.rint(mixed), -(2**15), 2**15 - 1).astype(np.int16)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mix:
    """How a recording is mixed: `channels` of output, and what becomes of each track."""

    channels: int
    tracks: tuple[TrackMix, ...]


def default_mix(channels: Sequence[int], *, stereo: bool) -> Mix:
    """Return the mix of tracks with so many channels (1 or 2) whose levels are not known yet."""
    keeps_two = stereo and list(channels) == [2]
    weights = (
        ((1.0, 0.0), (0.0, 1.0)) if keeps_two else ((1.0,),) if each == 1 else ((0.5,), (0.5,)) for each in channels
    )
    return Mix(channels=1 + keeps_two, tracks=tuple(TrackMix(weights=each) for each in weights))


def best_mix(levels: Sequence[TrackLevels], *, stereo: bool) -> Mix:
    """Return the mix for tracks with these levels; with `stereo`, two channels may come out."""
    if not any(len(power) for each in levels for power in each.channels):
        return default_mix([min(len(each.channels), 2) for each in levels], stereo=stereo)
    told = [number for number, each in enumerate(levels) if not all(map(_is_silent, each.channels))]
    told = told or list(range(len(levels)))
    if len(told) == 1 and stereo and len(levels[told[0]].channels) > 1:
        return _one_of(levels, told[0])
    mono = [_to_mono(each) for each in levels]
    if len(told) == 1:
        return Mix(channels=1, tracks=tuple(TrackMix(weights=_column(weights)) for weights, _ in mono))
    loudness = [_loudness(power) for _, power in mono]
    common = max(loudness[number] for number in told)
    raised = [
        10 ** (min(common - each, MOST_GAIN_DB) / 20) if number in told else 1.0 for number, each in enumerate(loudness)
    ]
    scaled = [tuple(weight * gain for weight in weights) for (weights, _), gain in zip(mono, raised, strict=True)]
    powers = [mono[number][1] for number in told]
    if stereo and len(told) == 2 and _are_apart(*powers):  # noqa: PLR2004 - left and right
        sides = {number: side for side, number in enumerate(told)}
        placed = (_column(each, side=sides.get(number, 0), of=2) for number, each in enumerate(scaled))
        return Mix(channels=2, tracks=tuple(TrackMix(weights=each) for each in placed))
    gains = dict(zip(told, turns(powers), strict=True))
    return Mix(
        channels=1,
        tracks=tuple(
            TrackMix(weights=_column(each), gains=gains.get(number), varies=number in gains)
            for number, each in enumerate(scaled)
        ),
    )


def channel_weights(left: float, right: float, mix: float) -> tuple[float, float]:
    """Return how much of each channel is mixed, given the mean power of both and of their mean.

    A mix that cancels is not used. One that is lower because one side is silent is raised, so that nobody loses level.
    """
    louder = max(left, right, _NOTHING)
    lost = 10 * np.log10(louder / max(mix, _NOTHING))
    if lost > CANCELS_DB:
        return (1.0, 0.0) if left >= right else (0.0, 1.0)
    if lost > ONE_SIDED_DB:
        half = 0.5 * 10 ** (float(lost) / 20)
        return half, half
    return 0.5, 0.5


def turns(powers: Sequence[Powers]) -> list[NDArray[np.float32]]:
    """Return the gain of each track in every block: 1, or `AWAY_DB` less while it would only disturb.

    One track leads: that which is louder than the others, each compared with its own loudness, and a steady sound only
    where nobody speaks. Meanwhile another one disturbs if it is steady, or if it has the same sound as the leading one:
    its level then rises and falls with it. Two people who speak at the same time are both heard.
    """
    length = max(map(len, powers))
    tracks = [_Track.of(each, length=length) for each in powers]
    scores = np.stack([each.score for each in tracks])
    lead, leads = 0, np.zeros(length, np.int64)
    for block, (winner, column) in enumerate(zip(scores.argmax(axis=0).tolist(), scores.T.tolist(), strict=True)):
        if column[winner] > column[lead] + _HYSTERESIS_DB:
            lead = winner
        leads[block] = lead
    gains = []
    for number, track in enumerate(tracks):
        disturbs = np.full(length, track.is_steady)
        for other, leader in enumerate(tracks):
            disturbs |= (leads == other) & (_likeness(track.levels, leader.levels) > _ALIKE)
        gains.append(np.where((leads != number) & disturbs, 10 ** (-AWAY_DB / 20), 1.0).astype(np.float32))
    return gains


@dataclass(frozen=True, kw_only=True, slots=True)
class _Track:
    """The levels of a track in dB over its own loudness, and how much each block asks to be heard."""

    levels: Powers
    score: Powers
    is_steady: bool

    @classmethod
    def of(cls, powers: Powers, *, length: int) -> _Track:
        levels = np.full(length, -_PAUSE_DB)
        levels[: len(powers)] = np.maximum(_decibels(powers) - _loudness(powers), -_PAUSE_DB)
        steady = _is_steady(levels)
        held = _maximum(levels, before=_HOLD_AFTER, after=_HOLD_BEFORE)
        return cls(levels=levels, score=held - _STEADY_DB * steady, is_steady=steady)


def _likeness(one: Powers, other: Powers) -> Powers:
    """Return the correlation of two tracks' levels around each block; 0 where one of them does not change."""
    kernel = np.ones(2 * _AROUND + 1) / (2 * _AROUND + 1)

    def mean(values: Powers) -> Powers:
        return np.convolve(np.pad(values, _AROUND, mode="edge"), kernel, mode="valid")

    shared = mean(one * other) - mean(one) * mean(other)
    spread = (mean(one * one) - mean(one) ** 2) * (mean(other * other) - mean(other) ** 2)
    return np.where(spread > 1, shared / np.sqrt(np.maximum(spread, 1)), 0.0)


def _one_of(levels: Sequence[TrackLevels], number: int) -> Mix:
    """Return the mix in which both channels of one track stay, and the others contain nothing."""
    both, nothing = ((1.0, 0.0), (0.0, 1.0)), (0.0, 0.0)
    return Mix(
        channels=2,
        tracks=tuple(
            TrackMix(weights=both if at == number else (nothing,) * min(len(each.channels), 2))
            for at, each in enumerate(levels)
        ),
    )


def _to_mono(levels: TrackLevels) -> tuple[tuple[float, ...], Powers]:
    """Return the weights of a track's channels, and the levels of what they give."""
    if len(levels.channels) == 1:
        return (1.0,), levels.channels[0]
    left, right, mix = levels.channels
    weights = channel_weights(float(left.mean()), float(right.mean()), float(mix.mean()))
    if 0.0 in weights:
        return weights, left if weights[0] else right
    return weights, mix * (2 * weights[0]) ** 2


def _column(weights: Sequence[float], *, side: int = 0, of: int = 1) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(weight if at == side else 0.0 for at in range(of)) for weight in weights)


def _decibels(powers: Powers) -> Powers:
    return 10 * np.log10(np.maximum(powers, _NOTHING))


def _is_silent(powers: Powers) -> bool:
    return not len(powers) or float(_decibels(powers).max()) <= SILENT_DB


def _loudness(powers: Powers) -> float:
    """Return the level of what is said, in dB: the median of what is neither pause nor noise. A cough hardly counts."""
    levels = _decibels(powers[powers > 10 ** (SILENT_DB / 10)])
    if not len(levels):
        return SILENT_DB
    mean = 10 * math.log10(np.mean(10 ** (levels / 10)))
    least = max(mean - _LOUD_DB, min(float(np.percentile(levels, 10)) + _FLOOR_DB, mean))
    return float(np.median(levels[levels >= least]))


def _is_steady(levels: Powers) -> bool:
    """Return whether a sound has no pauses: it is music or noise, not a person who speaks in quiet."""
    around = _maximum(levels, before=BLOCKS_PER_SECOND, after=BLOCKS_PER_SECOND)
    active = around > -_LOUD_DB
    return not active.any() or float(np.mean(levels[active] < around[active] - _DIP_DB)) < _FEWEST_DIPS


def _maximum(levels: Powers, *, before: int, after: int) -> Powers:
    """Return the maximum of each block and its neighbours."""
    padded = np.pad(levels, (before, after), mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, before + after + 1).max(axis=1))


def _are_apart(one: Powers, other: Powers) -> bool:
    """Return whether each of two tracks has speech that the other one does not have."""
    length = min(len(one), len(other))
    apart = _decibels(one[:length]) - _decibels(other[:length])
    clear = (
        np.maximum(_decibels(one[:length]) - _loudness(one), _decibels(other[:length]) - _loudness(other)) > -_LOUD_DB
    )
    return bool(clear.any()) and float(np.mean(np.abs(apart[clear]) < APART_DB)) < MOST_OVERLAP
