"""Transcribe one WAV with the offline engine in a separate process, and print its cost.

    python -m benchmarks.drafting WAV FOLDER [plain]

prints, as JSON, the seconds of processor time, the peak memory in MB (Linux), and the words. With `plain`, it uses
plain faster-whisper.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.hearing import THREADS
from benchmarks.measuring import memory_of


def drafted_apart(audio: Path, folder: Path, *, by_plain: bool = False) -> Mapping[str, float | str]:
    """Transcribe with the model in `folder` in a separate process, and return what it prints."""
    program = [sys.executable, "-m", "benchmarks.drafting", str(audio), str(folder), *(["plain"] if by_plain else [])]
    environment = {**os.environ, "OMP_NUM_THREADS": str(THREADS), "OPENBLAS_NUM_THREADS": "1"}
    said = subprocess.run(program, check=True, capture_output=True, text=True, env=environment)
    answer: Mapping[str, float | str] = json.loads(said.stdout)
    return answer


def peak_of(audio: Path, folder: Path) -> float:
    """Return the peak memory of the engine in MB while it transcribes."""
    return float(drafted_apart(audio, folder)["peak"])


def main(audio: Path, folder: Path, *, by_plain: bool) -> None:
    """Transcribe and print."""
    began = time.process_time()
    text, speakers = _plain(audio, folder) if by_plain else _ours(audio, folder)
    took = {
        "processor": time.process_time() - began - speakers,
        "speakers": speakers,
        "peak": memory_of(os.getpid(), "VmHWM") / 1e6,  # `getrusage` would include the parent's memory before the fork
        "text": text,
    }
    print(json.dumps(took))


def _ours(audio: Path, folder: Path) -> tuple[str, float]:
    """Return the words, and the processor seconds that telling speakers apart took."""
    from transcription.engine import draft as engine  # noqa: PLC0415 - only in this process
    from transcription.engine.speakers import labels  # noqa: PLC0415 - same

    spent = 0.0

    def timed(*args: Any, **more: Any) -> Any:
        nonlocal spent
        began = time.process_time()
        try:
            return labels(*args, **more)
        finally:
            spent += time.process_time() - began

    with mock.patch.object(engine, "labels", timed):
        model = engine.WhisperModel(folder=folder, threads=THREADS, language="en", otherwise="en")
        found = engine.drafted(audio, model=model)
    return " ".join(turn.text for turn in found.turns), spent


def _plain(audio: Path, folder: Path) -> tuple[str, float]:
    from benchmarks.hearing import sides  # noqa: PLC0415 - only in this process

    return sides(folder)["plain"](audio), 0.0


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), by_plain="plain" in sys.argv[3:])
