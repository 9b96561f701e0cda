"""How many words of real people the offline engine gets wrong, beside plain faster-whisper with the same model.

`python -m benchmarks.recognition FOLDER [MODEL]`: FOLDER holds recordings as WAV (16 kHz, mono, 16 bits), each with its
words in a text file of the same name. Both sides hear every file in turn. Words are compared in lower case, without
punctuation and fillers, contractions written out.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from faster_whisper import WhisperModel

from sandbox.scoring import word_errors
from transcription.engine.features import extract
from transcription.engine.segmentation import phrases
from transcription.engine.turns import together
from transcription.engine.voice_activity import confirmed
from transcription.engine.waveform import Waveform
from transcription.engine.whisper import BEAM, Whisper
from transcription.models.store import ModelStore

THREADS = 2

FILLERS = frozenset({"uh", "um", "mm", "hmm", "mhm", "ah"})
WRITTEN_OUT = (
    ("y'know", "you know"), ("gonna", "going to"), ("wanna", "want to"), ("can't", "can not"), ("cannot", "can not"),
    ("won't", "will not"), ("n't", " not"), ("'re", " are"), ("'ll", " will"), ("'ve", " have"), ("'m", " am"),
    ("let's", "let us"), ("mister", "mr"), ("okay", "ok"),
)  # fmt: skip


def compared(text: str) -> list[str]:
    """The words of a text as they are compared."""
    text = re.sub(r"\[[^\]]*\]|<[^>]*>", " ", text.lower().replace("’", "'"))
    for short, long in WRITTEN_OUT:
        text = text.replace(short, long)
    text = re.sub(r"[^\w\s']|_", " ", text).replace("'s", " s").replace("'", "")
    return [word for word in text.split() if word not in FILLERS]


def main(folder: Path, name: str) -> None:
    """Print a line for each recording, and the sums."""
    model = asyncio.run(ModelStore().find(name)).folder
    whisper = Whisper(model, threads=THREADS)
    plain = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=THREADS, local_files_only=True)

    def ours(path: Path) -> str:
        with Waveform(path) as waveform:
            spoken = phrases(waveform, loudness=extract(waveform).loudness)
            spoken = confirmed(waveform, spoken, frames=waveform.frames)
            return together(whisper.hear(waveform, phrases=spoken, language="en", otherwise="en").words)

    def theirs(path: Path) -> str:
        segments, _ = plain.transcribe(
            str(path), language="en", beam_size=BEAM, condition_on_previous_text=False, word_timestamps=True,
            vad_filter=True,
        )  # fmt: skip
        return " ".join(segment.text for segment in segments)

    sides: dict[str, Callable[[Path], str]] = {"ours": ours, "plain": theirs}
    total, errors, spent = 0, dict.fromkeys(sides, 0), dict.fromkeys(sides, 0.0)
    for path in sorted(folder.glob("*.wav")):
        said = compared(path.with_suffix(".txt").read_text(encoding="utf-8"))
        total += len(said)
        line = []
        for side, hear in sides.items():
            began = time.process_time()
            found = word_errors(said, compared(hear(path)))
            spent[side] += time.process_time() - began
            errors[side] += found
            line.append(f"{side} {found}")
        print(f"{path.stem}: {len(said)} words, wrong: {', '.join(line)}", flush=True)
    for side in sides:
        print(
            f"{name}, {side}: {errors[side] / total:.1%} of {total} words wrong, {spent[side]:.1f} s of processor time"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "tiny.en")  # noqa: PLR2004 - given?
