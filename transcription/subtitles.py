"""Write a transcript's cues as SubRip or WebVTT. Pure.

It does not use a library because those we examined lose words when they write: pysubs2 drops text in braces and escapes
nothing in WebVTT, webvtt-py escapes nothing either, and `srt` has no WebVTT. Both files have the same cues and times.
"""

from __future__ import annotations

import re

from transcription.cues import Cue, cues, name_before
from transcription.naming import one_line
from transcription.transcript import Transcript
from transcription.word_breaks import columns

_READ_AS_MARKUP = str.maketrans("<>{}\\", "‹›❴❵∖")
_READ_AS_A_TIME = re.compile(r"(?<=\d):(?=\d{1,2}:\d{1,2}[.,]\d)")


def as_srt(transcript: Transcript) -> str:
    """Return SubRip subtitles; each cue names its speaker if there was diarization, a long name shortened.

    SubRip has no escaping. Players and editors interpret `<` as a tag, `{` and a backslash as SubStation's commands,
    and `-->` or two times in a line as the beginning of a cue, so such signs become others that look like them.
    """
    blocks = (
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{_harmless(_with_name(cue))}\n"
        for number, cue in enumerate(cues(transcript), start=1)
    )
    return "\n".join(blocks)


def as_vtt(transcript: Transcript) -> str:
    """Return WebVTT subtitles with a voice tag per speaker. The format: https://www.w3.org/TR/webvtt1/."""
    remark = one_line(transcript.note or "")
    blocks = (
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{_voice(cue.speaker)}{_escaped(_joined(cue.lines()))}\n"
        for cue in cues(transcript)
    )
    return "\n".join(["WEBVTT\n", *([f"NOTE\n{_escaped(remark)}\n"] if remark else []), *blocks])


def _with_name(cue: Cue) -> str:
    name = name_before(cue.speaker)
    first, *second = cue.lines(lead=columns(name))
    return _joined([(name + first).rstrip(" "), *second])


def _joined(lines: list[str]) -> str:
    return "\n".join(lines)


def _harmless(text: str) -> str:
    return _READ_AS_A_TIME.sub("∶", text.translate(_READ_AS_MARKUP))


def _voice(speaker: str) -> str:
    return f"<v {_escaped(speaker)}>" if speaker else ""


def _clock(milliseconds: int, point: str) -> str:
    seconds, milliseconds = divmod(milliseconds, 1_000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{milliseconds:03}"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
