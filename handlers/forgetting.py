"""Deleted in Slack is deleted here: a file, a message, and everything some time after the app was removed.

It is stored before Slack is told that it was heard; the worker then removes the reply and its files. That the app is
gone is only noted: whoever changes a token revokes the old one, too (`bot.background.housekeeping`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import structlog
from pydantic import ValidationError

from handlers.events import FileDeleted, MessageChanged, MessageDeleted, TeamAccessRevoked
from handlers.listener import Event, EventRegistry, Installation, understood
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


def register(app: EventRegistry, *, database: Database, clock: Callable[[], datetime], removed: Removed) -> None:
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
        at, certain = place.at or clock(), event.get("type") == "app_uninstalled"
        forget = partial(removed, place=place.place, at=at, certain=certain)
        await _note([place.place], database=database, now=clock(), forget=forget)

    async def team_access_revoked(event: Event, _place: Installation) -> None:
        # What opens the organisation goes on opening its other teams.
        if (taken := understood(TeamAccessRevoked, event)) is not None:
            await _note(taken.team_ids, database=database, now=clock())

    async def tokens_revoked(event: Event, place: Installation) -> None:
        if _lists_bots(event.get("tokens")):
            await app_removed(event, place)

    app.listen_directly("file_deleted", file_deleted)
    app.listen_directly("app_uninstalled", app_removed)
    app.listen_directly("tokens_revoked", tokens_revoked)
    app.listen_directly("team_access_revoked", team_access_revoked)


async def _note(
    places: Sequence[str], *, database: Database, now: datetime, forget: Callable[[Transaction], None] | None = None
) -> None:
    """Note that the app is gone from these places, and `forget` what opened them in the same unit of work."""

    def work(tx: Transaction) -> None:
        for place in places:
            forgetting.app_removed(tx, place=place, now=now)
        if forget is not None:
            forget(tx)

    for place in places:
        _log.warning("app_uninstalled", place=place)
    await database.write(work)


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
