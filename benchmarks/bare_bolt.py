"""Bolt with its own aiohttp server, as in its documentation: `python -m benchmarks.bare_bolt`."""

import os
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult


async def authorize() -> AuthorizeResult:
    """Return the authorisation for the one workspace."""
    return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-bare", bot_user_id="UBOT")  # noqa: S106 - invented


app = AsyncApp(signing_secret="secret", authorize=authorize)  # noqa: S106 - invented


@app.event("file_shared")
async def heard(event: dict[str, Any]) -> None:
    """Store nothing."""


if __name__ == "__main__":
    app.server(port=int(os.environ["HTTP_PORT"]), host="127.0.0.1").start()
