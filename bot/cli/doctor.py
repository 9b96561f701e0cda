"""`threadscribe doctor`: checks the setup and says how to fix it. Changes nothing, sends no audio."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import aiohttp
from rich.console import Console
from rich.text import Text

from bot.catalog import open_transcribers
from bot.cli.doctor_events import examine_events
from bot.cli.doctor_folding import examine_folding
from bot.cli.doctor_many import examine_many
from bot.cli.doctor_model import examine_model
from bot.cli.doctor_options import examine_options
from bot.cli.findings import Finding, Verdict
from bot.cli.unreachable import unreachable
from bot.clock import wall_time
from bot.database import open_database
from bot.settings.checks import provider_problems, slack_problems
from bot.settings.model import Settings
from bot.slack.client import slack_client
from bot.slack.errors import SDK_ERRORS, SlackNotAuthorised, SlackRefused, SlackUnavailable, translate
from bot.slack.manifest import OPTIONAL_SCOPES, REQUIRED_SCOPES
from bot.slack.tokens import StaticToken
from bot.slack.workspaces import make_workspace
from bot.web.session import new_session
from bot.worker.provider_facts import recall_facts
from storage import claiming
from storage.database import DatabaseUnsuitable, StorageUnavailable
from storage.sqlite import refuse_without_search
from transcription.errors import Misunderstood, NotAuthorised, QuotaSpent, TranscriptionError, Unavailable
from transcription.transcriber import CallsBack, Handle, Inquiry, Transcriber

MARKS: dict[Verdict, tuple[str, str]] = {"good": ("✓", "green"), "note": ("!", "yellow"), "bad": ("✗", "red")}
SPACE = 5 * 1024**3
"""Bytes: enough for two of the largest recordings and their conversions."""


async def examine(settings: Settings) -> int:
    """Print every finding; return 1 if one is bad, else 0."""
    console = Console()
    found = [finding async for finding in _findings(settings)]
    for finding in found:
        mark, colour = MARKS[finding.verdict]
        console.print(Text.assemble((mark, colour), " ", finding.what), soft_wrap=True)
        if finding.fix:
            console.print(Text.assemble("  → ", finding.fix), soft_wrap=True)
    return 1 if any(finding.verdict == "bad" for finding in found) else 0


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    for problem in [*slack_problems(settings), *provider_problems(settings)]:
        name, _, fix = problem.partition(": missing; ")
        yield Finding(verdict="bad", what=f"{name} is missing", fix=fix)
    async for finding in _slack(settings):
        yield finding
    yield await _database(settings)
    unheard = await examine_events(settings)
    if unheard is not None:
        yield unheard
    yield await examine_folding(settings)
    yield await asyncio.to_thread(_disk, settings)
    async for finding in _provider(settings):
        yield finding


async def _slack(settings: Settings) -> AsyncIterator[Finding]:
    if settings.is_for_many:
        async for finding in examine_many(settings):
            yield finding
        async with new_session() as session:
            yield await _way_in(settings, session)
        return
    if settings.slack_bot_token is None:
        return
    async with new_session() as session:
        workspace = make_workspace(settings, session=session, token=StaticToken(settings.slack_bot_token))
        try:
            identity = await workspace.identify()
        except (SlackNotAuthorised, SlackRefused) as error:
            yield Finding(
                verdict="bad",
                what=f"Slack refuses the bot token ({error})",
                fix="copy SLACK_BOT_TOKEN again from OAuth & Permissions on the app's page",
            )
            return
        except SlackUnavailable as error:
            yield unreachable("Slack", error, fault=error.fault, setting="SLACK_API_URL")
            return
        yield Finding(verdict="good", what=f"Slack knows the bot in {identity.url or identity.team_id}")
        for finding in _scopes(workspace.scopes.told):
            yield finding
        yield await _way_in(settings, session)


def _scopes(granted: frozenset[str] | None) -> list[Finding]:
    if granted is None:
        return [
            Finding(
                verdict="note",
                what="Slack did not tell which scopes the app has",
                fix="compare OAuth & Permissions on the app's page with `threadscribe manifest`",
            )
        ]
    missing = [
        Finding(
            verdict="bad",
            what=f"scope {scope} is missing, so the bot cannot {purpose}",
            fix="update the app from `threadscribe manifest` and reinstall it",
        )
        for scope, purpose in REQUIRED_SCOPES.items()
        if scope not in granted
    ]
    off = [
        Finding(verdict="note", what=f"optional scope {scope} is off, so the bot does not {purpose}")
        for scope, purpose in OPTIONAL_SCOPES.items()
        if scope not in granted
    ]
    return missing or [Finding(verdict="good", what="every required scope is granted"), *off]


async def _way_in(settings: Settings, session: aiohttp.ClientSession) -> Finding:
    if settings.slack_app_token is None:
        address = f"{settings.public_url}/slack/events" if settings.public_url else "https://YOUR-HOST/slack/events"
        return Finding(
            verdict="note" if settings.public_url is None else "good",
            what=f"HTTP mode: Slack must reach {address}",
            fix="set PUBLIC_URL, and give this address in the manifest" if settings.public_url is None else None,
        )
    client = slack_client(settings)
    client.session = session
    try:
        await client.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
    except SDK_ERRORS as error:
        trouble = translate("apps.connections.open", error)
        if isinstance(trouble, SlackUnavailable) and not isinstance(trouble, SlackNotAuthorised):
            return unreachable("Socket Mode", trouble, fault=trouble.fault, setting="SLACK_API_URL")
        return Finding(
            verdict="bad",
            what=f"Socket Mode is refused ({trouble})",
            fix="make an app-level token with connections:write and set SLACK_APP_TOKEN to it",
        )
    return Finding(verdict="good", what="Socket Mode is open to the bot")


async def _database(settings: Settings) -> Finding:
    path = settings.database_path
    try:
        if path is not None:
            refuse_without_search()
            if not await asyncio.to_thread(path.exists):
                return Finding(
                    verdict="note", what=f"no database yet; `threadscribe run` makes {settings.database_url}"
                )
        async with open_database(settings, own=False) as database:
            due = await database.read(claiming.next_due)
    except DatabaseUnsuitable as error:
        return Finding(verdict="bad", what=error.what, fix=error.fix)
    except StorageUnavailable as error:
        return Finding(verdict="bad", what=f"the database does not answer ({error})", fix="check DATABASE_URL")
    return Finding(verdict="good", what="the database answers" + ("; jobs are waiting" if due else "; nothing waits"))


def _disk(settings: Settings) -> Finding:
    folder = settings.spool
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < SPACE:
        return Finding(
            verdict="note",
            what=f"{free // 1024**2:,} MB are free where recordings are kept while in work",
            fix="two of the largest recordings need 5 GB; set SPOOL_DIRECTORY to a larger disk",
        )
    return Finding(verdict="good", what=f"{free // 1024**3:,} GB are free where recordings are kept while in work")


async def _provider(settings: Settings) -> AsyncIterator[Finding]:
    async with open_transcribers(settings, clock=wall_time) as transcribers:
        transcriber = transcribers.get(settings.transcriber)
        if transcriber is None:
            return
        async for finding in examine_options(settings):
            yield finding
        if settings.transcriber == "embedded":
            for finding in await examine_model(settings.embedded_model, directory=settings.embedded_models_directory):
                yield finding
            return
        await _recall(transcriber, settings)
        trouble = await _trouble(transcriber, prefix=settings.transcriber.upper())
        if trouble is not None:
            yield trouble
            return
        if isinstance(transcriber, CallsBack) and not transcriber.can_be_asked:
            yield _by_webhook_only(settings, transcriber.title)
            yield _webhook(settings)
            return
        host = {"botlhale": settings.botlhale_base_url, "gowajee": settings.gowajee_base_url}[settings.transcriber]
        yield Finding(verdict="good", what=f"{transcriber.title} answers and knows the account, at {host}")
        if isinstance(transcriber, CallsBack):
            yield _webhook(settings)


async def _recall(transcriber: Transcriber, settings: Settings) -> None:
    """Load what the bot has stored about the provider, if there is a database."""
    path = settings.database_path
    if path is not None and not await asyncio.to_thread(path.exists):
        return
    with suppress(StorageUnavailable):  # `_database` reports it
        async with open_database(settings, own=False) as database:
            await recall_facts([transcriber], database)


def _by_webhook_only(settings: Settings, title: str) -> Finding:
    what = f"{title}: the status call was not seen: results come by webhook only, and the key could not be checked"
    if settings.public_url is None:
        return Finding(
            verdict="bad",
            what=f"{what}; without PUBLIC_URL nothing could ever come back",
            fix="set PUBLIC_URL to the https address of this server, and register the webhook there",
        )
    return Finding(verdict="note", what=what)


async def _trouble(transcriber: Transcriber, *, prefix: str) -> Finding | None:
    try:
        # Asking for a job that does not exist is free, and is answered only with valid credentials.
        await transcriber.check(Handle("threadscribe-doctor"), Inquiry(age=timedelta(0)))
    except (NotAuthorised, QuotaSpent) as error:
        what, fix = (
            f"{transcriber.title} refuses the account ({error})",
            f"check the {prefix}_ settings and the account",
        )
    except Unavailable as error:
        return unreachable(transcriber.title, error, fault=error.fault, setting=f"{prefix}_BASE_URL")
    except Misunderstood as error:
        what, fix = f"something else than {transcriber.title} seems to answer ({error})", f"check {prefix}_BASE_URL"
    except TranscriptionError:
        return None  # it answered, and accepts the account
    else:
        return None
    return Finding(verdict="bad", what=what, fix=fix)


def _webhook(settings: Settings) -> Finding:
    if settings.public_url is None:
        return Finding(
            verdict="note",
            what="PUBLIC_URL is not set: results are polled for, and recordings over 20 MB refused",
            fix="set PUBLIC_URL to the https address of this server",
        )
    where = f"{settings.public_url}/webhooks/{settings.transcriber}?token=…"
    return Finding(verdict="good", what=f"webhooks come in at {where}; this address must be registered there")
