"""D: accuracy of the offline engine's diarization: dialogues of real voices, single voices, and a real telephone call.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.diarization [FOLDER]

prints every recording with a wrong number of speakers. The recordings are not part of the project: `python -m
benchmarks.people` downloads them.

The thresholds of the engine were chosen on the voices of `WIDE` and `NARROW`, and later on the meetings, and checked on
`OTHER_WIDE` and `OTHER_NARROW`, which are other people. All voices of a narrow list have the same kind of telephone
line. Speaker confusion is the share of speech that is assigned to a wrong speaker, under the best matching of speakers.
Only speech that both the truth and the engine contain counts, without a quarter of a second around every change.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, permutations
from pathlib import Path

import numpy as np

from benchmarks import people
from benchmarks.dialogues import RATE, Recording, Voice, decoded, dialogues, single, whole
from benchmarks.measuring import Found, Goal, Result, Skipped
from sandbox.scoring import Stretch
from transcription.engine.features import extract
from transcription.engine.recognition import Word
from transcription.engine.segmentation import Span, phrases
from transcription.engine.speakers import NOBODY, Labels, labels
from transcription.engine.turns import turns
from transcription.engine.waveform import Waveform

_ALIGNER = f"{people.ALIGNER}/wav"

ALLISON = Voice(name="Allison", files=(f"{people.PROMPTS}/en_US_f_Allison/*.wav",))
ALLISON_IN_SPANISH = Voice(name="Allison in Spanish", files=(f"{people.PROMPTS}/es_MX_f_Allison/*.wav",))
AUSTEN = Voice(name="Austen's reader", files=(f"{people.LIBRIVOX}/*.wav",))
CITIES = Voice(name="Dickens' reader", files=(f"{people.MOONSHINE}/two_cities.wav",))
MICHAEL = Voice(name="Michael", files=(f"{_ALIGNER}/acoustic_corpus.wav",))
READER = Voice(name="Spanish reader", files=(f"{_ALIGNER}/13697_11991_000000.opus",))
SMALL = Voice(name="small Dutch fish", files=(f"{people.GAME}/*/nl/*-m-*.ogg",))
BIG = Voice(name="big Dutch fish", files=(f"{people.GAME}/*/nl/*-v-*.ogg",))
JUNE = Voice(name="June", files=(f"{people.PROMPTS}/fr_CA_f_June/*.wav",))
CARLO = Voice(name="Carlo", files=(f"{people.PROMPTS}/it_IT_m_Carlo/*.wav",))
RUSSIAN = Voice(name="Russian woman", files=(f"{people.PROMPTS}/ru_RU_f_IvrvoiceRU/*.wav",))

WIDE = (CITIES, MICHAEL, AUSTEN, READER, SMALL, BIG)
NARROW = (ALLISON, JUNE, CARLO, RUSSIAN)

OTHER_WIDE = (
    Voice(name="small Czech fish", files=(f"{people.GAME}/*/cs/*-m-*.ogg",)),
    Voice(name="big Czech fish", files=(f"{people.GAME}/*/cs/*-v-*.ogg",)),
    Voice(name="Swedish speaker", files=(f"{_ALIGNER}/se10x016-*_u001600[2-4].wav",)),
    Voice(name="Danish speaker", files=("usr/share/ktuberling/sounds/da/*.ogg",)),
)
OTHER_NARROW = (
    Voice(name="Menardi", files=(f"{people.PROMPTS}/it_IT_f_Menardi/*.wav",), through_telephone=True),
    Voice(name="Armelle", files=(f"{people.PROMPTS}/fr/*.gsm",), through_telephone=True),
    Voice(name="Colombian", files=(f"{people.PROMPTS}/es/*.gsm",), through_telephone=True),
    Voice(name="Czech woman by telephone", files=(f"{people.GAME}/*/cs/*-m-*.ogg",), through_telephone=True),
    Voice(name="Czech man by telephone", files=(f"{people.GAME}/*/cs/*-v-*.ogg",), through_telephone=True),
)

_COLLAR = 0.25
_FRAMES = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The engine's result for a recording; `processor` is the processor time in seconds up to the labels."""

    recording: Recording
    found: int
    confused: float
    processor: float


