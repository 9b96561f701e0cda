"""The kinds of file that a transcript can be taken along as. Pure."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import assert_never

from transcription.exports import as_json, as_srt, as_text, as_vtt
from transcription.transcript import Transcript


class Format(enum.StrEnum):
    """By the ending of its name."""

    WORD = "docx"
    TEXT = "txt"
    SUBRIP = "srt"
    WEBVTT = "vtt"
    JSON = "json"

    @property
    def is_subtitles(self) -> bool:
        """Whether it is shown with the recording, and not read by itself."""
        return self in {Format.SUBRIP, Format.WEBVTT}


def written(transcript: Transcript, wanted: Format, *, title: str, at: datetime, time_marks: bool = True) -> bytes:
    """The file, made at that moment; what is to be read says when each passage was spoken if there are `time_marks`."""
    match wanted:
        case Format.WORD:
            from transcription.documents import as_document  # some MB with its library

            return as_document(transcript, title=title, at=at, time_marks=time_marks)
        case Format.TEXT:
            return as_text(transcript, time_marks=time_marks).encode()
        case Format.SUBRIP:
            return as_srt(transcript).encode()
        case Format.WEBVTT:
            return as_vtt(transcript).encode()
        case Format.JSON:
            return as_json(transcript).encode()
        case _:
            assert_never(wanted)
