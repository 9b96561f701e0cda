"""The checks of `threadscribe doctor` for many workspaces. Rotates no token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp

from bot.cli.findings import Finding
from bot.cli.unreachable import unreachable
from bot.database import open_database
from bot.oauth.token_encryption import TokenCipher
from bot.settings.checks import slack_problems
from bot.settings.model import Settings
from bot.slack.client import slack_client
from bot.slack.errors import (
    SDK_ERRORS,
    SlackNotAuthorised,
    SlackRefused,
    SlackTokenExpired,
    SlackUnavailable,
    translate,
)
from bot.slack.tokens import StaticToken
from bot.slack.workspaces import make_workspace
from bot.web.session import new_session
from handlers.install_pages import INSTALL
from storage import installations
from storage.database import StorageUnavailable
from storage.installations import Installed

_MADE_UP = "threadscribe-doctor"


async def examine_many(settings: Settings) -> AsyncIterator[Finding]:
    """Check the app's credentials at Slack, and that each installation's token opens its workspace."""
    if slack_problems(settings):
        return
    yield Finding(verdict="note", what=f"workspaces install the app at {settings.public_url}{INSTALL}")
    async with new_session() as session:
        yield await _app(settings, session)
        try:
            found = await _installations(settings)
        except StorageUnavailable:
            return  # `doctor` reports it with the database
        for installed in found:
            yield await _opened(settings, installed, session)
        if not found:
            yield Finding(verdict="note", what="no workspace has installed the app yet")


async def _installations(settings: Settings) -> list[Installed]:
    path = settings.database_path
    if path is not None and not await asyncio.to_thread(path.exists):
        return []
    async with open_database(settings, own=False) as database:
        return await database.read(installations.everywhere)


async def _app(settings: Settings, session: aiohttp.ClientSession) -> Finding:
    """Check the client id and secret with a made-up code: Slack checks them before the code."""
    client, secret = slack_client(settings), settings.slack_client_secret
    client.session = session
    trouble: Exception = SlackUnavailable("oauth.v2.access: not an answer")
    try:
        await client.oauth_v2_access(
            client_id=settings.slack_client_id or "",
            client_secret=secret.get_secret_value() if secret else "",
            code=_MADE_UP,
        )
    except SDK_ERRORS as error:
        trouble = translate("oauth.v2.access", error)
    if isinstance(trouble, SlackRefused) and trouble.code == "invalid_code":
        return Finding(verdict="good", what="Slack knows the app's client id and secret")
    if isinstance(trouble, SlackRefused | SlackNotAuthorised):
        return Finding(
            verdict="bad",
            what=f"Slack refuses the app's client id or secret ({trouble})",
            fix="copy SLACK_CLIENT_ID and SLACK_CLIENT_SECRET again from Basic Information on the app's page",
        )
    fault = trouble.fault if isinstance(trouble, SlackUnavailable) else None
    return unreachable("Slack", trouble, fault=fault, setting="SLACK_API_URL")


async def _opened(settings: Settings, installed: Installed, session: aiohttp.ClientSession) -> Finding:
    place, cipher = installed.place, TokenCipher(settings.token_key)
    try:
        token = cipher.decrypt(installed.token, place=place)
        await make_workspace(settings, session=session, token=StaticToken(token)).identify()
    except SlackTokenExpired:
        return Finding(verdict="note", what=f"the token of {place} has expired; it is exchanged when it is needed")
    except (SlackNotAuthorised, SlackRefused) as error:
        return Finding(
            verdict="bad",
            what=f"the installation of {place} does not open it ({error})",
            fix=f"check TOKEN_KEY, or have somebody there install the app again at {settings.public_url}{INSTALL}",
        )
    except SlackUnavailable as error:
        return Finding(verdict="bad", what=f"Slack does not answer about {place} ({error})", fix="try again in a while")
    if not cipher.is_current(installed.token):
        return Finding(
            verdict="note",
            what=f"Slack knows the bot in {place}; its token is still sealed with an earlier key, so leave that "
            "in TOKEN_KEY for now",
        )
    return Finding(verdict="good", what=f"Slack knows the bot in {place}")
