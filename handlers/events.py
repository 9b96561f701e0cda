"""The parts of Slack's requests that we read. Everything else in them is ignored.

Read so that a recording is not lost for what it does not need: an event that names a file and a conversation can be
answered, whatever else is missing or odd in it. Text comes out so that every database can keep it.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from handlers.wire import MaybeText, Name, Stamp, StampOrNothing, TextOrNothing, readable


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


_SOUND_TYPES = frozenset(
    {
        "aac",
        "aiff",
        "amr",
        "avi",
        "caf",
        "flac",
        "flv",
        "m4a",
        "m4v",
        "mkv",
        "mov",
        "mp3",
        "mp4",
        "mpeg",
        "mpg",
        "mpga",
        "oga",
        "ogg",
        "ogv",
        "opus",
        "3gp",
        "3gpp",
        "wav",
        "weba",
        "webm",
        "wma",
        "wmv",
    }
)


class FileShared(_Wire):
    """`file_shared`: no more than which file, where and by whom.

    Source: https://docs.slack.dev/reference/events/file_shared
    """

    file_id: Name
    channel_id: Name
    user_id: TextOrNothing = ""
    event_ts: StampOrNothing = ""


class SharedFile(_Wire):
    """A file in a message; in Slack Connect channels it is a stub with little more than its id.

    Any of the hints can be missing or wrong (peers' field reports): five of them are asked, the content decides.
    """

    id: Name
    title: MaybeText = None
    name: MaybeText = None
    mimetype: MaybeText = None
    filetype: MaybeText = None
    subtype: MaybeText = None
    media_display_type: MaybeText = None

    @property
    def looks_like_a_recording(self) -> bool:
        """Whether any of the five signals says so."""
        return (
            self.subtype in {"slack_audio", "slack_video"}
            or self.media_display_type in {"audio", "video"}
            or (self.mimetype or "").split("/")[0] in {"audio", "video"}
            or (self.filetype or "").lower() in _SOUND_TYPES
            or any(PurePath(name).suffix.lower()[1:] in _SOUND_TYPES for name in (self.name, self.title) if name)
        )

    @property
    def may_be_a_recording(self) -> bool:
        """Whether nothing says that it is something else."""
        return self.looks_like_a_recording or not (self.mimetype or self.filetype or self.subtype)


class FileDeleted(_Wire):
    """`file_deleted`. Source: https://docs.slack.dev/reference/events/file_deleted."""

    file_id: Name


class TeamAccessRevoked(_Wire):
    """`team_access_revoked`: an organisation has taken the app from some of its teams.

    Source: https://docs.slack.dev/reference/events/team_access_revoked
    """

    team_ids: tuple[Name, ...]


class MessageDeleted(_Wire):
    """`message` with the subtype `message_deleted`.

    Source: https://docs.slack.dev/reference/events/message/message_deleted
    """

    channel: Name
    deleted_ts: Stamp


class _Kind(_Wire):
    subtype: TextOrNothing = ""
    ts: Stamp


class MessageChanged(_Wire):
    """`message` with the subtype `message_changed`.

    A message with replies that is deleted becomes a `tombstone`, and its thread stays.
    Source: https://docs.slack.dev/reference/events/message/message_changed
    """

    channel: Name
    message: _Kind

    @property
    def is_deletion(self) -> bool:
        """Whether it was deleted."""
        return self.message.subtype == "tombstone"


class HomeOpened(_Wire):
    """`app_home_opened`: whose it is, and which of its tabs. Source: https://docs.slack.dev/reference/events/app_home_opened."""

    user: Name
    tab: TextOrNothing = ""


class MessageWithFiles(_Wire):
    """`message` with the subtype `file_share`.

    Source: https://docs.slack.dev/reference/events/message/file_share
    A file that cannot be read here is told of by its own `file_shared`.
    """

    channel: Name
    user: TextOrNothing = ""
    ts: Stamp
    thread_ts: Stamp | None = None
    files: Annotated[tuple[SharedFile, ...], BeforeValidator(readable(SharedFile))] = ()


class _Item(_Wire):
    channel: Name
    ts: Stamp


class Reacted(_Wire):
    """`reaction_added` on a message. Source: https://docs.slack.dev/reference/events/reaction_added."""

    user: Name
    reaction: Name
    item: _Item


class Someone(_Wire):
    """A person, a workspace or a channel in a payload of a button or a form."""

    id: Name


class Message(_Wire):
    """The message that a button or a shortcut is on."""

    ts: Stamp


class Action(_Wire):
    """A button that was pressed."""

    value: TextOrNothing = ""


class Interaction(_Wire):
    """What a person does with what they see: who, and where.

    To an app that is in a whole organisation Slack need not tell the team as such, but that of the person.
    """

    user: Someone
    team: Someone
    enterprise: Someone | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_team(cls, payload: object) -> object:
        if not isinstance(payload, dict) or payload.get("team"):
            return payload
        user = payload.get("user")
        return {**payload, "team": {"id": user.get("team_id") if isinstance(user, dict) else None}}


class PressedAnywhere(Interaction):
    """A button was pressed, under a message or in a person's own place (App Home), which has no channel.

    Source: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """

    channel: Someone | None = None
    trigger_id: Name
    actions: Annotated[tuple[Action, ...], BeforeValidator(readable(Action))] = ()

    @property
    def value(self) -> str:
        """What the button is about."""
        return self.actions[0].value if self.actions else ""


class _HomeView(_Wire):
    type: Literal["home"]


class PressedAtHome(Interaction):
    """A button was pressed in a person's App Home.

    Source: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """

    view: _HomeView


class Pressed(PressedAnywhere):
    """A button under a message was pressed, or a shortcut chosen on one.

    Source: https://docs.slack.dev/reference/interaction-payloads
    """

    channel: Someone
    message: Message


class ViewState(_Wire):
    """What was entered, by block."""

    values: dict[str, object] = {}


class SubmittedView(_Wire):
    """A form as it was sent; each that is opened has an id of its own."""

    id: TextOrNothing = ""
    private_metadata: TextOrNothing = ""
    state: ViewState = ViewState()


class Submitted(Interaction):
    """A form was sent.

    Source: https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
    """

    view: SubmittedView


class Command(_Wire):
    """A slash command as it is posted.

    Source: https://docs.slack.dev/interactivity/implementing-slash-commands
    """

    text: TextOrNothing = ""
    user_id: Name
    channel_id: Name
    channel_name: TextOrNothing = ""
    team_id: Name
    trigger_id: TextOrNothing = ""
    enterprise_id: MaybeText = None

    @property
    def in_direct_message(self) -> bool:
        """Whether it was asked in a conversation of two."""
        return self.channel_name == "directmessage"
