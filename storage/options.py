"""Transcription options. Pure. None means: use the more general setting (channel, person, workspace)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

TranscriptForm = Literal["auto", "file"]
"""`file`: always attach the full transcript as files; `auto`: only if it is too long for a message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TranscriptionOptions:
    """Options of a recording and its reply.

    `transcriber`: its name. `language`: a code. `speakers`: minimum and maximum. `vocabulary`: words to expect. `form`
    and `time_marks`: how the reply shows the transcript.
    """

    transcriber: str | None = None
    language: str | None = None
    speakers: tuple[int, int] | None = None
    vocabulary: tuple[str, ...] | None = None
    form: TranscriptForm | None = None
    time_marks: bool | None = None

    def over(self, general: TranscriptionOptions) -> TranscriptionOptions:
        """Return these options, with `general` ones for those that are None."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return TranscriptionOptions(
            **{name: getattr(general, name) if value is None else value for name, value in own.items()}
        )

    def dump(self) -> str | None:
        """Return the options as JSON; None if all are None."""
        said = {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
        return json.dumps(said, ensure_ascii=False) if said else None

    @classmethod
    def load(cls, text: str | None) -> TranscriptionOptions:
        """Read what `dump` returned."""
        return cls.of(json.loads(text)) if text else NO_OPTIONS

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> TranscriptionOptions:
        """Return the options of a JSON object; unknown keys are ignored."""
        known = {field.name: said[field.name] for field in fields(cls) if field.name in said}
        for name in ("speakers", "vocabulary"):
            if known.get(name) is not None:
                known[name] = tuple(known[name])
        return cls(**known)


NO_OPTIONS = TranscriptionOptions()
