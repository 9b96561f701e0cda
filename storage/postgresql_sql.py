"""Statements as PostgreSQL reads them, and error messages about it, without passwords and values."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import LiteralString

import psycopg
from psycopg.conninfo import conninfo_to_dict

from storage.database import StorageUnavailable

UNREADABLE = (
    "the address of the database cannot be read: write it as postgresql://user:password@host/name, "
    "and signs such as @ : / % or a space in the password as %40 %3A %2F %25 %20"
)

_NAMED = re.compile(r"(?<![:\w]):([a-z_]\w*)")
_BYTES = re.compile(r"\bBLOB\b")


@lru_cache(maxsize=512)
def translated(sql: str) -> LiteralString:
    """Return the statement with PostgreSQL's placeholders and its type name for bytes."""
    named: LiteralString = _NAMED.sub(r"%(\1)s", sql.replace("%", "%%"))  # all SQL is from this program
    return _BYTES.sub("BYTEA", named)


def refuse_unreadable(url: str) -> None:
    """Raise `StorageUnavailable` for a URL with an unescaped password: parts of it would appear as host or name."""
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except psycopg.ProgrammingError:
        raise StorageUnavailable(UNREADABLE) from None
    port = parts.get("port", "").replace(",", "")
    if "@" in parts.get("host", "") + parts.get("dbname", "") or (port and not port.isdecimal()):
        raise StorageUnavailable(UNREADABLE)


def why(url: str, error: psycopg.Error) -> str:
    """Return the server's reason, by connecting once more: the pool only reports a timeout."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error as reason:
        return first_line(reason)
    return first_line(error)


def first_line(error: psycopg.Error) -> str:
    """Return the first line of the server's message. Further lines may quote values."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
