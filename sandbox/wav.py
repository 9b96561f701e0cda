"""Read a WAV header as a provider would: the format, whether the data is complete, and the duration.

Source: the RIFF WAVE layout (a `fmt ` chunk, then others, then `data`), little-endian.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

KEPT = 1 << 16
PCM = 1
EXTENSIBLE = 0xFFFE


@dataclass(frozen=True, kw_only=True, slots=True)
class Wav:
    """The header of a WAV; `declared` and `present` are the declared and the actual bytes of audio."""

    encoding: int
    channels: int
    sample_rate: int
    sample_width: int
    declared: int
    present: int

    @property
    def seconds(self) -> float:
        """Return the duration of the audio that is present."""
        return min(self.declared, self.present) / (self.channels * self.sample_rate * self.sample_width)

    @property
    def readable(self) -> bool:
        """Return whether it is PCM, complete, and followed by at most a padding byte."""
        return self.encoding in {PCM, EXTENSIBLE} and self.declared <= self.present <= self.declared + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """A received recording; `wav` is None if it is not a WAV. The audio itself is not kept."""

    length: int
    sha256: str
    wav: Wav | None

    @property
    def seconds(self) -> float:
        """Return the duration in seconds; 0 if it is not a WAV."""
        return self.wav.seconds if self.wav else 0.0


class Meter:
    """Measures a recording while it is received, keeping only its first bytes."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._digest = hashlib.sha256()
        self._length = 0

    def feed(self, chunk: bytes) -> None:
        """Add the next piece."""
        self._digest.update(chunk)
        self._length += len(chunk)
        if len(self._head) < KEPT:
            self._head += chunk[: KEPT - len(self._head)]

    def recording(self) -> Recording:
        """Return the measured recording."""
        return Recording(
            length=self._length, sha256=self._digest.hexdigest(), wav=read_wav(bytes(self._head), length=self._length)
        )


def measure(content: bytes) -> Recording:
    """Measure a recording that is in memory."""
    meter = Meter()
    meter.feed(content)
    return meter.recording()


def read_wav(head: bytes, *, length: int) -> Wav | None:
    """Parse the header of a file of `length` bytes from its first bytes; None if it is not a WAV with audio."""
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    layout: tuple[int, int, int, int] | None = None
    at = 12
    while at + 8 <= len(head):
        name, size = struct.unpack_from("<4sI", head, at)
        at += 8
        if name == b"data":
            return _wav(layout, declared=size, present=length - at)
        if name == b"fmt " and size >= struct.calcsize("<HHIIHH") and at + size <= len(head):
            encoding, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, at)
            layout = encoding, channels, rate, bits // 8
        at += size + size % 2
    return None


def _wav(layout: tuple[int, int, int, int] | None, *, declared: int, present: int) -> Wav | None:
    if layout is None or 0 in layout:
        return None
    encoding, channels, sample_rate, sample_width = layout
    return Wav(
        encoding=encoding,
        channels=channels,
        sample_rate=sample_rate,
        sample_width=sample_width,
        declared=declared,
        present=present,
    )
