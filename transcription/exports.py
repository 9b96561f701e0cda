"""Export a transcript as plain text, JSON, SubRip or WebVTT. Pure.

Used for the long form of a reply and for later exports. Subtitles are made in `subtitles`.

Times count from the beginning of the recording, in milliseconds. Speakers have the same names as in the thread.
"""

from __future__ import annotations

import json
import math
from datetime import timedelta

from transcription.naming import language_name, one_line, speaker_names, summary, time_mark
from transcription.paragraphs import Paragraph, paragraphs
from transcription.subtitles import as_srt, as_vtt
from transcription.transcript import Transcript, Turn

__all__ = ["JSON_VERSION", "as_json", "as_srt", "as_text", "as_vtt"]

JSON_VERSION = 1
"""Increased when a field of `as_json` is removed or changes its meaning; not for new fields."""

_MILLISECOND = timedelta(milliseconds=1)


def as_text(transcript: Transcript, *, time_marks: bool = True) -> str:
    """Return plain text for reading.

    It contains the summary, the note if there is one, then one paragraph per passage under its speaker and time.

    Without diarization there are no names, and without time marks no times.
    """
    head = [summary(transcript), *_remark(transcript)]
    body = [
        "\n".join([*_heading(paragraph, time_marks=time_marks), paragraph.text]) for paragraph in paragraphs(transcript)
    ]
    return "\n\n".join(["\n".join(head), *body]) + "\n"


def _heading(paragraph: Paragraph, *, time_marks: bool) -> list[str]:
    """Return the line above a paragraph as a list, empty if there is nothing to write."""
    mark = time_mark(paragraph.start) if time_marks and paragraph.start is not None else ""
    told = filter(None, [paragraph.speaker, mark, f"({paragraph.language})" if paragraph.language else ""])
    return list(filter(None, ["  ".join(told)]))


def as_json(transcript: Transcript) -> str:
    """Return JSON for programs. All fields are always present.

    - `version`: `JSON_VERSION`; `duration`: seconds; `note`: text or null
    - `languages`: a list of `code` (as the provider writes it) and `name`
    - `speakers`: a list of `label` (the provider's, unique in this file) and `name` (as shown in the thread)
    - `turns`: a list of `start` and `end` (seconds), `speaker` (a label or null), `language` (a code or null),
      `confidence` (0 to 1 or null) and `text`
    """
    document = {
        "version": JSON_VERSION,
        "duration": _seconds(transcript.duration),
        "note": next(iter(_remark(transcript)), None),
        "languages": [{"code": one_line(code), "name": language_name(code)} for code in transcript.languages],
        "speakers": [{"label": one_line(label), "name": name} for label, name in speaker_names(transcript).items()],
        "turns": [_turn(turn) for turn in transcript.turns],
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def _remark(transcript: Transcript) -> list[str]:
    """Return the transcript's note as one line, in a list; empty without a note."""
    return list(filter(None, [one_line(transcript.note or "")]))


def _turn(turn: Turn) -> dict[str, object]:
    confidence = turn.confidence
    return {
        "start": _seconds(turn.start),
        "end": _seconds(turn.end),
        "speaker": one_line(turn.speaker.label) if turn.speaker else None,
        "language": one_line(turn.language) if turn.language else None,
        "confidence": round(confidence, 3) if confidence is not None and math.isfinite(confidence) else None,
        "text": one_line(turn.text),
    }


def _seconds(length: timedelta) -> float:
    return length // _MILLISECOND / 1_000
