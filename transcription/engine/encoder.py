"""Compute speaker vectors: one unit vector per window of a recording; windows of the same person get similar vectors.

The rest of the engine depends only on the interface `SpeakerEncoder`. `GE2E` is the one implementation: three LSTM
layers, a linear layer and a ReLU (Wan et al., 2018; the weights are Resemblyzer's), computed in NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from transcription.engine.features import Floats
from transcription.engine.mel import BANDS, WINDOW, mel_spectrogram
from transcription.engine.segmentation import Span
from transcription.engine.waveform import HOP, Waveform
from transcription.engine.weights import HIDDEN, LAYERS, weights

_AT_ONCE = 48
"""Windows per batch: larger batches are hardly faster and take 1 MB per window."""

_LEAST_LEVEL = 10 ** (-30 / 20)
"""-30 dB of full scale: quieter windows are amplified to this level, as in the encoder's training."""

_FULL_SCALE = 32_768.0


class SpeakerEncoder(Protocol):
    """A model that maps speech to speaker vectors. It stores nobody's voice."""

    def vectors(self, waveform: Waveform, windows: Sequence[Span]) -> Floats:
        """Return one unit vector per window of any length. Memory use does not grow with the recording."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _Layer:
    """One LSTM layer. The columns are the gates input, forget, cell and output."""

    by_input: Floats
    by_state: Floats
    bias: Floats

    @classmethod
    def taken(cls, found: Mapping[str, Floats], layer: int) -> Self:
        """Read a layer from the weights, scaled so that one logistic function computes all gates.

        tanh(x) is 2 * logistic(2x) - 1: the cell's gate is doubled here and corrected in `_states`.
        """
        scale = np.ones(4 * HIDDEN, np.float32)
        scale[_CELL] = 2
        return cls(
            by_input=np.ascontiguousarray(found[f"lstm.weight_ih_l{layer}"].T * scale),
            by_state=np.ascontiguousarray(found[f"lstm.weight_hh_l{layer}"].T * scale),
            bias=(found[f"lstm.bias_ih_l{layer}"] + found[f"lstm.bias_hh_l{layer}"]) * scale,
        )


_INPUT, _FORGET, _CELL, _OUTPUT = (slice(gate * HIDDEN, (gate + 1) * HIDDEN) for gate in range(4))


class GE2E:
    """The encoder from the package `Resemblyzer`, trained on 1.6 s windows of mostly English speech."""

    def __init__(self) -> None:
        found = weights()
        self._layers = [_Layer.taken(found, layer) for layer in range(LAYERS)]
        self._linear = np.ascontiguousarray(found["linear.weight"].T)
        self._bias = found["linear.bias"]

    def vectors(self, waveform: Waveform, windows: Sequence[Span]) -> Floats:
        """Return one unit vector per window. Windows are batched by length, so that little padding is computed."""
        found = np.zeros((len(windows), HIDDEN), np.float32)
        order = sorted(range(len(windows)), key=lambda at: len(windows[at]))
        for start in range(0, len(order), _AT_ONCE):
            block = order[start : start + _AT_ONCE]
            found[block] = self.embedded([_mels(waveform, windows[at]) for at in block])
        return found

    def embedded(self, spectrograms: Sequence[Floats]) -> Floats:
        """Return the unit vector of each spectrogram (rows are frames)."""
        lengths = np.array([len(each) for each in spectrograms])
        states = np.zeros((lengths.max(), len(lengths), BANDS), np.float32)
        for at, each in enumerate(spectrograms):
            states[: len(each), at] = each
        for layer in self._layers:
            states = _states(layer, states)
        raw = np.maximum(states[lengths - 1, np.arange(len(lengths))] @ self._linear + self._bias, 0)
        return np.asarray(raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-9), np.float32)


def _states(layer: _Layer, inputs: Floats) -> Floats:
    """Run one layer over all frames (first axis) of many windows (second axis)."""
    frames, windows, _ = inputs.shape
    gates = inputs.reshape(frames * windows, -1) @ layer.by_input
    gates += layer.bias
    gates = gates.reshape(frames, windows, 4 * HIDDEN)
    found = np.empty((frames, windows, HIDDEN), np.float32)
    state = cell = np.zeros((windows, HIDDEN), np.float32)
    for at in range(frames):
        now = gates[at]
        now += state @ layer.by_state
        _logistic(now)
        cell = now[:, _FORGET] * cell + now[:, _INPUT] * (2 * now[:, _CELL] - 1)
        state = now[:, _OUTPUT] * np.tanh(cell)
        found[at] = state
    return found


def _logistic(values: Floats) -> None:
    """Replace every value by its logistic function, in place."""
    np.negative(values, out=values)
    with np.errstate(over="ignore"):  # exp may overflow to infinity; the result is then 0, as it should be
        np.exp(values, out=values)
    values += 1
    np.reciprocal(values, out=values)


def _mels(waveform: Waveform, window: Span) -> Floats:
    """Return the spectrogram of a window. Its first and last frames include samples just outside the window."""
    first, last = window.start * HOP - WINDOW // 2, (window.end - 1) * HOP + WINDOW // 2
    samples = np.zeros(last - first, np.float32)
    there = waveform.read(first, last)
    begins = max(0, -first)
    samples[begins : begins + len(there)] = there / np.float32(_FULL_SCALE)
    level = float(np.sqrt(np.mean(samples**2)))
    if 0 < level < _LEAST_LEVEL:
        samples *= _LEAST_LEVEL / level
    return mel_spectrogram(samples)
