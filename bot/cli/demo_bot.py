"""The settings of the bot that the demo runs: as an operator's, with the addresses of the stand-ins."""

from __future__ import annotations

import os
import secrets

from sandbox.botlhale import Botlhale
from sandbox.gowajee import Gowajee
from sandbox.slack import Slack

_INHERITED = ("PATH", "HOME", "XDG_DATA_HOME", "TMPDIR")
"""What the bot has of the terminal's environment: where programs and models are, and no setting."""


def webhook_url(port: int) -> str:
    """Return the address at which the bot with this port takes Gowajee's results, with a token drawn for it."""
    return f"http://127.0.0.1:{port}/webhooks/gowajee?token={secrets.token_hex(16)}"


def slack_environment(slack: Slack, *, port: int, mode: str, transcriber: str, folder: str) -> dict[str, str]:
    """Return everything but the providers; `mode` is `socket` or `http`."""
    way_in = (
        {"SLACK_APP_TOKEN": slack.app_token} if mode == "socket" else {"SLACK_SIGNING_SECRET": slack.signing_secret}
    )
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return (
        inherited
        | way_in
        | {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_API_URL": slack.api_url,
            "SLACK_FILE_ORIGINS": slack.origin,
            "HTTP_PORT": str(port),
            "DATABASE_URL": f"sqlite:///{folder}/demo.db",
            "TRANSCRIBER": transcriber,
            "LOG_LEVEL": "warning",
        }
    )


def botlhale_environment(botlhale: Botlhale) -> dict[str, str]:
    """Return the account at the stand-in of Botlhale."""
    return {
        "BOTLHALE_BASE_URL": botlhale.origin,
        "BOTLHALE_ORG_ID": botlhale.org_id,
        "BOTLHALE_REFRESH_TOKEN": botlhale.refresh_token,
    }


def gowajee_environment(gowajee: Gowajee) -> dict[str, str]:
    """Return the account at the stand-in of Gowajee."""
    return {
        "GOWAJEE_BASE_URL": gowajee.origin,
        "GOWAJEE_API_KEY": gowajee.api_key,
        "GOWAJEE_WEBHOOK_ID": gowajee.webhook_id,
        "GOWAJEE_WEBHOOK_TOKEN": gowajee.webhook_token or "",
    }
