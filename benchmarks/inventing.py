"""W5 to W7: invented text of the offline engine for recordings that it cannot understand, and the processor time.

Nine recordings without speech, or with long silence after it; one second of speech repeated; speech in a language that
the model does not know. For a multilingual model that is speech played backwards, and single words in three languages
outside of its list: no sentences in such a language were at hand. Processor time is compared with ordinary speech of
the same length.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import people
from benchmarks.dialogues import RATE, Sound, decoded
from benchmarks.hearing import THREADS, opened
from benchmarks.measuring import Found, Goal, Result, Skipped
from benchmarks.people import Reading
from benchmarks.recognition import MODELS
from transcription.embedded.result import Result as Written
from transcription.embedded.result import is_invention
from transcription.models.catalog import CATALOG, ENGLISH, model_named

LENGTH = 60
"""Length of a recording in seconds."""

MUSIC = ("usr/share/games/fillets-ng/music/rybky01.ogg", "usr/share/games/fillets-ng/music/rybky05.ogg")
"""Two pieces of music of a game, in `people.FOLDER`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The number of words, the processor time in seconds, and whether the model doubted the result."""

    words: int
    processor: float
    doubted: bool
    doubt: float


def nothing(folder: Path) -> Mapping[str, Sound]:
    """Return the recordings without speech."""
    chance, time_ = np.random.default_rng(5), np.arange(LENGTH * RATE) / RATE

    def noise(decibels: float) -> Sound:
        return chance.normal(0, 10 ** (decibels / 20), LENGTH * RATE).astype(np.float32)

    music = [decoded(folder / path)[: LENGTH * RATE] for path in MUSIC]
    return {
        "digital silence": np.zeros(LENGTH * RATE, np.float32),
        "noise at -50 dB": noise(-50),
        "noise at -25 dB": noise(-25),
        "hum": (0.1 * np.sin(2 * np.pi * 50 * time_)).astype(np.float32),
        "a tone": (0.1 * np.sin(2 * np.pi * 440 * time_)).astype(np.float32),
        "music": music[0],
        "other music": music[1],
    }


def after_speech(folder: Path) -> Mapping[str, Sound]:
    """Return the recordings with eight seconds of speech, followed by silence or noise."""
    spoken = decoded(folder / people.MOONSHINE / "two_cities.wav")[: 8 * RATE]
    noise = np.random.default_rng(6).normal(0, 10 ** (-40 / 20), (LENGTH - 8) * RATE)
    return {
        "speech": spoken,
        "speech, then silence": np.concatenate([spoken, np.zeros((LENGTH - 8) * RATE, np.float32)]),
        "speech, then noise": np.concatenate([spoken, noise.astype(np.float32)]),
    }


def unknown(folder: Path, *, english_only: bool) -> Mapping[str, Sound]:
    """Return speech in languages that the model does not know."""
    foreign = {reading.name: reading.sound for reading in people.foreign(folder).values()}
    if english_only:
        return foreign
    english = {reading.name: reading.sound for reading in people.english(folder)}
    backwards = {f"{name}, backwards": sound[::-1] for name, sound in (foreign | english).items()}
    return backwards | {reading.name: reading.sound for reading in people.unheard(folder)}


def known(folder: Path, *, english_only: bool) -> Mapping[str, Sound]:
    """Return speech in languages that it knows."""
    every = list(people.english(folder)) + ([] if english_only else list(people.foreign(folder).values()))
    return {reading.name: reading.sound for reading in every}


def hear(name: str, sound: Sound, *, folder: Path, model: str, temporary: Path) -> Outcome:
    """Transcribe a recording. The time includes opening the model, also for the speech that it is compared with."""
    from transcription.engine.draft import WhisperModel, drafted  # noqa: PLC0415 - an extra

    path = Reading(name=name.replace(" ", "-").replace(",", ""), sound=sound, text="").save(temporary)
    began = time.process_time()
    draft = drafted(path, model=WhisperModel(folder=folder, threads=THREADS, language=None, otherwise="en"))
    processor = time.process_time() - began
    turns = [{"voice": 0, "start": 0, "end": 1, "text": turn.text} for turn in draft.turns]
    written = Written.model_validate({"milliseconds": 1, "turns": turns, "doubt": draft.doubt, "by": model})
    words = sum(len(turn.text.split()) for turn in draft.turns)
    return Outcome(words=words, processor=processor, doubted=is_invention(written), doubt=draft.doubt)


def measure() -> Iterator[Found]:
    """Measure invented words, processor time and doubt."""
    for model in MODELS:
        goals = [
            Goal(key="W5", what=f"{model}: invented words, nine recordings", against="none", most=0),
            Goal(
                key="W6",
                what=f"{model}: most processor time, nothing to hear, loops, unknown languages",
                against="speech of that length",
                most=3,
            ),
            Goal(key="W7", what=f"{model}: recordings in unknown languages that it doubts", against="all", least=0.9),
            Goal(key="W7", what=f"{model}: recordings in known languages that it doubts", against="all", most=0),
        ]
        folder = opened(model)
        if folder is None or not people.are_there():
            yield from (Skipped(goal=goal, why="the model or the recordings are missing") for goal in goals)
            continue
        yield from _measured(model, folder, goals)


def _measured(model: str, folder: Path, goals: list[Goal]) -> Iterator[Found]:
    english_only = model_named(model, CATALOG).languages == ENGLISH
    with tempfile.TemporaryDirectory() as temporary:

        def outcomes(sounds: Mapping[str, Sound]) -> dict[str, Outcome]:
            return {
                name: hear(name, sound, folder=folder, model=model, temporary=Path(temporary))
                for name, sound in sounds.items()
            }

        speech = outcomes({"speech": people.long(1).sound[: LENGTH * RATE]})["speech"].processor / LENGTH
        silent, tailed = outcomes(nothing(people.FOLDER)), outcomes(after_speech(people.FOLDER))
        loop = {"a loop": np.tile(decoded(people.FOLDER / people.MOONSHINE / "two_cities.wav")[:RATE], LENGTH)}
        strange_sounds = unknown(people.FOLDER, english_only=english_only)
        strange, looped = outcomes(strange_sounds), outcomes(loop)
        familiar = outcomes(known(people.FOLDER, english_only=english_only))
    said = tailed.pop("speech").words
    invented = sum(each.words for each in silent.values()) + sum(max(0, each.words - said) for each in tailed.values())
    yield Result(goal=goals[0], ratios=[invented])
    costs = {name: each.processor / (speech * LENGTH) for name, each in (silent | tailed | looped).items()}
    costs |= {
        name: each.processor / (speech * max(20, len(strange_sounds[name]) / RATE)) for name, each in strange.items()
    }
    worst = max(costs, key=lambda name: costs[name])
    yield Result(goal=goals[1], ratios=[costs[worst]], scale=worst)
    for goal, found in ((goals[2], strange), (goals[3], familiar)):
        # A recording with hardly any text says nothing about doubt.
        doubts = sorted(each.doubt for each in found.values() if each.words)
        caught = [each.doubted or not each.words for each in found.values()]
        yield Result(goal=goal, ratios=[sum(caught) / len(caught)], scale=f"doubts {doubts[0]:.2f} to {doubts[-1]:.2f}")
