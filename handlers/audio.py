"""A shared file becomes one durable row, and only then is Slack told that we heard.

Nothing is judged here (is it audio, are we a member?): that takes calls to Slack, and Slack waits three seconds.
The worker judges. A failure to store is a 500, so that Slack delivers again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from handlers.events import FileShared, MessageWithFiles
from handlers.listener import Event, EventRegistry, Installation, Listener, understood
from storage import jobs
from storage.database import Database, Transaction
from storage.job import Origin, unresolved


def register(app: EventRegistry, *, database: Database, clock: Callable[[], datetime], deleted: Listener) -> None:
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

    app.listen_directly("file_shared", file_shared)
    app.listen_directly("message", message)


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
