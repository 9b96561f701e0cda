"""Which conversations a person is in, as Slack says now, for the listeners.

Nothing is remembered from one asking to the next: whoever has left a conversation is not in it any more.
"""

from __future__ import annotations

import asyncio

from bot.slack.errors import SlackRefused, SlackUnavailable
from bot.slack.workspaces import Workspaces
from handlers.responses import NotNow
from handlers.search import Conversations

PATIENCE = 1.5
"""Seconds: Slack wants an answer within three, and the database has to be asked as well."""

PAGES = 4


class Memberships:
    """Through `workspaces`."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    async def of(self, person: str, *, team: str, enterprise: str | None) -> Conversations:
        """Ask Slack. Raises `NotNow`."""
        workspace = self._workspaces.of(team=team, enterprise=enterprise)
        try:
            async with asyncio.timeout(PATIENCE):
                channels, whole = await workspace.conversations_of(person, team=team, pages=PAGES)
        except (TimeoutError, SlackRefused, SlackUnavailable) as error:
            raise NotNow(str(error)) from None
        return Conversations(channels=frozenset(channels), are_all=whole)
