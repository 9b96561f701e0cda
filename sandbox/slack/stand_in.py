"""The stand-in as a test or the demo holds it: one workspace with one app installed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Self

from sandbox.faults import Faults
from sandbox.slack.backstage import Backstage, Credentials
from sandbox.slack.behaviour import Behaviour
from sandbox.slack.doings import Doings
from sandbox.slack.findings import Findings
from sandbox.slack.hands import Hands

INVENTED = Credentials(bot_token="xoxb-sandbox-bot", app_token="xapp-sandbox-app", signing_secret="sandbox-signing")  # noqa: S106 - invented


class Slack(Doings, Hands, Findings, Behaviour):
    """A workspace on loopback, running while the `async with` lasts.

    Its switches are those of `Behaviour`, what people do those of `Doings` and `Hands`, what can be seen those of
    `Findings`. Faults are armed by the name of the Web API method, or `download`, `upload`, `response_url`, `socket`
    (the opening of a WebSocket); what goes wrong with an open WebSocket by `trip`.
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
    ) -> None:
        Behaviour.__init__(self, scopes=set(scopes), retry_delays=tuple(retry_delays))
        self._port = port
        self.faults = Faults()
        self._behind = Backstage(self, credentials=INVENTED, faults=self.faults)
        self.bot_token = INVENTED.bot_token
        self.app_token = INVENTED.app_token
        self.signing_secret = INVENTED.signing_secret
        self.team_id = self._behind.workspace.team_id
        self.app_id = self._behind.workspace.app_id
        self.bot_user_id = self._behind.workspace.bot_user_id
        self.bot_id = self._behind.workspace.bot_id

    async def __aenter__(self) -> Self:
        await self._behind.start(port=self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._behind.stop()

    @property
    def origin(self) -> str:
        """Where it listens."""
        return self._behind.workspace.origin

    @property
    def elsewhere(self) -> str:
        """The origin of a host that is not Slack's."""
        return self._behind.workspace.elsewhere

    @property
    def api_url(self) -> str:
        """Where the Web API is, as slack_sdk's `base_url` wants it."""
        return f"{self.origin}/api/"
