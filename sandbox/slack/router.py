"""Route each request to the workspace that it is about: all workspaces share one address.

The workspace follows from the token, or for an enterprise install from the arguments: `team_id`, a conversation, a file
or a trigger id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from aiohttp import web

from sandbox.slack.arguments import read_request
from sandbox.slack.context import Pending
from sandbox.slack.dialogs import Dialogs
from sandbox.slack.downloads import Downloads
from sandbox.slack.grants import Grant, Grants
from sandbox.slack.interactivity import Interactivity
from sandbox.slack.refusal import Denied
from sandbox.slack.uploading import Uploads
from sandbox.slack.web_api import WebApi
from sandbox.slack.workspace import Workspace


class RoutedServices(Protocol):
    """The parts of a workspace that the router uses."""

    workspace: Workspace
    uploads: dict[str, Pending]
    dialogs: Dialogs
    web_api: WebApi
    upload_requests: Uploads
    interactivity: Interactivity
    downloads: Downloads


class Router:
    """Routes to `teams`, by id. The first one answers requests that match none."""

    def __init__(self, teams: Mapping[str, RoutedServices], *, grants: Grants) -> None:
        self._teams = teams
        self._grants = grants

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes."""
        return [
            web.get("/api/{method}", self.call),
            web.post("/api/{method}", self.call),
            web.post("/upload/v1/{ticket}", self.upload),
            web.post("/respond/{ticket}", self.respond),
            web.get("/files-pri/{team_and_id}/{name:.*}", self.download),
            web.get("/files-moved/{team_and_id}/{name:.*}", self.download),
        ]

    @property
    def _first(self) -> RoutedServices:
        return next(iter(self._teams.values()))

    async def call(self, request: web.Request) -> web.StreamResponse:
        """Route a call of the Web API."""
        token, sent = await read_request(request)
        try:
            grant = self._grants.admit(token)
        except Denied:
            return await self._first.web_api.answer(request)
        return await self._team_for(grant, {name: str(value) for name, value in sent.items()}).web_api.answer(request)

    def _team_for(self, grant: Grant, sent: Mapping[str, str]) -> RoutedServices:
        candidates = [self._teams[team.team_id] for team in grant.teams]
        for team in candidates if len(candidates) > 1 else ():
            workspace = team.workspace
            pending = {upload.file_id for upload in team.uploads.values()}
            known = {workspace.team_id, *workspace.channels, *workspace.files, *workspace.users, *pending}
            named = {sent.get(name) for name in ("team_id", "channel", "channel_id", "file", "user", "user_id")}
            shares = [file_id for file_id in pending if file_id in sent.get("files", "")]
            if named & known or shares or team.dialogs.is_issued(sent.get("trigger_id", "")):
                return team
        return candidates[0]

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Route the bytes of a file upload."""
        ticket = request.match_info["ticket"]
        return await self._team_where(lambda team: ticket in team.uploads).upload_requests.take(request)

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """Route a post to a `response_url`."""
        ticket = request.match_info["ticket"]
        return await self._team_where(lambda team: team.interactivity.expects(ticket)).interactivity.respond(request)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Route a file download."""
        place = request.match_info["team_and_id"].rpartition("-")[0]
        return await self._teams.get(place, self._first).downloads.download(request)

    def _team_where(self, holds: Callable[[RoutedServices], bool]) -> RoutedServices:
        return next((team for team in self._teams.values() if holds(team)), self._first)
