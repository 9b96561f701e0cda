"""Words of others on the operator's screen, in the answers of the command line. Pure."""

from __future__ import annotations


def printable(text: str) -> str:
    """`text` without anything that a terminal obeys or that begins a line: such characters are written out."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )
