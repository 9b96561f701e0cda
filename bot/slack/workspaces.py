"""The workspaces that the bot is in: one with a token in the settings, or many (`bot.oauth.many_workspaces`)."""

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
    """A workspace whose files can be listed: its team, and its enterprise if it has one.

    `organisation`: the enterprise, where the app was installed in all of it. `since`: when the app was installed there,
    if that is known.
    """

    workspace: Workspace
    team: str
    enterprise: str | None = None
    organisation: str | None = None
    since: datetime | None = None


class Workspaces(Protocol):
    """Finds the workspace of a job or a request, and lists the installations."""

    def of(self, *, team: str, enterprise: str | None) -> Workspace:
        """Return the workspace of this team; its calls raise `SlackNotAuthorised` if the app is not installed there."""
        ...

    async def find(self, *, team: str | None, enterprise: str | None, is_enterprise_install: bool) -> Workspace | None:
        """Return the workspace of a request from Slack; None, with a log line, if the app is not installed there.

        `is_enterprise_install`: the app was installed for the whole enterprise. The returned workspace knows the bot's
        identity (`Workspace.identity`). Raises `SlackUnavailable`, `SlackRefused`, `StorageUnavailable`.
        """
        ...

    async def places(self) -> Sequence[str]:
        """Return where the app is installed: ids of teams and of enterprises. Raises what `find` does."""
        ...

    async def sites(self, place: str) -> Sequence[Site]:
        """Return the workspaces that the installation at `place` opens. Raises what `find` does."""
        ...

    async def are_gone(self, places: Sequence[str]) -> Mapping[str, bool]:
        """Return for each place that removed the app whether it still has no app; unknown ones are left out.

        A place is a team or an enterprise. This must be asked because token rotation revokes tokens, too. Raises
        `StorageUnavailable`.
        """
        ...

    def removed(self, tx: Transaction, *, place: str, at: datetime, certain: bool) -> None:
        """Delete the tokens of a place that removed the app at that moment, unless it was installed again since.

        Not `certain`: a token was revoked, and with token rotation there may be another one.
        """
        ...

    def serve(self, server: web.Application) -> None:
        """Serve the pages through which workspaces install the app, if they do so themselves."""
        ...

    async def keep(self) -> None:
        """Do the regular upkeep of tokens. Raises `StorageUnavailable`."""
        ...

    @property
    def is_within_reach(self) -> bool:
        """Whether Slack answers."""
        ...

    async def introduce(self) -> None:
        """At the start: learn the bot's identity. Raises `SettingsProblem` if Slack refuses the token."""
        ...

    async def keep_in_touch(self) -> None:
        """Call Slack again if it did not answer. Raises `SlackUnavailable`, `SlackRefused`, `StorageUnavailable`."""
        ...

    async def close(self) -> None:
        """At the end: finish what must not be interrupted."""
        ...


def make_workspace(
    settings: Settings, *, session: aiohttp.ClientSession, token: BotToken, metrics: Metrics | None = None
) -> Workspace:
    """Make one workspace from the settings."""
    client = slack_client(settings)
    client.session = session
    downloads = Downloads(session=session, token=token, origins=settings.slack_file_origins)
    return Workspace(client=client, session=session, token=token, downloads=downloads, metrics=metrics)


async def is_accepted(workspace: Workspace) -> bool | None:
    """Return whether the app is installed there; None if that cannot be told now."""
    try:
        await workspace.identify(refresh=True)
    except SlackNotAuthorised as error:
        return False if error.is_removal else None
    except (SlackUnavailable, SlackRefused):
        return None
    return True


class OneWorkspace:
    """The workspace of the token in the settings."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def of(self, *, team: str, enterprise: str | None) -> Workspace:
        """Return the only workspace: there are no jobs of another one."""
        del team, enterprise
        return self._workspace

    async def find(self, *, team: str | None, enterprise: str | None, is_enterprise_install: bool) -> Workspace | None:
        """Return the only workspace if the request is about it; otherwise None."""
        identity = await self._workspace.identify()
        asked, ours = (
            (enterprise, identity.enterprise_id) if is_enterprise_install or not team else (team, identity.team_id)
        )
        if asked and asked == ours:
            return self._workspace
        # The app may be installed there too, but without a token for it nothing is stored.
        _log.warning("workspace_unknown")
        return None

    async def places(self) -> Sequence[str]:
        """Return the team id of the only workspace."""
        return [(await self._workspace.identify()).team_id]

    async def sites(self, place: str) -> Sequence[Site]:
        """Return the only workspace."""
        del place
        identity = await self._workspace.identify()
        team, enterprise = identity.team_id, identity.enterprise_id
        organisation = enterprise if team == enterprise else None
        return [Site(workspace=self._workspace, team=team, enterprise=enterprise, organisation=organisation)]

    async def are_gone(self, places: Sequence[str]) -> Mapping[str, bool]:
        """Return the same answer for all places: whether `auth.test` refuses the token as removed."""
        accepted = await is_accepted(self._workspace)
        return {} if accepted is None else dict.fromkeys(places, not accepted)

    def removed(self, tx: Transaction, *, place: str, at: datetime, certain: bool) -> None:
        """Do nothing: the token is in the settings."""

    def serve(self, server: web.Application) -> None:
        """Do nothing: the app is installed on Slack's page."""

    async def keep(self) -> None:
        """Do nothing: a fixed token needs no upkeep."""

    @property
    def is_within_reach(self) -> bool:
        """Whether the bot's identity is known and Slack answers."""
        return self._workspace.is_within_reach

    async def introduce(self) -> None:
        """Ask Slack for the bot's identity; if Slack does not answer, that is done later."""
        try:
            await self._workspace.identify()
        except SlackNotAuthorised as error:
            raise SettingsProblem(
                [f"SLACK_BOT_TOKEN: Slack refused it ({error}); copy it again from the app's page"]
            ) from None
        except (SlackUnavailable, SlackRefused) as error:
            _log.warning("slack_unreachable", error=str(error))  # `keep_in_touch` asks again

    async def keep_in_touch(self) -> None:
        """Ask Slack again while it does not answer."""
        if not self._workspace.is_within_reach:
            await self._workspace.identify(refresh=True)

    async def close(self) -> None:
        """Do nothing: there is nothing to finish."""
