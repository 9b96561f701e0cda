"""The app manifest: scopes, events and commands, in one place. `doctor` and `manifest.yml` are based on it.

Format: https://docs.slack.dev/reference/app-manifest. There, an optional scope must be in both lists of scopes.
"""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from handlers import words
from handlers.action_ids import EXPORT, NAME_SPEAKERS, SEARCH, TRANSCRIBE
from handlers.install_pages import REDIRECT

REQUIRED_SCOPES: Mapping[str, str] = {
    "files:read": "see shared files and fetch recordings",
    "files:write": "attach long transcripts as files",
    "chat:write": "answer in the thread",
    "commands": "answer /transcripts",
    "channels:read": "check that a public channel has the bot and stays within the company",
    "groups:read": "the same for private channels",
    "im:read": "the same for direct messages",
    "mpim:read": "the same for group messages",
}
"""Without one of these, something that people expect does not work. None of them allows reading messages."""

OPTIONAL_SCOPES: Mapping[str, str] = {
    "reactions:write": "show with a reaction that a recording is in work",
    "channels:history": "hear of recordings at once, and never repeat a reply after a broken call, in public channels",
    "groups:history": "the same in private channels",
    "im:history": "the same in direct messages",
    "mpim:history": "the same in group messages",
    "reactions:read": "let people ask for a transcript by a reaction on a recording; without it, by the shortcut",
    "users:read": "name speakers by choosing a person, and know the admins; without it, by typing, and nobody is one",
    "im:write": "send an exported file to one person alone; without it, to the thread",
}
"""Each may be declined when the app is installed."""


EVENTS = (
    "file_shared",
    "file_deleted",
    "channel_id_changed",
    "channel_deleted",
    "group_deleted",
    "app_uninstalled",
    "tokens_revoked",
    "app_home_opened",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
)
"""The events that every installation subscribes to."""

OF_AN_ORGANISATION = ("team_access_revoked",)


def manifest(*, public_url: str | None = None, install_at: str | None = None) -> dict[str, object]:
    """Return the manifest: for HTTP with a public address, for Socket Mode without one.

    With `install_at`, the public address to which Slack sends people back, any workspace and any enterprise can install
    it.
    """
    address = f"{public_url}/slack/events" if public_url else None
    command = {
        "command": "/transcripts",
        "description": words.COMMAND,
        "usage_hint": "[search <words> | settings | where | help]",
        "should_escape": False,
    }
    events = {"bot_events": [*EVENTS, *(OF_AN_ORGANISATION if install_at else ())]}
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "Threadscribe",
            "description": words.APP,
            "long_description": words.APP_AT_LENGTH,
            "background_color": "#1f3a4d",
        },
        "features": {
            "bot_user": {"display_name": "Threadscribe", "always_online": True},
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "slash_commands": [command | ({"url": address} if address else {})],
            "shortcuts": [
                {
                    "name": words.TRANSCRIBE,
                    "type": "message",
                    "callback_id": TRANSCRIBE,
                    "description": words.TRANSCRIBE_AT_LENGTH,
                },
                {
                    "name": words.NAME_SPEAKERS,
                    "type": "message",
                    "callback_id": NAME_SPEAKERS,
                    "description": words.NAMING_AT_LENGTH,
                },
                {
                    "name": words.EXPORT_TITLE,
                    "type": "message",
                    "callback_id": EXPORT,
                    "description": words.EXPORT_AT_LENGTH,
                },
                {
                    "name": words.SEARCH_BUTTON,
                    "type": "global",
                    "callback_id": SEARCH,
                    "description": words.SEARCH_AT_LENGTH,
                },
            ],
        },
        "oauth_config": {
            **({"redirect_urls": [f"{install_at}{REDIRECT}"]} if install_at else {}),
            "scopes": {"bot": [*REQUIRED_SCOPES, *OPTIONAL_SCOPES], "bot_optional": [*OPTIONAL_SCOPES]},
        },
        "settings": {
            "event_subscriptions": events | ({"request_url": address} if address else {}),
            "interactivity": {"is_enabled": True} | ({"request_url": address} if address else {}),
            "org_deploy_enabled": install_at is not None,
            "socket_mode_enabled": address is None,
            "token_rotation_enabled": install_at is not None,
        },
    }


def as_yaml(described: dict[str, object]) -> str:
    """Return the manifest as YAML, for the form on Slack's page."""
    return yaml.safe_dump(described, sort_keys=False, allow_unicode=True, width=100)
