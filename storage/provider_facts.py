"""Facts learned about a provider that its documentation does not say. The text is read by its transcriber only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from storage.database import Transaction
from storage.timestamps import stored


def known(tx: Transaction, *, provider: str) -> dict[str, str]:
    """Return all learned facts of a provider by name."""
    rows = tx.all("SELECT fact, known FROM provider_facts WHERE provider = :provider", provider=provider)
    return {str(row["fact"]): str(row["known"]) for row in rows}


def learn(tx: Transaction, facts: Mapping[str, str], *, provider: str, now: datetime) -> None:
    """Store facts; newer ones replace older ones."""
    for fact, text in facts.items():
        tx.run(
            "INSERT INTO provider_facts (provider, fact, known, learned_at) VALUES (:provider, :fact, :known, :now) "
            "ON CONFLICT (provider, fact) DO UPDATE SET known = excluded.known, learned_at = excluded.learned_at",
            provider=provider,
            fact=fact,
            known=text,
            now=stored(now),
        )
