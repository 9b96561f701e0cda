"""The file formats in which a transcript can be exported. Pure."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import assert_never

from transcription.exports import as_json, as_srt, as_text, as_vtt
from transcription.transcript import Transcript


class Format(enum.StrEnum):
    """A file format; the value is the file name's extension."""

    WORD = "docx"
    TEXT = "txt"
    SUBRIP = "srt"
    WEBVTT = "vtt"
    JSON = "json"

    @property
    def is_subtitles(self) -> bool:
        """Return whether the format is subtitles, which are shown with the recording."""
        return self in {Format.SUBRIP, Format.WEBVTT}


def written(transcript: Transcript, file_format: Format, *, title: str, at: datetime, time_marks: bool = True) -> bytes:
    """Return the file's bytes, with the creation time `at`.

    `time_marks`: documents show when each passage was spoken.
    """
    match file_format:
        case Format.WORD:
            from transcription.documents import as_document  # its library takes some MB of memory

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
            assert_never(file_format)
