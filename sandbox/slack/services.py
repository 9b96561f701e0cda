"""Create and connect the parts of the Slack stand-in: the shared ones, and those of each workspace."""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass

from sandbox.faults import Faults
from sandbox.slack.calls import CallLog
from sandbox.slack.context import Context, Pending
from sandbox.slack.delivery import HttpDelivery
from sandbox.slack.dialogs import Dialogs
from sandbox.slack.dispatch import Dispatcher
from sandbox.slack.downloads import Downloads
from sandbox.slack.grants import Grant, Grants
from sandbox.slack.interactivity import Interactivity
from sandbox.slack.oauth import OAuth
from sandbox.slack.options import Options
from sandbox.slack.pace import Pace
from sandbox.slack.router import Router
from sandbox.slack.serving import Part, Server
from sandbox.slack.signals import BackgroundTasks, Signal
from sandbox.slack.sockets import Sockets
from sandbox.slack.uploading import Uploads
from sandbox.slack.web_api import WebApi
from sandbox.slack.wire_lines import described
from sandbox.slack.workspace import FIRST, Ids, Workspace
from sandbox.wire_log import noting


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """The credentials of the app."""

    bot_token: str
    app_token: str
    signing_secret: str
    client_secret: str


def draw_credentials() -> Credentials:
    """Return credentials that nobody can know beforehand."""
    drawn = secrets.token_hex
    return Credentials(
        bot_token=f"xoxb-{drawn(16)}", app_token=f"xapp-{drawn(16)}", signing_secret=drawn(16), client_secret=drawn(16)
    )


class Shared:
    """The parts that all workspaces share, and the two servers."""

    def __init__(self, options: Options, *, credentials: Credentials, faults: Faults) -> None:
        self._options = options
        self.signal = Signal()
        self.tasks = BackgroundTasks()
        self.numbers = itertools.count(1)
        self.grants = Grants()
        self.http = HttpDelivery(options, signing_secret=credentials.signing_secret)
        self.sockets = Sockets(options, app_id=Workspace.app_id, signal=self.signal, faults=faults)
        self.teams: dict[str, WorkspaceServices] = {}
        self.oauth = OAuth(
            options,
            grants=self.grants,
            teams=lambda: {team_id: team.workspace for team_id, team in self.teams.items()},
            client_secret=credentials.client_secret,
        )
        self.router = Router(self.teams, grants=self.grants)
        self._servers: list[Server] = []

    async def start(self, *, port: int) -> None:
        """Start both servers."""
        first = next(iter(self.teams.values()))
        parts: list[Part] = [self.router, self.sockets, self.oauth]
        notes = noting(lambda: self._options.wire_log, "slack", described)
        here = Server((route for part in parts for route in part.routes()), middlewares=[notes])
        there = Server(first.downloads.routes_elsewhere())
        self._servers = [here, there]
        chosen = await here.start(port=port)
        first.workspace.origin = f"http://127.0.0.1:{chosen}"
        self.sockets.address = f"ws://127.0.0.1:{chosen}"
        # Another host name, not only another port, for an app that compares host names.
        first.workspace.elsewhere = f"http://localhost:{await there.start()}"

    async def stop(self) -> None:
        """Close every connection. Raises errors that happened in background tasks of the stand-in."""
        try:
            await self.tasks.stop()
        finally:
            await self.sockets.drop()
            await self.http.close()
            for server in self._servers:
                await server.stop()


class WorkspaceServices:
    """The parts of one workspace."""

    def __init__(self, options: Options, *, shared: Shared, faults: Faults, ids: Ids = FIRST) -> None:
        self.shared = shared
        self.signal, self.tasks, self.sockets, self.http = shared.signal, shared.tasks, shared.sockets, shared.http
        self.workspace = Workspace(scopes=options.scopes, signal=self.signal, ids=ids, numbers=shared.numbers)
        self.log = CallLog(self.signal)
        self.dialogs = Dialogs(options, shared.numbers)
        self.uploads: dict[str, Pending] = {}
        self.dispatcher = Dispatcher(
            self.workspace,
            options=options,
            http=self.http,
            sockets=self.sockets,
            tasks=self.tasks,
            grants=shared.grants,
        )
        context = Context(
            workspace=self.workspace,
            options=options,
            tasks=self.tasks,
            dialogs=self.dialogs,
            pace=Pace(options),
            uploads=self.uploads,
            announce=self.dispatcher.announce,
            oauth=shared.oauth.access,
            open_socket=self.sockets.ticket,
        )
        self.downloads = Downloads(self.workspace, grants=shared.grants, faults=faults, log=self.log)
        self.interactivity = Interactivity(
            context, http=self.http, sockets=self.sockets, faults=faults, log=self.log, grants=shared.grants
        )
        self.web_api = WebApi(context, grants=shared.grants, faults=faults, log=self.log)
        self.upload_requests = Uploads(self.uploads, faults=faults, log=self.log)
        for first in list(shared.teams.values())[:1]:
            self.workspace.origin, self.workspace.elsewhere = first.workspace.origin, first.workspace.elsewhere
        shared.teams[ids.team] = self

    def open_with(self, *, bot_token: str, app_token: str) -> None:
        """Install the app in this workspace from the beginning, with these tokens."""
        if bot_token:
            self.shared.grants.add(Grant(token=bot_token, kind="bot", teams=[self.workspace]))
        self.shared.grants.add(Grant(token=app_token, kind="app", teams=[self.workspace]))
