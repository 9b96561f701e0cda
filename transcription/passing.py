"""Pass what was read of a large answer from one process to another, its turns in portions.

Each portion takes the receiver about a millisecond, so that a transcript of any length holds up nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter

from transcription.transcript import Transcript, Turn

PORTION = 200
"""Turns in one portion."""

_TURNS = TypeAdapter(tuple[Turn, ...])

Value = TypeVar("Value")


def result_of(read: Any) -> Any:
    """Return the type of what a function returns."""
    return get_type_hints(read)["return"]


def parted(value: Value) -> tuple[Value, tuple[Turn, ...]]:
    """Return the value without the turns of its transcript, and these."""
    transcript = _transcript_in(value)
    return (joined(value, ()), transcript.turns) if transcript is not None else (value, ())


def joined(value: Value, turns: tuple[Turn, ...]) -> Value:
    """Return the value with these turns in its transcript."""
    if isinstance(value, Transcript):
        return replace(value, turns=turns)
    transcript = _transcript_in(value)
    return replace(value, transcript=replace(transcript, turns=turns)) if transcript is not None else value  # type: ignore[type-var]


def _transcript_in(value: object) -> Transcript | None:
    if isinstance(value, Transcript):
        return value
    held = is_dataclass(value) and any(field.name == "transcript" for field in fields(value))
    found = getattr(value, "transcript", None) if held else None
    return found if isinstance(found, Transcript) else None


def written(turns: tuple[Turn, ...]) -> bytes:
    """Return the turns as bytes, one portion on each line."""
    return b"\n".join(_TURNS.dump_json(turns[start : start + PORTION]) for start in range(0, len(turns), PORTION))


async def turns_in(lines: bytes) -> tuple[Turn, ...]:
    """Return the turns that `written` wrote."""
    turns: list[Turn] = []
    for line in _lines(lines):
        turns += _TURNS.validate_json(line)
        await asyncio.sleep(0)
    return tuple(turns)


def _lines(text: bytes) -> Iterable[bytes]:
    start = 0
    while start < len(text):
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1
