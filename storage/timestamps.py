"""Moments and lengths as the database keeps them: integer milliseconds."""

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
    """Milliseconds since 1970 for an aware moment, milliseconds for a length."""
    if moment is None:
        return None
    return (moment - _EPOCH if isinstance(moment, datetime) else moment) // _MILLISECOND


def moment(milliseconds: int) -> datetime:
    """The aware UTC moment."""
    return _EPOCH + milliseconds * _MILLISECOND


def length(milliseconds: int) -> timedelta:
    """The length of time."""
    return milliseconds * _MILLISECOND
