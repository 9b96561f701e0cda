"""A workspace as the listeners need it (`handlers.slack`): forms that open, people, members, conversations."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from slack_sdk.models.views import View

from bot.slack.errors import SlackNotAuthorised, SlackRefused, SlackUnavailable
from bot.slack.objects import Conversation
from bot.slack.workspace import Workspace
from handlers.responses import SlackNotReached
from handlers.slack import Conversations
from storage.job import Reason

PAGES = 6
"""Of somebody's conversations, at most: Slack waits three seconds."""

PATIENCE = 1.5
"""Seconds for all of somebody's conversations: the database has to be asked as well."""

PEOPLE = "users:read"
"""The scope that tells what people are called."""

DIRECT = "im:write"
"""The scope that lets a direct conversation be opened."""


class WorkspaceForListeners:
    """Through `workspace`; its errors become the listeners' own. Nothing is remembered from one call to the next."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def may_read_people(self) -> bool:
        """Whether the optional scope was granted that tells who people are and who looks after the workspace."""
        return PEOPLE in self._workspace.scopes

    @property
    def may_write_to_people(self) -> bool:
        """Whether the optional scope was granted."""
        return DIRECT in self._workspace.scopes

    async def open(self, trigger: str, view: View) -> None:
        """Show a form. Raises `SlackNotReached`."""
        with _translated():
            await self._workspace.open_view(trigger, view.to_dict())

    async def name_of(self, person: str) -> str:
        """What a person is called. Raises `SlackNotReached`."""
        with _translated():
            return (await self._workspace.person(person)).called

    async def is_admin(self, person: str) -> bool:
        """Whether somebody is an admin of the workspace; False without the scope. Raises `SlackNotReached`."""
        if not self.may_read_people:
            return False
        with _translated():
            found = await self._workspace.person(person)
            return found.looks_after((await self._workspace.identify()).team_id)

    async def is_in(self, person: str, channel: str, *, team: str) -> bool:
        """Whether somebody is in a conversation that we are in. Raises `SlackNotReached`."""
        with _translated():
            found, _ = await self._workspace.conversations_of(person, team=team, pages=PAGES)
        return channel in found

    async def conversations_of(self, person: str, *, team: str) -> Conversations:
        """The conversations that a person and the bot are in now. Raises `SlackNotReached`."""
        try:
            async with asyncio.timeout(PATIENCE):
                with _translated():
                    channels, are_all = await self._workspace.conversations_of(person, team=team, pages=PAGES)
        except TimeoutError as error:
            raise SlackNotReached(str(error)) from None
        return Conversations(channels=frozenset(channels), are_all=are_all)

    async def leaves_the_company(self, channel: str) -> bool:
        """Whether another company reads along, as far as we may know of it. Raises `SlackNotReached`."""
        found = await self._conversation(channel)
        return found is not None and found.leaves_the_company

    async def objection(self, channel: str) -> Reason | None:
        """Why nothing may be read from a conversation, if so. Raises `SlackNotReached`."""
        found = await self._conversation(channel)
        return found.objection(allow_shared=False) if found else Reason.NOT_A_MEMBER

    async def message(self, channel: str, ts: str) -> object:
        """A message that somebody has reacted to; None where it may not be read. Raises `SlackNotReached`."""
        try:
            return await self._workspace.message(channel, ts)
        except (SlackRefused, SlackNotAuthorised):
            return None
        except SlackUnavailable as error:
            raise SlackNotReached(str(error)) from None

    async def looks_after(self, person: str, channel: str) -> bool:
        """Whether somebody is an admin of the workspace, or made the channel. Raises `SlackNotReached`."""
        admin, found = await asyncio.gather(self.is_admin(person), self._conversation(channel))
        return admin or (found is not None and found.creator == person)

    async def _conversation(self, channel: str) -> Conversation | None:
        """None for one that Slack does not let us know of. Raises `SlackNotReached`."""
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
        raise SlackNotReached(str(error)) from None
