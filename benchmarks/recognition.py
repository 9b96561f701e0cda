"""W1 to W4: word error rate of the offline engine on real speech, next to plain faster-whisper with the same model.

Both sides transcribe nine recordings of real people (`benchmarks.people`) alternately. Words are compared in lower
case, without punctuation and fillers, with contractions written out. Processor time is only that of recognition:
finding phrases and transcribing them, without opening the model and without diarization.

    python -m benchmarks.recognition FOLDER MODEL

does the same once with other recordings: WAV (16 kHz, mono, 16 bits), each with its words in a text file of the same
name.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import people
from benchmarks.dialogues import RATE
from benchmarks.drafting import peak_of
from benchmarks.hearing import Side, opened, sides
from benchmarks.measuring import Figures, Found, Goal, Result, Skipped, compare, in_turn
from sandbox.scoring import word_errors

MODELS = ("tiny.en", "base")

FILLERS = frozenset({"uh", "um", "mm", "hmm", "mhm", "ah"})
WRITTEN_OUT = (
    ("y'know", "you know"),
    ("gonna", "going to"),
    ("wanna", "want to"),
    ("can't", "can not"),
    ("cannot", "can not"),
    ("won't", "will not"),
    ("n't", " not"),
    ("'re", " are"),
    ("'ll", " will"),
    ("'ve", " have"),
    ("'m", " am"),
    ("let's", "let us"),
    ("mister", "mr"),
    ("okay", "ok"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """The result for one recording: `wrong` of `words`, in `processor` seconds."""

    words: int
    wrong: int
    processor: float


def compared(text: str) -> list[str]:
    """Return the words of a text in the form in which they are compared."""
    text = re.sub(r"\[[^\]]*\]|<[^>]*>", " ", text.lower().replace("’", "'"))
    for short, long in WRITTEN_OUT:
        text = text.replace(short, long)
    text = re.sub(r"[^\w\s']|_", " ", text).replace("'s", " s").replace("'", "")
    return [word for word in text.split() if word not in FILLERS]


def score(hear: Side, path: Path, text: str) -> Score:
    """Transcribe one recording with one side, and score it."""
    said = compared(text)
    began = time.process_time()
    heard = hear(path)
    processor = time.process_time() - began
    return Score(words=len(said), wrong=word_errors(said, compared(heard)), processor=processor)


def measure() -> Iterator[Found]:
    """Measure word errors and processor time with each model, and the memory for five minutes."""
    with tempfile.TemporaryDirectory() as temporary:
        for name in MODELS:
            goals = _goals(name)
            folder = opened(name)
            if folder is None or not people.are_there():
                why = "python -m benchmarks.people" if folder else f"make offline MODEL={name}"
                yield from (Skipped(goal=goal, why=f"{why} was not run") for goal in goals)
                continue
            yield from _measured(folder, goals, Path(temporary))


def _goals(name: str) -> list[Goal]:
    plain = "plain faster-whisper"
    return [
        Goal(key="W1", what=f"{name}: wrong words of nine recordings, points more", against=plain, most=1.5),
        Goal(key="W1", what=f"{name}: the spontaneous ones alone, points more", against=plain, most=2),
        Goal(key="W2", what=f"{name}: wrong words of a telephone call", against="all its words", most=0.12),
        Goal(key="W3", what=f"{name}: processor time of recognition, under 2 minutes", against=plain, most=1.2),
        Goal(key="W4", what=f"{name}: MB of memory at most, five minutes", against="600 MB", most=1),
    ]


def _measured(folder: Path, goals: list[Goal], temporary: Path) -> Iterator[Found]:
    paths = {reading.name: (reading.save(temporary), reading.text) for reading in people.english()}
    both = sides(folder)

    def turn(hear: Side) -> Figures:
        scores = {each: score(hear, path, text) for each, (path, text) in paths.items()}
        free = [scores[each] for each in people.SPONTANEOUS]
        return {
            "processor": sum(each.processor for each in scores.values()),
            "all": _points(list(scores.values())),
            "spontaneous": _points(free),
            "call": _points([scores["phone"]]) / 100,
        }

    rounds = in_turn({side: partial(turn, hear) for side, hear in both.items()})
    every, spontaneous, call, processor, memory = goals
    for goal, figure in ((every, "all"), (spontaneous, "spontaneous")):
        ratios = [each["ours"][figure] - each["plain"][figure] for each in rounds]
        mine, other = rounds[0]["ours"][figure], rounds[0]["plain"][figure]
        yield Result(goal=goal, ratios=ratios, scale=f"{mine:.1f} / {other:.1f} %")
    yield Result(
        goal=call, ratios=[each["ours"]["call"] for each in rounds], scale=f"plain {rounds[0]['plain']['call']:.1%}"
    )
    seconds = sum(len(reading.sound) for reading in people.english()) / RATE
    found = compare(processor, rounds, ours="ours", theirs="plain", figure="processor", unit="s")
    yield Result(goal=processor, ratios=found.ratios, scale=f"{found.scale} for {seconds:.0f} s")
    five = people.long(5).save(temporary)
    peak = peak_of(five, folder)
    yield Result(goal=memory, ratios=[peak / 600], scale=f"{peak:.0f} MB")


def _points(scores: list[Score]) -> float:
    return 100 * sum(each.wrong for each in scores) / sum(each.words for each in scores)


def main(folder: Path, name: str) -> None:
    """Print a line for each recording, and the sums."""
    model = opened(name)
    if model is None:
        sys.exit(f"The model {name} is not installed.")
    total: dict[str, list[Score]] = {}
    for path in sorted(folder.glob("*.wav")):
        text = path.with_suffix(".txt").read_text(encoding="utf-8")
        found = {side: score(hear, path, text) for side, hear in sides(model).items()}
        for side, each in found.items():
            total.setdefault(side, []).append(each)
        line = ", ".join(f"{side} {each.wrong}" for side, each in found.items())
        print(f"{path.stem}: {len(compared(text))} words, wrong: {line}", flush=True)
    for side, scores in total.items():
        print(
            f"{name}, {side}: {_points(scores):.1f} % of {sum(each.words for each in scores)} words wrong, "
            f"{sum(each.processor for each in scores):.1f} s of processor time"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "tiny.en")  # noqa: PLR2004 - given?
