"""Run the engine's stages for one recording: WAV in, turns out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from transcription.engine.features import Features, extract
from transcription.engine.recognition import passages, words
from transcription.engine.segmentation import phrases
from transcription.engine.speakers import labels
from transcription.engine.turns import SpokenTurn, turns
from transcription.engine.waveform import Waveform


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """The engine's result for one recording; `seconds` is the recording's length.

    `language` is the language of the transcription. `unsure`: it was neither given nor detected with certainty.
    `doubt`: see `whisper.Heard`.
    """

    seconds: float
    turns: tuple[SpokenTurn, ...]
    language: str = "en"
    unsure: bool = False
    doubt: float = 0.0


class UnusableModel(Exception):
    """A Whisper model cannot be opened: its files are damaged or of another kind, or there is too little memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WhisperModel:
    """A Whisper model in `folder`, run on `threads` threads. `language`: None means detect it.

    `otherwise` is the language if the detection is uncertain.
    """

    folder: Path
    threads: int
    language: str | None
    otherwise: str


def drafted(path: Path, *, speakers: tuple[int, int] | None = None, model: WhisperModel | None = None) -> Draft:
    """Transcribe a WAV (PCM, 16-bit, 16 kHz, one or two channels), with Whisper if `model` is given.

    Without a `model`, pocketsphinx is used.

    `speakers`: the minimum and the maximum number, if known. Raises OSError, EOFError, `wave.Error` or `ValueError` if
    the file is not such a WAV, and `UnusableModel`.
    """
    with Waveform(path) as waveform:
        heard = extract(waveform)
        if model is not None:
            return _by_whisper(waveform, heard, speakers=speakers, model=model)
        spoken = phrases(waveform, loudness=heard.loudness)
        voices = labels(waveform, loudness=heard.loudness, phrases=spoken, speakers=speakers)
        said = words(waveform, places=passages(spoken, labels=voices))
        return Draft(seconds=waveform.seconds, turns=tuple(turns(said, labels=voices)))


def _by_whisper(waveform: Waveform, heard: Features, *, speakers: tuple[int, int] | None, model: WhisperModel) -> Draft:
    from transcription.engine.voice_activity import confirmed  # noqa: PLC0415 - only where it is installed
    from transcription.engine.whisper import Whisper  # noqa: PLC0415 - same

    spoken = confirmed(waveform, phrases(waveform, loudness=heard.loudness), frames=waveform.frames)
    if not spoken:
        return Draft(seconds=waveform.seconds, turns=(), language=model.language or model.otherwise)
    voices = labels(waveform, loudness=heard.loudness, phrases=spoken, speakers=speakers)
    try:
        whisper = Whisper(model.folder, threads=model.threads)
    except Exception as error:  # CTranslate2 and tokenizers have no class of their own for it
        raise UnusableModel from error
    said = whisper.hear(waveform, phrases=spoken, language=model.language, otherwise=model.otherwise)
    found = turns(said.words, labels=voices, punctuated=True)
    return Draft(
        seconds=waveform.seconds, turns=tuple(found), language=said.language, unsure=said.unsure, doubt=said.doubt
    )
