"""Listen for what happens to conversations: a new id, when one is shared with another company, and deletion."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from pydantic import BaseModel, ConfigDict

from handlers.listener import Event, EventRegistry, Installation, understood
from handlers.wire import Name
from storage import channel_ids, forgetting
from storage.database import Database

_log = structlog.get_logger()


class ChannelIdChanged(BaseModel):
    """`channel_id_changed`. Source: https://docs.slack.dev/reference/events/channel_id_changed."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    old_channel_id: Name
    new_channel_id: Name


class ChannelDeleted(BaseModel):
    """`channel_deleted`, `group_deleted`. Source: https://docs.slack.dev/reference/events/channel_deleted."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    channel: Name


def register(app: EventRegistry, *, database: Database, clock: Callable[[], datetime]) -> None:
    """Listen for both."""

    async def id_changed(event: Event, place: Installation) -> None:
        changed = understood(ChannelIdChanged, event)
        if changed is None:
            return
        count = await database.write(
            lambda tx: channel_ids.change(
                tx,
                team=place.team,
                enterprise=_everywhere(place),
                old=changed.old_channel_id,
                new=changed.new_channel_id,
                now=clock(),
            )
        )
        _log.info("channel_id_changed", team=place.team, jobs=count)

    async def deleted(event: Event, place: Installation) -> None:
        gone = understood(ChannelDeleted, event)
        if gone is None:
            return
        count = await database.write(
            lambda tx: forgetting.channel_deleted(
                tx, team=place.team, enterprise=_everywhere(place), channel=gone.channel, now=clock()
            )
        )
        _log.info("channel_deleted", team=place.team, jobs=count)

    app.listen_directly("channel_id_changed", id_changed)
    app.listen_directly("channel_deleted", deleted)
    app.listen_directly("group_deleted", deleted)


def _everywhere(place: Installation) -> str | None:
    """Return the enterprise if the app was installed in all of it."""
    return place.enterprise if place.is_enterprise_install else None
