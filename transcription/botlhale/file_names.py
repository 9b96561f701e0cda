"""Check whether an answer of Botlhale is about our recording, by the file name in it. Pure.

Botlhale writes the same name in different ways. In the API of 2023 a result has the name `/<key>`. In the API of 2025,
slashes and dots in a result's name are replaced by asterisks, and the status call expects the organisation in front.
Only the part after the last slash is the same everywhere.
"""

from __future__ import annotations

import re
from typing import Final

SUFFIXES: Final = frozenset({"wav", "amr", "flac", "ogg", "mp3", "json", "txt"})
"""The audio containers that Botlhale documents, and file types in which it may store a result."""


def is_ours(name: str | None, *, file_name: str) -> bool:
    """Return whether an answer with this name is about our recording. An answer without a name counts as ours."""
    told, key, bare = _parts(name or ""), _parts(file_name), _parts(file_name.rsplit("/", 1)[-1])
    return not told or _ends_with(key, told) or _ends_with(told, bare)


def _ends_with(parts: list[str], end: list[str]) -> bool:
    return parts[-len(end) :] == end if end else False


def _parts(name: str) -> list[str]:
    parts = [part for part in re.split(r"[/.*]", name.strip()) if part]
    while parts and parts[-1].lower() in SUFFIXES:
        parts.pop()
    return parts
