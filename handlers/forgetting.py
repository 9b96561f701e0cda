"""Listen for deletions in Slack: of files and messages, and removal of the app.

The deletion is stored before the event is acknowledged; the worker then removes the reply and its files. It is also
remembered, first and in a transaction of its own (`storage.deletions`): the recording may be told of later. Removal of
the app is only noted here, and its data is deleted some time later (`bot.background.housekeeping`): token rotation
also revokes the old token, so a revoked token does not prove that the app is gone.
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
from storage import channel_homes, deletions, forgetting
from storage.database import Database, Transaction

_log = structlog.get_logger()


class Removed(Protocol):
    """Called when the app was removed from a place (a workspace or an enterprise) at a time by Slack's clock.

    Not `certain`: only a token was revoked, and the app may have a newer one.
    """

    def __call__(self, tx: Transaction, *, place: str, at: datetime, certain: bool) -> None:
        """Run in the transaction that notes the removal."""
        ...


def register(app: EventRegistry, *, database: Database, clock: Callable[[], datetime], removed: Removed) -> None:
    """Listen for deleted files and removal of the app. Deleted messages arrive elsewhere (`deleted_message`).

    `removed` is called in the transaction that notes a removal.
    """

    async def file_deleted(event: Event, place: Installation) -> None:
        try:
            gone = FileDeleted.model_validate(event)
        except ValidationError:
            return
        now, file, enterprise = clock(), gone.file_id, place.enterprise
        await database.write(
            lambda tx: deletions.remember_file(tx, team=place.place, enterprise=enterprise, file=file, now=now)
        )
        await database.write(
            lambda tx: forgetting.file_deleted(tx, team=place.place, enterprise=enterprise, file=file, now=now)
        )

    async def app_removed(event: Event, place: Installation) -> None:
        at, certain = place.at or clock(), event.get("type") == "app_uninstalled"
        forget = partial(removed, place=place.place, at=at, certain=certain)
        await _note_removal([place.place], database=database, now=clock(), forget=forget)

    async def team_access_revoked(event: Event, _place: Installation) -> None:
        # The enterprise token stays valid for its other workspaces.
        if (taken := understood(TeamAccessRevoked, event)) is not None:
            await _note_removal(taken.team_ids, database=database, now=clock())

    async def tokens_revoked(event: Event, place: Installation) -> None:
        if _lists_bots(event.get("tokens")):
            await app_removed(event, place)

    app.listen_directly("file_deleted", file_deleted)
    app.listen_directly("app_uninstalled", app_removed)
    app.listen_directly("tokens_revoked", tokens_revoked)
    app.listen_directly("team_access_revoked", team_access_revoked)


async def _note_removal(
    places: Sequence[str], *, database: Database, now: datetime, forget: Callable[[Transaction], None] | None = None
) -> None:
    """Note that the app was removed from these places, and call `forget` in the same transaction."""

    def work(tx: Transaction) -> None:
        for place in places:
            forgetting.app_removed(tx, place=place, now=now)
        if forget is not None:
            forget(tx)

    for place in places:
        _log.warning("app_uninstalled", place=place)
    await database.write(work)


def _lists_bots(tokens: Any) -> bool:
    """Return whether bot tokens were revoked, and not only the token of a person."""
    return isinstance(tokens, dict) and bool(tokens.get("bot"))


async def deleted_message(
    event: Event, place: Installation, *, database: Database, clock: Callable[[], datetime]
) -> None:
    """Forget the recordings of a deleted message. A deleted message with replies arrives as changed to a tombstone."""
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

    def home(tx: Transaction) -> str:
        return channel_homes.settle(tx, organisation=place.organisation, team=place.team, channel=channel)

    now = clock()
    await database.write(
        lambda tx: deletions.remember_message(
            tx, team=home(tx), enterprise=place.enterprise, channel=channel, ts=ts, now=now
        )
    )
    await database.write(lambda tx: forgetting.message_deleted(tx, team=home(tx), channel=channel, ts=ts, now=now))
