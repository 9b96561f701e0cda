"""Who may do what where: conversations the bot can see, threads it can answer in, files it can open.

The words are those of https://docs.slack.dev/reference/methods/chat.postMessage and of conversations.info.
"""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.slack.refusal import Denied
from sandbox.slack.values import Channel
from sandbox.slack.workspace import Post, StoredFile, Workspace

READ_SCOPE = {"public": "channels:read", "private": "groups:read", "im": "im:read", "mpim": "mpim:read"}
"""What `conversations.info` needs, by kind of conversation."""

HISTORY_SCOPE = {"public": "channels:history", "private": "groups:history", "im": "im:history", "mpim": "mpim:history"}
"""What reading messages needs, by kind of conversation."""


def need(granted: set[str], *scopes: str) -> None:
    """Refuse with `missing_scope` unless all of `scopes` are granted."""
    if missing := [scope for scope in scopes if scope not in granted]:
        raise Denied("missing_scope", needed=",".join(missing), provided=",".join(sorted(granted)))


def need_any(granted: set[str], scopes: Iterable[str]) -> None:
    """Refuse with `missing_scope` unless one of `scopes` is granted."""
    wanted = list(scopes)
    if granted.isdisjoint(wanted):
        raise Denied("missing_scope", needed=",".join(wanted), provided=",".join(sorted(granted)))


def seen_channel(workspace: Workspace, channel_id: str) -> Channel:
    """Return a conversation the bot can see: `channel_not_found` for a private one it is not in."""
    channel = workspace.channels.get(channel_id)
    if channel is None:
        raise Denied("channel_not_found")
    if channel.kind != "public" and workspace.bot_user_id not in channel.members:
        raise Denied("channel_not_found")
    return channel


def joined_channel(workspace: Workspace, channel_id: str) -> Channel:
    """Return a conversation the bot is in: `not_in_channel` for a public one it is not in."""
    channel = seen_channel(workspace, channel_id)
    if workspace.bot_user_id not in channel.members:
        raise Denied("not_in_channel")
    return channel


def open_channel(workspace: Workspace, channel_id: str) -> Channel:
    """Return a conversation the bot may write to; a person's id means the direct conversation with them."""
    if channel_id in workspace.users and channel_id != workspace.bot_user_id:
        return workspace.direct(channel_id)
    channel = seen_channel(workspace, channel_id)
    if workspace.bot_user_id not in channel.members and "chat:write.public" not in workspace.scopes:
        raise Denied("not_in_channel")
    if channel.archived:
        raise Denied("is_archived")
    return channel


def thread_root(workspace: Workspace, channel: Channel, *, thread_ts: str) -> str | None:
    """Return the root to reply under, None for no thread; a reply cannot be a root."""
    if not thread_ts:
        return None
    root = workspace.post(channel.id, thread_ts)
    if root is None:
        raise Denied("thread_not_found")
    if root.thread_ts is not None:
        raise Denied("cannot_reply_to_message")
    return root.ts


def own_message(workspace: Workspace, channel_id: str, *, ts: str, otherwise: str) -> Post:
    """Return a message of the bot's; somebody else's is refused with the word `otherwise`."""
    post = workspace.post(seen_channel(workspace, channel_id).id, ts)
    if post is None:
        raise Denied("message_not_found")
    if not post.by_bot:
        raise Denied(otherwise)
    return post


def can_open(workspace: Workspace, stored: StoredFile) -> bool:
    """Tell whether the bot may see a file: its own, or shared in a public conversation or in one it is in."""
    if stored.user == workspace.bot_user_id:
        return True
    channels = [workspace.channels.get(place.channel_id) for place in stored.shares]
    return any(
        channel is not None and (channel.kind == "public" or workspace.bot_user_id in channel.members)
        for channel in channels
    )


def seen_file(workspace: Workspace, file_id: str) -> StoredFile:
    """Return a file the bot can see, or refuse with `file_not_found` or `file_deleted`."""
    stored = workspace.files.get(file_id)
    if stored is None or not can_open(workspace, stored):
        raise Denied("file_not_found")
    if stored.deleted:
        raise Denied("file_deleted")
    return stored
