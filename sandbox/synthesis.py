"""Make the sample recordings: speak lines with flite, mix them, and encode them in common formats.

flite (a small speech synthesiser with four free voices) is needed only to make the samples, not to use them.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Literal

import av
import numpy as np
from numpy.typing import NDArray

RATE = 16_000
"""Samples per second of every sample recording."""

_LEVEL = 0.08
"""Loudness of every line: root mean square; 1 is full scale."""

_SILENT = 0.003
_PICTURE = (160, 120)
_PICTURES_PER_SECOND = 5

_CODECS: dict[str, tuple[Literal["aac", "libopus"], int]] = {
    ".m4a": ("aac", 24_000),
    ".ogg": ("libopus", 16_000),
    ".mp4": ("aac", 24_000),
}
"""Codec and bits per second by file type."""

Sound = NDArray[np.float32]


class NoSynthesiser(Exception):
    """flite is not installed."""


def speak(voice: str, text: str) -> Sound:
    """Return `text` spoken by a voice of flite (slt, rms, awb, kal16), normalised, without silence around it."""
    flite = shutil.which("flite")
    if flite is None:
        raise NoSynthesiser("flite is not on the PATH: install it (apt-get install flite) to make the samples again")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        subprocess.run([flite, "-voice", voice, "-t", text, "-o", str(path)], check=True)  # noqa: S603 - our own words
        with wave.open(str(path)) as line:
            if (line.getframerate(), line.getnchannels(), line.getsampwidth()) != (RATE, 1, 2):
                raise ValueError(f"the voice {voice} is not 16 kHz mono")
            sound = np.frombuffer(line.readframes(line.getnframes()), "<i2").astype(np.float32) / 32_768
    loud = np.flatnonzero(np.abs(sound) > _SILENT)
    sound = sound[loud[0] : loud[-1] + 1]
    return np.asarray(sound * (_LEVEL / np.sqrt(np.mean(sound**2))), np.float32)


def mix(lines: Sequence[Sound], *, pauses: Sequence[float]) -> tuple[Sound, list[tuple[float, float]]]:
    """Concatenate the lines, each after its pause (seconds). Return the audio, and the start and end of each line."""
    parts: list[Sound] = []
    places: list[tuple[float, float]] = []
    at = 0
    for line, pause in zip(lines, pauses, strict=True):
        gap = round(pause * RATE)
        parts += [np.zeros(gap, np.float32), line]
        places.append(((at + gap) / RATE, (at + gap + len(line)) / RATE))
        at += gap + len(line)
    parts.append(np.zeros(RATE // 2, np.float32))
    return np.clip(np.concatenate(parts), -1, 1), places


def encode(sound: Sound, path: Path) -> None:
    """Write the format of the file's suffix: .m4a (AAC), .ogg (Opus) or .mp4 (AAC with a picture)."""
    codec, bits = _CODECS[path.suffix]
    with av.open(str(path), "w", options={"fflags": "bitexact"}) as container:  # makes the same file every time
        picture = container.add_stream("libx264", rate=_PICTURES_PER_SECOND) if path.suffix == ".mp4" else None
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        stream.bit_rate = bits
        if picture is not None:
            picture.width, picture.height = _PICTURE
            picture.pix_fmt = "yuv420p"
            for image in _pictures(seconds=len(sound) / RATE):
                container.mux(picture.encode(image))
            container.mux(picture.encode())
        for frame in _frames(sound, size=stream.codec_context.frame_size or 1024):
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _frames(sound: Sound, *, size: int) -> Iterator[av.AudioFrame]:
    whole = (sound * 32_767).astype(np.int16)
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE, frame_size=size)
    frame = av.AudioFrame.from_ndarray(whole[None, :], format="s16", layout="mono")
    frame.sample_rate = RATE
    frame.time_base = Fraction(1, RATE)
    frame.pts = 0
    for part in (frame, None):
        yield from resampler.resample(part)


def _pictures(*, seconds: float) -> Iterator[av.VideoFrame]:
    """Yield pictures in which a bar moves with the time."""
    width, height = _PICTURE
    count = int(seconds * _PICTURES_PER_SECOND) + 1
    edges = np.linspace(0, width, count + 1).astype(int)
    for number, (_, edge) in enumerate(pairwise(edges)):
        image = np.full((height, width, 3), 40, np.uint8)
        image[height - 20 :, :edge] = (90, 160, 220)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        frame.time_base = Fraction(1, _PICTURES_PER_SECOND)
        yield frame
