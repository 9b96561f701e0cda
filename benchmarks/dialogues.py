"""Test recordings for counting speakers, made from single utterances of real people: the true speakers are known.

The utterances come from packages with recordings of people (see `diarization`). They are cut at pauses, normalised in
loudness, and concatenated with short gaps and a little noise. Wide-band and telephone-band voices are never mixed, and
voices that are mixed go through the same telephone codec, so that no voice can be recognised by its line.
"""

from __future__ import annotations

import random
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from sandbox.scoring import Stretch

Sound = NDArray[np.float32]
"""Samples between -1 and 1, 16,000 per second."""

RATE = 16_000
SHORTEST, LONGEST = 0.8, 6.0
"""Minimum and maximum seconds of an utterance."""

_LEVEL = 0.07
"""The loudness (root mean square) of every utterance: -23 dB of full scale."""

_NOISE = _LEVEL * 10 ** (-30 / 20)
_GAPS = (0.1, 0.5)
_SMOOTH = 15
"""Frames (150 ms) over which loudness is averaged to find the quietest place for a cut."""

_RANGE_DB = 30.0
_QUIETEST = 10 ** (-12 / 20)
"""Relative to the whole recording's level: a quieter piece is breath or a closing door."""

_FRAME = 160
_TURNS_EACH = 6
_FEWEST_EACH = 3
_UTTERANCES_ALONE = 12
_NOT_SPEECH = ("beep", "ascending", "descending", "tt-", "silence", "confbridge-", "dir-multi")


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """One person: the `files` (patterns below the folder) in which nobody else speaks."""

    name: str
    files: tuple[str, ...]
    through_telephone: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """A recording and its true speakers."""

    name: str
    sound: Sound
    truth: Sequence[Stretch]

    @property
    def speakers(self) -> int:
        """Return the number of speakers."""
        return len({who for who, _, _ in self.truth})

    @property
    def seconds(self) -> float:
        """Return the length in seconds."""
        return len(self.sound) / RATE

    def save(self, folder: Path) -> Path:
        """Write it as WAV and return the path."""
        path = folder / f"{self.name}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes((np.clip(self.sound, -1, 1) * 32_767).astype("<i2").tobytes())
        return path


def dialogues(
    folder: Path, voices: Sequence[Voice], *, count: int, seed: int, name: str, each: int = _TURNS_EACH
) -> list[Recording]:
    """Return `count` dialogues of 2 to 4 of these voices, with `each` turns per voice.

    The same seed gives the same dialogues.
    """
    chance = random.Random(seed)
    made = []
    for number in range(count):
        people = chance.sample(list(voices), 2 + number % min(3, len(voices) - 1))
        turns = list(_turns(folder, people, each=each, chance=chance))
        made.append(_spliced(turns, name=f"{name}{number:02}", chance=chance))
    return made


def single(
    folder: Path, *voices: Voice, name: str, seed: int, utterances_of_each: int = _UTTERANCES_ALONE
) -> Recording:
    """Return a recording of one person, whose voice may be in several places."""
    chance = random.Random(seed)
    there = [utterances(folder, voice) for voice in voices]
    sounds = [sound for every in there for sound in chance.sample(every, min(len(every), utterances_of_each))]
    chance.shuffle(sounds)
    return _spliced([(name, sound) for sound in sounds], name=name, chance=chance)


def whole(path: Path, *, name: str) -> Recording:
    """Return a complete recording of one person."""
    sound = decoded(path)
    return Recording(name=name, sound=sound, truth=[(name, 0.0, len(sound) / RATE)])


def _turns(folder: Path, people: Sequence[Voice], *, each: int, chance: random.Random) -> Iterator[tuple[str, Sound]]:
    """Yield utterances in turns: no speaker twice in a row, no utterance twice."""
    left = {}
    for voice in people:
        there = utterances(folder, voice)
        left[voice.name] = chance.sample(there, min(len(there), each))
        assert len(there) >= _FEWEST_EACH, f"too little of {voice.name}"
    last = ""
    while names := [name for name, sounds in left.items() if sounds and name != last]:
        last = max(names, key=lambda name: len(left[name]) + chance.random() * 2.0)
        yield last, left[last].pop()


