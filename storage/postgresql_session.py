"""How sessions with a PostgreSQL server begin, and which servers and poolers are refused because they cannot serve."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from storage.database import DatabaseUnsuitable

NETWORK = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    # A connection to a server that vanished fails before a lease ends.
    "tcp_user_timeout": 20_000,
    "application_name": "threadscribe",
    "client_encoding": "UTF8",
}
"""Parameters of every connection."""

_SESSION = """
SELECT set_config('statement_timeout', '30s', false), set_config('lock_timeout', '10s', false),
    set_config('idle_in_transaction_session_timeout', '60s', false),
    CASE WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END
"""
"""Timeouts for everything, and durable commits whatever the server's default is."""

OTHERS = 2
"""Connections that are opened beside the first one to see whether a pooler gives its session to others."""


def configure(connection: psycopg.Connection[Any]) -> None:
    """Prepare a new session. Raises `psycopg.Error`."""
    connection.execute(_SESSION)
    connection.commit()


def refuse_unsuitable(connection: psycopg.Connection[Any], url: str) -> None:
    """Raise `DatabaseUnsuitable` if the server cannot store every text, or if sessions are not kept.

    `connection` is one to `url`. Raises `psycopg.Error`.
    """
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise DatabaseUnsuitable(
            f"the database stores text as {encoding}, and transcripts need UTF8",
            fix="make another one (createdb --encoding=UTF8 --template=template0 NAME) and set DATABASE_URL to it",
        )
    if _is_pooled_by_transaction(connection, url):
        raise DatabaseUnsuitable(
            "between the bot and PostgreSQL is a pooler in transaction mode (such as PgBouncer), which keeps no "
            "sessions, prepared statements or LISTEN",
            fix="set DATABASE_URL to the server itself, or the pooler to session mode (PgBouncer: pool_mode = session)",
        )


def _is_pooled_by_transaction(connection: psycopg.Connection[Any], url: str) -> bool:
    """Return whether two transactions of one connection may be in two sessions."""
    session = _session_of(connection)
    connection.commit()
    # A pooler makes up the number that it tells a client when it connects.
    if connection.info.backend_pid == session:
        return False
    with ExitStack() as stack:
        for _ in range(OTHERS):  # each keeps its session until the end, by its open transaction
            other: psycopg.Connection[Any] = stack.enter_context(psycopg.connect(url, **NETWORK))  # type: ignore[arg-type]  # one mapping for all
            if _session_of(other) == session:
                return True
            now = _session_of(connection)
            connection.commit()
            if now != session:
                return True
    return False


def _session_of(connection: psycopg.Connection[Any]) -> int:
    """Return the number of the server's process."""
    found = connection.cursor(row_factory=tuple_row).execute("SELECT pg_backend_pid()").fetchone()
    return int(found[0]) if found else 0
