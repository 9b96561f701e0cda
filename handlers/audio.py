"""A shared file becomes one durable row, and only then is Slack told that we heard.

Nothing is judged here (is it audio, are we a member?): that takes calls to Slack, and Slack waits three seconds.
The worker judges. A failure to store is a 500, so that Slack delivers again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

import structlog
from pydantic import BaseModel, ValidationError

from handlers.events import FileShared, MessageWithFiles
from storage import jobs
from storage.database import Database, Transaction
from storage.job import Origin

Event = dict[str, Any]
M = TypeVar("M", bound=BaseModel)

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """Where an event belongs: a workspace, and who we are there.

    `team`: the organisation's id where Slack does not say which of its teams is meant. `whole`: the app was installed
    in the organisation. `at`: when it happened, by Slack's clock.
    """

    team: str
    enterprise: str | None
    bot_user: str
    whole: bool = False
    at: datetime | None = None

    @property
    def place(self) -> str:
        """Where the app was installed: the organisation, or the workspace."""
        return self.enterprise if self.whole and self.enterprise else self.team


Listener = Callable[[Event, Installation], Awaitable[None]]
"""Stores what an event tells; if it raises, Slack delivers the event again."""


class Hears(Protocol):
    """An app that gives every event of a type to one listener."""

    def at_once(self, event_type: str, listener: Listener) -> None:
        """From now on."""
        ...


def register(app: Hears, *, database: Database, clock: Callable[[], datetime], deleted: Listener) -> None:
    """Listen for shared files, in either of the two events that Slack sends for one.

    `deleted` is told of deleted and changed messages, which come as messages too.
    """

    async def keep(origins: list[tuple[Origin, str | None]]) -> None:
        now = clock()  # when it was heard: what is stored together did not come together

        def store(tx: Transaction) -> None:
            for origin, title in origins:
                jobs.add(tx, origin=origin, title=title, now=now)

        await database.write(store)

    async def file_shared(event: Event, place: Installation) -> None:
        shared = understood(FileShared, event)
        if shared is not None and shared.user_id != place.bot_user:  # not our own transcript files
            await keep([(_of_file(shared, place), None)])

    async def message(event: Event, place: Installation) -> None:
        if event.get("subtype") in {"message_deleted", "message_changed"}:
            await deleted(event, place)
        if event.get("subtype") != "file_share":
            return  # what the history scopes bring along
        message = understood(MessageWithFiles, event)
        if message is not None and message.user != place.bot_user:
            await keep(_of_message(message, place))

    app.at_once("file_shared", file_shared)
    app.at_once("message", message)


def _of_file(shared: FileShared, place: Installation) -> Origin:
    return Origin(
        enterprise=place.enterprise,
        team=place.team,
        channel=shared.channel_id,
        file=shared.file_id,
        occasion=unresolved(shared.event_ts),
        user=shared.user_id,
    )


def _of_message(message: MessageWithFiles, place: Installation) -> list[tuple[Origin, str | None]]:
    def origin(file: str) -> Origin:
        return Origin(
            enterprise=place.enterprise,
            team=place.team,
            channel=message.channel,
            file=file,
            occasion=message.ts,
            thread=message.thread_ts or message.ts,
            user=message.user,
        )

    return [(origin(file.id), file.title or file.name) for file in message.files]


def understood(model: type[M], event: Event) -> M | None:
    """None for an event without a file or a place: no repeat of it could be answered, so it is not asked for."""
    try:
        return model.model_validate(event)
    except ValidationError:
        _log.error("event not understood", type=model.__name__)
        return None


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
