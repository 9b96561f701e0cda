"""Mixes the tracks of a recording while they are decoded, and measures them for `transcription.mixing`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from transcription.decoding.track import FrameListener, Place
from transcription.mixing import BLOCKS_PER_SECOND, Mix, TrackLevels, best_mix, default_mix

_HEARD_A_SECOND = 2_000
"""Samples of each second that are measured: of a block 200, which tell its power to half a decibel."""

_FIRST = 1_024
_AT_ONCE = 16
_LONG, _ONE_OF = 120.0, 8
_SAME_TIME = 0.05
"""Seconds by which a frame may begin earlier or later than the one before has ended: the resampler holds some back."""

_SCALES: dict[str, tuple[np.dtype[Any], float, float]] = {
    "u8": (np.dtype(np.uint8), 128.0, 2.0**7),
    "s16": (np.dtype(np.int16), 0.0, 2.0**15),
    "s32": (np.dtype(np.int32), 0.0, 2.0**31),
    "flt": (np.dtype(np.float32), 0.0, 1.0),
    "dbl": (np.dtype(np.float64), 0.0, 1.0),
}
"""For each sample format of FFmpeg: the type, the value of silence, and that of full scale above it."""


class Mixer:
    """Mixes tracks with so many `channels` each in the source; `outputs` is how many channels come out.

    Without a `mix` it begins with the default, and measures whether another one is better.
    """

    def __init__(self, channels: Sequence[int], *, rate: int, stereo: bool, mix: Mix | None = None) -> None:
        pairs = [min(each, 2) for each in channels]
        self._channels = channels
        self._rate = rate
        self._stereo = stereo
        self._mix = mix or default_mix(pairs, stereo=stereo)
        self._tracks = [track.narrowed for track in self._mix.tracks]
        measures = mix is None and self._mix.channels == 1
        self._meters = [Meter(channels=pair, sparse=len(pairs) == 1) for pair in pairs] if measures else []
        # The sides of a recording with more channels are measured behind the resampler, which knows their places.
        self.inputs = [
            2 if measures and each > 2 else len(track.weights)  # noqa: PLR2004 - a pair
            for track, each in zip(self._tracks, channels, strict=True)
        ]
        self.outputs = self._mix.channels

    def listener(self, number: int) -> FrameListener | None:
        """Return what hears the frames of a track, None if nothing is measured."""
        return self._meters[number].listen if self._meters else None

    def share(self, number: int, place: Place) -> bytes | memoryview:
        """Return what the track with this number contributes to the output at a place."""
        at, data = place
        track, inputs = self._tracks[number], self.inputs[number]
        if inputs > len(track.weights):
            track = self._mix.tracks[number]
        if track.is_plain:
            return data
        return track.applied(np.frombuffer(data, "<i2").reshape(-1, inputs), at=at, rate=self._rate).tobytes()

    def better(self) -> Mixer | None:
        """Return a mixer for a second pass, None if this one has mixed as is best."""
        best = best_mix([meter.levels() for meter in self._meters], stereo=self._stereo) if self._meters else self._mix
        if best == self._mix:
            return None
        return Mixer(self._channels, rate=self._rate, stereo=self._stereo, mix=best)


class Meter:
    """Measures the mean power of every block of 0.1 s. It takes 16 bytes a block: for a day, 14 MB for each channel.

    With `sparse`, of a long recording a part is measured: enough to compare two channels with each other.
    """

    def __init__(self, *, channels: int, sparse: bool = False) -> None:
        self._sparse = sparse
        self._frames = 0
        sides = 1 if channels == 1 else 3
        self._energies = np.zeros((sides, _FIRST))
        self._counts = np.zeros(_FIRST)
        self._blocks = 0
        self._waiting: list[NDArray[np.float32]] = []
        self._rate = self._begin = self._end = 0.0

    def listen(self, frame: AudioFrame, at: float) -> None:
        """Measure a frame that begins at second `at`."""
        self._frames += 1
        if self._sparse and at > _LONG and self._frames % _ONE_OF:
            return
        stride = max(frame.sample_rate // _HEARD_A_SECOND, 1)
        sound, rate = _samples(frame, stride=stride), frame.sample_rate / stride
        if self._waiting and (rate != self._rate or abs(at - self._end) > _SAME_TIME or len(self._waiting) == _AT_ONCE):
            self._measure()
        if sound is not None:
            self._begin = self._begin if self._waiting else at
            self._waiting.append(sound)
            self._rate, self._end = rate, at + frame.samples / frame.sample_rate

    def _measure(self) -> None:
        """Measure what was heard since the last time: NumPy takes as long for one frame as for several."""
        sound, self._waiting = np.concatenate(self._waiting, axis=1), []
        sides = sound.mean(axis=0, keepdims=True)
        if len(self._energies) > 1:
            sides = np.concatenate([sound[:1], sound[-1:], sides])
        first, per_block = self._begin * BLOCKS_PER_SECOND, self._rate / BLOCKS_PER_SECOND
        begin, end = int(first), math.ceil(first + sides.shape[1] / per_block)
        edges = np.clip(np.ceil((np.arange(begin, end) - first) * per_block), 0, sides.shape[1] - 1).astype(np.int64)
        self._make_room(end)
        self._energies[:, begin:end] += np.add.reduceat(sides * sides, edges, axis=1)
        self._counts[begin:end] += np.diff(edges, append=sides.shape[1])
        self._blocks = max(self._blocks, end)

    def levels(self) -> TrackLevels:
        """Return what was measured. Where nothing was heard, it is silent."""
        if self._waiting:
            self._measure()
        powers = self._energies[:, : self._blocks] / np.maximum(self._counts[: self._blocks], 1)
        return TrackLevels(channels=tuple(powers))

    def _make_room(self, blocks: int) -> None:
        if blocks > len(self._counts):
            more = max(blocks, 2 * len(self._counts)) - len(self._counts)
            self._energies = np.pad(self._energies, ((0, 0), (0, more)))
            self._counts = np.pad(self._counts, (0, more))


def _samples(frame: AudioFrame, *, stride: int) -> NDArray[np.float32] | None:
    """Return one sample of every `stride`, shape (channels, samples), 1 for full scale; None for an unknown format."""
    scale = _SCALES.get(frame.format.packed.name)
    if scale is None:
        return None
    kind, zero, full = scale
    planes = [np.frombuffer(memoryview(plane), kind) for plane in frame.planes]
    if frame.format.is_planar:
        raw = np.stack([plane[: frame.samples : stride] for plane in planes])
    else:
        channels = frame.layout.nb_channels
        raw = planes[0][: channels * frame.samples].reshape(-1, channels)[::stride].T
    return ((raw - zero) / full).astype(np.float32) if zero or full != 1 else raw.astype(np.float32)
