"""Note, look, act, note: the one pattern for every outward effect that must not happen twice.

The caller commits the intent first (note), with something to recognise the effect by. Then, unless this is the first
try, look whether an earlier try took effect although nobody learnt so; act only if it did not, and only while the
lease covers the whole act; the caller commits the outcome.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from bot.claim import Claim
from bot.settings import REQUEST_TIMEOUT

T = TypeVar("T")

LAG = timedelta(seconds=10)
"""How long a request may still be under way after its time-out, and how far two clocks may differ."""


async def once(claim: Claim, *, look: Callable[[], Awaitable[T | None]], act: Callable[[], Awaitable[T]]) -> T:
    """The effect of `act`, found or done. The intent must be committed.

    `act` begins with its request, or with a write under the lease: a process that was frozen before it must not go on
    where somebody else has taken over.
    """
    if not claim.fresh:
        found = await look()
        if found is not None:
            return found
    await claim.cover(REQUEST_TIMEOUT + LAG)
    claim.fresh = False
    return await act()
