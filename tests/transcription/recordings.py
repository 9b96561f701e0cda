"""Make recordings for tests: a voice-like sound in every common container."""

from __future__ import annotations

import struct
import wave
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]
"""Between -1 and 1, one channel."""


def voice(seconds: float, rate: int) -> Sound:
    """A gliding tone that swells and fades four times a second: no two moments are alike."""
    time = np.arange(round(seconds * rate)) / rate
    glide = 2 * np.pi * (300 * time + 700 * time**2 / (2 * seconds))
    return 0.5 * np.sin(glide) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * time))


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """How to make one kind of file. `container` is named where the suffix does not say it."""

    suffix: str
    codec: str
    rate: int = 48_000
    layout: str = "mono"
    container: str | None = None
    video: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    bit_rate: int | None = None


def encode(path: Path, kind: Kind, *, seconds: float = 3.0, sound: Sound | None = None) -> Path:
    """Write `voice` (or `sound`), the same in all channels, as that kind of file."""
    samples = voice(seconds, kind.rate) if sound is None else sound
    with av.open(str(path), "w", format=kind.container, options=dict(kind.options)) as target:
        video = target.add_stream(kind.video, rate=25) if kind.video else None
        audio = target.add_stream(kind.codec, rate=kind.rate, layout=kind.layout)
        assert isinstance(audio, av.AudioStream)
        audio.codec_context.options = {"strict": "experimental"}  # FFmpeg's Vorbis encoder calls itself that
        if kind.bit_rate is not None:
            audio.bit_rate = kind.bit_rate
        if isinstance(video, av.VideoStream):
            _draw(target, video, pictures=int(25 * seconds))
        wide = np.repeat((samples * 32767).astype(np.int16), len(audio.layout.channels))
        frame = av.AudioFrame.from_ndarray(wide[np.newaxis], format="s16", layout=kind.layout)
        frame.sample_rate, frame.time_base, frame.pts = kind.rate, Fraction(1, kind.rate), 0
        target.mux(audio.encode(frame))
        target.mux(audio.encode(None))
    return path


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One track of sound. It begins at `start`; behind `before` seconds of it nothing is captured for `gap` seconds.

    `sound` is shape (samples,), or (samples, 2) for a track with two channels.
    """

    sound: NDArray[np.float64]
    start: float = 0.0
    before: float = 0.0
    gap: float = 0.0
    codec: str = "aac"
    language: str = ""


def multiplex(
    path: Path, parts: Sequence[Part], *, rate: int = 48_000, pictures: float = 0.0, container: str | None = None
) -> Path:
    """Write a recording with several tracks, with as many seconds of pictures as wanted."""
    with av.open(str(path), "w", format=container) as target:
        video = target.add_stream("mpeg4", rate=25) if pictures else None
        tracks = []
        for part in parts:
            layout = "stereo" if part.sound.ndim == 2 else "mono"
            track = target.add_stream(part.codec, rate=rate, layout=layout)
            assert isinstance(track, av.AudioStream)
            if part.language:
                track.metadata["language"] = part.language
            tracks.append((track, _frames(part, layout, rate)))
        packets = [packet for track, frames in tracks for frame in [*frames, None] for packet in track.encode(frame)]
        if isinstance(video, av.VideoStream):
            packets += _drawn(video, pictures=int(25 * pictures))
        for packet in sorted(
            packets, key=lambda packet: (packet.dts or 0) * packet.time_base
        ):  # as recorders write them
            target.mux(packet)
    return path


def _frames(part: Part, layout: str, rate: int) -> list[av.AudioFrame]:
    samples = (part.sound * 32767).astype(np.int16).reshape(len(part.sound), -1)
    frames = []
    for at in range(0, len(samples), 960):
        frame = av.AudioFrame.from_ndarray(samples[at : at + 960].reshape(1, -1), format="s16", layout=layout)
        later = part.start + (part.gap if part.gap and at >= part.before * rate else 0)
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), at + round(later * rate)
        frames.append(frame)
    return frames


def silent_film(path: Path) -> Path:
    """Write a video without any sound."""
    with av.open(str(path), "w") as target:
        video = target.add_stream("mpeg4", rate=25)
        _draw(target, video, pictures=50)
    return path


def _draw(target: av.container.OutputContainer, video: av.VideoStream, *, pictures: int) -> None:
    target.mux(list(_drawn(video, pictures=pictures)))


def _drawn(video: av.VideoStream, *, pictures: int) -> Iterator[av.Packet[av.VideoStream]]:
    video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
    for number in range(pictures):
        picture = av.VideoFrame.from_ndarray(np.full((72, 64), number % 250, np.uint8), format="yuv420p")
        picture.pts, picture.time_base = number, Fraction(1, 25)
        yield from video.encode(picture)
    yield from video.encode(None)


def wav_header(
    *, rate: int = 16_000, channels: int = 1, bits: int = 16, claims: int = 0xFFFF_FF00, kind: int = 1
) -> bytes:
    """Give the 44 bytes of a RIFF/WAVE header that says anything at all."""
    block = channels * bits // 8
    head = struct.pack("<4sI4s4sI", b"RIFF", min(claims + 36, 2**32 - 1), b"WAVE", b"fmt ", 16)
    form = struct.pack("<HHIIHH", kind, channels, rate, rate * block & 0xFFFF_FFFF, block & 0xFFFF, bits)
    return head + form + struct.pack("<4sI", b"data", claims)


def read_wav(path: Path) -> tuple[int, Sound]:
    """Read what was converted: its rate, and its samples. It must be 16-bit mono."""
    with wave.open(str(path)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getcomptype()) == (1, 2, "NONE")
        samples = np.frombuffer(wav.readframes(wav.getnframes()), "<i2")
        assert len(samples) == wav.getnframes()
        return wav.getframerate(), samples / 32768


def likeness(heard: Sound, meant: Sound, *, slack: int) -> float:
    """Give the best correlation of the two when one may lag the other by up to `slack` samples; 1 is the same sound."""
    size = 2 ** (max(len(heard), len(meant)) + slack).bit_length()
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(meant, size)), size)
    lags = np.concatenate([product[: slack + 1], product[-slack:]])
    return float(lags.max() / (np.linalg.norm(heard) * np.linalg.norm(meant)))


def names_in(folder: Path) -> list[str]:
    """Tell what is in a folder, hidden files as well."""
    return sorted(path.name for path in folder.iterdir())