def known(folder: Path) -> dict[str, list[Recording]]:
    """Return the 37 recordings on which the thresholds were chosen."""
    return {
        "wide band": dialogues(folder, WIDE, count=13, seed=1, name="wide"),
        "narrow band": dialogues(folder, NARROW, count=11, seed=2, name="narrow"),
        "one person": list(_alone(folder)),
        "the call": [_call(folder)],
    }


def other(folder: Path) -> dict[str, list[Recording]]:
    """Return recordings of other voices, with another seed."""
    return {
        "other voices, wide band": dialogues(folder, OTHER_WIDE, count=12, seed=71, name="other-wide"),
        "other voices, narrow band": dialogues(folder, OTHER_NARROW, count=12, seed=72, name="other-narrow"),
        "other voices, one person": [
            single(folder, voice, name=f"other-{voice.name}", seed=73) for voice in (*OTHER_WIDE, *OTHER_NARROW)
        ],
    }


def meetings(folder: Path) -> dict[str, list[Recording]]:
    """Return meetings of several minutes, in which no utterance is repeated."""
    wide, narrow = (SMALL, BIG, CITIES, AUSTEN), (*NARROW, *OTHER_NARROW[:2])
    return {
        "meetings, wide band": dialogues(folder, wide, count=6, seed=91, name="meeting-wide", each=40),
        "meetings, narrow band": dialogues(folder, narrow, count=6, seed=92, name="meeting-narrow", each=40),
        "long talks of one person": [
            single(folder, voice, name=f"talk-{voice.name}", seed=93, utterances_of_each=80)
            for voice in (SMALL, BIG, *NARROW)
        ],
    }


def _alone(folder: Path) -> Iterator[Recording]:
    for name, file in (
        ("dickens", f"{people.MOONSHINE}/two_cities.wav"),
        ("michael", f"{_ALIGNER}/acoustic_corpus.wav"),
        ("michael-with-a-cold", f"{_ALIGNER}/cold_corpus.wav"),
        ("michael-in-a-poor-room", f"{_ALIGNER}/cold_corpus3.wav"),
        ("spanish-reader", f"{_ALIGNER}/13697_11991_000000.opus"),
    ):
        yield whole(folder / file, name=name)
    for voice in (AUSTEN, SMALL, BIG, ALLISON, JUNE, CARLO):
        yield single(folder, voice, name=voice.name.replace(" ", "-"), seed=3)
    yield single(folder, ALLISON, ALLISON_IN_SPANISH, name="allison-in-two-languages", seed=4)


def _call(folder: Path) -> Recording:
    rows = [line.split() for line in (folder / f"{people.CALL}.rttm").read_text(encoding="utf-8").splitlines() if line]
    truth = [(row[7], float(row[3]), float(row[3]) + float(row[4])) for row in rows]
    return Recording(name="call", sound=decoded(folder / f"{people.CALL}.wav"), truth=truth)


def voices_in(path: Path, *, speakers: tuple[int, int] | None = None) -> Labels:
    """Return the engine's speaker labels for a recording."""
    with Waveform(path) as waveform:
        loudness = extract(waveform).loudness
        spoken = phrases(waveform, loudness=loudness)
        return labels(waveform, loudness=loudness, phrases=spoken, speakers=speakers)


def judged(recording: Recording, path: Path, *, speakers: tuple[int, int] | None = None) -> Outcome:
    """Measure one recording."""
    began = time.process_time()
    found = voices_in(path, speakers=speakers)
    return Outcome(
        recording=recording,
        found=len(set(found[found != NOBODY].tolist())),
        confused=confusion(recording.truth, found),
        processor=time.process_time() - began,
    )


