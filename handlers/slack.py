"""Protocols for the Slack calls that handlers make. Every async method may raise `SlackNotReached`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from slack_sdk.models.views import View

from storage.job import Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversations:
    """Conversation ids of a person. `are_all` is False where Slack could not list all of them in time."""

    channels: frozenset[str]
    are_all: bool


class OpensForms(Protocol):
    """Open modals."""

    async def open(self, trigger: str, view: View) -> None:
        """Open the modal `view`. `trigger` is a Slack trigger id: valid once, for three seconds."""
        ...


class KnowsPeople(Protocol):
    """Look up people of the workspace. Needs the optional scope `users:read`."""

    @property
    def may_read_people(self) -> bool:
        """Return whether `users:read` was granted; True where Slack does not tell and has refused nothing yet."""
        ...

    async def name_of(self, person: str) -> str:
        """Return the display name of a person. Raises `ScopeNotGranted` without `users:read`."""
        ...

    async def writers_in(self, channel: str, thread: str) -> tuple[str, ...]:
        """Return the people who wrote in a thread, by first message; nobody without an optional scope to read it."""
        ...

    async def is_admin(self, person: str) -> bool:
        """Return whether a person is an admin of the workspace; False without `users:read`."""
        ...

    async def looks_after(self, person: str, channel: str) -> bool:
        """Return whether a person is an admin of the workspace or the creator of the channel."""
        ...


class WritesToPeople(Protocol):
    """Open direct messages. Needs the optional scope `im:write`."""

    @property
    def may_write_to_people(self) -> bool:
        """Return whether `im:write` was granted; True where Slack does not tell and has refused nothing yet."""
        ...


class KnowsMembers(Protocol):
    """Ask Slack who is in which conversation. Answers are current, not cached."""

    async def is_in(self, person: str, channel: str, *, team: str) -> bool:
        """Return whether both the person and the bot are members of the conversation."""
        ...

    async def conversations_of(self, person: str, *, team: str) -> Conversations:
        """Return the conversations of which both the person and the bot are members."""
        ...


class KnowsConversations(Protocol):
    """Ask Slack about conversations and their messages."""

    async def leaves_the_company(self, channel: str) -> bool:
        """Return whether the channel is shared with another company (Slack Connect), as far as Slack tells the bot."""
        ...

    async def objection(self, channel: str) -> Reason | None:
        """Return why nothing may be transcribed in a conversation; None where it may."""
        ...

    async def message(self, channel: str, ts: str) -> object:
        """Return a message as Slack describes it; None where the bot may not read it."""
        ...


class SlackForListeners(OpensForms, KnowsPeople, WritesToPeople, KnowsMembers, KnowsConversations, Protocol):
    """All Slack calls that handlers make."""
