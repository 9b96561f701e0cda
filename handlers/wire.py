"""Field types to validate payloads from outside: an invalid optional value is dropped, text is made storable."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

M = TypeVar("M", bound=BaseModel)

_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")
_STAMP = r"^[0-9]{1,12}(\.[0-9]{1,9})?$"


def storable(text: str) -> str:
    """Return `text` as every database can store it: without NUL (PostgreSQL), lone surrogates (UTF-8) as U+FFFD."""
    return _HALF_CHARACTERS.sub("\ufffd", text.replace("\x00", ""))


def _text(value: object) -> object:
    return storable(value) if isinstance(value, str) else value


def _text_or_none(value: object) -> str | None:
    return storable(value) if isinstance(value, str) else None


def _text_or_nothing(value: object) -> str:
    return _text_or_none(value) or ""


def _stamp_or_nothing(value: object) -> str:
    return value if isinstance(value, str) and re.match(_STAMP, value) else ""


def _flag(value: object) -> bool:
    return value is True or value == "true"


Name = Annotated[str, BeforeValidator(_text), Field(min_length=1)]
"""A required id: a payload without it is invalid."""

MaybeText = Annotated[str | None, BeforeValidator(_text_or_none)]
"""Optional text; None where it is missing or not a string."""

TextOrNothing = Annotated[str, BeforeValidator(_text_or_nothing)]
"""Optional text; "" where it is missing or not a string."""

Flag = Annotated[bool, BeforeValidator(_flag)]
"""A yes or no, in JSON or, as the text "true", in a form; False where it is missing or anything else."""

StampOrNothing = Annotated[str, BeforeValidator(_stamp_or_nothing)]
"""An optional Slack timestamp; "" where it is missing or malformed."""

Stamp = Annotated[str, Field(pattern=_STAMP)]
"""A required Slack timestamp such as 1700000000.000100. It identifies a message, so a malformed one is invalid."""


def readable(shape: type[M]) -> Callable[[object], tuple[M, ...]]:
    """Return a function that validates the entries of a list as `shape` and drops the invalid ones."""

    def read(entries: object) -> tuple[M, ...]:
        kept: list[M] = []
        for entry in entries if isinstance(entries, list | tuple) else ():
            with suppress(ValidationError):
                kept.append(shape.model_validate(entry))
        return tuple(kept)

    return read
