"""What the page draws, as one JSON object: made anew whenever something has changed."""

from __future__ import annotations

from sandbox.page.ephemerals import Ephemeral
from sandbox.page.stage import Stage
from sandbox.slack import Channel, FileCopy, Message
from sandbox.slack.values import Json, size_of
from sandbox.wire_log import Half, WireLine

TEXTUAL = ("json", "text", "urlencoded", "xml")
HEX_BYTES = 512
"""Bytes of a body that is no text that are shown, as hexadecimal digits."""


def snapshot(stage: Stage) -> Json:
    """Return the workspace as the page's person sees it, and how the bot and the providers are."""
    slack = stage.slack
    channels = [channel for channel in slack.channels if stage.person in channel.members]
    return {
        "you": stage.person,
        "bot_user": slack.bot_user_id,
        "notice": stage.notice,
        "program": stage.program,
        "app": stage.manifest["display_information"]["name"],
        "users": slack.users,
        "channels": [_channel(stage, channel) for channel in channels],
        "messages": {
            channel.id: [_message(stage, message) for message in slack.messages(channel.id)] for channel in channels
        },
        "ephemerals": [_ephemeral(shown) for shown in stage.ephemerals.shown()],
        "modals": list(slack.modals.values()),
        "home": slack.homes.get(stage.person),
        "samples": stage.samples,
        "shortcuts": stage.shortcuts,
        "commands": stage.manifest["features"].get("slash_commands", []),
        "bot": {"pid": stage.bot.pid, "state": stage.bot.state, "kills": stage.bot.kills},
        "held": stage.providers.held,
        "webhook_twice": stage.providers.webhook_twice,
    }


def _channel(stage: Stage, channel: Channel) -> Json:
    return {"id": channel.id, "name": channel.name, "kind": channel.kind, "has_bot": _has_bot(stage, channel)}


def _has_bot(stage: Stage, channel: Channel) -> bool:
    return stage.slack.bot_user_id in channel.members


def _message(stage: Stage, message: Message) -> Json:
    return {
        "ts": message.ts,
        "user": message.user,
        "bot": message.by_bot,
        "text": message.text,
        "blocks": message.blocks,
        "files": [_file(stage, file) for file in message.files],
        "thread_ts": message.thread_ts,
        "reactions": {name: sorted(users) for name, users in message.reactions.items()},
        "edited": message.edited,
    }


def _file(stage: Stage, file: FileCopy) -> Json:
    length = stage.slack.upload_of(file.id).duration_ms
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "size": size_of(file.source),
        "ms": length,
    }


def _ephemeral(shown: Ephemeral) -> Json:
    return {
        "ts": shown.ts,
        "channel": shown.channel_id,
        "thread_ts": shown.thread_ts,
        "text": shown.text,
        "blocks": shown.blocks,
    }


def summary(line: WireLine) -> Json:
    """Return a line of the wire without its bytes."""
    return {
        "number": line.number,
        "at": line.at,
        "kind": line.kind,
        "from": line.source,
        "to": line.target,
        "title": line.title,
        "about": line.about,
        "status": line.status,
        "good": line.good,
        "ms": None if line.took is None else round(line.took * 1000, 1),
    }


def whole(line: WireLine) -> Json:
    """Return a line with its bytes."""
    return {**summary(line), "sent": _half(line.sent), "answered": _half(line.answered)}


def _half(half: Half) -> Json:
    is_text = not half.body or any(word in half.content_type for word in TEXTUAL)
    return {
        "head": half.head,
        "body": half.body.decode(errors="replace") if is_text else half.body[:HEX_BYTES].hex(" "),
        "is_text": is_text,
        "kept": len(half.body),
        "total": half.total,
        "content_type": half.content_type,
    }
