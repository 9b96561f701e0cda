"""Parse the result file of the offline engine and build the transcript from it. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field

from transcription import remarks
from transcription.models.catalog import CATALOG, ENGLISH, Model
from transcription.naming import language_name
from transcription.transcript import Speaker, Transcript, Turn, in_order
from transcription.wire import Text

_Milliseconds = Annotated[int, Field(ge=0, le=10**10)]
"""The engine has processed untrusted audio, so its numbers are bounded like a provider's."""

_DOUBT = 0.735
_DOUBT_OF_ENGLISH = 0.6
"""The mean doubt (`engine.whisper.Heard`) above which a transcript counts as invented text.

The second is for models of English only.

Measured with `tiny.en`: English of real people 0.13 to 0.39, six other languages 0.72 and more. Measured with `base`:
languages that it knows 0.14 to 0.72; single words in Irish, Low German and Walloon, which it does not know, 0.749,
0.750 and 0.80; speech played backwards, which is no language, 0.76 and more except for one of 15 (0.49).
"""


class _Turn(BaseModel):
    """One turn, as `engine.worker` writes it."""

    voice: Annotated[int, Field(ge=0, le=10**6)]
    start: _Milliseconds
    end: _Milliseconds
    text: Text


class Result(BaseModel):
    """The result, as `engine.worker` writes it.

    `by` is the model's name: "" for an unnamed model, None for pocketsphinx.
    """

    milliseconds: _Milliseconds
    turns: list[_Turn]
    language: Annotated[str, Field(max_length=16)] = "en"
    unsure: bool = False
    doubt: float = 0.0
    by: Annotated[str | None, Field(max_length=64)] = None


def transcript_of(result: Result) -> Transcript:
    """Return the transcript, with a note on the quality to expect."""
    duration = timedelta(milliseconds=result.milliseconds)
    turns = [
        Turn(
            start=timedelta(milliseconds=turn.start),
            end=timedelta(milliseconds=turn.end),
            text=turn.text,
            speaker=Speaker(label=f"voice_{turn.voice + 1}"),
            language=result.language,
        )
        for turn in result.turns
    ]
    return Transcript(turns=in_order(turns, duration=duration), duration=duration, note=_note(result))


def _note(result: Result) -> str:
    if result.by is None:
        return remarks.A_TRIAL
    known = _known(result)
    return remarks.by_whisper(
        result.by or None,
        word_errors=known.word_errors if known else None,
        english_only=known is not None and known.languages == ENGLISH,
        unsure_of=language_name(result.language) if result.unsure else None,
    )


def _known(result: Result) -> Model | None:
    """Return the catalogued model that made the result, or None."""
    return next((model for model in CATALOG if model.name == result.by), None)


def is_invention(result: Result) -> bool:
    """Return whether the model's doubt is so high that the text is probably invented, as for an unknown language."""
    if result.by is None or not result.turns:
        return False
    known = _known(result)
    return result.doubt > (_DOUBT_OF_ENGLISH if known and known.languages == ENGLISH else _DOUBT)
