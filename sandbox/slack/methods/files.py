"""The `files.*` methods: file objects, and the three steps of an upload.

Source: https://docs.slack.dev/reference/methods/files.info, https://docs.slack.dev/messaging/working-with-files.
Completing an upload is answered before the file is shared; the message and `shares` follow after `share_delay`.
"""

from __future__ import annotations

import asyncio
import mimetypes
import re
import secrets
import time

from sandbox.slack.access import open_channel, seen_file, thread_root
from sandbox.slack.arguments import Arguments
from sandbox.slack.context import Context, Method, Methods, Pending
from sandbox.slack.limits import check_blocks
from sandbox.slack.refusal import Denied
from sandbox.slack.values import Json, Upload
from sandbox.slack.wire import file_object
from sandbox.slack.workspace import Post, StoredFile, Workspace

CHANNEL_ID = r"[CGDZ][A-Z0-9]{8,}"
"""The format of `channel_id`: a user id is not accepted (https://github.com/slackapi/bolt-js/issues/2115)."""


async def info(context: Context, sent: Arguments) -> Json:
    """Return a file. Early answers lack its type and its shares."""
    unfinished = _unfinished(context, sent.text("file"))
    stored = _stored(context, unfinished) if unfinished else seen_file(context.workspace, sent.text("file"))
    early = stored.late_shares > 0
    stored.late_shares -= early
    described = file_object(context.workspace, stored, early=early)
    return {"file": described, "comments": [], "response_metadata": {"next_cursor": ""}}


async def listing(context: Context, sent: Arguments) -> Json:
    """Return the files that the bot can see, newest first, one page at a time."""
    workspace, channel_id = context.workspace, sent.text("channel")
    if sent.grant is not None and sent.grant.enterprise and not sent.text("team_id"):
        raise Denied("missing_argument")  # the token of an enterprise install does not identify the workspace
    count, page = int(sent.text("count") or 100), int(sent.text("page") or 1)
    since = float(sent.text("ts_from") or 0)
    found = []
    for file_id, stored in reversed(workspace.files.items()):
        try:
            seen_file(workspace, file_id)
        except Denied:
            continue
        if stored.created < since or stored.deleted:
            continue
        if not channel_id or any(place.channel_id == channel_id for place in stored.shares):
            listed = file_object(workspace, stored)
            if not context.options.lists_shares:
                del listed["shares"]  # not documented for this method
            found.append(listed)
    pages = -(-len(found) // count)
    shown = found[(page - 1) * count : page * count]
    return {"files": shown, "paging": {"count": count, "total": len(found), "page": page, "pages": pages}}


async def delete(context: Context, sent: Arguments) -> Json:
    """Delete a file of the bot. An upload that is deleted before its completion cannot be completed."""
    if (unfinished := _unfinished(context, sent.text("file"))) is not None:
        del context.uploads[unfinished.ticket]
        return {}
    stored = seen_file(context.workspace, sent.text("file"))
    if stored.user != context.workspace.bot_user_id:
        raise Denied("cant_delete_file")
    context.workspace.delete_file(stored)
    return {}


async def get_upload_url(context: Context, sent: Arguments) -> Json:
    """Step one of an upload: return a file id and an address for the bytes."""
    name, length = sent.text("filename"), sent.text("length")
    if not name or not length.isdigit() or int(length) == 0:
        raise Denied("invalid_arguments")
    workspace = context.workspace
    pending = Pending(
        file_id=workspace.new_id("F"),
        ticket=f"{workspace.new_id('up')}{secrets.token_hex(8)}",
        name=name,
        length=int(length),
    )
    context.uploads[pending.ticket] = pending
    return {"upload_url": f"{workspace.origin}/upload/v1/{pending.ticket}", "file_id": pending.file_id}


async def complete_upload(context: Context, sent: Arguments) -> Json:
    """Step three of an upload: create the files, and share them soon in one message."""
    workspace = context.workspace
    named = sent.value("files", malformed="invalid_arguments")
    if not isinstance(named, list) or not named or not all(isinstance(item, dict) for item in named):
        raise Denied("invalid_arguments")
    channel_id = sent.text("channel_id")
    if channel_id and not re.fullmatch(CHANNEL_ID, channel_id):
        raise Denied("invalid_arguments")
    channel_ids = [word for word in (channel_id or sent.text("channels")).split(",") if word]
    places = [_place(workspace, sent, channel_id=channel_id) for channel_id in channel_ids]
    comment = sent.text("initial_comment")
    # Slack ignores the blocks if a comment is given.
    given = None if comment else sent.value("blocks", malformed="invalid_blocks_format")
    blocks = check_blocks(given, children=context.options.container_children)
    files = [_finish(context, item) for item in named]
    for channel_id, thread_ts in places:
        if context.options.lost_shares:
            context.options.lost_shares -= 1
            continue
        post = Post(
            ts="",
            channel_id=channel_id,
            user=workspace.bot_user_id,
            by_bot=True,
            text=comment,
            blocks=blocks,
            file_ids=[stored.id for stored in files],
            thread_ts=thread_ts,
        )
        context.tasks.start(_share_soon(context, post))
    return {"files": [file_object(workspace, stored, early=True) for stored in files]}


def _place(workspace: Workspace, sent: Arguments, *, channel_id: str) -> tuple[str, str | None]:
    channel = open_channel(workspace, channel_id)
    return channel.id, thread_root(workspace, channel, thread_ts=sent.text("thread_ts"))


def _finish(context: Context, item: Json) -> StoredFile:
    workspace, file_id = context.workspace, str(item.get("id"))
    if (known := workspace.files.get(file_id)) is not None and known.user == workspace.bot_user_id:
        # Slack's answer to a second completion is undocumented; sharing again is the harder case for an app.
        return known
    pending = _handed_over(context, file_id)
    if pending is None:
        raise Denied("file_not_found")
    del context.uploads[pending.ticket]
    workspace.files[file_id] = stored = _stored(context, pending, title=str(item.get("title") or ""))
    return stored


def _unfinished(context: Context, file_id: str) -> Pending | None:
    """Return the upload that is not completed, where such a file is known."""
    return _handed_over(context, file_id) if context.options.knows_unfinished_files else None


def _handed_over(context: Context, file_id: str) -> Pending | None:
    """Return the upload of this file whose bytes have arrived."""
    found = (one for one in context.uploads.values() if one.file_id == file_id and one.content is not None)
    return next(found, None)


def _stored(context: Context, pending: Pending, *, title: str = "") -> StoredFile:
    suffix = pending.name.rpartition(".")[2]
    upload = Upload(
        content=pending.content or b"",
        name=pending.name,
        title=title or pending.name,
        mimetype=mimetypes.guess_type(pending.name)[0] or "application/octet-stream",
        filetype="text" if suffix == "txt" else suffix,
    )
    return StoredFile(id=pending.file_id, user=context.workspace.bot_user_id, upload=upload, created=int(time.time()))


async def _share_soon(context: Context, post: Post) -> None:
    await asyncio.sleep(context.options.share_delay)
    post.ts = context.workspace.stamp()
    context.announce(context.workspace.add(post))


METHODS: Methods = {
    "files.info": Method(act=info, scopes=("files:read",)),
    "files.list": Method(act=listing, scopes=("files:read",)),
    "files.delete": Method(act=delete, scopes=("files:write",)),
    "files.getUploadURLExternal": Method(act=get_upload_url, scopes=("files:write",)),
    "files.completeUploadExternal": Method(act=complete_upload, scopes=("files:write",)),
}
