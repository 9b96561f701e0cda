"""Deleted in Slack is deleted here: a file, a message, and everything some time after the app was removed.

It is stored before Slack is told that it was heard; the worker then removes the reply and its files. That the app is
gone is only noted: whoever changes a token revokes the old one, too (`bot.housekeeping`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

import structlog
from pydantic import ValidationError

from handlers.audio import Event, Hears, Installation
from handlers.events import FileDeleted, MessageChanged, MessageDeleted
from storage import forgetting
from storage.database import Database, Transaction

_log = structlog.get_logger()


class Removed(Protocol):
    """Is told that the app is gone from a place, a team or an organisation, since that moment by Slack's clock.

    Not `certain`: a token of it was revoked, of which it may have another one.
    """

    def __call__(self, tx: Transaction, *, place: str, at: datetime, certain: bool) -> None:
        """In the unit of work in which that is noted."""
        ...


def register(app: Hears, *, database: Database, clock: Callable[[], datetime], removed: Removed) -> None:
    """Listen for what is deleted; deleted messages come with the other messages (`deleted_message`).

    `removed` is told in the same unit of work that the app is gone from a place.
    """

    async def file_deleted(event: Event, place: Installation) -> None:
        try:
            gone = FileDeleted.model_validate(event)
        except ValidationError:
            return
        await database.write(
            lambda tx: forgetting.file_deleted(
                tx, team=place.team, enterprise=place.enterprise, file=gone.file_id, now=clock()
            )
        )

    async def app_removed(event: Event, place: Installation) -> None:
        _log.warning("app removed", place=place.place)

        def note(tx: Transaction) -> None:
            forgetting.app_removed(tx, place=place.place, now=clock())
            certain = event.get("type") == "app_uninstalled"
            removed(tx, place=place.place, at=place.at or clock(), certain=certain)

        await database.write(note)

    async def tokens_revoked(event: Event, place: Installation) -> None:
        if _lists_bots(event.get("tokens")):
            await app_removed(event, place)

    app.at_once("file_deleted", file_deleted)
    app.at_once("app_uninstalled", app_removed)
    app.at_once("tokens_revoked", tokens_revoked)


def _lists_bots(tokens: Any) -> bool:
    """Whether the app itself may do nothing any more; a person who takes back a consent of their own is not meant."""
    return isinstance(tokens, dict) and bool(tokens.get("bot"))


async def deleted_message(
    event: Event, place: Installation, *, database: Database, clock: Callable[[], datetime]
) -> None:
    """Forget what a deleted message had shared; one that has replies is changed into a tombstone when it is deleted."""
    try:
        if event.get("subtype") == "message_deleted":
            gone = MessageDeleted.model_validate(event)
            channel, ts = gone.channel, gone.deleted_ts
        else:
            changed = MessageChanged.model_validate(event)
            if not changed.is_deletion:
                return
            channel, ts = changed.channel, changed.message.ts
    except ValidationError:
        return
    await database.write(
        lambda tx: forgetting.message_deleted(tx, team=place.team, channel=channel, ts=ts, now=clock())
    )
