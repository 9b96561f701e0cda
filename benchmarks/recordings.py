"""Long synthetic recordings in common formats, made once and kept in `build/`: tones that vary like a voice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

RATE = 48_000
CODECS: Mapping[str, str] = MappingProxyType(
    {"m4a": "aac", "webm": "libopus", "ogg": "libopus", "mp3": "libmp3lame", "mp4": "aac"}
)

MINUTE = 60


def recording(kind: str, *, minutes: int, folder: Path) -> Path:
    """Return a recording of this format and length; an `mp4` has a picture. One minute is encoded and repeated."""
    path = folder / f"recording-{minutes}.{kind}"
    if not path.exists():
        unfinished = path.with_name(f"unfinished.{kind}")
        _make(unfinished, kind, minutes=minutes)
        unfinished.rename(path)
    return path


def _make(path: Path, kind: str, *, minutes: int) -> None:
    with av.open(str(path), "w") as target:
        sound = target.add_stream(CODECS[kind], rate=RATE)
        assert isinstance(sound, AudioStream)
        sound.layout = "stereo"
        tracks = [_Track(sound, _sound(sound))]
        if kind == "mp4":
            picture = _picture(target)
            tracks.append(_Track(picture, _pictures(picture)))
        for _ in range(minutes):
            for track in tracks:
                track.write(target)


class _Track:
    """One minute of encoded audio or video that can be written repeatedly."""

    def __init__(self, stream: Stream, packets: Iterable[Packet[Any]]) -> None:
        self._stream = stream
        self._packets = list(packets)
        self._time = 0

    def write(self, target: OutputContainer) -> None:
        """Append it to what was written before."""
        for packet in self._packets:
            again: Packet[Any] = Packet(bytes(packet))
            again.stream, again.time_base, again.is_keyframe = self._stream, packet.time_base, packet.is_keyframe
            again.pts = again.dts = self._time
            again.duration = packet.duration or 1
            self._time += again.duration
            target.mux(again)


def _picture(target: OutputContainer) -> VideoStream:
    picture = target.add_stream("mpeg4", rate=1)
    picture.width, picture.height, picture.pix_fmt = 160, 90, "yuv420p"
    return picture


def _pictures(picture: VideoStream) -> Iterator[Packet[Any]]:
    """Yield one picture per second."""
    for number in range(MINUTE):
        shown = av.VideoFrame.from_ndarray(np.full((90, 160), 4 * number, np.uint8), format="gray")
        yield from picture.encode(shown.reformat(format="yuv420p"))
    yield from picture.encode(None)


def _sound(sound: AudioStream) -> Iterator[Packet[Any]]:
    """Yield a tenth of a second at a time; pitch and loudness vary."""
    count = RATE // 10
    moments = np.arange(count) / RATE
    for number in range(MINUTE * 10):
        pitch, loud = 110 + 40 * np.sin(number / 7), 6_000 * (0.6 + 0.4 * np.sin(number / 3))
        wave = sum(np.sin(2 * np.pi * pitch * over * moments) / over for over in range(1, 6)) * loud
        samples = np.repeat(np.asarray(wave, dtype=np.int16), 2).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), number * count
        yield from sound.encode(frame)
    yield from sound.encode(None)
