"""A shared file becomes one durable row, and only then is Slack told that we heard.

Nothing is judged here (is it audio, are we a member?): that takes calls to Slack, and Slack waits three seconds.
The worker judges. A failure to store is a 500, so that Slack delivers again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltContext

from handlers.events import FileShared, MessageWithFiles
from storage import jobs
from storage.database import Database, Transaction
from storage.job import Origin

Event = dict[str, Any]


def register(app: AsyncApp, *, database: Database, clock: Callable[[], datetime]) -> None:
    """Listen for shared files, in either of the two events that Slack sends for one."""

    async def keep(origins: list[tuple[Origin, str | None]]) -> None:
        def store(tx: Transaction) -> None:
            for origin, title in origins:
                jobs.add(tx, origin=origin, title=title, now=clock())

        await database.write(store)

    @app.event("file_shared")
    async def file_shared(event: Event, context: AsyncBoltContext) -> None:
        shared = FileShared.model_validate(event)
        if shared.user_id == context.bot_user_id:
            return  # our own transcript files
        origin = Origin(
            enterprise=context.enterprise_id,
            team=context.team_id or "",
            channel=shared.channel_id,
            file=shared.file_id,
            occasion=unresolved(shared.event_ts),
            user=shared.user_id,
        )
        await keep([(origin, None)])

    @app.event({"type": "message", "subtype": "file_share"})
    async def message_with_files(event: Event, context: AsyncBoltContext) -> None:
        message = MessageWithFiles.model_validate(event)
        if message.user == context.bot_user_id:
            return
        origins = [
            Origin(
                enterprise=context.enterprise_id,
                team=context.team_id or "",
                channel=message.channel,
                file=file.id,
                occasion=message.ts,
                thread=message.thread_ts or message.ts,
                user=message.user,
            )
            for file in message.files
        ]
        titles = [file.title or file.name for file in message.files]
        await keep(list(zip(origins, titles, strict=True)))

    @app.event("message")
    async def other_message(event: Event) -> None:
        """Hear what the history scopes bring along; an event without a listener is a 404, which Slack repeats."""


_UNRESOLVED = "event:"


def unresolved(event_ts: str) -> str:
    """The occasion of a `file_shared` event: which message carries the file is not known yet."""
    return _UNRESOLVED + event_ts


def is_resolved(occasion: str) -> bool:
    """Whether the occasion is a message's timestamp."""
    return not occasion.startswith(_UNRESOLVED)


def seconds(occasion: str) -> float:
    """When it happened by Slack's clock, in seconds since 1970; of a message or of an event."""
    try:
        return float(occasion.removeprefix(_UNRESOLVED))
    except ValueError:
        return 0.0
