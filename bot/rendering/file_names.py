"""Makes file names from a recording's title. Pure.

The title is text by others, and the files are opened on many kinds of computers.
"""

from __future__ import annotations

import re
import unicodedata

FALLBACK = "recording"
"""The name if nothing of the title can be used."""

_LONGEST = 150  # bytes; file systems take 255, and an ending and a number may be added
_EXTENSION = re.compile(r"(?<=[^.\s])\.[A-Za-z0-9]{1,5}$")
_NOT_IN_NAMES = re.compile(r'[/\\:*?"<>|%$`~#&;!{}@]+')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # devices, on Windows


def stem(title: str | None) -> str:
    """Return a file name without its extension: one line, no path, no control characters, at most 150 bytes."""
    visible = "".join(
        " " if unicodedata.category(character).startswith("Z") else character for character in title or ""
    )
    visible = "".join(character for character in visible if not unicodedata.category(character).startswith("C"))
    name = _trimmed(_NOT_IN_NAMES.sub(" ", _EXTENSION.sub("", visible.strip())))
    name = _trimmed(name.encode()[:_LONGEST].decode(errors="ignore"))
    return name if name and not _RESERVED.fullmatch(name) else FALLBACK


def _trimmed(name: str) -> str:
    return " ".join(name.split()).strip(". -_")
