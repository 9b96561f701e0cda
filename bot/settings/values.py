"""Settings as people write them, in the form in which they are used. Pure."""

from __future__ import annotations

from typing import Final

SERVERS: Final = ("postgresql://", "postgres://")


def comma_separated(value: object) -> object:
    """Split a text at its commas; anything else stays as it is."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def known_database(value: str) -> str:
    """Return the address of a database that can be used. Raises `ValueError` that says how to write one."""
    if value.startswith(SERVERS):
        return value
    if not value.startswith("sqlite:///") or len(value) <= len("sqlite:///"):
        raise ValueError("write it as sqlite:///file.db, sqlite:////absolute/file.db or postgresql://host/name")
    if ":memory:" in value or value.removeprefix("sqlite:///").startswith("file:"):
        raise ValueError("give the path of a file: a database in memory forgets every job")
    return value


def without_line_break(value: object) -> object:
    """Return a secret without the line break that it often has when it comes from a file; None for an empty one."""
    if not isinstance(value, str):
        return value
    secret = value.strip()
    if not secret.isprintable():
        raise ValueError("there is a line break or another control character in it; copy it again")
    return secret or None
