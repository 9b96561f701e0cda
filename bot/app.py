"""The composition root: opens everything, wires it, runs it in one task group, and shuts it down in order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
import httpx
import structlog
from aiohttp import web
from slack_bolt.async_app import AsyncApp

from bot.catalog import make_hosting, make_transcribers
from bot.downloads import Downloads
from bot.rate_limits import RateLimits
from bot.server import Listening, make_server, serve_slack
from bot.settings import REQUEST_TIMEOUT, Settings, SettingsProblem
from bot.slack_app import make_app, slack_client
from bot.slack_errors import SlackNotAuthorised, SlackRefused, SlackUnavailable
from bot.socket_mode import SocketMode
from bot.spool import Spool
from bot.tools import Tools
from bot.worker import Worker
from bot.workspace import Workspace
from handlers import audio, commands, health, recordings, webhooks
from storage import jobs
from storage.database import Database, SQLite, Transaction
from storage.migrations import migrate
from transcription.transcriber import CallsBack

_log = structlog.get_logger()


def now() -> datetime:
    """The clock of a running bot."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bot:
    """A wired bot, not yet at work."""

    settings: Settings
    tools: Tools
    worker: Worker
    listening: Listening
    socket: SocketMode | None

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        async with asyncio.TaskGroup() as group:
            background = [group.create_task(self._get_to_know_slack()), group.create_task(self.worker.keep_house())]
            if self.socket is not None:
                background.append(group.create_task(self.socket.run()))
            worker = group.create_task(self.worker.run())
            await stop.wait()
            for task in background:
                task.cancel()
            self.worker.stop()
            await worker

    async def _get_to_know_slack(self) -> None:
        """Slack may be away when we start; what is shared meanwhile is delivered again."""
        while self.tools.workspace.identity is None:
            try:
                await self.tools.workspace.identify()
            except (SlackUnavailable, SlackRefused) as error:
                _log.warning("slack not reached", error=str(error))
                await asyncio.sleep(5)


@asynccontextmanager
async def open_database(settings: Settings, *, own: bool, newest: bool = True) -> AsyncIterator[Database]:
    """The database of the settings; where we own it, brought to the `newest` schema."""
    database = await SQLite.open(settings.database_path, own=own)
    try:
        if own and newest:
            await migrate(database)
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def open_tools(
    settings: Settings, *, database: Database, clock: Callable[[], datetime] = now
) -> AsyncIterator[Tools]:
    """Everything that a step uses; closes it afterwards."""
    token = settings.slack_bot_token
    if token is None:
        raise SettingsProblem(settings.slack_problems())
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT.total_seconds()))
        )
        timeout = httpx.Timeout(REQUEST_TIMEOUT.total_seconds())
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=timeout, follow_redirects=False))
        transcribers = make_transcribers(settings, client=client, clock=clock)
        for transcriber in transcribers.values():
            stack.push_async_callback(transcriber.close)
        slack = slack_client(settings, token=token.get_secret_value())
        slack.session = session
        yield Tools(
            database=database,
            workspace=Workspace(client=slack, session=session),
            downloads=Downloads(session=session, token=token, origins=settings.slack_file_origins),
            transcribers=transcribers,
            spool=Spool(settings.spool),
            limits=RateLimits(),
            settings=settings,
            clock=clock,
            conversions=asyncio.Semaphore(settings.conversions),
        )


@asynccontextmanager
async def open_bot(settings: Settings) -> AsyncIterator[Bot]:
    """Open and wire a whole bot. Raises `SettingsProblem`, `AlreadyOwned`, `StorageUnavailable`, `OSError`."""
    problems = [*settings.slack_problems(), *settings.provider_problems()]
    if problems:
        raise SettingsProblem(problems)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings, own=True))
        await database.write(_take_over)
        tools = await stack.enter_async_context(open_tools(settings, database=database))
        await tools.spool.prepare(database)
        await _introduce(tools.workspace)
        worker = Worker(tools)
        app, socket = _slack_side(settings, tools, worker)
        server = make_server()
        if settings.slack_signing_secret is not None:
            serve_slack(server, app)
        _other_routes(server, tools=tools, worker=worker, socket=socket)
        listening = await _listen(server, settings)
        stack.push_async_callback(listening.stop)
        yield Bot(settings=settings, tools=tools, worker=worker, listening=listening, socket=socket)


async def _listen(server: web.Application, settings: Settings) -> Listening:
    try:
        return await Listening.start(server, host=settings.http_host, port=settings.http_port)
    except OSError as error:
        where = f"{settings.http_host}:{settings.http_port}"
        raise SettingsProblem([f"HTTP_HOST, HTTP_PORT: cannot listen on {where} ({error.strerror})"]) from None


def _take_over(tx: Transaction) -> None:
    # Whatever was in hand when the last process ended is in nobody's hand now: this one owns the file.
    jobs.void_leases(tx, now=now())
    jobs.look_again(tx, now=now())


async def _introduce(workspace: Workspace) -> None:
    try:
        await workspace.identify()
    except SlackNotAuthorised as error:
        raise SettingsProblem(
            [f"SLACK_BOT_TOKEN: Slack refused it ({error}); copy it again from the app's page"]
        ) from None
    except (SlackUnavailable, SlackRefused) as error:
        _log.warning("slack not reached", error=str(error))  # later, then


def _slack_side(settings: Settings, tools: Tools, worker: Worker) -> tuple[AsyncApp, SocketMode | None]:
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else None
    app = make_app(settings, client=slack_client(settings, token=None), workspace=tools.workspace)
    audio.register(app, database=tools.database, clock=tools.clock, wake=worker.wake)
    commands.register(
        app,
        database=tools.database,
        clock=tools.clock,
        provider_title=lambda job: tools.transcriber_of(job).title,
        workspace_url=lambda: tools.workspace.identity.url if tools.workspace.identity else "",
    )
    if settings.slack_app_token is None:
        return app, None
    app_token = settings.slack_app_token.get_secret_value()
    return app, SocketMode(app, app_token=app_token, client=lambda: slack_client(settings, token=token))


def _other_routes(server: web.Application, *, tools: Tools, worker: Worker, socket: SocketMode | None) -> None:
    providers = {name: made for name, made in tools.transcribers.items() if isinstance(made, CallsBack)}
    webhooks.register(server, providers=providers, database=tools.database, clock=tools.clock, wake=worker.wake)
    hosting = make_hosting(tools.settings)
    if hosting is not None:
        recordings.register(server, find=hosting.find)
    checks = {"worker": lambda: worker.is_alive, "slack": lambda: tools.workspace.identity is not None}
    if socket is not None:
        checks["socket"] = lambda: socket.is_connected
    health.register(server, database=tools.database, checks=checks)


async def run(settings: Settings) -> None:
    """Run the bot until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with open_bot(settings) as bot:
        mode = "socket" if settings.socket_mode else "http"
        _log.info("ready", mode=mode, port=bot.listening.port, transcriber=settings.transcriber)
        await bot.run(stop)
        _log.info("stopping")
