"""OAuth `state` values of installations: each is valid once and until it expires.

Only digests are stored, so a reader of the table cannot finish an installation of somebody else.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from storage.database import Transaction
from storage.timestamps import stored


def issue(tx: Transaction, state: str, *, now: datetime, until: datetime) -> None:
    """Store a state that is valid until then, and delete expired ones."""
    tx.run("DELETE FROM install_states WHERE expires_at <= :now", now=stored(now))
    tx.run(
        "INSERT INTO install_states (digest, expires_at) VALUES (:digest, :until)",
        digest=_digest(state),
        until=stored(until),
    )


def consume(tx: Transaction, state: str, *, now: datetime) -> bool:
    """Return whether the state is valid, and invalidate it."""
    return bool(
        tx.run(
            "DELETE FROM install_states WHERE digest = :digest AND expires_at > :now",
            digest=_digest(state),
            now=stored(now),
        )
    )


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()