def confusion(truth: Sequence[Stretch], found: Labels) -> float:
    """Return the share of true speech that is assigned to a wrong speaker."""
    names = sorted({who for who, _, _ in truth})
    length = max(len(found), round(max(end for _, _, end in truth) * _FRAMES))
    speaks = np.zeros((len(names), length), bool)
    counts = np.ones(length, bool)
    for who, start, end in truth:
        speaks[names.index(who), round(start * _FRAMES) : round(end * _FRAMES)] = True
        for edge in (start, end):
            counts[max(0, round((edge - _COLLAR) * _FRAMES)) : round((edge + _COLLAR) * _FRAMES)] = False
    heard = np.full(length, NOBODY)
    heard[: len(found)] = found
    both = speaks.any(axis=0) & (heard != NOBODY) & counts
    table = np.array([[np.sum(row & both & (heard == voice)) for voice in range(heard.max() + 1)] for row in speaks])
    return float((both.sum() - _matched(table)) / max(1, speaks[:, counts].sum()))


def _matched(table: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> int:
    rows, columns = sorted(table.shape)
    wide = table if table.shape[0] == rows else table.T
    return max(
        (sum(int(wide[i, j]) for i, j in enumerate(way)) for way in permutations(range(columns), rows)), default=0
    )


def rightly_given(folder: Path, found: Labels) -> float:
    """Return the share of the call's transcribed words that `turns` assigns to the right speaker.

    The words of a line are spread evenly over its time, so recognition errors are not measured here.
    """
    said: list[tuple[str, Word]] = []
    for line in (folder / f"{people.CALL}.stm").read_text(encoding="utf-8").splitlines():
        _, _, who, start, end, *texts = line.split()
        edges = np.linspace(float(start) * _FRAMES, float(end) * _FRAMES, len(texts) + 1).round().astype(int).tolist()
        said += [(who, Word(text=text, place=Span(*edge))) for text, edge in zip(texts, pairwise(edges), strict=True)]
    voices = [turns([word], labels=found, punctuated=True)[0].voice for _, word in said]
    speakers = sorted({who for who, _ in said})
    table = np.zeros((len(speakers), max(voices) + 1), np.int64)
    for (who, _), voice in zip(said, voices, strict=True):
        table[speakers.index(who), voice] += 1
    return _matched(table) / len(said)


def long_recording(recordings: Sequence[Recording], path: Path, *, hours: float) -> None:
    """Write a WAV of many hours from recordings, one after the other, each time with other noise."""
    chance = np.random.default_rng(4)
    left = int(hours * 3600 * RATE)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        while left > 0:
            for recording in recordings:
                sound = recording.sound[:left] + chance.normal(0, 0.001, min(left, len(recording.sound)))
                file.writeframes((np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())
                left -= len(sound)


def listen(path: Path) -> None:
    """Run the diarization in this process, and print its processor time and memory."""
    before, began = _peak(), time.process_time()
    found = voices_in(path)
    took = {"processor": time.process_time() - began, "before": before, "peak": _peak()}
    print(json.dumps({**took, "seconds": len(found) / _FRAMES, "voices": int(found.max()) + 1}))


def _peak() -> float:
    """Return the peak memory so far in MiB (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure() -> Iterator[Found]:
    """Measure how often the number of speakers is right, and speaker confusion."""
    goals = {
        "count": Goal(key="D1", what="right number of speakers, 37 recordings", against="one each", least=30),
        "single": Goal(key="D1", what="the same, 12 recordings of one person", against="one each", least=10),
        "other": Goal(key="D1", what="the same, other voices", against="all", least=0.75),
        "meetings": Goal(key="D1", what="the same, meetings of several minutes", against="all", least=0.75),
        "wide": Goal(key="D2", what="speech given to a wrong speaker, wide band", against="all speech", most=0.02),
        "narrow": Goal(key="D2", what="the same, telephone band", against="all speech", most=0.04),
        "told": Goal(
            key="D3", what="a telephone call, told that it is 2: words given rightly", against="all", least=0.8
        ),
        "processor": Goal(key="D4", what="processor time of telling speakers apart", against="real time", most=0.05),
    }
    if not people.are_there():
        yield from (Skipped(goal=goal, why="python -m benchmarks.people was not run") for goal in goals.values())
        return
    groups, folder = known(people.FOLDER), people.FOLDER
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)

        def judge(recordings: Iterable[Recording]) -> list[Outcome]:
            return [judged(each, each.save(base)) for each in recordings]

        first = {name: judge(group) for name, group in groups.items()}
        others, long = (judge(chain(*made(folder).values())) for made in (other, meetings))
        call = base / f"{groups['the call'][0].name}.wav"
        told = rightly_given(folder, voices_in(call, speakers=(2, 2)))
    every = list(chain(*first.values(), others, long))
    seconds = sum(outcome.recording.seconds for outcome in every)
    processor = sum(outcome.processor for outcome in every) / seconds
    yield _counted(goals["count"], list(chain(*first.values())))
    yield _counted(goals["single"], first["one person"])
    yield _counted(goals["other"], others, share=True)
    yield _counted(goals["meetings"], long, share=True)
    yield Result(goal=goals["wide"], ratios=[_confused(first["wide band"])])
    yield Result(goal=goals["narrow"], ratios=[_confused(first["narrow band"])])
    yield Result(goal=goals["told"], ratios=[told])
    yield Result(goal=goals["processor"], ratios=[processor], scale=f"{seconds / 60:.0f} minutes")


def _counted(goal: Goal, outcomes: Sequence[Outcome], *, share: bool = False) -> Result:
    right = sum(outcome.found == outcome.recording.speakers for outcome in outcomes)
    scale = f"{right} of {len(outcomes)}, confused {_confused(outcomes):.1%}"
    return Result(goal=goal, ratios=[right / len(outcomes) if share else right], scale=scale)


def _confused(outcomes: Sequence[Outcome]) -> float:
    speech = [sum(end - start for _, start, end in outcome.recording.truth) for outcome in outcomes]
    return float(np.average([outcome.confused for outcome in outcomes], weights=speech))


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    right = sum(outcome.found == outcome.recording.speakers for outcome in outcomes)
    return f"{name:28} speakers right {right:2} of {len(outcomes):2}   confusion {_confused(outcomes):.2%}"


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description="How well the offline engine tells speakers apart.")
    parser.add_argument("folder", type=Path, nargs="?", default=people.FOLDER, help="with --listen a WAV")
    parser.add_argument("--listen", action="store_true", help="only listen to one WAV and print what it took")
    parser.add_argument("--hours", type=float, default=4.0, help="of the long recording; 0 leaves it out")
    asked = parser.parse_args()
    if asked.listen:
        listen(asked.folder)
        return
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        groups = known(asked.folder) | other(asked.folder) | meetings(asked.folder)
        outcomes = {name: [judged(each, each.save(base)) for each in group] for name, group in groups.items()}
        for name, group in outcomes.items():
            print(_row(name, group))
            for each in group:
                if each.found != each.recording.speakers:
                    print(f"    {each.recording.name}: {each.found} for {each.recording.speakers}")
        every = [outcome for group in outcomes.values() for outcome in group]
        took = sum(outcome.processor for outcome in every) / sum(outcome.recording.seconds for outcome in every)
        print(f"processor time: {took:.4f} of real time")
        call = groups["the call"][0]
        told = judged(call, base / f"{call.name}.wav", speakers=(2, 2))
        labelled = voices_in(base / f"{call.name}.wav", speakers=(2, 2))
        print(_row("the call, told that it is 2", [told]))
        print(f"    words with who said them: {100 * rightly_given(asked.folder, labelled):.1f} %")
        if asked.hours:
            long_recording(groups["wide band"], base / "long.wav", hours=asked.hours)
            program = [sys.executable, "-m", "benchmarks.diarization", "--listen", str(base / "long.wav")]
            said = subprocess.run(program, check=True, capture_output=True, text=True, env={**os.environ})
            print(f"{asked.hours:g} hours: {said.stdout.strip()}")


if __name__ == "__main__":
    main()
