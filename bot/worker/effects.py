"""Note, look, act, note: the one pattern for every outward effect that must not happen twice.

The caller commits the intent first (note), with something to recognise the effect by. Then, unless this is the first
try, look whether an earlier try took effect although nobody learnt so; act only if it did not and no longer can, and
only while the lease covers the whole act; the caller commits the outcome.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from bot.slack.errors import SlackRefused, SlackUnavailable
from bot.timeouts import LANDING
from bot.worker.claim import Claim
from transcription.errors import TimedOut, TranscriptionError

T = TypeVar("T")


class UnderWay(Exception):
    """An earlier try was not found, and until that moment it may still land."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


async def once(
    claim: Claim,
    *,
    look: Callable[[], Awaitable[T | None]],
    act: Callable[[], Awaitable[T]],
    landing: timedelta = LANDING,
) -> T:
    """The effect of `act`, found or done. The intent must be committed. Raises `UnderWay` besides what these raise.

    `landing`: for how long an earlier try that is not found may still take effect.

    `act` begins with its request, or with a write under the lease: a process that was frozen before it must not go on
    where somebody else has taken over.
    """
    if not claim.fresh:
        found = await look()
        if found is not None:
            return found
        until = await claim.under_way_until(landing)
        if until is not None:
            raise UnderWay(until)
    await claim.begin(LANDING)
    try:
        return await act()
    except Exception as error:
        claim.settled = _had_no_effect(error)
        raise


def _had_no_effect(error: Exception) -> bool:
    match error:
        case SlackUnavailable():
            return not error.maybe_done
        case TimedOut():
            return False
        case _:
            return isinstance(error, SlackRefused | TranscriptionError)
