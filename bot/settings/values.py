"""Converts settings from the form in which people write them. Pure."""

from __future__ import annotations

from typing import Final

SERVERS: Final = ("postgresql://", "postgres://")


def comma_separated(value: object) -> object:
    """Split a text at its commas; return anything else unchanged."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def known_database(value: str) -> str:
    """Return the address of a supported database. Raises `ValueError` that says how to write one."""
    if value.startswith(SERVERS):
        return value
    if not value.startswith("sqlite:///") or len(value) <= len("sqlite:///"):
        raise ValueError("write it as sqlite:///file.db, sqlite:////absolute/file.db or postgresql://host/name")
    if ":memory:" in value or value.removeprefix("sqlite:///").startswith("file:"):
        raise ValueError("give the path of a file: a database in memory forgets every job")
    return value


def without_line_break(value: object) -> object:
    """Strip a secret of the line break that a file often adds; None if it is empty. Raises `ValueError`."""
    if not isinstance(value, str):
        return value
    secret = value.strip()
    if not secret.isprintable():
        raise ValueError("there is a line break or another control character in it; copy it again")
    return secret or None
