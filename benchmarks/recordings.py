"""Long recordings in the formats that people share, made once and kept in `build/`: tones that change like a voice."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import MappingProxyType

import av
import numpy as np
from av.audio.stream import AudioStream

RATE = 48_000
CODECS: Mapping[str, str] = MappingProxyType(
    {"m4a": "aac", "webm": "libopus", "ogg": "libopus", "mp3": "libmp3lame", "mp4": "aac", "flac": "flac"}
)


def recording(kind: str, *, minutes: int, folder: Path) -> Path:
    """A recording of this kind and length; an `mp4` has a picture."""
    path = folder / f"recording-{minutes}.{kind}"
    if not path.exists():
        unfinished = path.with_name(f"unfinished.{kind}")
        _make(unfinished, kind, minutes=minutes)
        unfinished.rename(path)
    return path


def _make(path: Path, kind: str, *, minutes: int) -> None:
    codec = CODECS[kind]
    rate = 16_000 if kind == "flac" else RATE
    with av.open(str(path), "w") as target:
        sound = target.add_stream(codec, rate=rate)
        assert isinstance(sound, AudioStream)
        sound.layout = "mono" if kind in {"flac", "webm"} else "stereo"
        picture = _picture(target) if kind == "mp4" else None
        for number in range(minutes * 60 * 10):
            frame = _sound(number, rate=rate, layout=str(sound.layout.name))
            target.mux(sound.encode(frame))
            if picture is not None and number % 10 == 0:
                shown = av.VideoFrame.from_ndarray(np.full((90, 160), number % 255, np.uint8), format="gray")
                target.mux(picture.encode(shown.reformat(format="yuv420p")))
        for stream in (sound, picture):
            if stream is not None:
                target.mux(stream.encode(None))


def _picture(target: av.container.OutputContainer) -> av.video.stream.VideoStream:
    picture = target.add_stream("mpeg4", rate=1)
    picture.width, picture.height, picture.pix_fmt = 160, 90, "yuv420p"
    return picture


def _sound(number: int, *, rate: int, layout: str) -> av.AudioFrame:
    channels = 2 if layout == "stereo" else 1
    samples = _samples(number % 40, rate=rate)
    frame = av.AudioFrame.from_ndarray(np.repeat(samples, channels).reshape(1, -1), format="s16", layout=layout)
    frame.sample_rate = rate
    frame.pts = number * len(samples)
    frame.time_base = Fraction(1, rate)
    return frame


@cache
def _samples(part: int, *, rate: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """A tenth of a second; forty of them sound a little like somebody who speaks."""
    moments = np.arange(rate // 10) / rate
    pitch = 110 + 40 * np.sin(part / 7)
    wave = sum(np.sin(2 * np.pi * pitch * over * moments) / over for over in range(1, 6))
    loud = 6_000 * (0.6 + 0.4 * np.sin(part / 3))
    return np.asarray(wave * loud, dtype=np.int16)
