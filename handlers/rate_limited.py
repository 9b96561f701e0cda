"""Listen for `app_rate_limited`: Slack has dropped events, so what was shared meanwhile has to be caught up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from pydantic import BaseModel, ConfigDict, Field

from handlers.listener import Event, EventRegistry, Installation, understood
from storage import gaps
from storage.database import Database

_log = structlog.get_logger()

_LATEST = 2**36
_FARTHEST = timedelta(days=1)
"""A minute further back is no minute of Slack's."""

_UNKNOWN = timedelta(minutes=10)
"""How far back the minute may be where Slack names none, or one that has not come yet."""


class AppRateLimited(BaseModel):
    """The minute (in seconds since 1970) in which Slack began to drop the events of a workspace.

    Source: https://docs.slack.dev/apis/events-api/#rate-limiting
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    minute_rate_limited: int = Field(ge=0, le=_LATEST)


def register(
    app: EventRegistry, *, database: Database, clock: Callable[[], datetime], limited: Callable[[], None]
) -> None:
    """Listen for it. `limited` counts it."""

    async def rate_limited(event: Event, place: Installation) -> None:
        limited()
        _log.warning("events_rate_limited", team=place.team)
        told, now = understood(AppRateLimited, event), clock()
        minute = datetime.fromtimestamp(told.minute_rate_limited, UTC) if told else None
        since = max(minute, now - _FARTHEST) if minute is not None and minute <= now else now - _UNKNOWN
        await database.write(lambda tx: gaps.fall_behind(tx, [place.place], since=since, until=now))

    app.listen_directly("app_rate_limited", rate_limited)
