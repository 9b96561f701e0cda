"""The workspaces that the bot is in: one with its token in the settings; many (`bot.oauth.many_workspaces`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import aiohttp
import structlog
from aiohttp import web

from bot.metrics import Metrics
from bot.settings.model import Settings, SettingsProblem
from bot.slack.client import slack_client
from bot.slack.downloads import Downloads
from bot.slack.errors import SlackNotAuthorised, SlackRefused, SlackUnavailable
from bot.slack.tokens import BotToken
from bot.slack.workspace import Workspace
from storage.database import Transaction

_log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """A workspace that can be looked through: its team, and the organisation it belongs to, if any.

    `since` is when the bot was installed there, where that is known.
    """

    workspace: Workspace
    team: str
    enterprise: str | None = None
    since: datetime | None = None


class Workspaces(Protocol):
    """Finds the workspace of a job, of a request, of everybody."""

    def of(self, *, team: str, enterprise: str | None) -> Workspace:
        """The workspace of this team; its calls raise `SlackNotAuthorised` where the bot is not installed there."""
        ...

    async def find(self, *, team: str | None, enterprise: str | None, is_enterprise_install: bool) -> Workspace | None:
        """The workspace that a request of Slack's is about; None, with a line in the log, where we are not installed.

        `is_enterprise_install`: the bot was installed in all of the organisation. Who we are there is known afterwards
        (`Workspace.identity`). Raises what Slack's answers raise, and `StorageUnavailable`.
        """
        ...

    async def places(self) -> Sequence[str]:
        """Where the app is installed: teams, and organisations. Raises what `find` does."""
        ...

    async def sites(self, place: str) -> Sequence[Site]:
        """The workspaces that are opened by what is installed at a place. Raises what `find` does."""
        ...

    async def are_gone(self, places: Sequence[str]) -> Mapping[str, bool]:
        """Whether the places that removed the app are still without it: a token that is changed is revoked, too.

        A place is a team, or an organisation; one of which it is not known now is left out. Raises
        `StorageUnavailable`.
        """
        ...

    def removed(self, tx: Transaction, *, place: str, at: datetime, certain: bool) -> None:
        """Forget what opens a place that removed the app at that moment, unless it was installed again since.

        Not `certain`: a token was revoked, and where tokens are exchanged there may be another one.
        """
        ...

    def serve(self, server: web.Application) -> None:
        """Serve what people install the app with, if they do so themselves."""
        ...

    async def keep(self) -> None:
        """What is to be done now and then. Raises `StorageUnavailable`."""
        ...

    @property
    def is_within_reach(self) -> bool:
        """Whether Slack answers."""
        ...

    async def introduce(self) -> None:
        """At the start: learn who we are. Raises `SettingsProblem` where the settings do not open Slack."""
        ...

    async def keep_in_touch(self) -> None:
        """Ask again where Slack did not answer. Raises `SlackUnavailable`, `SlackRefused`, `StorageUnavailable`."""
        ...

    async def close(self) -> None:
        """At the end: finish what must not be broken off."""
        ...


def make_workspace(
    settings: Settings, *, session: aiohttp.ClientSession, token: BotToken, metrics: Metrics | None = None
) -> Workspace:
    """One workspace, as the settings say."""
    client = slack_client(settings)
    client.session = session
    downloads = Downloads(session=session, token=token, origins=settings.slack_file_origins)
    return Workspace(client=client, session=session, token=token, downloads=downloads, metrics=metrics)


async def is_accepted(workspace: Workspace) -> bool | None:
    """Whether we are installed there; None where that is not known now."""
    try:
        await workspace.identify(again=True)
    except SlackNotAuthorised as error:
        return False if error.is_removal else None
    except (SlackUnavailable, SlackRefused):
        return None
    return True


class OneWorkspace:
    """The one that the token in the settings belongs to."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def of(self, *, team: str, enterprise: str | None) -> Workspace:
        """It: there are no jobs of another one."""
        del team, enterprise
        return self._workspace

    async def find(self, *, team: str | None, enterprise: str | None, is_enterprise_install: bool) -> Workspace | None:
        """It, or none."""
        identity = await self._workspace.identify()
        asked, ours = (
            (enterprise, identity.enterprise_id) if is_enterprise_install or not team else (team, identity.team_id)
        )
        if asked and asked == ours:
            return self._workspace
        # The app is installed there too, perhaps, but we hold no token for it and keep nothing of it.
        _log.warning("workspace_unknown")
        return None

    async def places(self) -> Sequence[str]:
        """It."""
        return [(await self._workspace.identify()).team_id]

    async def sites(self, place: str) -> Sequence[Site]:
        """It."""
        del place
        identity = await self._workspace.identify()
        return [Site(workspace=self._workspace, team=identity.team_id, enterprise=identity.enterprise_id)]

    async def are_gone(self, places: Sequence[str]) -> Mapping[str, bool]:
        """All of them, or none: whether Slack still knows us says `auth.test`."""
        accepted = await is_accepted(self._workspace)
        return {} if accepted is None else dict.fromkeys(places, not accepted)

    def removed(self, tx: Transaction, *, place: str, at: datetime, certain: bool) -> None:
        """Nothing: the token is in the settings."""

    def serve(self, server: web.Application) -> None:
        """Nothing."""

    async def keep(self) -> None:
        """Nothing."""

    @property
    def is_within_reach(self) -> bool:
        """Whether Slack has told us who we are, and answers."""
        return self._workspace.is_within_reach

    async def introduce(self) -> None:
        """Ask who we are; where Slack is away, later."""
        try:
            await self._workspace.identify()
        except SlackNotAuthorised as error:
            raise SettingsProblem(
                [f"SLACK_BOT_TOKEN: Slack refused it ({error}); copy it again from the app's page"]
            ) from None
        except (SlackUnavailable, SlackRefused) as error:
            _log.warning("slack_unreachable", error=str(error))  # later, then

    async def keep_in_touch(self) -> None:
        """Ask once more while Slack is away."""
        if not self._workspace.is_within_reach:
            await self._workspace.identify(again=True)

    async def close(self) -> None:
        """Nothing is under way."""
