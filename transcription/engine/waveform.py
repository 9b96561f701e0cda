"""Read a WAV (PCM, 16-bit, 16 kHz, one or two channels) piece by piece, never as a whole.

Two channels are mixed to mono, except for diarization by channel.
"""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

RATE = 16_000
"""Samples per second; the recogniser's model supports no other rate."""

HOP = 160
"""Samples per frame: every frame of the engine is 10 ms."""

FRAMES_PER_SECOND = RATE // HOP

Samples = NDArray[np.int16]


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
        return np.asarray(np.sum(both, axis=1, dtype=np.int32) // self.channels, np.int16)

    def read_channels(self, start: int, end: int) -> Samples:
        """Read the same samples with one column per channel."""
        start = min(max(start, 0), self.length)
        self._file.setpos(start)
        raw = self._file.readframes(max(min(end, self.length) - start, 0))
        frame = 2 * self.channels
        samples = np.frombuffer(raw[: len(raw) // frame * frame], dtype="<i2").astype(np.int16, copy=False)
        return samples.reshape(-1, self.channels)

    def blocks(self, size: int, *, margin: int = 0) -> Iterator[Samples]:
        """Yield the recording in blocks of `size` samples, each followed by up to `margin` samples of the next."""
        for start in range(0, self.length, size):
            yield self.read(start, start + size + margin)
