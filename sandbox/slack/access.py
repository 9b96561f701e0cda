"""Access checks: conversations that the bot can see, threads that it can reply in, files that it can open.

The error codes are those of https://docs.slack.dev/reference/methods/chat.postMessage and of conversations.info.
"""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.slack.refusal import Denied
from sandbox.slack.values import Channel
from sandbox.slack.workspace import Post, StoredFile, Workspace

READ_SCOPE = {"public": "channels:read", "private": "groups:read", "im": "im:read", "mpim": "mpim:read"}
"""The scope that `conversations.info` needs, by kind of conversation."""

HISTORY_SCOPE = {"public": "channels:history", "private": "groups:history", "im": "im:history", "mpim": "mpim:history"}
"""The scope for reading messages, by kind of conversation."""


def need(granted: set[str], *scopes: str) -> None:
    """Raise `missing_scope` unless all of `scopes` are granted."""
    if missing := [scope for scope in scopes if scope not in granted]:
        raise Denied("missing_scope", needed=",".join(missing), provided=",".join(sorted(granted)))


def need_any(granted: set[str], scopes: Iterable[str]) -> None:
    """Raise `missing_scope` unless one of `scopes` is granted."""
    wanted = list(scopes)
    if granted.isdisjoint(wanted):
        raise Denied("missing_scope", needed=",".join(wanted), provided=",".join(sorted(granted)))


def seen_channel(workspace: Workspace, channel_id: str) -> Channel:
    """Return a conversation that the bot can see. Raises `channel_not_found` for a private one without the bot."""
    channel = workspace.channels.get(channel_id)
    if channel is None:
        raise Denied("channel_not_found")
    if channel.kind != "public" and workspace.bot_user_id not in channel.members:
        raise Denied("channel_not_found")
    return channel


def joined_channel(workspace: Workspace, channel_id: str) -> Channel:
    """Return a conversation that the bot is a member of. Raises `not_in_channel` for a public one without the bot."""
    channel = seen_channel(workspace, channel_id)
    if workspace.bot_user_id not in channel.members:
        raise Denied("not_in_channel")
    return channel


def open_channel(workspace: Workspace, channel_id: str) -> Channel:
    """Return a conversation that the bot may write to. A user id means the direct message with that user."""
    if channel_id in workspace.users and channel_id != workspace.bot_user_id:
        return workspace.direct(channel_id)
    channel = seen_channel(workspace, channel_id)
    if workspace.bot_user_id not in channel.members and "chat:write.public" not in workspace.scopes:
        raise Denied("not_in_channel")
    if channel.archived:
        raise Denied("is_archived")
    return channel


def thread_root(workspace: Workspace, channel: Channel, *, thread_ts: str) -> str | None:
    """Return the root to reply to; None if the message is in no thread. A reply cannot be a root."""
    if not thread_ts:
        return None
    root = workspace.post(channel.id, thread_ts)
    if root is None:
        raise Denied("thread_not_found")
    if root.thread_ts is not None:
        raise Denied("cannot_reply_to_message")
    return root.ts


def own_message(workspace: Workspace, channel_id: str, *, ts: str, otherwise: str) -> Post:
    """Return a message of the bot. A message of somebody else is rejected with the error `otherwise`."""
    post = workspace.post(seen_channel(workspace, channel_id).id, ts)
    if post is None:
        raise Denied("message_not_found")
    if not post.by_bot:
        raise Denied(otherwise)
    return post


def can_open(workspace: Workspace, stored: StoredFile) -> bool:
    """Return whether the bot may see a file.

    It may see its own files, and those shared in a public conversation or in one that it is a member of.
    """
    if stored.user == workspace.bot_user_id:
        return True
    channels = [workspace.channels.get(place.channel_id) for place in stored.shares]
    return any(
        channel is not None and (channel.kind == "public" or workspace.bot_user_id in channel.members)
        for channel in channels
    )


def seen_file(workspace: Workspace, file_id: str) -> StoredFile:
    """Return a file that the bot can see. Raises `file_not_found` or `file_deleted`."""
    stored = workspace.files.get(file_id)
    if stored is None or not can_open(workspace, stored):
        raise Denied("file_not_found")
    if stored.deleted:
        raise Denied("file_deleted")
    return stored
