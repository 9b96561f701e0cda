"""One recording from the WAV to the turns: the order of the engine's steps, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from transcription.engine.features import extract
from transcription.engine.recognition import passages, words
from transcription.engine.segmentation import phrases
from transcription.engine.speakers import labels
from transcription.engine.turns import SpokenTurn, turns
from transcription.engine.waveform import Waveform


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What the engine makes of a recording; `seconds` is the recording's length."""

    seconds: float
    turns: tuple[SpokenTurn, ...]


def drafted(path: Path, *, speakers: tuple[int, int] | None = None) -> Draft:
    """Transcribe a WAV (PCM, 16-bit, mono, 16 kHz). `speakers`: the fewest and the most, if somebody knows.

    Raises OSError, EOFError, `wave.Error` or `ValueError` where the file is not such a WAV.
    """
    with Waveform(path) as waveform:
        heard = extract(waveform)
        spoken = phrases(waveform, loudness=heard.loudness)
        voices = labels(waveform, loudness=heard.loudness, phrases=spoken, speakers=speakers)
        said = words(waveform, places=passages(spoken, labels=voices))
        return Draft(seconds=waveform.seconds, turns=tuple(turns(said, labels=voices)))
