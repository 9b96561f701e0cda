"""What a browser takes to Slack when the app is installed, and brings back: each counts once and for a while.

Kept as digests: whoever reads the table can finish nobody's installation.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from storage.database import Transaction
from storage.timestamps import stored


def issue(tx: Transaction, state: str, *, now: datetime, until: datetime) -> None:
    """Let this one count until then; what has expired goes."""
    tx.run("DELETE FROM install_states WHERE expires_at <= :now", now=stored(now))
    tx.run(
        "INSERT INTO install_states (digest, expires_at) VALUES (:digest, :until)",
        digest=_digest(state),
        until=stored(until),
    )


def consume(tx: Transaction, state: str, *, now: datetime) -> bool:
    """Whether it counts; from now on it does not."""
    return bool(
        tx.run(
            "DELETE FROM install_states WHERE digest = :digest AND expires_at > :now",
            digest=_digest(state),
            now=stored(now),
        )
    )


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()
