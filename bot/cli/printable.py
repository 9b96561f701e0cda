"""Makes text by others safe to print on the operator's terminal. Pure."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return `text` with line breaks, control characters and other unprintable ones written as escapes."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )
