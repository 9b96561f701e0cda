"""The parts of Slack's requests that we read. Everything else in them is ignored."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class FileShared(_Wire):
    """`file_shared`: no more than which file, where and by whom.

    Source: https://docs.slack.dev/reference/events/file_shared
    """

    file_id: str
    channel_id: str
    user_id: str
    event_ts: str


class SharedFile(_Wire):
    """A file in a message; in Slack Connect channels it is a stub with little more than its id."""

    id: str
    title: str | None = None
    name: str | None = None


class MessageWithFiles(_Wire):
    """`message` with the subtype `file_share`.

    Source: https://docs.slack.dev/reference/events/message/file_share
    """

    channel: str
    user: str = ""
    ts: str
    thread_ts: str | None = None
    files: tuple[SharedFile, ...] = ()


class Command(_Wire):
    """A slash command as it is posted.

    Source: https://docs.slack.dev/interactivity/implementing-slash-commands
    """

    text: str = ""
    user_id: str
    channel_id: str
    channel_name: str = ""
    team_id: str

    @property
    def in_direct_message(self) -> bool:
        """Whether it was asked in a conversation of two."""
        return self.channel_name == "directmessage"
