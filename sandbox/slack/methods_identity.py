"""Who the app is and whom it meets: `auth.test`, `apps.connections.open`, `users.info`, `team.info`."""

from __future__ import annotations

from sandbox.slack.arguments import Arguments
from sandbox.slack.context import Context, Method, Methods
from sandbox.slack.refusal import Denied
from sandbox.slack.values import Json

TEAM_NAME = "Sandbox"


async def auth_test(context: Context, _sent: Arguments) -> Json:
    """Tell whose token this is (https://docs.slack.dev/reference/methods/auth.test)."""
    workspace = context.workspace
    return {
        "url": "https://sandbox.slack.invalid/",
        "team": TEAM_NAME,
        "team_id": workspace.team_id,
        "user": workspace.users[workspace.bot_user_id],
        "user_id": workspace.bot_user_id,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


async def connections_open(context: Context, _sent: Arguments) -> Json:
    """Give a WebSocket address that opens once."""
    return {"url": context.open_socket()}


async def users_info(context: Context, sent: Arguments) -> Json:
    """Describe a person."""
    workspace, user_id = context.workspace, sent.text("user")
    name = workspace.users.get(user_id)
    if name is None:
        raise Denied("user_not_found")
    described: Json = {
        "id": user_id,
        "team_id": workspace.team_id,
        "name": name,
        "real_name": name.title(),
        "deleted": False,
        "is_bot": user_id == workspace.bot_user_id,
        "is_admin": user_id in workspace.admins,
        "is_owner": False,
        "tz": "Africa/Johannesburg",
        "locale": "en-US",
        "profile": {"real_name": name.title(), "display_name": name},
    }
    return {"user": described}


async def team_info(context: Context, _sent: Arguments) -> Json:
    """Describe the workspace."""
    return {"team": {"id": context.workspace.team_id, "name": TEAM_NAME, "domain": "sandbox"}}


async def api_test(_context: Context, sent: Arguments) -> Json:
    """Give back what was sent."""
    return {"args": sent.sent}


METHODS: Methods = {
    "auth.test": Method(act=auth_test),
    "api.test": Method(act=api_test),
    "apps.connections.open": Method(act=connections_open, scopes=("connections:write",), caller="app"),
    "users.info": Method(act=users_info, scopes=("users:read",)),
    "team.info": Method(act=team_info, scopes=("team:read",)),
}
