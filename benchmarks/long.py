"""Offline transcription of thirty minutes and of four hours, once each.

Run it with `python -m benchmarks.long` or `make bench-long`.

It takes about an hour of processor time. The thirty minutes are also transcribed by plain faster-whisper; the four
hours are only for memory. All recordings are of real people (`benchmarks.people`), repeated in changing order.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console

from benchmarks import people
from benchmarks.dialogues import RATE
from benchmarks.drafting import drafted_apart
from benchmarks.hearing import THREADS, opened
from benchmarks.measuring import Found, Goal, Result, Skipped, tabled
from benchmarks.recognition import compared
from sandbox.scoring import word_errors

MODEL = "base"
MOST = 600

PLAIN = "plain faster-whisper"

GOALS = {
    "words": Goal(key="W1", what="30 minutes: wrong words, points more", against=PLAIN, most=0),
    "processor": Goal(
        key="W3", what="30 minutes: processor time of recognition", against="plain faster-whisper", most=1.5
    ),
    "speakers": Goal(
        key="D4", what="30 minutes: processor time of telling speakers apart", against="real time", most=0.05
    ),
    "half": Goal(key="W4", what="30 minutes: MB of memory at most", against=f"{MOST} MB", most=1),
    "four": Goal(key="W4", what="4 hours: MB of memory at most", against=f"{MOST} MB", most=1),
}


def measure(*, hours: bool = True) -> Iterator[Found]:
    """Measure thirty minutes and, with `hours`, four hours."""
    folder = opened(MODEL)
    if folder is None or not people.are_there():
        yield from (Skipped(goal=goal, why="the model or the recordings are missing") for goal in GOALS.values())
        return
    with tempfile.TemporaryDirectory() as temporary:
        reading = people.long(30)
        audio, said = reading.save(Path(temporary)), compared(reading.text)
        ours, plain = (drafted_apart(audio, folder, by_plain=by_plain) for by_plain in (False, True))
        wrong = [100 * word_errors(said, compared(str(each["text"]))) / len(said) for each in (ours, plain)]
        yield Result(goal=GOALS["words"], ratios=[wrong[0] - wrong[1]], scale=f"{wrong[0]:.1f} / {wrong[1]:.1f} %")
        spent = [float(each["processor"]) for each in (ours, plain)]
        yield Result(goal=GOALS["processor"], ratios=[spent[0] / spent[1]], scale=f"{spent[0]:.0f} / {spent[1]:.0f} s")
        seconds = len(reading.sound) / RATE
        yield Result(
            goal=GOALS["speakers"], ratios=[float(ours["speakers"]) / seconds], scale=f"{seconds / 60:.0f} minutes"
        )
        yield _memory(GOALS["half"], float(ours["peak"]), f"plain {float(plain['peak']):.0f} MB")
        if not hours:
            return
        audio = people.long(240).save(Path(temporary))
        yield _memory(GOALS["four"], float(drafted_apart(audio, folder)["peak"]))


def _memory(goal: Goal, peak: float, *more: str) -> Result:
    return Result(goal=goal, ratios=[peak / MOST], scale=", ".join([f"{peak:.0f} MB", *more]))


@click.command()
@click.option("--hours/--no-hours", default=True, help="Measure four hours as well.")
def main(*, hours: bool) -> None:
    """Measure and print."""
    began = time.perf_counter()
    Console(width=200).print(tabled(measure(hours=hours)))
    print(f"{MODEL}, {THREADS} threads, {(time.perf_counter() - began) / 60:.0f} minutes")


if __name__ == "__main__":
    main()
