"""Slack's file, conversation and user objects: the fields that the bot reads, and what they mean."""

from __future__ import annotations

from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bot.slack.errors import SlackUnavailable
from handlers.shared_files import SharedFile
from handlers.wire import MaybeText, Name, Stamp, TextOrNothing, readable, storable
from storage.job import Reason

GONE = frozenset({"file_not_found", "file_deleted"})
"""Slack's error codes for a file that it does not know, not yet or no longer."""


M = TypeVar("M", bound=BaseModel)


def slack_object(model: type[M], data: object, method: str) -> M:
    """Return what `method` answered as `model`. Raises `SlackUnavailable` if it is not as documented."""
    try:
        return model.model_validate(data)
    except ValidationError:
        raise SlackUnavailable(f"{method}: not as documented", maybe_done=False) from None


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class FileSharing(_Wire):
    """One message that carries a file."""

    ts: Stamp
    thread_ts: Stamp | None = None
    share_user_id: MaybeText = None

    @property
    def root(self) -> str:
        """The timestamp of the thread's root message; outside threads that is the message itself."""
        return self.thread_ts or self.ts


_places = readable(FileSharing)


def _by_channel(value: object) -> dict[str, tuple[FileSharing, ...]]:
    found = value.items() if isinstance(value, dict) else ()
    return {storable(str(channel)): _places(places) for channel, places in found}


FileSharings = Annotated[dict[str, tuple[FileSharing, ...]], BeforeValidator(_by_channel)]


class Shares(_Wire):
    """Where a file is shared, by channel id. Filled in some time after the event; unreadable entries are left out."""

    public: FileSharings = Field(default_factory=dict)
    private: FileSharings = Field(default_factory=dict)


def _size(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _shares(value: object) -> object:
    return value if isinstance(value, dict | Shares) else {}


def _names(value: object) -> frozenset[str]:
    return frozenset(storable(one) for one in value if isinstance(one, str)) if isinstance(value, list) else frozenset()


_Names = Annotated[frozenset[str], BeforeValidator(_names)]


class SlackFile(SharedFile):
    """A file as `files.info` describes it.

    Source: https://docs.slack.dev/reference/objects/file-object
    """

    size: Annotated[int, BeforeValidator(_size)] = 0
    created: Annotated[int, BeforeValidator(_size)] = 0
    url_private: MaybeText = None
    url_private_download: MaybeText = None
    shares: Annotated[Shares, BeforeValidator(_shares)] = Field(default_factory=Shares)
    channels: _Names = frozenset()
    groups: _Names = frozenset()
    ims: _Names = frozenset()

    @property
    def conversations(self) -> frozenset[str]:
        """Return the ids of the conversations in which Slack says that it is, also where it says no messages."""
        return frozenset({*self.channels, *self.groups, *self.ims, *self.shares.public, *self.shares.private})

    @property
    def address(self) -> str | None:
        """Where to download its bytes; None until Slack has them ready."""
        return self.url_private_download or self.url_private

    @property
    def is_described(self) -> bool:
        """Whether Slack has scanned it: before that, its type and its address are missing."""
        return bool(self.mimetype or self.filetype or self.subtype) and self.address is not None

    @property
    def is_voice(self) -> bool:
        """Whether it surely holds speech: a video can be silent, a voice note cannot."""
        return self.subtype == "slack_audio" or (self.mimetype or "").startswith("audio/")

    def places(self, channel: str) -> tuple[FileSharing, ...]:
        """Return the messages in `channel` that carry it."""
        return (*self.shares.public.get(channel, ()), *self.shares.private.get(channel, ()))


class _Paging(_Wire):
    pages: int = 1


class FileList(_Wire):
    """A page of `files.list`."""

    files: Annotated[tuple[SlackFile, ...], BeforeValidator(readable(SlackFile))] = ()
    paging: _Paging = _Paging()


class Identified(_Wire):
    """An object of which only the id is read."""

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
        """Whether the bot is in it. Direct messages have no such field, but only members can ask about them."""
        return self.is_member or self.is_im or self.is_mpim

    @property
    def leaves_the_company(self) -> bool:
        """Whether another company is in it, or invited to it (Slack Connect)."""
        return self.is_ext_shared or self.is_pending_ext_shared

    def objection(self, *, allow_shared: bool) -> Reason | None:
        """Return why it may not be read, or None."""
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
        """The cursor of the next page; empty after the last page."""
        return self.response_metadata.next_cursor if self.response_metadata else ""


class _ThreadMessage(_Wire):
    user: TextOrNothing = ""
    bot_id: MaybeText = None


class ThreadMessages(_Wire):
    """A page of `conversations.replies`. Source: https://docs.slack.dev/reference/methods/conversations.replies."""

    messages: Annotated[tuple[_ThreadMessage, ...], BeforeValidator(readable(_ThreadMessage))] = ()

    @property
    def writers(self) -> tuple[str, ...]:
        """The people who wrote, and no apps, in the order of their first message."""
        written = (message.user for message in self.messages if message.bot_id is None)
        return tuple(dict.fromkeys(filter(None, written)))


class _Profile(_Wire):
    display_name: TextOrNothing = ""
    real_name: TextOrNothing = ""


class Person(_Wire):
    """A person, as `users.info` describes them. `is_admin` and `is_owner` are about their own workspace, `team_id`.

    Source: https://docs.slack.dev/reference/objects/user-object
    """

    name: TextOrNothing = ""
    profile: _Profile = _Profile()
    team_id: TextOrNothing = ""
    is_admin: bool = False
    is_owner: bool = False
    is_stranger: bool = False

    def looks_after(self, team: str) -> bool:
        """Return whether they are an admin of this workspace; admins of other workspaces or companies are not."""
        return (self.is_admin or self.is_owner) and self.team_id == team and not self.is_stranger

    @property
    def called(self) -> str:
        """The display name that they chose, else their real name."""
        return self.profile.display_name or self.profile.real_name or self.name


class Identity(_Wire):
    """The bot's identity in a workspace, as `auth.test` describes it."""

    team_id: str
    user_id: str
    bot_id: str | None = None
    enterprise_id: str | None = None
    url: str = ""
