"""Tells two people apart who have a channel each, as telephone systems and interviews record them.

Then nobody has to be known by the voice: who is louder on the left speaks on the left. That is so only where nearly
every moment of speech is at least 15 dB louder on one side and both sides have their say. Ordinary stereo, the same
sound on both sides, and a recording with one dead side are no such thing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from transcription.engine.features import Floats, loudness_of
from transcription.engine.labels import NOBODY, Labels, by_appearance
from transcription.engine.segmentation import Span
from transcription.engine.waveform import RATE, Waveform

_STEP = 20
"""Frames (0.2 s) that are compared together."""

_APART_DB = 15.0
"""What crosses over is at least this much quieter than what is said."""

_MOST_OVERLAP = 0.2
"""Of the moments of speech: both talk, or both channels hear the same."""

_SHORTEST_VOICE = 150
"""Frames (1.5 s) below which a side has nobody."""

_CLEAR_DB = 20.0
"""Moments that are quieter than the loud ones by more than this are near the noise of the line, and tell nothing."""

_BLOCK = 30 * RATE


def sides(waveform: Waveform) -> tuple[Floats, Floats]:
    """Return the loudness (dB of full scale) of every frame on the left and on the right."""
    parts = [
        (loudness_of(both[:, 0]), loudness_of(both[:, 1]))
        for both in (waveform.read_channels(at, at + _BLOCK) for at in range(0, waveform.length, _BLOCK))
    ]
    nothing = np.zeros(0, np.float32)
    left = np.concatenate([nothing, *(left for left, _ in parts)])
    return left, np.concatenate([nothing, *(right for _, right in parts)])


def channel_labels(left: Floats, right: Floats, *, phrases: Sequence[Span]) -> Labels | None:
    """Return who speaks in each frame, or None where the channels do not tell. `left`, `right`: dB per frame."""
    steps = [
        Span(at, min(at + _STEP, phrase.end)) for phrase in phrases for at in range(phrase.start, phrase.end, _STEP)
    ]
    if not steps:
        return None
    levels = np.array([[_level(side, step) for side in (left, right)] for step in steps])
    lengths = np.array([len(step) for step in steps])
    apart = levels[:, 0] - levels[:, 1]
    clear = levels.max(axis=1) > np.percentile(levels.max(axis=1), 95) - _CLEAR_DB
    by_left, by_right = clear & (apart >= _APART_DB), clear & (apart <= -_APART_DB)
    overlap = lengths[clear & ~by_left & ~by_right].sum() / lengths[clear].sum()
    if overlap >= _MOST_OVERLAP or min(lengths[by_left].sum(), lengths[by_right].sum()) < _SHORTEST_VOICE:
        return None
    found = np.full(len(left), NOBODY, np.int16)
    for step, side in zip(steps, _settled(apart, sure=by_left | by_right, phrases=phrases), strict=True):
        found[step.start : step.end] = side
    return by_appearance(found)


def _level(loudness: Floats, step: Span) -> float:
    return float(10 * np.log10(np.mean(10 ** (loudness[step.start : step.end].astype(np.float64) / 10))))


def _settled(apart: NDArray[np.float64], *, sure: NDArray[np.bool_], phrases: Sequence[Span]) -> list[int]:
    """Return the side of every step; an unsure one is the nearest sure one's of its phrase, if there is any."""
    found: list[int] = []
    for phrase in phrases:
        here = slice(len(found), len(found) - (-len(phrase) // _STEP))
        known, louder = np.flatnonzero(sure[here]), (apart[here] < 0).astype(int)
        steps = range(len(louder))
        found += [int(louder[known[np.abs(known - at).argmin()]] if len(known) else louder[at]) for at in steps]
    return found
