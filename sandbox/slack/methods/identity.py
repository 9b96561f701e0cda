"""Methods about the app, its users and workspaces: `auth.test`, `apps.connections.open`, `users.info`, `team.info`."""

from __future__ import annotations

from sandbox.slack.arguments import Arguments
from sandbox.slack.context import Context, Method, Methods
from sandbox.slack.refusal import Denied
from sandbox.slack.values import Json
from sandbox.slack.workspace import Workspace


def domain_of(workspace: Workspace) -> str:
    """Return the first label of the workspace's domain."""
    return workspace.name.lower()


async def auth_test(context: Context, sent: Arguments) -> Json:
    """Return the identity of the token (https://docs.slack.dev/reference/methods/auth.test)."""
    workspace, enterprise = context.workspace, sent.grant.enterprise if sent.grant else None
    return {
        "url": f"https://{domain_of(workspace)}.slack.invalid/",
        "team": workspace.name,
        "team_id": enterprise or workspace.team_id,
        "user": workspace.users[workspace.bot_user_id],
        "user_id": workspace.bot_user_id,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": enterprise is not None,
    } | ({"enterprise_id": workspace.enterprise} if workspace.enterprise else {})


async def teams_list(_context: Context, sent: Arguments) -> Json:
    """Return the workspaces of an enterprise install (https://docs.slack.dev/reference/methods/auth.teams.list)."""
    teams = sent.grant.teams if sent.grant else []
    named = [{"id": team.team_id, "name": team.name} for team in teams]
    first = int(sent.text("cursor") or 0)
    limit = int(sent.text("limit") or 100)
    more = str(first + limit) if first + limit < len(named) else ""
    return {"teams": named[first : first + limit], "response_metadata": {"next_cursor": more}}


async def connections_open(context: Context, _sent: Arguments) -> Json:
    """Return a WebSocket address that can be opened once."""
    return {"url": context.open_socket()}


async def users_info(context: Context, sent: Arguments) -> Json:
    """Return a user."""
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
    """Return the workspace."""
    return {
        "team": {
            "id": context.workspace.team_id,
            "name": context.workspace.name,
            "domain": domain_of(context.workspace),
        }
    }


async def api_test(_context: Context, sent: Arguments) -> Json:
    """Return the arguments."""
    return {"args": sent.sent}


METHODS: Methods = {
    "auth.test": Method(act=auth_test),
    "auth.teams.list": Method(act=teams_list),
    "api.test": Method(act=api_test),
    "apps.connections.open": Method(act=connections_open, scopes=("connections:write",), caller="app"),
    "users.info": Method(act=users_info, scopes=("users:read",)),
    "team.info": Method(act=team_info, scopes=("team:read",)),
}
