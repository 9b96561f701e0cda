"""Whose an answer of Botlhale's is: names of recordings, compared as Botlhale writes them. Pure.

The page of 2023 gives a result the name `/<key>`; a result of 2025 has a name in which slashes and dots have become
asterisks, and its status wants the organisation in front. Only what follows the last slash is the same in all of them.
"""

from __future__ import annotations

import re
from typing import Final

SUFFIXES: Final = frozenset({"wav", "amr", "flac", "ogg", "mp3", "json", "txt"})
"""The containers that Botlhale documents, and what a result may be kept in."""


def is_ours(name: str | None, *, file_name: str) -> bool:
    """Tell whether an answer with this name is about our recording; one that names none is."""
    told, key, bare = _parts(name or ""), _parts(file_name), _parts(file_name.rsplit("/", 1)[-1])
    return not told or _ends_with(key, told) or _ends_with(told, bare)


def _ends_with(parts: list[str], end: list[str]) -> bool:
    return parts[-len(end) :] == end if end else False


def _parts(name: str) -> list[str]:
    parts = [part for part in re.split(r"[/.*]", name.strip()) if part]
    while parts and parts[-1].lower() in SUFFIXES:
        parts.pop()
    return parts
