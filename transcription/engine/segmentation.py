"""Find the phrases of a recording: stretches that are loud enough AND contain a voice.

Voice activity detection (VAD) alone covers short pauses and merges short turns. Adding a loudness threshold and cutting
at every pause of 120 ms improves the speaker labels more than any later step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Vad

from transcription.engine.features import SILENCE_DB, Floats
from transcription.engine.waveform import HOP, RATE, Samples, Waveform

PAUSE = 12
"""Frames of silence that end a phrase (120 ms)."""

SHORTEST = 8
"""Frames (80 ms): anything shorter is a click, not speech."""

_VAD_FRAME = 3
"""Frames per decision of the VAD (30 ms, the longest it accepts)."""

_BLOCK = 30 * RATE
_NEIGHBOURHOOD = 6_000
"""Frames (one minute) within which loudness is compared: people move, and lines differ."""

_RANGE_DB = 32.0
"""Speech that is quieter than the loud parts around it by more than this counts as a pause."""

_ABOVE_NOISE_DB = 6.0
_AUDIBLE_DB = -65.0

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Span:
    """Frames `start` up to `end` (exclusive, 10 ms each), counted from the beginning of the recording."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start


def phrases(waveform: Waveform, *, loudness: Floats) -> list[Span]:
    """Return the phrases in order, without overlap; an empty list if nobody speaks."""
    voiced = _voice_activity(waveform, frames=len(loudness))
    spoken = voiced & (loudness > _thresholds(loudness, voiced=voiced))
    return [span for span in _joined(_runs(spoken), pause=PAUSE) if len(span) >= SHORTEST]


def _voice_activity(waveform: Waveform, *, frames: int) -> Flags:
    """Run the VAD on every 30 ms. A last piece that is too short counts as silence."""
    vad = Vad(Vad.MEDIUM_STRICT, RATE, _VAD_FRAME * HOP / RATE)
    flags = np.zeros(frames, np.bool_)
    at = 0
    for block in waveform.blocks(_BLOCK):
        for start in range(0, len(block) - _VAD_FRAME * HOP + 1, _VAD_FRAME * HOP):
            flags[at : at + _VAD_FRAME] = vad.is_speech(_bytes(block[start : start + _VAD_FRAME * HOP]))
            at += _VAD_FRAME
    return flags


def _bytes(samples: Samples) -> bytes:
    return samples.astype("<i2", copy=False).tobytes()


def _thresholds(loudness: Floats, *, voiced: Flags) -> Floats:
    """Return the minimum loudness of speech per frame, based on the loud and quiet parts of the minute around it."""
    thresholds = np.full(len(loudness), SILENCE_DB, np.float32)
    for start in range(0, len(loudness), _NEIGHBOURHOOD):
        near = slice(max(0, start - _NEIGHBOURHOOD // 2), start + _NEIGHBOURHOOD * 3 // 2)
        speech = loudness[near][voiced[near]]
        if not len(speech):
            continue
        loud, quiet = float(np.percentile(speech, 95)), float(np.percentile(loudness[near], 10))
        noise = min(quiet + _ABOVE_NOISE_DB, loud - 2 * _ABOVE_NOISE_DB)
        thresholds[start : start + _NEIGHBOURHOOD] = max(loud - _RANGE_DB, noise, _AUDIBLE_DB)
    return thresholds


def _runs(flags: Flags) -> list[Span]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False]))))
    return [Span(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _joined(spans: list[Span], *, pause: int) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        if joined and span.start - joined[-1].end < pause:
            joined[-1] = Span(joined[-1].start, span.end)
        else:
            joined.append(span)
    return joined
