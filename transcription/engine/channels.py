"""Diarization by channel: for recordings in which two people have one channel each, such as phone calls and interviews.

No voice needs to be recognised: the louder channel is the speaker. This is used only if nearly every moment of speech
is at least 15 dB louder on one channel and both channels contain speech. Ordinary stereo, identical channels and a
recording with a silent channel do not qualify.
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
"""Crosstalk from the other channel is at least this much quieter than the speech."""

_MOST_OVERLAP = 0.2
"""Maximum share of the speech in which both people talk or both channels contain the same sound."""

_SHORTEST_VOICE = 150
"""Frames (1.5 s): a channel with less speech counts as empty."""

_CLEAR_DB = 20.0
"""Moments quieter than the loudest ones by more than this are close to line noise and are not used."""

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
    """Return the speaker of each frame, or None if the channels do not separate the speakers.

    `left`, `right`: dB per frame.
    """
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
    """Return the channel of every step. An unclear step takes the nearest clear one of its phrase, if there is one."""
    found: list[int] = []
    for phrase in phrases:
        here = slice(len(found), len(found) - (-len(phrase) // _STEP))
        known, louder = np.flatnonzero(sure[here]), (apart[here] < 0).astype(int)
        steps = range(len(louder))
        found += [int(louder[known[np.abs(known - at).argmin()]] if len(known) else louder[at]) for at in steps]
    return found
