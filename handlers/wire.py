"""How what comes from outside is read: what is odd costs itself, and text comes out as every database keeps it."""

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
    """`text` as every database keeps it: without NUL (PostgreSQL), halves of characters (UTF-8) made U+FFFD."""
    return _HALF_CHARACTERS.sub("\ufffd", text.replace("\x00", ""))


def _text(value: object) -> object:
    return storable(value) if isinstance(value, str) else value


def _text_or_none(value: object) -> str | None:
    return storable(value) if isinstance(value, str) else None


def _text_or_nothing(value: object) -> str:
    return _text_or_none(value) or ""


def _stamp_or_nothing(value: object) -> str:
    return value if isinstance(value, str) and re.match(_STAMP, value) else ""


Name = Annotated[str, BeforeValidator(_text), Field(min_length=1)]
"""An id without which nothing can be done."""

MaybeText = Annotated[str | None, BeforeValidator(_text_or_none)]
"""Text that is good to have; None where there is none."""

TextOrNothing = Annotated[str, BeforeValidator(_text_or_nothing)]

StampOrNothing = Annotated[str, BeforeValidator(_stamp_or_nothing)]

Stamp = Annotated[str, Field(pattern=_STAMP)]
"""A moment by Slack's clock, which names a message: it decides where we answer, so it is right or it is none."""


def readable(shape: type[M]) -> Callable[[object], tuple[M, ...]]:
    """Make a reader of lists that gives the entries that are as `shape` wants them: one that is not costs itself."""

    def read(entries: object) -> tuple[M, ...]:
        kept: list[M] = []
        for entry in entries if isinstance(entries, list | tuple) else ():
            with suppress(ValidationError):
                kept.append(shape.model_validate(entry))
        return tuple(kept)

    return read
