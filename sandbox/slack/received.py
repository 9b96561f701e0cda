"""The result of a delivery to the app, by any transport."""

from __future__ import annotations

from dataclasses import dataclass

OK = 200
REDIRECT = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """The result of one delivery attempt; without an answer `status` is None and `reason` says why."""

    status: int | None
    body: bytes = b""
    reason: str = ""
    no_retry: bool = False

    @property
    def taken(self) -> bool:
        """Return whether the app has acknowledged it."""
        return self.status is not None and OK <= self.status < REDIRECT
