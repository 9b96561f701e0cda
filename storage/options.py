"""How a recording is to be transcribed and shown. Pure; None leaves it to whatever is more general."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

TranscriptForm = Literal["auto", "file"]
"""`file`: always with the whole transcript as files; `auto`: only where it is too long for a message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TranscriptionOptions:
    """`transcriber` by its name, `speakers` the fewest and the most, `form` and `time_marks` of the reply."""

    transcriber: str | None = None
    language: str | None = None
    speakers: tuple[int, int] | None = None
    vocabulary: tuple[str, ...] | None = None
    form: TranscriptForm | None = None
    time_marks: bool | None = None

    def over(self, general: TranscriptionOptions) -> TranscriptionOptions:
        """These, and where nothing is said the `general` ones."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return TranscriptionOptions(
            **{name: getattr(general, name) if value is None else value for name, value in own.items()}
        )

    def dump(self) -> str | None:
        """As text for a row; None where nothing is wanted."""
        said = {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
        return json.dumps(said, ensure_ascii=False) if said else None

    @classmethod
    def load(cls, text: str | None) -> TranscriptionOptions:
        """As it was dumped."""
        return cls.of(json.loads(text)) if text else NO_OPTIONS

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> TranscriptionOptions:
        """From the values of a JSON object; what this release does not know is left out."""
        known = {field.name: said[field.name] for field in fields(cls) if field.name in said}
        for name in ("speakers", "vocabulary"):
            if known.get(name) is not None:
                known[name] = tuple(known[name])
        return cls(**known)


NO_OPTIONS = TranscriptionOptions()
