"""The sample recordings in the engine's format, and sounds without speech."""

from __future__ import annotations

import wave
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from sandbox.scoring import Stretch
from sandbox.voices import Sample
from transcription.engine.features import extract
from transcription.engine.segmentation import Span, phrases
from transcription.engine.speakers import NOBODY, Labels, labels
from transcription.engine.waveform import FRAMES_PER_SECOND, RATE, Waveform

Sound = NDArray[np.float64]
"""Between -1 and 1, at the engine's rate."""


@cache
def decoded(path: Path) -> Sound:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
    with av.open(str(path)) as container:
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in [*frames, *resampler.resample(None)]]) / 32_768


def lines_of(sample: Sample, *, voice: str) -> list[Sound]:
    sound = decoded(sample.path)
    return [sound[int(line.start * RATE) : int(line.end * RATE)] for line in sample.lines if line.voice == voice]


def spaced(sounds: Iterable[Sound], *, pause: float = 0.4) -> Sound:
    return np.concatenate([part for sound in sounds for part in (silence(pause), sound)] + [silence(pause)])


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE))


def noise(seconds: float, *, level: float = 0.1) -> Sound:
    return np.random.default_rng(7).normal(0, level, round(seconds * RATE))


def as_wav(sound: Sound, path: Path) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())
    return path


def phrases_in(path: Path) -> list[Span]:
    with Waveform(path) as waveform:
        return phrases(waveform, loudness=extract(waveform).loudness)


def voices_in(path: Path, *, speakers: tuple[int, int] | None = None) -> Labels:
    with Waveform(path) as waveform:
        loudness = extract(waveform).loudness
        return labels(waveform, loudness=loudness, phrases=phrases(waveform, loudness=loudness), speakers=speakers)


def count(voices: Labels) -> int:
    return len(set(voices[voices != NOBODY].tolist()))


def stretches(voices: Labels) -> list[Stretch]:
    return [
        (str(voice), at / FRAMES_PER_SECOND, (at + 1) / FRAMES_PER_SECOND)
        for at, voice in enumerate(voices.tolist())
        if voice != NOBODY
    ]


def truth_of(sample: Sample) -> list[Stretch]:
    return [(line.voice, line.start, line.end) for line in sample.lines]
