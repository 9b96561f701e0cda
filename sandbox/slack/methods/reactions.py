"""The `reactions.*` methods (https://docs.slack.dev/reference/methods/reactions.add and related pages)."""

from __future__ import annotations

import re

from sandbox.slack.access import joined_channel
from sandbox.slack.arguments import Arguments
from sandbox.slack.context import Context, Method, Methods
from sandbox.slack.refusal import Denied
from sandbox.slack.values import Json
from sandbox.slack.wire import message_object
from sandbox.slack.workspace import Post

NAME = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")


async def add(context: Context, sent: Arguments) -> Json:
    """Add the bot's reaction to a message."""
    post, name = _item(context, sent), _name(sent)
    users = post.reactions.setdefault(name, set())
    if context.workspace.bot_user_id in users:
        raise Denied("already_reacted")
    users.add(context.workspace.bot_user_id)
    return {}


async def remove(context: Context, sent: Arguments) -> Json:
    """Remove the bot's reaction from a message."""
    post, name = _item(context, sent), _name(sent)
    users = post.reactions.get(name, set())
    if context.workspace.bot_user_id not in users:
        raise Denied("no_reaction")
    users.remove(context.workspace.bot_user_id)
    if not users:
        del post.reactions[name]
    return {}


async def get(context: Context, sent: Arguments) -> Json:
    """Return a message with its reactions."""
    post = _item(context, sent)
    return {
        "type": "message",
        "channel": post.channel_id,
        "message": message_object(context.workspace, post, metadata=False),
    }


def _item(context: Context, sent: Arguments) -> Post:
    if not sent.text("channel") or not sent.text("timestamp"):
        raise Denied("no_item_specified")
    channel = joined_channel(context.workspace, sent.text("channel"))
    if channel.archived:
        raise Denied("is_archived")
    post = context.workspace.post(channel.id, sent.text("timestamp"))
    if post is None:
        raise Denied("message_not_found")
    return post


def _name(sent: Arguments) -> str:
    name = sent.text("name").strip(":")
    if not NAME.fullmatch(name):
        raise Denied("invalid_name")
    return name


METHODS: Methods = {
    "reactions.add": Method(act=add, scopes=("reactions:write",)),
    "reactions.remove": Method(act=remove, scopes=("reactions:write",)),
    "reactions.get": Method(act=get, scopes=("reactions:read",)),
}
