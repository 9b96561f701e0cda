"""Export a transcript as plain text, JSON, SubRip or WebVTT. Pure.

Used for the long form of a reply and for later exports. It does not use a library because those we examined lose words:
pysubs2 drops text in braces and escapes nothing in WebVTT, and `srt` has no WebVTT.

Times count from the beginning of the recording, in milliseconds. Speakers have the same names as in the thread.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from transcription.cutting import pieces
from transcription.naming import language_name, name_of, one_line, speaker_names, summary, time_mark
from transcription.paragraphs import Paragraph, moment_in, paragraphs
from transcription.transcript import Transcript, Turn

JSON_VERSION = 1
"""Increased when a field of `as_json` is removed or changes its meaning; not for new fields."""

_CUE_LENGTH = 180  # about two lines of 84 characters: readable while the cue is shown
_MILLISECOND = timedelta(milliseconds=1)
_MINIMUM_SHOWN = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cue:
    """One subtitle cue. `start` and `end` in milliseconds; `end` is later than `start`."""

    start: int
    end: int
    speaker: str
    text: str


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


def as_srt(transcript: Transcript) -> str:
    """Return SubRip subtitles; each cue names its speaker if there was diarization.

    SubRip has no escaping; players interpret `<` as a tag and `-->` as a time, so angle brackets become ‹ and ›.
    """
    angles = str.maketrans("<>", "‹›")
    return "\n".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n"
        f"{': '.join(filter(None, [cue.speaker, cue.text])).translate(angles)}\n"
        for number, cue in enumerate(_cues(transcript), start=1)
    )


def as_vtt(transcript: Transcript) -> str:
    """Return WebVTT subtitles with a voice tag per speaker. The format: https://www.w3.org/TR/webvtt1/."""
    head = ["WEBVTT\n", *(f"NOTE\n{_escaped(remark)}\n" for remark in _remark(transcript))]
    cues = (
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{_voice(cue.speaker)}{_escaped(cue.text)}\n"
        for cue in _cues(transcript)
    )
    return "\n".join([*head, *cues])


def _voice(speaker: str) -> str:
    return f"<v {_escaped(speaker)}>" if speaker else ""


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


def _cues(transcript: Transcript) -> list[_Cue]:
    """Return the turns as readable cues, sorted: in WebVTT no cue may start before the previous one."""
    names = speaker_names(transcript)
    cues = [cue for turn in transcript.turns for cue in _cues_of(turn, name_of(turn.speaker, names=names))]
    return sorted(cues, key=lambda cue: cue.start)


def _cues_of(turn: Turn, speaker: str) -> Iterator[_Cue]:
    text = one_line(turn.text)
    for offset, piece in pieces(text, limit=_CUE_LENGTH):
        if not piece:
            continue
        start = moment_in(turn, offset=offset, length=len(text)) // _MILLISECOND
        end = moment_in(turn, offset=offset + len(piece), length=len(text)) // _MILLISECOND
        # A turn to which the provider gives no length must still be visible.
        yield _Cue(
            start=start, end=end if end > start else start + _MINIMUM_SHOWN // _MILLISECOND, speaker=speaker, text=piece
        )


def _clock(milliseconds: int, point: str) -> str:
    seconds, milliseconds = divmod(milliseconds, 1_000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{milliseconds:03}"


def _seconds(length: timedelta) -> float:
    return length // _MILLISECOND / 1_000


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
