"""Read a WAV (PCM, 16-bit, 16 kHz, one or two channels) piece by piece, never as a whole.

Two channels are mixed to mono (`transcription.mixing` says how), except for diarization by channel.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from transcription.mixing import channel_weights

RATE = 16_000
"""Samples per second; the recogniser's model supports no other rate."""

HOP = 160
"""Samples per frame: every frame of the engine is 10 ms."""

FRAMES_PER_SECOND = RATE // HOP

Samples = NDArray[np.int16]

_MEASURED_AT_ONCE = 60 * RATE


class Waveform:
    """An open recording. Raises `ValueError` or `wave.Error` if the format is not supported."""

    def __init__(self, path: Path) -> None:
        self._file = wave.open(str(path), "rb")  # noqa: SIM115 - closed by __exit__, this is the context manager
        found = (self._file.getframerate(), self._file.getnchannels(), self._file.getsampwidth())
        if found not in {(RATE, 1, 2), (RATE, 2, 2)}:
            self._file.close()
            raise ValueError(f"rate, channels and bytes per sample are {found}")
        self.channels = found[1]
        self.length = self._file.getnframes()
        self._weights: tuple[float, float] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def seconds(self) -> float:
        """Return the length in seconds."""
        return self.length / RATE

    @property
    def frames(self) -> int:
        """Return the number of frames; the last may be incomplete."""
        return -(-self.length // HOP)

    def read(self, start: int, end: int) -> Samples:
        """Read samples `start` up to `end`, mixed to mono.

        The range is clipped to the recording; a truncated file returns less.
        """
        both = self.read_channels(start, end)
        if self.channels == 1:
            return both[:, 0]
        if self._weights is None:
            self._weights = self._measured()
        mixed: Samples = np.clip(np.rint(both @ np.array(self._weights)), -(2**15), 2**15 - 1).astype(np.int16)
        return mixed

    def read_channels(self, start: int, end: int) -> Samples:
        """Read the same samples with one column per channel."""
        start = min(max(start, 0), self.length)
        self._file.setpos(start)
        raw = self._file.readframes(max(min(end, self.length) - start, 0))
        frame = 2 * self.channels
        samples = np.frombuffer(raw[: len(raw) // frame * frame], dtype="<i2").astype(np.int16, copy=False)
        return samples.reshape(-1, self.channels)

    def _measured(self) -> tuple[float, float]:
        """Return how much of each channel is mixed, by the levels of the whole recording."""
        energies = np.zeros(3)
        for at in range(0, self.length, _MEASURED_AT_ONCE):
            both = self.read_channels(at, at + _MEASURED_AT_ONCE).astype(np.float64)
            for number, side in enumerate((both[:, 0], both[:, 1], both.mean(axis=1))):
                energies[number] += float(side @ side)
        left, right, mix = energies / max(self.length, 1) / 2.0**30
        return channel_weights(left, right, mix)

    def blocks(self, size: int, *, margin: int = 0) -> Iterator[Samples]:
        """Yield the recording in blocks of `size` samples, each followed by up to `margin` samples of the next."""
        for start in range(0, self.length, size):
            yield self.read(start, start + size + margin)
