"""What people see of Slack besides messages, for the listeners: forms that open, and what a person is called."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from slack_sdk.models.views import View

from bot.slack_errors import SlackRefused, SlackUnavailable
from bot.workspace import Workspace
from handlers.asking import NotNow

PEOPLE = "users:read"
"""The scope that tells what people are called."""


class Screens:
    """Through `workspace`; its errors become the listeners' own."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def may_name_people(self) -> bool:
        """Whether the optional scope was granted."""
        return PEOPLE in self._workspace.scopes

    async def open(self, trigger: str, view: View) -> None:
        """Show a form. Raises `NotNow`."""
        with _translated():
            await self._workspace.open_view(trigger, view.to_dict())

    async def name_of(self, person: str) -> str:
        """What a person is called. Raises `NotNow`."""
        with _translated():
            return (await self._workspace.person(person)).called

    async def is_admin(self, person: str) -> bool:
        """Whether somebody is an admin of the workspace; not known without the optional scope. Raises `NotNow`."""
        if PEOPLE not in self._workspace.scopes:
            return False
        with _translated():
            return (await self._workspace.person(person)).looks_after_all

    async def looks_after(self, person: str, channel: str) -> bool:
        """Whether somebody is an admin of the workspace, or made the channel. Raises `NotNow`."""
        if await self.is_admin(person):
            return True
        with _translated():
            return (await self._workspace.conversation(channel)).creator == person


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (SlackRefused, SlackUnavailable) as error:
        raise NotNow(str(error)) from None
