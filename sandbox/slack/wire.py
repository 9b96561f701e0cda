"""Slack's JSON objects: files, messages, conversations.

The file object follows https://docs.slack.dev/reference/objects/file-object, the message the answer of
https://docs.slack.dev/reference/methods/chat.postMessage.
"""

from __future__ import annotations

import re

from sandbox.slack.values import Channel, Json, size_of
from sandbox.slack.workspace import Placed, Post, StoredFile, Workspace


def file_object(workspace: Workspace, stored: StoredFile, *, early: bool = False) -> Json:
    """Return a file object. `early`: Slack's scan has not filled in its type and shares yet."""
    upload = stored.upload
    address = f"{workspace.origin}/files-pri/{workspace.team_id}-{stored.id}"
    described: Json = {
        "id": stored.id,
        "created": stored.created,
        "timestamp": stored.created,
        "name": upload.name,
        "title": upload.title or upload.name,
        "mimetype": "" if early else upload.mimetype,
        "filetype": "" if early else upload.filetype,
        "pretty_type": "" if early else upload.filetype.upper(),
        "user": stored.user,
        "user_team": workspace.team_id,
        "editable": False,
        "size": size_of(upload.content) if upload.declared_size is None else upload.declared_size,
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": f"{address}/{_url_name(upload.name)}",
        "url_private_download": f"{address}/download/{_url_name(upload.name)}",
        "permalink": f"https://sandbox.slack.invalid/files/{stored.user}/{stored.id}/{_url_name(upload.name)}",
        "file_access": "visible",
        "has_rich_preview": False,
    }
    optional = {"subtype": upload.subtype, "duration_ms": upload.duration_ms}
    described |= {name: value for name, value in optional.items() if value is not None}
    places = [] if early else stored.shares
    return described | _places(workspace, places) | dict(upload.extra)


def home_object(workspace: Workspace, view: Json) -> Json:
    """Return the object of a published App Home (https://docs.slack.dev/reference/events/app_home_opened)."""
    return {
        **view,
        "team_id": workspace.team_id,
        "root_view_id": view["id"],
        "app_id": workspace.app_id,
        "app_installed_team_id": workspace.team_id,
        "bot_id": workspace.bot_id,
    }


def stub_object(stored: StoredFile) -> Json:
    """Return a file object as Slack Connect sends it in events: an id and the instruction to call `files.info`."""
    return {
        "id": stored.id,
        "created": stored.created,
        "timestamp": stored.created,
        "mode": "file_access",
        "file_access": "check_file_info",
    }


def _places(workspace: Workspace, places: list[Placed]) -> Json:
    shares: dict[str, dict[str, list[Json]]] = {}
    listed: dict[str, list[str]] = {"channels": [], "groups": [], "ims": []}
    for place in places:
        channel = workspace.channels.get(place.channel_id)
        if channel is None:
            continue
        openness = "public" if channel.kind == "public" else "private"
        shares.setdefault(openness, {}).setdefault(channel.id, []).append(_place(workspace, channel, place=place))
        plural = {"public": "channels", "im": "ims"}.get(channel.kind, "groups")
        if channel.id not in listed[plural]:
            listed[plural].append(channel.id)
    return {**listed, "is_public": "public" in shares, "shares": shares}


def _place(workspace: Workspace, channel: Channel, *, place: Placed) -> Json:
    replies = workspace.replies(channel.id, place.ts)
    described: Json = {
        "ts": place.ts,
        "channel_name": channel.name,
        "team_id": workspace.team_id,
        "share_user_id": place.user,
        "reply_count": len(replies),
        "reply_users": sorted({reply.user for reply in replies}),
        "reply_users_count": len({reply.user for reply in replies}),
    }
    if place.thread_ts is not None:
        described["thread_ts"] = place.thread_ts
    elif replies:
        described["thread_ts"] = place.ts
    return described


def message_object(workspace: Workspace, post: Post, *, metadata: bool = True) -> Json:
    """Return a message object."""
    described: Json = {
        "type": "message",
        "ts": post.ts,
        "user": post.user,
        "text": post.text,
        "team": workspace.team_id,
    }
    if post.by_bot:
        described |= {"bot_id": workspace.bot_id, "app_id": workspace.app_id}
    if post.blocks:
        described["blocks"] = post.blocks
    if post.file_ids:
        described["files"] = [_attached(workspace, workspace.files[file_id]) for file_id in post.file_ids]
        described["upload"] = True
    if post.metadata is not None and metadata:
        described["metadata"] = post.metadata
    if post.edited_ts is not None:
        described["edited"] = {"user": post.user, "ts": post.edited_ts}
    if post.reactions:
        described["reactions"] = reactions_object(post)
    return described | _thread(workspace, post)


def _attached(workspace: Workspace, stored: StoredFile) -> Json:
    return stub_object(stored) if stored.stub else file_object(workspace, stored)


def _thread(workspace: Workspace, post: Post) -> Json:
    if post.thread_ts is not None:
        root = workspace.post(post.channel_id, post.thread_ts)
        return {"thread_ts": post.thread_ts} | ({"parent_user_id": root.user} if root is not None else {})
    replies = workspace.replies(post.channel_id, post.ts)
    if not replies:
        return {}
    return {"thread_ts": post.ts, "reply_count": len(replies), "latest_reply": replies[-1].ts}


def reactions_object(post: Post) -> list[Json]:
    """Return the reactions of a message."""
    return [{"name": name, "users": sorted(users), "count": len(users)} for name, users in post.reactions.items()]


def channel_object(workspace: Workspace, channel: Channel) -> Json:
    """Return a conversation object."""
    return {
        "id": channel.id,
        "name": channel.name,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_im": channel.kind == "im",
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.kind != "public",
        "is_archived": channel.archived,
        "is_member": workspace.bot_user_id in channel.members,
        "is_shared": channel.external,
        "is_ext_shared": channel.external,
        "is_org_shared": False,
        "is_general": False,
        "num_members": len(channel.members),
        "context_team_id": workspace.team_id,
        "created": 1,
        "creator": channel.creator or workspace.bot_user_id,
    } | _partner(workspace, channel)


def _partner(workspace: Workspace, channel: Channel) -> Json:
    others = sorted(channel.members - {workspace.bot_user_id})
    return {"user": others[0]} if channel.kind == "im" and others else {}


def _url_name(name: str) -> str:
    """Return a file's name as Slack writes it in addresses: lower case, unusual characters as underscores."""
    return re.sub(r"[^a-z0-9._-]", "_", name.lower())
