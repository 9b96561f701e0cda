"""Listen for shared files: store a job for each one before the event is acknowledged.

Whether a file is audio and the bot a member is decided by the worker: that takes Slack calls, and Slack waits only
three seconds for the acknowledgement. If the job cannot be stored, Slack gets a 500 and delivers the event again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from handlers.events import FileShared, MessageWithFiles
from handlers.listener import Event, EventRegistry, Installation, Listener, understood
from storage import channel_homes, jobs
from storage.database import Database, Transaction
from storage.job import Origin, unresolved


def register(app: EventRegistry, *, database: Database, clock: Callable[[], datetime], deleted: Listener) -> None:
    """Listen for `file_shared` and for `message` with files: Slack sends both for one shared file.

    `deleted` receives deleted and changed messages, which are `message` events too.
    """

    async def keep(origins: list[tuple[Origin, str | None]], place: Installation) -> None:
        now = clock()  # the time of arrival: a group commit stores events of different times

        def store(tx: Transaction) -> None:
            for origin, title in origins:
                stored = channel_homes.at_home(tx, origin, organisation=place.organisation)
                jobs.add(tx, origin=stored, title=title, now=now)

        await database.write(store)

    async def file_shared(event: Event, place: Installation) -> None:
        shared = understood(FileShared, event)
        if shared is not None and shared.user_id != place.bot_user:  # not our own transcript files
            await keep([(_of_file(shared, place), None)], place)

    async def message(event: Event, place: Installation) -> None:
        if event.get("subtype") in {"message_deleted", "message_changed"}:
            await deleted(event, place)
        if event.get("subtype") != "file_share":
            return  # a message without a file: the history scopes deliver those too
        message = understood(MessageWithFiles, event)
        if message is not None and message.user != place.bot_user:
            await keep(_of_message(message, place), place)

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

    theirs = (file for file in message.files if not file.is_elsewhere and file.user != place.bot_user)
    return [(origin(file.id), file.title or file.name) for file in theirs]