def _spliced(turns: Sequence[tuple[str, Sound]], *, name: str, chance: random.Random) -> Recording:
    parts: list[Sound] = []
    truth: list[Stretch] = []
    at = 0
    for who, sound in turns:
        gap = np.zeros(int(chance.uniform(*_GAPS) * RATE), np.float32)
        start = at + len(gap)
        at = start + len(sound)
        truth.append((who, start / RATE, at / RATE))
        parts += [gap, sound]
    dry = np.concatenate([*parts, np.zeros(RATE // 4, np.float32)])
    noise = np.random.default_rng(chance.getrandbits(32)).normal(0, _NOISE, len(dry))
    return Recording(name=name, sound=(dry + noise).astype(np.float32), truth=truth)


@cache
def utterances(folder: Path, voice: Voice) -> list[Sound]:
    """Return all utterances of a voice with a suitable length, normalised in loudness, in order of file names."""
    paths = sorted({path for pattern in voice.files for path in folder.glob(pattern)})
    assert paths, f"nothing of {voice.name} in the folder"
    sounds = [decoded(path, telephone=voice.through_telephone) for path in paths if not _is_noise(path)]
    cut = [piece for sound in sounds for piece in _cut(sound) if _level(piece) > _level(sound) * _QUIETEST]
    return [piece * np.float32(_LEVEL / _level(piece)) for piece in cut if SHORTEST <= len(piece) / RATE <= LONGEST]


def _is_noise(path: Path) -> bool:
    return path.name.startswith(_NOT_SPEECH)


def _cut(sound: Sound) -> Iterator[Sound]:
    """Split at the quietest places until no piece is longer than an utterance may be.

    Silence at the edges is removed.
    """
    frames = len(sound) // _FRAME
    if frames < 2 * _SMOOTH:
        return
    power = np.mean(sound[: frames * _FRAME].reshape(frames, _FRAME) ** 2, axis=1)
    loud = np.flatnonzero(power > np.percentile(power, 95) * 10 ** (-_RANGE_DB / 10))
    first, last = int(loud[0]), int(loud[-1]) + 1
    if (last - first) * _FRAME <= LONGEST * RATE:
        yield sound[first * _FRAME : last * _FRAME]
        return
    margin = int(SHORTEST * RATE / _FRAME)
    smooth = np.convolve(power, np.ones(_SMOOTH), mode="same")[first + margin : last - margin]
    middle = first + margin + int(smooth.argmin())
    yield from _cut(sound[first * _FRAME : middle * _FRAME])
    yield from _cut(sound[middle * _FRAME : last * _FRAME])


def _level(sound: Sound) -> float:
    return float(np.sqrt(np.mean(sound**2)))


@cache
def decoded(path: Path, *, telephone: bool = False) -> Sound:
    """Decode any recording; with `telephone`, pass it through a mobile telephone codec (AMR, 8 kHz)."""
    try:
        with av.open(str(path)) as container:
            sound = _resampled(container, RATE)
    except av.error.InvalidDataError:  # a few of the prompts are empty files
        return np.zeros(0, np.float32)
    return _by_telephone(sound) if telephone and len(sound) else sound


def _resampled(container: av.container.InputContainer, rate: int) -> Sound:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    parts = [frame.to_ndarray()[0] for frame in [*frames, *resampler.resample(None)]]
    return (np.concatenate([np.zeros(0, np.int16), *parts]) / 32_768).astype(np.float32)


def _by_telephone(sound: Sound) -> Sound:
    line = BytesIO()
    with av.open(line, "w", format="amr") as container:
        stream = container.add_stream("libopencore_amrnb", rate=8_000, layout="mono")
        stream.bit_rate = 12_200
        resampler = av.AudioResampler(format="s16", layout="mono", rate=8_000, frame_size=160)
        frame = av.AudioFrame.from_ndarray(
            (np.clip(sound, -1, 1) * 32_767).astype(np.int16)[None], format="s16", layout="mono"
        )
        frame.sample_rate = RATE
        for part in [*resampler.resample(frame), *resampler.resample(None), None]:
            container.mux(stream.encode(part))
    line.seek(0)
    with av.open(line, "r", format="amr") as container:
        return _resampled(container, RATE)
