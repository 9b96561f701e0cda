"""Everything behind the stand-in, opened and wired together."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.faults import Faults
from sandbox.slack.behaviour import Behaviour
from sandbox.slack.bell import Bell, Errands
from sandbox.slack.calls import CallLog
from sandbox.slack.context import Context
from sandbox.slack.dialogs import Dialogs
from sandbox.slack.dispatch import Dispatcher
from sandbox.slack.doors import HttpDoor
from sandbox.slack.downloads import Downloads
from sandbox.slack.pace import Pace
from sandbox.slack.people import People
from sandbox.slack.serving import Part, Server
from sandbox.slack.sockets import Sockets
from sandbox.slack.uploading import UploadDoor
from sandbox.slack.web_api import WebApi
from sandbox.slack.workspace import Workspace


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """What the installation gave the app."""

    bot_token: str
    app_token: str
    signing_secret: str


class Backstage:
    """The parts, and the two servers they answer on."""

    def __init__(self, behaviour: Behaviour, *, credentials: Credentials, faults: Faults) -> None:
        self.bell = Bell()
        self.errands = Errands()
        self.workspace = Workspace(scopes=behaviour.scopes, bell=self.bell)
        self.log = CallLog(self.bell)
        self.dialogs = Dialogs()
        self.http = HttpDoor(behaviour, signing_secret=credentials.signing_secret)
        self.sockets = Sockets(behaviour, app_id=self.workspace.app_id, bell=self.bell, faults=faults)
        self.dispatcher = Dispatcher(
            self.workspace, behaviour=behaviour, http=self.http, sockets=self.sockets, errands=self.errands
        )
        context = Context(
            workspace=self.workspace,
            behaviour=behaviour,
            errands=self.errands,
            dialogs=self.dialogs,
            pace=Pace(behaviour),
            uploads={},
            announce=self.dispatcher.announce,
            open_socket=self.sockets.ticket,
        )
        self.downloads = Downloads(self.workspace, bot_token=credentials.bot_token, faults=faults, log=self.log)
        self.people = People(context, http=self.http, sockets=self.sockets, faults=faults, log=self.log)
        tokens = {credentials.bot_token: "bot", credentials.app_token: "app"}
        parts: list[Part] = [
            WebApi(context, tokens=tokens, faults=faults, log=self.log),
            self.downloads,
            UploadDoor(context.uploads, faults=faults, log=self.log),
            self.sockets,
            self.people,
        ]
        self._server = Server(route for part in parts for route in part.routes())
        self._elsewhere = Server(self.downloads.routes_elsewhere())

    async def start(self, *, port: int) -> None:
        """Listen."""
        chosen = await self._server.start(port=port)
        self.workspace.origin = f"http://127.0.0.1:{chosen}"
        self.sockets.address = f"ws://127.0.0.1:{chosen}"
        # Another name, not only another port: an app that compares hosts must see a stranger.
        self.workspace.elsewhere = f"http://localhost:{await self._elsewhere.start()}"

    async def stop(self) -> None:
        """Close every connection; raises what went wrong inside the stand-in meanwhile."""
        try:
            await self.errands.stop()
        finally:
            await self.sockets.drop()
            await self.http.close()
            await self._server.stop()
            await self._elsewhere.stop()
