"""The Slack stand-in for tests and the demo: one workspace with the app installed, and optional further workspaces."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Self

from sandbox.faults import Faults
from sandbox.slack.actions import Actions
from sandbox.slack.clients import Clients
from sandbox.slack.inspection import Inspection
from sandbox.slack.interactions import Interactions
from sandbox.slack.options import Options
from sandbox.slack.services import Credentials, Shared, WorkspaceServices
from sandbox.slack.workspace import FIRST, Ids

INVENTED = Credentials(
    bot_token="xoxb-sandbox-bot",  # noqa: S106 - invented, as the others
    app_token="xapp-sandbox-app",  # noqa: S106
    signing_secret="sandbox-signing",  # noqa: S106
    client_secret="sandbox-client-secret",  # noqa: S106
)
"""Well known, so that tests need not ask for them: not for a stand-in that somebody else could speak to."""


class Team(Actions, Interactions, Clients, Inspection, Options):
    """One workspace with its own users, messages and faults. All workspaces share the app and Slack's address."""

    def __init__(
        self,
        *,
        scopes: Collection[str],
        retry_delays: Sequence[float],
        ids: Ids,
        beside: Shared | None = None,
        credentials: Credentials = INVENTED,
    ) -> None:
        Options.__init__(self, scopes=set(scopes), retry_delays=tuple(retry_delays))
        self.faults = Faults()
        self._shared = beside or Shared(self, credentials=credentials, faults=self.faults)
        self._services = services = WorkspaceServices(self, shared=self._shared, faults=self.faults, ids=ids)
        self.team_id = services.workspace.team_id
        self.app_id = services.workspace.app_id
        self.bot_user_id = services.workspace.bot_user_id
        self.bot_id = services.workspace.bot_id


class Slack(Team):
    """A workspace on loopback that runs inside `async with`.

    Its options are those of `Options`; `Actions` and `Interactions` are what users do, `Inspection` is what tests
    observe. Faults are armed by the name of a Web API method, or `download`, `upload`, `response_url`, `socket` (the
    opening of a WebSocket); faults of open WebSockets by `arm_socket_fault`. The app is `installed` with `bot_token`,
    or must be installed through OAuth.
    """

    DEFAULT_SCOPES = frozenset(
        {
            "files:read",
            "files:write",
            "chat:write",
            "commands",
            "reactions:write",
            "channels:read",
            "groups:read",
            "im:read",
            "mpim:read",
        }
    )

    def __init__(
        self,
        port: int = 0,
        scopes: Collection[str] = DEFAULT_SCOPES,
        retry_delays: Sequence[float] = (0.05, 0.3, 0.6),
        *,
        installed: bool = True,
        ids: Ids = FIRST,
        credentials: Credentials = INVENTED,
    ) -> None:
        super().__init__(scopes=scopes, retry_delays=retry_delays, ids=ids, credentials=credentials)
        self._port = port
        bot_token = credentials.bot_token if installed else ""
        self._services.open_with(bot_token=bot_token, app_token=credentials.app_token)
        self.bot_token = credentials.bot_token
        self.app_token = credentials.app_token
        self.signing_secret = credentials.signing_secret
        self.client_id = self._shared.oauth.client_id
        self.client_secret = self._shared.oauth.client_secret
        self.other_workspaces: list[Team] = []

    def add_workspace(self, ids: Ids) -> Team:
        """Add another workspace with similar options, in which the app is not installed yet."""
        team = Team(scopes=self.scopes, retry_delays=self.retry_delays, ids=ids, beside=self._shared)
        team.events_url, team.subscriptions = self.events_url, set(self.subscriptions)
        self.other_workspaces.append(team)
        return team

    async def __aenter__(self) -> Self:
        await self._shared.start(port=self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._shared.stop()

    @property
    def origin(self) -> str:
        """Return the stand-in's origin."""
        return self._services.workspace.origin

    @property
    def elsewhere(self) -> str:
        """Return the origin of a host that is not Slack's."""
        return self._services.workspace.elsewhere

    @property
    def api_url(self) -> str:
        """Return the address of the Web API, in the form of slack_sdk's `base_url`."""
        return f"{self.origin}/api/"

    @property
    def authorize_url(self) -> str:
        """Return the address of the consent page."""
        return f"{self.origin}/oauth/v2/authorize"
