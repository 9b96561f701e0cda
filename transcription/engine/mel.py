"""Compute the mel spectrogram exactly as in the speaker encoder's training; any difference degrades its vectors.

25 ms Hann window every 10 ms, centred, padded with silence at both ends; 40 bands on Slaney's scale up to 8 kHz, each
with the same area. The values are power, not its logarithm: the encoder also uses loudness.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from transcription.engine.features import Floats
from transcription.engine.waveform import HOP, RATE

BANDS = 40

WINDOW = 400
"""Samples per frame (25 ms), centred on the frame's middle."""

_LINEAR_HERTZ = 200 / 3
"""Hertz per mel in the lower, linear part of Slaney's scale."""

_KNEE_HERTZ = 1_000.0
_OCTAVES_PER_MEL = float(np.log(6.4)) / 27
"""Increase of the logarithm of the frequency per mel above the knee."""


def mel_spectrogram(samples: Floats) -> Floats:
    """Return one row of `BANDS` per frame. The first frame's middle is sample `WINDOW // 2`; frames are `HOP` apart."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP] * _hann()
    power = np.abs(np.fft.rfft(frames)) ** 2
    return np.asarray(power.astype(np.float32) @ _bands(), np.float32)


@cache
def _hann() -> Floats:
    """Return the periodic Hann window: the zero at its end belongs to the next period."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)


@cache
def _bands() -> Floats:
    """Return the weights of the triangular bands: one row per bin of the spectrum, one column per band."""
    edges = _to_hertz(np.linspace(0, _to_mel(RATE / 2), BANDS + 2))
    bins = np.fft.rfftfreq(WINDOW, 1 / RATE)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2]), np.float32)


def _to_mel(hertz: float) -> float:
    """Convert a frequency above the knee."""
    return float(_KNEE_HERTZ / _LINEAR_HERTZ + np.log(hertz / _KNEE_HERTZ) / _OCTAVES_PER_MEL)


def _to_hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    knee = _KNEE_HERTZ / _LINEAR_HERTZ
    return np.where(mel < knee, mel * _LINEAR_HERTZ, _KNEE_HERTZ * np.exp((mel - knee) * _OCTAVES_PER_MEL))
