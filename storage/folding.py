"""Whether each workspace takes messages with a folded part, as it answered last, and when it is asked again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.database import Row, Transaction
from storage.timestamps import moment, stored

WEEK = timedelta(days=7)
"""How long an answer counts."""

HOUR = timedelta(hours=1)
"""After so long a workspace that did not answer is asked again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FoldingAnswer:
    """The last answer of a workspace, and when it was asked. `taken` is None if it did not answer."""

    taken: bool | None
    asked_at: datetime

    @property
    def counts_for(self) -> timedelta:
        """Return after how long the workspace is asked again."""
        return HOUR if self.taken is None else WEEK


def answer_of(tx: Transaction, *, team: str) -> FoldingAnswer | None:
    """Return the last answer of a workspace; None if it was never asked."""
    row = tx.one("SELECT taken, asked_at FROM folding WHERE team = :team", team=team)
    return _answer(row) if row else None


def answers(tx: Transaction) -> dict[str, FoldingAnswer]:
    """Return the last answer of every workspace that was asked."""
    return {str(row["team"]): _answer(row) for row in tx.all("SELECT * FROM folding ORDER BY team")}


def claim(tx: Transaction, *, team: str, seen: FoldingAnswer | None, now: datetime) -> bool:
    """Note that a workspace is being asked, and return True; False if somebody else has asked since `seen` was read.

    Until the answer is noted, that counts as no answer.
    """
    claimed = tx.one(
        "INSERT INTO folding (team, taken, asked_at) VALUES (:team, NULL, :now) "
        "ON CONFLICT (team) DO UPDATE SET taken = NULL, asked_at = excluded.asked_at "
        "WHERE folding.asked_at = :seen RETURNING asked_at",
        team=team,
        now=stored(now),
        seen=stored(seen.asked_at) if seen else None,
    )
    return claimed is not None


def note(tx: Transaction, *, team: str, taken: bool, now: datetime) -> None:
    """Note what a workspace answered, or that it refused a message with a folded part."""
    tx.run(
        "INSERT INTO folding (team, taken, asked_at) VALUES (:team, :taken, :now) "
        "ON CONFLICT (team) DO UPDATE SET taken = excluded.taken, asked_at = excluded.asked_at",
        team=team,
        taken=int(taken),
        now=stored(now),
    )


def forget_workspace(tx: Transaction, *, team: str) -> None:
    """Delete the answer of a workspace."""
    tx.run("DELETE FROM folding WHERE team = :team", team=team)


def _answer(row: Row) -> FoldingAnswer:
    taken = row["taken"]
    return FoldingAnswer(taken=None if taken is None else bool(taken), asked_at=moment(row["asked_at"]))
