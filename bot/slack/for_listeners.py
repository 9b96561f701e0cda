"""Slack as the listeners use it (`handlers.slack`): opens modals, looks up people, members and conversations."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from slack_sdk.models.views import View

from bot.slack.errors import SlackNotAuthorised, SlackRefused, SlackUnavailable
from bot.slack.objects import Conversation
from bot.slack.workspace import Workspace
from handlers.responses import ScopeNotGranted, SlackNotReached
from handlers.slack import Conversations
from storage.job import Reason

PAGES = 6
"""Pages of a person's conversations that are read at most: Slack waits three seconds for an answer."""

SEARCHED_PAGES = 4
"""Of the conversations in which is searched: there must be time left for the database."""

PATIENCE = 1.5
"""Seconds to read a person's conversations; the rest of the three seconds is for the database."""

PEOPLE = "users:read"
"""The scope to read people's names."""

DIRECT = "im:write"
"""The scope to open a direct conversation."""

HISTORIES = ("channels:history", "groups:history", "im:history", "mpim:history")
"""The scopes to read messages, each in one kind of conversation."""


class WorkspaceForListeners:
    """Calls `workspace`, and raises the listeners' own error. Nothing is kept between calls."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def may_read_people(self) -> bool:
        """Whether the optional scope was granted to read people's names and who is an admin, as far as is known."""
        return self._workspace.scopes.may_use(PEOPLE)

    @property
    def may_write_to_people(self) -> bool:
        """Whether the optional scope was granted to open direct conversations, as far as is known."""
        return self._workspace.scopes.may_use(DIRECT)

    async def open(self, trigger: str, view: View) -> None:
        """Open a modal. Raises `SlackNotReached`."""
        with _translated():
            await self._workspace.open_view(trigger, view.to_dict())

    async def name_of(self, person: str) -> str:
        """Return a person's display name. Raises `SlackNotReached`, `ScopeNotGranted`."""
        with _translated():
            return (await self._workspace.person(person)).called

    async def writers_in(self, channel: str, thread: str) -> tuple[str, ...]:
        """Return who wrote in a thread; nobody without a scope to read it. Raises `SlackNotReached`."""
        if not any(map(self._workspace.scopes.may_use, HISTORIES)):
            return ()
        with _translated():
            return await self._workspace.writers(channel, thread)

    async def is_admin(self, person: str) -> bool:
        """Return whether a person is an admin of the workspace; False without the scope. Raises `SlackNotReached`."""
        if not self.may_read_people:
            return False
        with suppress(ScopeNotGranted), _translated():
            found = await self._workspace.person(person)
            return found.looks_after((await self._workspace.identify()).team_id)
        return False

    async def is_in(self, person: str, channel: str, *, team: str) -> bool:
        """Return whether a person is in a conversation that the bot is in. Raises `SlackNotReached`."""
        found, _ = await self._conversations(person, team=team, pages=PAGES)
        return channel in found

    async def conversations_of(self, person: str, *, team: str) -> Conversations:
        """Return the conversations that both the person and the bot are in now. Raises `SlackNotReached`."""
        channels, are_all = await self._conversations(person, team=team, pages=SEARCHED_PAGES)
        return Conversations(channels=frozenset(channels), are_all=are_all)

    async def _conversations(self, person: str, *, team: str, pages: int) -> tuple[set[str], bool]:
        try:
            async with asyncio.timeout(PATIENCE):
                with _translated():
                    return await self._workspace.conversations_of(person, team=team, pages=pages)
        except TimeoutError as error:
            raise SlackNotReached(str(error)) from None

    async def leaves_the_company(self, channel: str) -> bool:
        """Return whether another company is in the channel, as far as the bot may know. Raises `SlackNotReached`."""
        found = await self._conversation(channel)
        return found is not None and found.leaves_the_company

    async def objection(self, channel: str) -> Reason | None:
        """Return why a conversation may not be read, or None. Raises `SlackNotReached`."""
        found = await self._conversation(channel)
        return found.objection(allow_shared=False) if found else Reason.NOT_A_MEMBER

    async def message(self, channel: str, ts: str) -> object:
        """Return a message that somebody has reacted to; None if it may not be read. Raises `SlackNotReached`."""
        try:
            return await self._workspace.message(channel, ts)
        except (SlackRefused, SlackNotAuthorised):
            return None
        except SlackUnavailable as error:
            raise SlackNotReached(str(error)) from None

    async def looks_after(self, person: str, channel: str) -> bool:
        """Return whether a person is a workspace admin or created the channel. Raises `SlackNotReached`."""
        admin, found = await asyncio.gather(self.is_admin(person), self._conversation(channel))
        return admin or (found is not None and found.creator == person)

    async def _conversation(self, channel: str) -> Conversation | None:
        """Return a conversation; None if Slack does not show it to the bot. Raises `SlackNotReached`."""
        try:
            return await self._workspace.conversation(channel)
        except SlackRefused:
            return None
        except SlackUnavailable as error:
            raise SlackNotReached(str(error)) from None


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (SlackRefused, SlackUnavailable) as error:
        lacks = isinstance(error, SlackNotAuthorised) and error.is_about_scopes
        raise (ScopeNotGranted if lacks else SlackNotReached)(str(error)) from None
