"""What listeners need of Slack, one protocol for each need. All methods raise `SlackNotReached`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from slack_sdk.models.views import View

from storage.job import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversations:
    """Those that somebody is in; `are_all` is False where there are more than there was time to hear of."""

    channels: frozenset[str]
    are_all: bool


class OpensForms(Protocol):
    """Opens modals."""

    async def open(self, trigger: str, view: View) -> None:
        """Show a form to whoever pulled the trigger, which counts once and for three seconds."""
        ...


class KnowsPeople(Protocol):
    """Knows the people of a workspace, where the optional scope `users:read` was granted."""

    @property
    def may_read_people(self) -> bool:
        """Whether it was granted."""
        ...

    async def name_of(self, person: str) -> str:
        """What a person is called."""
        ...

    async def is_admin(self, person: str) -> bool:
        """Whether somebody is an admin of the workspace; False where that may not be known."""
        ...

    async def looks_after(self, person: str, channel: str) -> bool:
        """Whether somebody is an admin of the workspace, or made the channel."""
        ...


class WritesToPeople(Protocol):
    """Opens direct conversations, where the optional scope `im:write` was granted."""

    @property
    def may_write_to_people(self) -> bool:
        """Whether it was granted."""
        ...


class KnowsMembers(Protocol):
    """Knows who is in which conversation, as Slack says now."""

    async def is_in(self, person: str, channel: str, *, team: str) -> bool:
        """Whether somebody is in a conversation that the bot is in."""
        ...

    async def conversations_of(self, person: str, *, team: str) -> Conversations:
        """The conversations that a person and the bot are in."""
        ...


class KnowsConversations(Protocol):
    """Knows conversations and what is in them."""

    async def leaves_the_company(self, channel: str) -> bool:
        """Whether another company reads along there, as far as that may be known."""
        ...

    async def objection(self, channel: str) -> Reason | None:
        """Why nothing may be read from a conversation, if so."""
        ...

    async def message(self, channel: str, ts: str) -> object:
        """A message as Slack describes it; None where it may not be read."""
        ...


class SlackForListeners(OpensForms, KnowsPeople, WritesToPeople, KnowsMembers, KnowsConversations, Protocol):
    """All of it."""
