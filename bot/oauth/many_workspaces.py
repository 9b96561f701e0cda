"""The workspaces that installed the app themselves: each has its own token, rate limits and scopes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import aiohttp
import structlog
from aiohttp import web

from bot.metrics import Metrics
from bot.oauth import flow
from bot.oauth.token_encryption import TokenCipher
from bot.oauth.token_rotation import InstallationRegistry, RotatedToken
from bot.settings.checks import slack_problems
from bot.settings.model import Settings, SettingsProblem
from bot.slack.client import slack_client
from bot.slack.errors import SlackNotAuthorised, SlackRefused, SlackUnavailable
from bot.slack.objects import Identity
from bot.slack.tokens import BotToken
from bot.slack.workspace import Workspace
from bot.slack.workspaces import Site, is_accepted, make_workspace
from storage import installations
from storage.database import Database, Transaction
from storage.installations import Encrypted, Installed

_log = structlog.get_logger()

Make = Callable[[BotToken], Workspace]

SECOND = timedelta(seconds=1)

CLOCKS = timedelta(minutes=5)
"""By how much Slack's clock and ours may differ."""


def many_workspaces(
    settings: Settings,
    *,
    session: aiohttp.ClientSession,
    metrics: Metrics | None = None,
    database: Database,
    clock: Callable[[], datetime],
) -> ManyWorkspaces:
    """Make the workspaces of the installations in the database. Raises `SettingsProblem`."""
    return ManyWorkspaces(
        registry_of(settings, session=session, database=database, clock=clock),
        settings=settings,
        make=lambda token: make_workspace(settings, session=session, metrics=metrics, token=token),
    )


def registry_of(
    settings: Settings, *, session: aiohttp.ClientSession, database: Database, clock: Callable[[], datetime]
) -> InstallationRegistry:
    """Make the registry of installations. Raises `SettingsProblem`."""
    client_id, client_secret = settings.slack_client_id, settings.slack_client_secret
    if client_id is None or client_secret is None or not settings.token_key:
        raise SettingsProblem(slack_problems(settings))
    client = slack_client(settings)
    client.session = session
    return InstallationRegistry(
        database=database,
        cipher=TokenCipher(settings.token_key),
        client=client,
        client_id=client_id,
        client_secret=client_secret,
        clock=clock,
    )


