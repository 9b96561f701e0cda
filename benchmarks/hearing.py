"""Load the same Whisper model into the offline engine and into plain faster-whisper, to compare the two."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from transcription.models.errors import ModelError
from transcription.models.store import ModelStore

THREADS = 2

Side = Callable[[Path], str]
"""A function that transcribes a recording and returns its words."""


def sides(folder: Path, *, language: str | None = "en") -> Mapping[str, Side]:
    """Return both sides with an open model. `language` None means that each detects it."""
    from faster_whisper import WhisperModel  # noqa: PLC0415 - an extra, which is not needed to say that it is missing

    from transcription.engine.features import extract  # noqa: PLC0415 - same
    from transcription.engine.segmentation import phrases  # noqa: PLC0415 - same
    from transcription.engine.turns import together  # noqa: PLC0415 - same
    from transcription.engine.voice_activity import confirmed  # noqa: PLC0415 - same
    from transcription.engine.waveform import Waveform  # noqa: PLC0415 - same
    from transcription.engine.whisper import BEAM, Whisper  # noqa: PLC0415 - same

    whisper = Whisper(folder, threads=THREADS)
    plain = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=THREADS, local_files_only=True)

    def ours(path: Path) -> str:
        with Waveform(path) as waveform:
            spoken = phrases(waveform, loudness=extract(waveform).loudness)
            spoken = confirmed(waveform, spoken, frames=waveform.frames)
            return together(whisper.hear(waveform, phrases=spoken, language=language, otherwise="en").words)

    def theirs(path: Path) -> str:
        segments, _ = plain.transcribe(
            str(path),
            language=language,
            beam_size=BEAM,
            condition_on_previous_text=False,
            word_timestamps=True,
            vad_filter=True,
        )
        return " ".join(segment.text for segment in segments)

    return {"ours": ours, "plain": theirs}


def opened(name: str) -> Path | None:
    """Return the folder of a model; None if it is not installed."""
    try:
        return asyncio.run(ModelStore().find(name)).folder
    except ModelError:
        return None
