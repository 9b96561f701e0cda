"""Measure the loudness of a recording every 10 ms.

The recording is read block by block: the samples are never all in memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transcription.engine.waveform import HOP, RATE, Samples, Waveform

SILENCE_DB = -90.0
"""Loudness (dB of full scale) of silence: the lowest value that is measured."""

_BLOCK = 30 * RATE
_FULL_SCALE = 32_768.0

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Features:
    """One value per frame of 10 ms: `loudness` in dB of full scale."""

    loudness: Floats


def extract(waveform: Waveform) -> Features:
    """Measure a whole recording. The last frame is padded with silence."""
    parts = [loudness_of(samples) for samples in waveform.blocks(_BLOCK)]
    return Features(loudness=np.concatenate([np.zeros(0, np.float32), *parts]))


def loudness_of(samples: Samples) -> Floats:
    """Return the loudness of every `HOP` samples."""
    padded = np.zeros((-(-len(samples) // HOP), HOP), np.float32)
    padded.reshape(-1)[: len(samples)] = samples / np.float32(_FULL_SCALE)
    power = np.mean(padded**2, axis=1)
    return np.asarray(10 * np.log10(power + 10 ** (SILENCE_DB / 10)), np.float32)
