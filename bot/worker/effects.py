"""Makes an outward effect happen at most once; the pattern is "note, look, act, note".

Note: the caller commits the intent, with a mark or an id by which the effect can be recognised. Look: unless this is
the first try, search for the effect of an earlier try. Act: only if none was found, none can still land, and the lease
covers the whole call. Note: the caller commits the outcome.
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
    """An earlier try was not found, but may still take effect until `until`."""

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
    """Return the effect, found by `look` or made by `act`. The caller must have committed the intent.

    `landing`: how long an earlier try that is not found may still take effect. `act` must begin with its request, or
    with a write under the lease: a process that was frozen must not act after another worker has taken over. Raises
    `UnderWay` and what `look` and `act` raise.
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
