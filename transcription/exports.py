"""A transcript as a file to keep: plain text, JSON, SubRip and WebVTT. Pure.

The long form of a reply is made here, and what people ask for later. Written by hand because the libraries we looked
at lose words: pysubs2 drops text in braces and escapes nothing in WebVTT, `srt` has no WebVTT.

Times count from the beginning of the recording, to the millisecond. Speakers are named as in the thread.
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
"""Goes up when a field of `as_json` changes its meaning or goes away; new fields do not count."""

_CUE_LENGTH = 180  # about two lines of 84 characters: what can be read while it is on the screen
_MILLISECOND = timedelta(milliseconds=1)
_GLANCE = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cue:
    """What stands on the screen at one time; `start` and `end` in milliseconds, `end` the later."""

    start: int
    end: int
    speaker: str
    text: str


def as_text(transcript: Transcript, *, time_marks: bool = True) -> str:
    """Plain text: the summary, the remark if there is one, then a paragraph for each passage under name and time.

    Where voices were not told apart there is no name, and without time marks nothing above the words.
    """
    head = [summary(transcript), *_remark(transcript)]
    body = [
        "\n".join([*_above(paragraph, time_marks=time_marks), paragraph.text]) for paragraph in paragraphs(transcript)
    ]
    return "\n\n".join(["\n".join(head), *body]) + "\n"


def _above(paragraph: Paragraph, *, time_marks: bool) -> list[str]:
    """The line above a paragraph, if there is anything to say in it."""
    mark = time_mark(paragraph.start) if time_marks and paragraph.start is not None else ""
    told = filter(None, [paragraph.speaker, mark, f"({paragraph.language})" if paragraph.language else ""])
    return list(filter(None, ["  ".join(told)]))


def as_json(transcript: Transcript) -> str:
    """JSON for programs; all fields are always there.

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
    """SubRip subtitles, each cue with its speaker where voices were told apart.

    SubRip has no way to escape; players take `<` for a tag and `-->` for a time, so angle brackets become ‹ and ›.
    """
    angles = str.maketrans("<>", "‹›")
    return "\n".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n"
        f"{': '.join(filter(None, [cue.speaker, cue.text])).translate(angles)}\n"
        for number, cue in enumerate(_cues(transcript), start=1)
    )


def as_vtt(transcript: Transcript) -> str:
    """WebVTT subtitles with a voice for each speaker; the format is https://www.w3.org/TR/webvtt1/."""
    head = ["WEBVTT\n", *(f"NOTE\n{_escaped(remark)}\n" for remark in _remark(transcript))]
    cues = (
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{_voice(cue.speaker)}{_escaped(cue.text)}\n"
        for cue in _cues(transcript)
    )
    return "\n".join([*head, *cues])


def _voice(speaker: str) -> str:
    return f"<v {_escaped(speaker)}>" if speaker else ""


def _remark(transcript: Transcript) -> list[str]:
    """The transcript's note as one line, if it has one."""
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
    """Turns in readable cues, sorted: WebVTT wants no cue to start before the one above it."""
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
        # A provider that gives no length to a turn must not make it invisible.
        yield _Cue(
            start=start, end=end if end > start else start + _GLANCE // _MILLISECOND, speaker=speaker, text=piece
        )


def _clock(milliseconds: int, point: str) -> str:
    seconds, milliseconds = divmod(milliseconds, 1_000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{milliseconds:03}"


def _seconds(length: timedelta) -> float:
    return length // _MILLISECOND / 1_000


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
