"""The `chat.*` methods (https://docs.slack.dev/reference/methods/chat.postMessage and related pages)."""

from __future__ import annotations

from sandbox.slack.access import joined_channel, open_channel, own_message, seen_channel, thread_root
from sandbox.slack.arguments import Arguments
from sandbox.slack.context import Context, Method, Methods
from sandbox.slack.limits import MARKDOWN_TOTAL, TEXT_CUT, UPDATE_TEXT, check_blocks, check_metadata
from sandbox.slack.refusal import Denied
from sandbox.slack.values import Json
from sandbox.slack.wire import message_object
from sandbox.slack.workspace import Post, Workspace


async def post_message(context: Context, sent: Arguments) -> Json:
    """Post a message. A text over 40,000 characters is cut, and the answer contains a warning."""
    workspace = context.workspace
    channel = open_channel(workspace, sent.text("channel"))
    thread_ts = thread_root(workspace, channel, thread_ts=sent.text("thread_ts"))
    text, blocks = _content(context, sent)
    metadata = check_metadata(sent.value("metadata", malformed="invalid_metadata_format"))
    context.pace.admit(channel.id)
    post = workspace.add(
        Post(
            ts=workspace.stamp(),
            channel_id=channel.id,
            user=workspace.bot_user_id,
            by_bot=True,
            text=text[:TEXT_CUT],
            blocks=blocks,
            metadata=metadata,
            thread_ts=thread_ts,
        )
    )
    context.announce(post)
    answer: Json = {"channel": channel.id, "ts": post.ts, "message": message_object(workspace, post)}
    if len(text) > TEXT_CUT:
        answer |= {"warning": "message_truncated", "response_metadata": {"warnings": ["message_truncated"]}}
    return answer


def _content(context: Context, sent: Arguments) -> tuple[str, list[Json]]:
    text, markdown = sent.text("text"), sent.text("markdown_text")
    children = context.options.container_children
    blocks = check_blocks(sent.value("blocks", malformed="invalid_blocks_format"), children=children)
    if markdown and (text or blocks):
        raise Denied("markdown_text_conflict")
    if len(markdown) > MARKDOWN_TOTAL:
        raise Denied("msg_too_long")
    if not (text or markdown or blocks or sent.value("attachments", malformed="invalid_attachments")):
        raise Denied("no_text")
    return text or markdown, blocks


async def update(context: Context, sent: Arguments) -> Json:
    """Update a message of the bot.

    Text and metadata that are not sent stay unchanged, as do files without `file_ids`. The blocks are always replaced.
    """
    post = _own(context.workspace, sent, otherwise="cant_update_message")
    blocks = sent.value("blocks", malformed="invalid_blocks_format")
    text = sent.text("text")
    if len(text) > UPDATE_TEXT:
        raise Denied("msg_too_long")
    if not text and blocks is None:
        raise Denied("no_text")
    checked = check_blocks(blocks, children=context.options.container_children)
    files = _files(context.workspace, sent)
    metadata = check_metadata(sent.value("metadata", malformed="invalid_metadata_format"))
    post.text = text or post.text
    # Slack removes the blocks if only a text is sent.
    post.blocks = checked
    post.metadata = metadata or post.metadata
    if files is not None:
        context.workspace.replace_files(post, files)
    post.edited_ts = context.workspace.stamp()
    context.workspace.signal.notify()
    answered = message_object(context.workspace, post)
    return {"channel": post.channel_id, "ts": post.ts, "text": post.text, "message": answered}


def _files(workspace: Workspace, sent: Arguments) -> list[str] | None:
    """Return the new files of the message, or None if none are sent. They must be the bot's own."""
    named = sent.value("file_ids", malformed="invalid_arguments")
    if named is None:
        return None
    if not isinstance(named, list):
        raise Denied("invalid_arguments")
    for file_id in named:
        stored = workspace.files.get(str(file_id))
        if stored is None or stored.deleted or stored.user != workspace.bot_user_id:
            raise Denied("file_not_found")
    return [str(file_id) for file_id in named]


async def delete(context: Context, sent: Arguments) -> Json:
    """Delete a message of the bot."""
    post = _own(context.workspace, sent, otherwise="cant_delete_message")
    context.workspace.remove(post)
    return {"channel": post.channel_id, "ts": post.ts}


def _own(workspace: Workspace, sent: Arguments, *, otherwise: str) -> Post:
    channel = seen_channel(workspace, sent.text("channel"))
    if channel.archived:
        raise Denied("is_archived")
    return own_message(workspace, channel.id, ts=sent.text("ts"), otherwise=otherwise)


async def post_ephemeral(context: Context, sent: Arguments) -> Json:
    """Show a message to one user only. It is in no thread and in no history."""
    workspace = context.workspace
    channel = joined_channel(workspace, sent.text("channel"))
    user = sent.text("user")
    if user not in channel.members:
        raise Denied("user_not_in_channel")
    text, blocks = _content(context, sent)
    ts = workspace.stamp()
    workspace.ephemerals.append(
        {"channel": channel.id, "user": user, "text": text, "blocks": blocks, "thread_ts": sent.text("thread_ts")}
    )
    return {"message_ts": ts}


async def get_permalink(context: Context, sent: Arguments) -> Json:
    """Return a message's permalink."""
    channel = seen_channel(context.workspace, sent.text("channel"))
    ts = sent.text("message_ts")
    post = context.workspace.post(channel.id, ts)
    if post is None:
        raise Denied("message_not_found")
    address = f"https://sandbox.slack.invalid/archives/{channel.id}/p{ts.replace('.', '')}"
    if post.thread_ts is not None:
        address += f"?thread_ts={post.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": address}


METHODS: Methods = {
    "chat.postMessage": Method(act=post_message, scopes=("chat:write",)),
    "chat.update": Method(act=update, scopes=("chat:write",)),
    "chat.delete": Method(act=delete, scopes=("chat:write",)),
    "chat.postEphemeral": Method(act=post_ephemeral, scopes=("chat:write",)),
    "chat.getPermalink": Method(act=get_permalink),
}