class ManyWorkspaces:
    """Makes workspaces on demand with `make`.

    Each call reads the installation from the registry, because another machine may have changed it.
    """

    def __init__(self, registry: InstallationRegistry, *, settings: Settings, make: Make) -> None:
        self._settings = settings
        self.registry = registry
        self.make = make
        self._made: dict[str, Workspace] = {}
        self._tokens: dict[str, RotatedToken] = {}

    def of(self, *, team: str, enterprise: str | None) -> Workspace:
        """Return the team's workspace. Its token is that of the team's installation, or else of its enterprise's."""
        if team not in self._made:
            token = RotatedToken(self.registry, team=team, enterprise=enterprise, on_read=partial(self._meet, team))
            self._made[team], self._tokens[team] = self.make(token), token
        if enterprise:
            self._tokens[team].enterprise = enterprise
        return self._made[team]

    def _meet(self, team: str, installed: Installed) -> None:
        identity = Identity(
            team_id=team,
            enterprise_id=installed.enterprise,
            url=installed.url,
            user_id=installed.bot_user,
            bot_id=installed.bot_id,
        )
        acts_for = team if installed.is_enterprise_install else None
        self._made[team].set_identity(identity, scopes=installed.scopes, acts_for=acts_for)

    async def find(self, *, team: str | None, enterprise: str | None, is_enterprise_install: bool) -> Workspace | None:
        """Return the workspace of the installation that a request names; None if there is none."""
        place = enterprise if is_enterprise_install or not team else team
        found = await self.registry.database.read(lambda tx: installations.at(tx, place)) if place else None
        if found is None:
            _log.warning("workspace_unknown")
            return None
        return self._met(found, team=team or "")

    def _met(self, installed: Installed, *, team: str) -> Workspace:
        workspace = self.of(team=team, enterprise=installed.enterprise)
        self._meet(team, installed)
        return workspace

    async def places(self) -> Sequence[str]:
        """Return the team or enterprise of every installation."""
        return [installed.place for installed in await self.registry.database.read(installations.everywhere)]

    async def sites(self, place: str) -> Sequence[Site]:
        """Return the team that installed the app, or an enterprise's teams that did not install it themselves."""
        found = await self.registry.database.read(lambda tx: installations.at(tx, place))
        if found is None:
            return ()
        if not found.is_enterprise_install:
            return [self._site(found, place)]
        given = await self._met(found, team=place).teams()
        return [self._site(found, team) for team in await self.registry.database.read(partial(_not_installed, given))]

    def _site(self, installed: Installed, team: str) -> Site:
        workspace = self._met(installed, team=team)
        return Site(
            workspace=workspace,
            team=team,
            enterprise=installed.enterprise,
            organisation=installed.enterprise if installed.is_enterprise_install else None,
            since=installed.installed_at,
        )

    async def are_gone(self, places: Sequence[str]) -> Mapping[str, bool]:
        """Return for each place whether no installation opens it any more; delete tokens of removed installations."""
        gone: dict[str, bool] = {}
        for place in places:
            found = await self.registry.database.read(partial(installations.that_open, place=place))
            opens = [await self._opens(installed, place) for installed in found]
            if True in opens or None not in opens:
                gone[place] = True not in opens
        return gone

    async def _opens(self, installed: Installed, place: str) -> bool | None:
        """Return whether the installation opens the place; None if Slack does not tell now.

        An enterprise may have taken the app away from a team.
        """
        workspace = self._met(installed, team=installed.place)
        if installed.place != place:
            try:
                return place in await workspace.teams()
            except SlackNotAuthorised as error:
                return False if error.is_removal else None
            except (SlackUnavailable, SlackRefused):
                return None
        accepted = await is_accepted(workspace)
        if accepted is False:
            await self._drop(installed)
        return accepted

    async def _drop(self, installed: Installed) -> None:
        before = installed.installed_at + SECOND
        await self.registry.database.write(lambda tx: installations.remove(tx, installed.place, before=before))

    def removed(self, tx: Transaction, *, place: str, at: datetime, certain: bool) -> None:
        """Delete the tokens at once if that is `certain` or they are not rotated.

        Rotated tokens, and those installed since, are deleted only if `are_gone` finds that the app was removed.
        """
        found = installations.at(tx, place)
        if certain or (found is not None and found.refresh_token is None):
            installations.remove(tx, place, before=at - CLOCKS)

    @property
    def is_within_reach(self) -> bool:
        """Whether Slack answers for any workspace; True if none was asked yet."""
        asked = [workspace for workspace in self._made.values() if workspace.identity is not None]
        return not asked or any(workspace.is_within_reach for workspace in asked)

    async def introduce(self) -> None:
        """Do nothing: a workspace whose token is refused must not keep others waiting."""

    async def keep_in_touch(self) -> None:
        """Ask one workspace after the other until one answers; raise the last error if none does."""
        trouble: SlackUnavailable | SlackRefused | None = None
        for workspace in list(self._made.values()):
            if self.is_within_reach:
                return
            try:
                await workspace.identify(refresh=True)
            except (SlackUnavailable, SlackRefused) as error:
                trouble = error
        if trouble is not None:
            raise trouble

    async def close(self) -> None:
        """Wait for token rotations under way: Slack gives the new tokens only once."""
        await asyncio.gather(*(token.settled() for token in self._tokens.values()))

    def serve(self, server: web.Application) -> None:
        """Serve the pages through which people install the app."""
        flow.register(server, self._settings, self.registry)

    async def keep(self) -> None:
        """Encrypt with the first key those tokens that are encrypted with an earlier key."""
        cipher = self.registry.cipher
        for installed in await self.registry.database.read(installations.everywhere):
            if cipher.is_current(installed.token):
                continue
            try:
                token, refresh_token = self._reencrypted(installed)
            except SlackNotAuthorised as error:
                _log.error("token_reencryption_failed", place=installed.place, error=str(error))
                continue
            await self.registry.database.write(
                partial(
                    installations.reencrypt,
                    seen=installed,
                    token=token,
                    refresh_token=refresh_token,
                    now=self.registry.clock(),
                )
            )

    def _reencrypted(self, installed: Installed) -> tuple[Encrypted, Encrypted | None]:
        cipher, place = self.registry.cipher, installed.place
        token, refresh_token = (
            cipher.encrypt(cipher.decrypt(encrypted, place=place), place=place) if encrypted is not None else None
            for encrypted in (installed.token, installed.refresh_token)
        )
        return token or installed.token, refresh_token


def _not_installed(teams: Sequence[str], tx: Transaction) -> list[str]:
    return [team for team in teams if installations.at(tx, team) is None]
