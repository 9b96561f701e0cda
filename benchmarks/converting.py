"""S4: speed of the conversion of a shared recording to WAV, next to the ffmpeg command."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.measuring import Figures, Found, Goal, Skipped, compare, folder, in_turn
from benchmarks.recordings import recording
from transcription.audio import convert

KINDS = ("m4a", "webm", "ogg", "mp3", "mp4")
MINUTES = 30
RATE = 16_000


def goal(kind: str) -> Goal:
    """Return the goal for one format."""
    return Goal(key="S4", what=f"{MINUTES} minutes of {kind} to 16 kHz WAV: speed", against="ffmpeg", least=0.8)


def measure() -> list[Found]:
    """Measure each format."""
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return [Skipped(goal=goal(kind), why="no ffmpeg here") for kind in KINDS]
    with folder() as base:
        return [_compared(kind, ffmpeg=ffmpeg, base=base) for kind in KINDS]


def _compared(kind: str, *, ffmpeg: str, base: Path) -> Found:
    source = recording(kind, minutes=MINUTES, folder=base.parent)
    sides: dict[str, Callable[[], Figures]] = {
        "ours": partial(_timed, lambda: _ours(source, base / "ours.wav")),
        "ffmpeg": partial(_timed, lambda: _theirs(ffmpeg, source, base / "theirs.wav")),
    }
    for side in sides.values():
        side()
    return compare(goal(kind), in_turn(sides), ours="ours", theirs="ffmpeg", figure="speed", unit="x real time")


def _timed(work: Callable[[], object]) -> Figures:
    began = time.perf_counter()
    work()
    return {"speed": MINUTES * 60 / (time.perf_counter() - began)}


def _ours(source: Path, target: Path) -> None:
    asyncio.run(convert(source, target, sample_rate=RATE, longest=None, stereo=False))


def _theirs(ffmpeg: str, source: Path, target: Path) -> None:
    subprocess.run(
        [
            ffmpeg,
            "-nostdin",
            "-v",
            "error",
            "-y",
            "-i",
            source,
            "-map",
            "0:a:0",
            "-ac",
            "1",
            "-ar",
            str(RATE),
            "-c:a",
            "pcm_s16le",
            target,
        ],
        check=True,
    )
