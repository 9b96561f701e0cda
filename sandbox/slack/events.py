"""Build the events that the workspace causes, and their envelopes.

Source: https://docs.slack.dev/reference/events/file_shared, https://docs.slack.dev/reference/events/message/file_share,
https://docs.slack.dev/apis/events-api/#event-type-structure.
"""

from __future__ import annotations

import time

from sandbox.slack.values import Json
from sandbox.slack.wire import file_object, home_object, message_object, stub_object
from sandbox.slack.workspace import Post, StoredFile, Workspace

CHANNEL_TYPE = {"public": "channel", "private": "group", "im": "im", "mpim": "mpim"}


def file_shared(post: Post, file_id: str) -> Json:
    """Return the event for a shared file, which contains only ids."""
    return {
        "type": "file_shared",
        "channel_id": post.channel_id,
        "file_id": file_id,
        "user_id": post.user,
        "file": {"id": file_id},
        "event_ts": post.ts,
    }


def message(workspace: Workspace, post: Post, *, new_upload: bool = True) -> Json:
    """Return the event for a posted message; `upload` is false if its files existed before."""
    described = message_object(workspace, post)
    kind = workspace.channels[post.channel_id].kind
    described |= {"channel": post.channel_id, "channel_type": CHANNEL_TYPE[kind], "event_ts": post.ts}
    if post.file_ids:
        files = [workspace.files[file_id] for file_id in post.file_ids]
        described |= {"subtype": "file_share", "upload": new_upload}
        described["files"] = [_in_event(workspace, stored) for stored in files]
    return described


def file_deleted(workspace: Workspace, file_id: str) -> Json:
    """Return the event for a deleted file (https://docs.slack.dev/reference/events/file_deleted)."""
    return {"type": "file_deleted", "file_id": file_id, "event_ts": workspace.stamp()}


def reaction_added(post: Post, emoji: str, *, user: str) -> Json:
    """Return the event for a reaction to a message (https://docs.slack.dev/reference/events/reaction_added)."""
    return {
        "type": "reaction_added",
        "user": user,
        "reaction": emoji,
        "item_user": post.user,
        "item": {"type": "message", "channel": post.channel_id, "ts": post.ts},
        "event_ts": post.ts,
    }


def message_deleted(workspace: Workspace, post: Post) -> Json:
    """Return the event for a deleted message (https://docs.slack.dev/reference/events/message/message_deleted)."""
    described = message(workspace, post)
    gone = {"deleted_ts": post.ts, "previous_message": described}
    return _hidden(workspace, described, subtype="message_deleted") | gone


def message_tombstone(workspace: Workspace, post: Post) -> Json:
    """Return the event for a deleted message with replies.

    Source: https://docs.slack.dev/reference/events/message/message_changed
    """
    described = message(workspace, post)
    tombstone = {**described, "subtype": "tombstone", "hidden": True}
    return _hidden(workspace, described, subtype="message_changed") | {"message": tombstone}


def home_opened(workspace: Workspace, user_id: str, *, channel_id: str, tab: str, view: Json | None) -> Json:
    """Return the event for an opened App Home (https://docs.slack.dev/reference/events/app_home_opened).

    `view` is the last view that was published to this user; None the first time and in the other tab.
    """
    event = {
        "type": "app_home_opened",
        "user": user_id,
        "channel": channel_id,
        "tab": tab,
        "event_ts": workspace.stamp(),
    }
    return event if view is None else event | {"view": home_object(workspace, view)}


def _hidden(workspace: Workspace, described: Json, *, subtype: str) -> Json:
    """Return an event about a message that is itself hidden."""
    at = workspace.stamp()
    return {
        "type": "message",
        "subtype": subtype,
        "hidden": True,
        "channel": described["channel"],
        "channel_type": described["channel_type"],
        "ts": at,
        "event_ts": at,
    }


def _in_event(workspace: Workspace, stored: StoredFile) -> Json:
    return stub_object(stored) if stored.stub else file_object(workspace, stored, early=stored.late_shares > 0)


def envelope(workspace: Workspace, event: Json, *, event_id: str, enterprise_install: bool = False) -> Json:
    """Wrap an event as the Events API sends it. `enterprise_install`: the app is an enterprise install.

    For the removal of an enterprise install, Slack sends only the organisation's id, as bolt-python has recorded it
    (https://github.com/slackapi/bolt-python/blob/main/tests/scenario_tests/test_events_token_revocations.py).
    """
    if enterprise_install and event["type"] in {"app_uninstalled", "tokens_revoked"}:
        return {
            "token": "sandbox-verification",
            "enterprise_id": workspace.enterprise,
            "api_app_id": workspace.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": event_id,
            "event_time": int(time.time()),
        }
    channel_id = str(event.get("channel_id") or event.get("channel") or "")
    channel = workspace.channels.get(channel_id)
    return {
        "token": "sandbox-verification",
        "team_id": workspace.team_id,
        "context_team_id": workspace.team_id,
        "enterprise_id": workspace.enterprise,
        "context_enterprise_id": workspace.enterprise,
        "api_app_id": workspace.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": workspace.enterprise,
                "team_id": None if enterprise_install else workspace.team_id,
                "user_id": workspace.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": enterprise_install,
            }
        ],
        "is_ext_shared_channel": channel is not None and channel.external,
        "event_context": f"4-{event_id}",
    }
