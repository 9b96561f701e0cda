"""W8: what a second track of sound costs in words, next to the best single track, with the `base` model.

Each of nine recordings of real people (`benchmarks.people`) becomes a file with two tracks: the same voice 30 ms later,
music as loud as the voice, louder music in front, silence in front, noise in front. The file is converted as the bot
does. Words that come out wrong vary by a point or two from run to run, whatever is converted.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from benchmarks import people
from benchmarks.dialogues import RATE, Sound, decoded
from benchmarks.hearing import Side, opened, sides
from benchmarks.inventing import MUSIC
from benchmarks.measuring import Found, Goal, Result, Skipped
from benchmarks.people import Reading
from benchmarks.recognition import score
from transcription.audio import convert

MODEL = "base"
_DELAY = round(0.03 * RATE)
_LOUDNESS = -23.0
_INTRODUCTION = 20 * RATE
"""Samples of a piece that are left out: single notes with pauses between them rise and fall as speech does."""

_FRAME = 1_024

Tracks = tuple[Sound, ...]


def cases(folder: Path) -> Mapping[str, Callable[[Sound], Tracks]]:
    """Return what becomes of a voice in each case: the tracks, in their order."""
    music = np.concatenate([decoded(folder / path)[_INTRODUCTION:] for path in MUSIC])
    noise = np.random.default_rng(1).normal(0, 0.003, len(music)).astype(np.float32)
    return {
        "the same voice 30 ms later": lambda voice: (voice, np.concatenate([np.zeros(_DELAY), voice[:-_DELAY]])),
        "music, as loud": lambda voice: (voice, _at(music[: len(voice)], _LOUDNESS)),
        "music in front, 10 dB louder": lambda voice: (_at(music[: len(voice)], _LOUDNESS + 10), voice),
        "silence in front": lambda voice: (0 * voice, voice),
        "noise in front": lambda voice: (noise[: len(voice)], voice),
    }


def measure() -> Iterator[Found]:
    """Measure every case."""
    folder = opened(MODEL)
    if folder is None or not people.are_there():
        yield Skipped(
            goal=_goal("a second track"), why="make offline MODEL=base and python -m benchmarks.people were not run"
        )
        return
    hear = sides(folder)["ours"]
    alone = _wrong(hear, lambda voice: (voice,))
    for name, tracks in cases(people.FOLDER).items():
        wrong = _wrong(hear, tracks)
        yield Result(goal=_goal(name), ratios=[wrong - alone], scale=f"{wrong:.1f} / {alone:.1f} %")


def _goal(case: str) -> Goal:
    return Goal(key="W8", what=f"{MODEL}, {case}: wrong words, points more", against="the best track alone", most=2)


def _wrong(hear: Side, tracks: Callable[[Sound], Tracks]) -> float:
    """Return the percentage of wrong words in all recordings."""
    scores = []
    with tempfile.TemporaryDirectory() as temporary:
        for reading in people.english():
            recording = _file(Path(temporary), reading, tracks)
            wav = recording.with_suffix(".wav")
            asyncio.run(convert(recording, wav))
            scores.append(score(hear, wav, reading.text))
    return 100 * sum(each.wrong for each in scores) / sum(each.words for each in scores)


def _file(folder: Path, reading: Reading, tracks: Callable[[Sound], Tracks]) -> Path:
    path = folder / f"{reading.name}.mkv"
    sounds = tracks(_at(reading.sound, _LOUDNESS))
    with av.open(str(path), "w") as target:
        streams = [target.add_stream("flac", rate=RATE, layout="mono") for _ in sounds]
        for at in range(0, len(sounds[0]), _FRAME):
            for stream, sound in zip(streams, sounds, strict=True):
                samples = (np.clip(sound[at : at + _FRAME], -1, 1) * 32_767).astype(np.int16)
                frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="s16", layout="mono")
                frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), at
                target.mux(stream.encode(frame))
        for stream in streams:
            target.mux(stream.encode(None))
    return path


def _at(sound: Sound, loudness: float) -> Sound:
    """Return the sound at a loudness: the median level in dB of its tenths of a second that are not quiet."""
    blocks = sound[: len(sound) // (RATE // 10) * (RATE // 10)].reshape(-1, RATE // 10)
    levels = 10 * np.log10(np.mean(blocks**2, axis=1) + 1e-12)
    level = float(np.median(levels[levels > levels.max() - 25]))
    return (sound * 10 ** ((loudness - level) / 20)).astype(np.float32)
