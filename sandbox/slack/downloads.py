"""File downloads: `url_private`, its sign-in page and its redirects.

Without a valid token or `files:read`, Slack answers 200 with an HTML page and not with an error
(https://github.com/vercel/eve/pull/1531). Faults are armed by the name `download`; `hang_up_after` cuts the connection
after the first half.
"""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from sandbox.faults import Faults
from sandbox.slack.access import can_open
from sandbox.slack.calls import CallLog
from sandbox.slack.grants import Grants
from sandbox.slack.refusal import Denied
from sandbox.slack.streaming import Stream
from sandbox.slack.workspace import StoredFile, Workspace

SIGN_IN_PAGE = b"<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body>Sign in to Sandbox</body></html>"


class Downloads:
    """Serves a workspace's files to clients with a token for it."""

    def __init__(self, workspace: Workspace, *, grants: Grants, faults: Faults, log: CallLog) -> None:
        self._workspace = workspace
        self._grants = grants
        self._faults = faults
        self._log = log
        self.leaked: list[str] = []

    def routes_elsewhere(self) -> list[web.AbstractRouteDef]:
        """Return the routes of a host that is not Slack's and must never receive the token."""
        return [web.get("/cdn/{team_and_id}/{name:.*}", self.download_elsewhere)]

    async def download(self, request: web.Request) -> web.StreamResponse:
        """Stream a file, or apply the fault that is armed."""
        stored = self._stored(request)
        asked = {"range": request.headers["Range"]} if "Range" in request.headers else {}
        with self._log.record("download", {"file": stored.id if stored else request.path, **asked}) as entry:
            stream = Stream(request)

            async def act() -> web.StreamResponse:
                instead = self._refuse(request, stored)
                entry.settle(ok=instead is None, error=None if instead is None else "refused")
                if instead is not None or stored is None:
                    return instead or web.Response(status=404)
                return self._redirect(request, stored) or await stream.first_half(stored.upload)

            response = await self._faults.apply("download", request, act)
            entry.settle_unless_done(request, response)
            await stream.second_half(response)
            return response

    async def download_elsewhere(self, request: web.Request) -> web.StreamResponse:
        """Stream a file to any client, and record a token that should not have been sent here."""
        if "Authorization" in request.headers:
            self.leaked.append(request.path)
        stored = self._stored(request)
        if stored is None or stored.deleted:
            return web.Response(status=404)
        stream = Stream(request)
        response = await stream.first_half(stored.upload)
        await stream.second_half(response)
        return response

    def _stored(self, request: web.Request) -> StoredFile | None:
        return self._workspace.files.get(request.match_info["team_and_id"].rpartition("-")[2])

    def _refuse(self, request: web.Request, stored: StoredFile | None) -> web.Response | None:
        if not self._has_valid_token(request) or "files:read" not in self._workspace.scopes:
            return _sign_in()
        if stored is None or stored.deleted:
            return web.Response(status=404, body=b"<html>not found</html>", content_type="text/html")
        if stored.html_instead or not can_open(self._workspace, stored):
            return _sign_in()
        return None

    def _has_valid_token(self, request: web.Request) -> bool:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            return self._workspace in self._grants.admit(token).teams
        except Denied:
            return False

    def _redirect(self, request: web.Request, stored: StoredFile) -> web.Response | None:
        if stored.upload.redirect is None or request.path.startswith("/files-moved/"):
            return None
        origins = {"same": f"{self._workspace.origin}/files-moved", "elsewhere": f"{self._workspace.elsewhere}/cdn"}
        path = f"{self._workspace.team_id}-{stored.id}/{quote(stored.upload.name)}"
        return web.Response(status=302, headers={"Location": f"{origins[stored.upload.redirect]}/{path}"})


def _sign_in() -> web.Response:
    return web.Response(body=SIGN_IN_PAGE, content_type="text/html", headers={"x-slack-meta": "?;acl_fail"})
