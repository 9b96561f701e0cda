"""Writes a WAV (PCM, 16-bit) at any place of it: silence is a hole in the file, and tracks are added to each other."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_PCM = 1


class WavFile:
    """An open WAV."""

    def __init__(self, file: BinaryIO, *, channels: int) -> None:
        self._file = file
        self._frame = 2 * channels
        self._written = 0

    def write(self, samples: bytes | memoryview, *, at: int) -> None:
        """Put interleaved samples at sample `at`; they are added to those that are already there."""
        data = memoryview(samples).cast("B")
        start, end = at * self._frame, at * self._frame + len(data)
        self._file.seek(_HEADER.size + start)
        if start < self._written:
            data = memoryview(_added(self._file.read(min(end, self._written) - start), data))
            self._file.seek(_HEADER.size + start)
        self._file.write(data)
        self._written = max(self._written, end)

    def write_header(self, *, rate: int) -> None:
        """Write the header for what was written so far."""
        form = (b"fmt ", 16, _PCM, self._frame // 2, rate, rate * self._frame, self._frame, 16)
        self._file.seek(0)
        self._file.write(
            _HEADER.pack(b"RIFF", self._written + _HEADER.size - 8, b"WAVE", *form, b"data", self._written)
        )


@contextmanager
def new_wav(target: Path, *, rate: int, channels: int) -> Iterator[WavFile]:
    """Create a WAV in place of an older file; its header is written at the end."""
    target.unlink(missing_ok=True)  # a dying child process of an earlier try may still write to the old file
    with target.open("x+b") as file:
        wav = WavFile(file, channels=channels)
        yield wav
        wav.write_header(rate=rate)


def _added(there: bytes, more: memoryview) -> bytes:
    """Return the sum of the samples, limited to 16 bits. `more` may be longer."""
    import numpy as np  # noqa: PLC0415 - only where several tracks are mixed

    total = np.frombuffer(more, "<i2").astype(np.int32)
    old = np.frombuffer(there, "<i2")
    total[: len(old)] += old
    return np.clip(total, -(2**15), 2**15 - 1).astype("<i2").tobytes()
