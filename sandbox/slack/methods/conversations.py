"""The `conversations.*` methods (https://docs.slack.dev/reference/methods/conversations.replies and related pages)."""

from __future__ import annotations

import math

from sandbox.slack.access import HISTORY_SCOPE, READ_SCOPE, joined_channel, need, need_any, seen_channel
from sandbox.slack.arguments import Arguments
from sandbox.slack.context import Context, Method, Methods
from sandbox.slack.refusal import Denied
from sandbox.slack.values import Json
from sandbox.slack.wire import channel_object, message_object
from sandbox.slack.workspace import Post

KIND_OF_TYPE = {"public_channel": "public", "private_channel": "private", "im": "im", "mpim": "mpim"}


async def info(context: Context, sent: Arguments) -> Json:
    """Return one conversation."""
    workspace = context.workspace
    need_any(workspace.scopes, READ_SCOPE.values())
    channel = seen_channel(workspace, sent.text("channel"))
    need(workspace.scopes, READ_SCOPE[channel.kind])
    return {"channel": channel_object(workspace, channel)}


async def history(context: Context, sent: Arguments) -> Json:
    """Return the messages outside threads, newest first."""
    workspace = context.workspace
    need_any(workspace.scopes, HISTORY_SCOPE.values())
    channel = joined_channel(workspace, sent.text("channel"))
    need(workspace.scopes, HISTORY_SCOPE[channel.kind])
    posts = [post for post in workspace.posts(channel.id) if post.thread_ts is None and _within(post, sent)]
    return _page(context, sent, posts=posts[::-1], most=100)


async def replies(context: Context, sent: Arguments) -> Json:
    """Return a thread, root first."""
    workspace = context.workspace
    need_any(workspace.scopes, HISTORY_SCOPE.values())
    channel = joined_channel(workspace, sent.text("channel"))
    need(workspace.scopes, HISTORY_SCOPE[channel.kind])
    named = workspace.post(channel.id, sent.text("ts"))
    if named is None:
        raise Denied("thread_not_found")
    if named.thread_ts is not None:
        return _page(context, sent, posts=[named], most=1000)
    under = [post for post in workspace.replies(channel.id, named.ts) if _within(post, sent)]
    return _page(context, sent, posts=[named, *under], most=1000)


def _within(post: Post, sent: Arguments) -> bool:
    oldest = sent.number("oldest", 0, malformed="invalid_ts_oldest")
    latest = sent.number("latest", math.inf, malformed="invalid_ts_latest")
    at = float(post.ts)
    return oldest <= at <= latest if sent.flag("inclusive") else oldest < at < latest


def _page(context: Context, sent: Arguments, *, posts: list[Post], most: int) -> Json:
    cursor = sent.text("cursor")
    if cursor and not cursor.removeprefix("from-").isdigit():
        raise Denied("invalid_cursor")
    start = int(cursor.removeprefix("from-") or 0)
    end = start + int(sent.number("limit", most, malformed="invalid_limit"))
    shown = sent.flag("include_all_metadata")
    messages = [message_object(context.workspace, post, metadata=shown) for post in posts[start:end]]
    more = end < len(posts)
    following = f"from-{end}" if more else ""
    return {"messages": messages, "has_more": more, "response_metadata": {"next_cursor": following}}


async def listing(context: Context, sent: Arguments) -> Json:
    """Return the conversations that the bot can see."""
    workspace = context.workspace
    kinds = _kinds(context, sent)
    seen = [
        channel_object(workspace, channel)
        for channel in workspace.channels.values()
        if channel.kind in kinds and (channel.kind == "public" or workspace.bot_user_id in channel.members)
    ]
    return {"channels": seen, "response_metadata": {"next_cursor": ""}}


async def of_person(context: Context, sent: Arguments) -> Json:
    """Return the conversations of which both the bot and a user (by default the bot) are members, in any order.

    Source: https://docs.slack.dev/reference/methods/users.conversations: at most 999, with fewer fields than in other
    methods.
    """
    workspace = context.workspace
    kinds = _kinds(context, sent)
    user = sent.text("user") or workspace.bot_user_id
    if user not in workspace.users:
        raise Denied("user_not_found")
    most, cursor = int(sent.number("limit", 100, malformed="invalid_limit")), sent.text("cursor")
    if not 0 < most < 1000:  # noqa: PLR2004 - as documented
        raise Denied("invalid_limit")
    if cursor and not cursor.removeprefix("from-").isdigit():
        raise Denied("invalid_cursor")
    shared = [
        channel_object(workspace, channel)
        for channel in workspace.channels.values()
        if channel.kind in kinds and {user, workspace.bot_user_id} <= channel.members
    ]
    start = int(cursor.removeprefix("from-") or 0)
    page = [
        {name: value for name, value in channel.items() if name not in {"is_member", "num_members"}}
        for channel in shared[start : start + most]
    ]
    following = f"from-{start + most}" if start + most < len(shared) else ""
    return {"channels": page, "response_metadata": {"next_cursor": following}}


def _kinds(context: Context, sent: Arguments) -> list[str]:
    types = [word.strip() for word in (sent.text("types") or "public_channel").split(",")]
    if not all(word in KIND_OF_TYPE for word in types):
        raise Denied("invalid_types")
    kinds = [KIND_OF_TYPE[word] for word in types]
    need(context.workspace.scopes, *(READ_SCOPE[kind] for kind in kinds))
    return kinds


async def members(context: Context, sent: Arguments) -> Json:
    """Return the members of a conversation."""
    workspace = context.workspace
    need_any(workspace.scopes, READ_SCOPE.values())
    channel = seen_channel(workspace, sent.text("channel"))
    need(workspace.scopes, READ_SCOPE[channel.kind])
    return {"members": sorted(channel.members), "response_metadata": {"next_cursor": ""}}


async def opening(context: Context, sent: Arguments) -> Json:
    """Open the direct message with one user."""
    user_id = sent.text("users")
    if user_id not in context.workspace.users:
        raise Denied("user_not_found")
    return {"channel": {"id": context.workspace.direct(user_id).id}}


METHODS: Methods = {
    "conversations.info": Method(act=info),
    "conversations.history": Method(act=history),
    "conversations.replies": Method(act=replies),
    "conversations.list": Method(act=listing),
    "conversations.members": Method(act=members),
    "users.conversations": Method(act=of_person),
    "conversations.open": Method(act=opening, scopes=("im:write",)),
}
