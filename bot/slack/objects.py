"""The parts of Slack's file and conversation objects that we read, and what they tell."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from handlers.events import SharedFile
from handlers.wire import MaybeText, Name, Stamp, TextOrNothing, readable, storable
from storage.job import Reason

GONE = frozenset({"file_not_found", "file_deleted"})
"""Slack's words for a file that it does not know, not yet or not any more."""


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class FileSharing(_Wire):
    """One message that carries a file."""

    ts: Stamp
    thread_ts: Stamp | None = None
    share_user_id: MaybeText = None

    @property
    def root(self) -> str:
        """The timestamp of the thread's root, which is the message itself outside of threads."""
        return self.thread_ts or self.ts


_places = readable(FileSharing)


def _by_channel(value: object) -> dict[str, tuple[FileSharing, ...]]:
    found = value.items() if isinstance(value, dict) else ()
    return {storable(str(channel)): _places(places) for channel, places in found}


FileSharings = Annotated[dict[str, tuple[FileSharing, ...]], BeforeValidator(_by_channel)]


class Shares(_Wire):
    """Where a file is shared, by channel id. Fills in some time after the event; what cannot be read is not there."""

    public: FileSharings = Field(default_factory=dict)
    private: FileSharings = Field(default_factory=dict)


def _size(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _shares(value: object) -> object:
    return value if isinstance(value, dict | Shares) else {}


class SlackFile(SharedFile):
    """A file as `files.info` describes it.

    Source: https://docs.slack.dev/reference/objects/file-object
    """

    mode: MaybeText = None
    user: MaybeText = None
    size: Annotated[int, BeforeValidator(_size)] = 0
    url_private: MaybeText = None
    url_private_download: MaybeText = None
    shares: Annotated[Shares, BeforeValidator(_shares)] = Field(default_factory=Shares)

    @property
    def address(self) -> str | None:
        """Where its bytes are, once Slack has them ready."""
        return self.url_private_download or self.url_private

    @property
    def is_described(self) -> bool:
        """Whether Slack has looked at it: before its scan is through, neither type nor address are there."""
        return bool(self.mimetype or self.filetype or self.subtype) and self.address is not None

    @property
    def is_voice(self) -> bool:
        """Whether somebody surely meant to be heard: a video can be silent, a voice note cannot."""
        return self.subtype == "slack_audio" or (self.mimetype or "").startswith("audio/")

    @property
    def is_elsewhere(self) -> bool:
        """Whether Slack holds only a link to it, or nothing any more."""
        return self.mode in {"external", "tombstone", "hidden_by_limit"}

    def places(self, channel: str) -> tuple[FileSharing, ...]:
        """The messages in `channel` that carry it."""
        return (*self.shares.public.get(channel, ()), *self.shares.private.get(channel, ()))


class _Paging(_Wire):
    pages: int = 1


class FileList(_Wire):
    """A page of `files.list`."""

    files: Annotated[tuple[SlackFile, ...], BeforeValidator(readable(SlackFile))] = ()
    paging: _Paging = _Paging()


class Identified(_Wire):
    """Something of which only the id is read."""

    id: Name


class _More(_Wire):
    next_cursor: TextOrNothing = ""


class TeamList(_Wire):
    """A page of `auth.teams.list`."""

    teams: Annotated[tuple[Identified, ...], BeforeValidator(readable(Identified))] = ()
    response_metadata: _More = _More()


class Conversation(_Wire):
    """A conversation as `conversations.info` describes it."""

    id: str
    is_im: bool = False
    is_mpim: bool = False
    is_member: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False
    is_pending_ext_shared: bool = False
    creator: MaybeText = None

    @property
    def has_us(self) -> bool:
        """Whether the bot takes part: direct messages do not say so, but only those who do may ask about them."""
        return self.is_member or self.is_im or self.is_mpim

    @property
    def leaves_the_company(self) -> bool:
        """Whether another company reads along (Slack Connect)."""
        return self.is_ext_shared or self.is_pending_ext_shared

    def objection(self, *, allow_shared: bool) -> Reason | None:
        """Why nothing may be read from it, if so."""
        if not self.has_us:
            return Reason.NOT_A_MEMBER
        if self.is_archived:
            return Reason.CHANNEL_GONE
        return Reason.SHARED_CHANNEL if self.leaves_the_company and not allow_shared else None


class _Listed(_Wire):
    id: Name


class _Cursor(_Wire):
    next_cursor: TextOrNothing = ""


class ConversationList(_Wire):
    """A page of `users.conversations`."""

    channels: Annotated[tuple[_Listed, ...], BeforeValidator(readable(_Listed))] = ()
    response_metadata: _Cursor | None = None

    @property
    def cursor(self) -> str:
        """Where the next page begins; empty after the last."""
        return self.response_metadata.next_cursor if self.response_metadata else ""


class _Profile(_Wire):
    display_name: TextOrNothing = ""
    real_name: TextOrNothing = ""


class Person(_Wire):
    """A person, as `users.info` tells; `team_id` is the workspace that they belong to, and of which they are an admin.

    Source: https://docs.slack.dev/reference/objects/user-object
    """

    name: TextOrNothing = ""
    profile: _Profile = _Profile()
    team_id: TextOrNothing = ""
    is_admin: bool = False
    is_owner: bool = False
    is_stranger: bool = False

    def looks_after(self, team: str) -> bool:
        """Whether they are an admin of this workspace: one of another company, or of the next floor, is not."""
        return (self.is_admin or self.is_owner) and self.team_id == team and not self.is_stranger

    @property
    def called(self) -> str:
        """The name that they chose to be shown, else their own."""
        return self.profile.display_name or self.profile.real_name or self.name


class Identity(_Wire):
    """Who we are, as `auth.test` tells."""

    team_id: str
    user_id: str
    bot_id: str | None = None
    enterprise_id: str | None = None
    url: str = ""
