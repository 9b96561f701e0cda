"""The one address of Slack's that all workspaces share: each request goes to the workspace that it is about.

A token tells, or for one of a whole organisation what the call names: `team_id`, a conversation, a file, a trigger.
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
    """What the router needs of a workspace."""

    workspace: Workspace
    uploads: dict[str, Pending]
    dialogs: Dialogs
    web_api: WebApi
    upload_requests: Uploads
    people: Interactivity
    downloads: Downloads


class Router:
    """`teams` by their ids, the first one answers what is nobody's."""

    def __init__(self, teams: Mapping[str, RoutedServices], *, grants: Grants) -> None:
        self._teams = teams
        self._grants = grants

    def routes(self) -> list[web.AbstractRouteDef]:
        """Where Slack answers."""
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
        """One use of the Web API."""
        token, sent = await read_request(request)
        try:
            grant = self._grants.admit(token)
        except Denied:
            return await self._first.web_api.answer(request)
        return await self._meant(grant, {name: str(value) for name, value in sent.items()}).web_api.answer(request)

    def _meant(self, grant: Grant, sent: Mapping[str, str]) -> RoutedServices:
        behind = [self._teams[team.team_id] for team in grant.teams]
        for team in behind if len(behind) > 1 else ():
            workspace = team.workspace
            known = {workspace.team_id, *workspace.channels, *workspace.files, *workspace.users}
            pending = {upload.file_id for upload in team.uploads.values()}
            named = {sent.get(name) for name in ("team_id", "channel", "channel_id", "file", "user", "user_id")}
            shares = [file_id for file_id in pending if file_id in sent.get("files", "")]
            if named & known or shares or team.dialogs.gave(sent.get("trigger_id", "")):
                return team
        return behind[0]

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a file."""
        ticket = request.match_info["ticket"]
        return await self._whose(lambda team: ticket in team.uploads).upload_requests.take(request)

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """A post to a `response_url`."""
        ticket = request.match_info["ticket"]
        return await self._whose(lambda team: team.people.expects(ticket)).people.respond(request)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A file that was shared."""
        place = request.match_info["team_and_id"].rpartition("-")[0]
        return await self._teams.get(place, self._first).downloads.download(request)

    def _whose(self, holds: Callable[[RoutedServices], bool]) -> RoutedServices:
        return next((team for team in self._teams.values() if holds(team)), self._first)
