"""Models of Slack's events, commands and interaction payloads, with only the fields that the bot uses. Pure.

Validation is lenient: an event with a file id and a conversation id is accepted whatever else is missing or malformed,
so that no recording is lost. Text is made storable for every database.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from handlers.shared_files import SharedFile
from handlers.wire import Flag, MaybeText, Name, Stamp, StampOrNothing, TextOrNothing, readable


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class FileShared(_Wire):
    """`file_shared`: the ids of the file, the conversation and the person.

    Source: https://docs.slack.dev/reference/events/file_shared
    """

    file_id: Name
    channel_id: Name
    user_id: TextOrNothing = ""
    event_ts: StampOrNothing = ""


class FileDeleted(_Wire):
    """`file_deleted`. Source: https://docs.slack.dev/reference/events/file_deleted."""

    file_id: Name


class TeamAccessRevoked(_Wire):
    """`team_access_revoked`: an enterprise removed the app from some of its workspaces.

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
        """Return whether the change is a deletion."""
        return self.message.subtype == "tombstone"


class HomeOpened(_Wire):
    """`app_home_opened`: the person and the tab. Source: https://docs.slack.dev/reference/events/app_home_opened."""

    user: Name
    tab: TextOrNothing = ""


class MessageWithFiles(_Wire):
    """`message` with the subtype `file_share`.

    Source: https://docs.slack.dev/reference/events/message/file_share
    A file entry that is invalid is dropped: Slack sends `file_shared` for it as well.
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
    """A person, workspace, enterprise or channel in an interaction payload."""

    id: Name


class Message(_Wire):
    """The message with the button, or on which the shortcut was chosen."""

    ts: Stamp
    thread_ts: StampOrNothing = ""


class _ChosenOption(_Wire):
    value: TextOrNothing = ""


class Action(_Wire):
    """A pressed button, or what was chosen in a menu."""

    value: TextOrNothing = ""
    selected_option: _ChosenOption | None = None

    @model_validator(mode="after")
    def _with_value_of_option(self) -> Action:
        chosen = self.selected_option
        return self.model_copy(update={"value": chosen.value}) if chosen and not self.value else self


class Interaction(_Wire):
    """The common part of interaction payloads: the person and the workspace.

    For enterprise installs Slack may leave `team` out; then it is taken from the person.
    """

    user: Someone
    team: Someone
    enterprise: Someone | None = None
    is_enterprise_install: Flag = False

    @property
    def organisation(self) -> str | None:
        """Return the enterprise of an enterprise install; None where the app was installed in one workspace."""
        return self.enterprise.id if self.enterprise and self.is_enterprise_install else None

    @model_validator(mode="before")
    @classmethod
    def _with_team(cls, payload: object) -> object:
        if not isinstance(payload, dict) or payload.get("team"):
            return payload
        user = payload.get("user")
        return {**payload, "team": {"id": user.get("team_id") if isinstance(user, dict) else None}}


class PressedAnywhere(Interaction):
    """A button was pressed: under a message, or in the App Home, which has no channel.

    Source: https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """

    channel: Someone | None = None
    trigger_id: Name
    actions: Annotated[tuple[Action, ...], BeforeValidator(readable(Action))] = ()

    @property
    def value(self) -> str:
        """Return the value of the button; "" where there is none."""
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
    """The entered values by block id."""

    values: dict[str, object] = {}


class SubmittedView(_Wire):
    """A submitted modal. Slack gives each opened modal its own `id`."""

    id: TextOrNothing = ""
    private_metadata: TextOrNothing = ""
    state: ViewState = ViewState()


class Submitted(Interaction):
    """A modal was submitted.

    Source: https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
    """

    view: SubmittedView


class Command(_Wire):
    """A slash command.

    Source: https://docs.slack.dev/interactivity/implementing-slash-commands
    """

    text: TextOrNothing = ""
    user_id: Name
    channel_id: Name
    channel_name: TextOrNothing = ""
    team_id: Name
    trigger_id: TextOrNothing = ""
    enterprise_id: MaybeText = None
    is_enterprise_install: Flag = False

    @property
    def organisation(self) -> str | None:
        """Return the enterprise of an enterprise install; None where the app was installed in one workspace."""
        return self.enterprise_id if self.is_enterprise_install else None

    @property
    def in_direct_message(self) -> bool:
        """Return whether the command was typed in a direct message."""
        return self.channel_name == "directmessage"
