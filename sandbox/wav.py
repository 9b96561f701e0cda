"""Looks at a WAV as a provider would: its header, whether the rest is there, how long it plays.

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
    """What the header says; `declared` and `present` are the bytes of sound promised and really there."""

    encoding: int
    channels: int
    sample_rate: int
    sample_width: int
    declared: int
    present: int

    @property
    def seconds(self) -> float:
        """Playing time of the sound that is there."""
        return min(self.declared, self.present) / (self.channels * self.sample_rate * self.sample_width)

    @property
    def readable(self) -> bool:
        """Plain samples, all of them there and nothing but a padding byte behind them."""
        return self.encoding in {PCM, EXTENSIBLE} and self.declared <= self.present <= self.declared + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """One recording that came in; `wav` is None when it is not a WAV. The sound itself is not kept."""

    length: int
    sha256: str
    wav: Wav | None

    @property
    def seconds(self) -> float:
        """Playing time, 0 for what is not a WAV."""
        return self.wav.seconds if self.wav else 0.0


class Meter:
    """Measures a recording while it streams by, keeping only its head."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._digest = hashlib.sha256()
        self._length = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next piece."""
        self._digest.update(chunk)
        self._length += len(chunk)
        if len(self._head) < KEPT:
            self._head += chunk[: KEPT - len(self._head)]

    def recording(self) -> Recording:
        """Say what came in."""
        return Recording(
            length=self._length, sha256=self._digest.hexdigest(), wav=read_wav(bytes(self._head), length=self._length)
        )


def measure(content: bytes) -> Recording:
    """Measure a recording that is already there."""
    meter = Meter()
    meter.feed(content)
    return meter.recording()


def read_wav(head: bytes, *, length: int) -> Wav | None:
    """Read the header of a file of `length` bytes from its first ones; None when it is no WAV with sound in it."""
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
