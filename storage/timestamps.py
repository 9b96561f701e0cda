"""Convert times and durations to integer milliseconds, as the database stores them, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import overload

_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@overload
def stored(moment: datetime | timedelta) -> int: ...
@overload
def stored(moment: None) -> None: ...
@overload
def stored(moment: datetime | timedelta | None) -> int | None: ...
def stored(moment: datetime | timedelta | None) -> int | None:
    """Return milliseconds: since 1970 for an aware datetime, of the duration for a timedelta; None for None."""
    if moment is None:
        return None
    return (moment - _EPOCH if isinstance(moment, datetime) else moment) // _MILLISECOND


def moment(milliseconds: int) -> datetime:
    """Return the aware UTC datetime."""
    return _EPOCH + milliseconds * _MILLISECOND


def length(milliseconds: int) -> timedelta:
    """Return the duration."""
    return milliseconds * _MILLISECOND
