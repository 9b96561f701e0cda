"""What the engine hears every 10 ms: a loudness and the mel-frequency cepstrum that tells voices apart.

The recording is taken block by block: 30 minutes of features are about 15 MB, the samples are never all in memory.
The cepstrum is the textbook one (Davis and Mermelstein, 1980): pre-emphasis, Hamming window of 25 ms, power
spectrum, triangular mel bands, logarithm, cosine transform. No mean is subtracted: a voice's mean is its colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from transcription.engine.waveform import HOP, RATE, Samples, Waveform

WINDOW = 400
"""Samples that one frame looks at (25 ms); frames overlap."""

COEFFICIENTS = 16
"""Cepstral coefficients per frame, the first of them is the frame's energy."""

SILENCE_DB = -90.0
"""The loudness (dB of full scale) below which everything is the same silence."""

_FFT = 512
_BANDS = 32
_LOWEST, _HIGHEST = 100.0, 7_000.0
_BLOCK = 30 * RATE
_FULL_SCALE = 32_768.0

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Features:
    """One row per frame of 10 ms: `loudness` in dB of full scale, `cepstra` of `COEFFICIENTS` columns."""

    loudness: Floats
    cepstra: Floats


def extract(waveform: Waveform) -> Features:
    """Compute the features of a whole recording; the last frame is filled up with silence."""
    parts = [_block(samples) for samples in waveform.blocks(_BLOCK, margin=WINDOW - HOP)]
    if not parts:
        return Features(loudness=np.zeros(0, np.float32), cepstra=np.zeros((0, COEFFICIENTS), np.float32))
    return Features(
        loudness=np.concatenate([loudness for loudness, _ in parts]),
        cepstra=np.concatenate([cepstra for _, cepstra in parts]),
    )


def _block(samples: Samples) -> tuple[Floats, Floats]:
    """Return loudness and cepstra of the frames that start in the first `_BLOCK` samples."""
    frames = -(-min(len(samples), _BLOCK) // HOP)
    padded = np.zeros((frames - 1) * HOP + WINDOW, np.float32)
    padded[: len(samples)] = samples[: len(padded)]
    padded /= _FULL_SCALE
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    power = np.mean(windows[:, :HOP] ** 2, axis=1)
    loudness = 10 * np.log10(power + 10 ** (SILENCE_DB / 10))
    return np.asarray(loudness, np.float32), _cepstra(windows)


def _cepstra(windows: Floats) -> Floats:
    emphasised = windows.copy()
    emphasised[:, 1:] -= 0.97 * windows[:, :-1]
    spectrum = np.abs(np.fft.rfft(emphasised * np.hamming(WINDOW).astype(np.float32), _FFT)) ** 2
    bands = np.log(spectrum.astype(np.float32) @ _mel_bands() + 1e-6)
    return np.asarray(bands @ _cosines(), np.float32)


@cache
def _mel_bands() -> Floats:
    """Weights of the triangular bands: one row per bin of the spectrum, one column per band."""
    mel = np.linspace(_to_mel(_LOWEST), _to_mel(_HIGHEST), _BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    bins = np.arange(_FFT // 2 + 1)[:, None] * RATE / _FFT
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)), np.float32)


def _to_mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


@cache
def _cosines() -> Floats:
    """The orthonormal cosine transform's first `COEFFICIENTS` columns."""
    band, order = np.arange(_BANDS)[:, None], np.arange(COEFFICIENTS)
    return np.asarray(np.cos(np.pi * (band + 0.5) * order / _BANDS) * np.sqrt(2 / _BANDS), np.float32)
