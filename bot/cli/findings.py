"""The findings of `threadscribe doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["good", "note", "bad"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """The result of one check; `fix` says what to do about it."""

    verdict: Verdict
    what: str
    fix: str | None = None
