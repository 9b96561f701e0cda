"""The composition root: opens everything, wires it, runs it in one task group, and shuts it down in order."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

import aiohttp
import structlog

from bot.background.catching_up import CatchingUp
from bot.background.home_pages import HomePages
from bot.background.housekeeping import Housekeeping
from bot.catalog import open_transcribers
from bot.clock import AGREED, Clock, wall_time
from bot.database import open_database
from bot.metered import metered
from bot.metrics import Metrics
from bot.oauth.many_workspaces import many_workspaces
from bot.settings.checks import provider_problems, slack_problems
from bot.settings.model import Settings, SettingsProblem
from bot.settings.reference_speakers import refused_voices
from bot.slack.errors import SlackRefused, SlackUnavailable
from bot.slack.socket_mode.socket_mode import SocketMode
from bot.slack.socket_mode.timings import TIMINGS, Timings
from bot.slack.tokens import StaticToken
from bot.slack.workspaces import OneWorkspace, Workspaces, make_workspace
from bot.web.connections import allow_open_files
from bot.web.server import Listening, make_server
from bot.web.session import new_session
from bot.wiring import listen, listen_to_slack, receive_webhooks, serve_health, serve_metrics
from bot.worker.claim import LEASE
from bot.worker.loop import Worker
from bot.worker.provider_facts import recall_facts
from bot.worker.rate_limits import RateLimits
from bot.worker.retries import EXPECTED
from bot.worker.spool import Spool
from bot.worker.tools import Tools
from handlers.health import Check
from storage import claiming, installations
from storage.database import Database, StorageUnavailable, Transaction
from transcription.apart import Apart
from transcription.audio import convert

RETRY_SLACK_EVERY = timedelta(seconds=5)
"""Between two calls while Slack does not answer."""

_log = structlog.get_logger()

Role = Literal["web", "worker"]
"""What a process does where several share the work: receive events and webhooks, or work on jobs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bot:
    """A wired bot that does not run yet. With the role `web` it has no worker, with `worker` no socket."""

    settings: Settings
    tools: Tools
    worker: Worker | None
    house: Housekeeping
    listening: Listening
    socket: SocketMode | None
    catching_up: CatchingUp | None
    homes: HomePages | None

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        async with asyncio.TaskGroup() as group:
            background = [group.create_task(keep_in_touch(self.tools.workspaces)), group.create_task(self.house.run())]
            if self.catching_up is not None:
                background.append(group.create_task(self.catching_up.run()))
            if self.homes is not None:
                background.append(group.create_task(self.homes.run()))
            if self.socket is not None:
                background.append(group.create_task(self.socket.run()))
            if self.worker is not None:
                group.create_task(self.worker.run())
            await stop.wait()
            for task in background:
                task.cancel()
            if self.worker is not None:
                self.worker.stop()


async def keep_in_touch(workspaces: Workspaces) -> None:
    """Call Slack until it answers, at the start and after an outage. Slack repeats the events of the meantime."""
    while True:
        try:
            await workspaces.keep_in_touch()
        except (SlackUnavailable, SlackRefused, StorageUnavailable) as error:
            _log.warning("slack_unreachable", error=str(error))
        await asyncio.sleep(RETRY_SLACK_EVERY.total_seconds())


@asynccontextmanager
async def open_tools(
    settings: Settings, *, database: Database, clock: Callable[[], datetime] = wall_time
) -> AsyncIterator[Tools]:
    """Open everything that a step uses; close it at the end."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(_session(settings, clock))
        apart = Apart()
        transcribers = await stack.enter_async_context(open_transcribers(settings, clock=clock, apart=apart))
        metrics = Metrics(providers=transcribers, expected=EXPECTED)
        workspaces = _workspaces(settings, session=session, metrics=metrics, database=database, clock=clock)
        stack.push_async_callback(workspaces.close)
        yield Tools(
            database=database,
            workspaces=workspaces,
            transcribers={name: metered(made, metrics) for name, made in transcribers.items()},
            spool=Spool(settings.spool),
            convert=convert,
            limits=RateLimits(),
            settings=settings,
            clock=clock,
            conversions=asyncio.Semaphore(settings.conversions),
            metrics=metrics,
            apart=apart,
        )


def _session(settings: Settings, clock: Callable[[], datetime]) -> aiohttp.ClientSession:
    if not isinstance(clock, Clock):
        return new_session()
    return new_session(api_url=settings.slack_api_url, on_time=partial(_compare, clock, []))


def _compare(clock: Clock, told: list[bool], moment: datetime) -> None:
    """Compare the clock with Slack's; tell once that they differ, and again after they agreed."""
    ahead = clock.compare(moment)
    if abs(ahead) <= AGREED:
        told.clear()
    elif not told:
        told.append(True)
        _log.warning("clock_differs", seconds=round(ahead.total_seconds()))


def _workspaces(
    settings: Settings,
    *,
    session: aiohttp.ClientSession,
    metrics: Metrics,
    database: Database,
    clock: Callable[[], datetime],
) -> Workspaces:
    if settings.is_for_many:
        return many_workspaces(settings, session=session, metrics=metrics, database=database, clock=clock)
    if settings.slack_bot_token is None:
        raise SettingsProblem(slack_problems(settings))
    token = StaticToken(settings.slack_bot_token)
    return OneWorkspace(make_workspace(settings, session=session, metrics=metrics, token=token))


@asynccontextmanager
async def open_bot(settings: Settings, *, only: Role | None = None) -> AsyncIterator[Bot]:
    """Open everything and wire a bot, or with `only` one role of it.

    Raises `SettingsProblem`, `AlreadyOwned`, `StorageUnavailable`, `OSError`.
    """
    await check_settings(settings, only=only)
    clock = Clock()
    async with (
        open_database(settings, own=True) as database,
        open_tools(settings, database=database, clock=clock) as tools,
        wire(tools, clock=clock, only=only) as bot,
    ):
        yield bot


async def check_settings(settings: Settings, *, only: Role | None = None) -> None:
    """Raise `SettingsProblem` with everything that is missing or wrong to run a bot."""
    problems = [*slack_problems(settings), *provider_problems(settings), *_role_problems(settings, only)]
    problems += await refused_voices(settings)
    if problems:
        raise SettingsProblem(problems)


@asynccontextmanager
async def wire(
    tools: Tools, *, clock: Clock, only: Role | None = None, timings: Timings = TIMINGS
) -> AsyncIterator[Bot]:
    """Wire a bot from open tools. Raises `StorageUnavailable`, `SettingsProblem`, `OSError`."""
    settings, database = tools.settings, tools.database
    async with AsyncExitStack() as stack:
        house = Housekeeping(tools, clock=clock)
        await house.set_clock()
        await _take_over(database, clock)
        await recall_facts(tools.transcribers.values(), database)
        await tools.spool.prepare(database)
        await tools.workspaces.introduce()
        worker = None if only == "web" else Worker(tools, clock=clock)
        if worker is not None:
            database.on_due(worker.wake)
        server, socket, catching_up, homes = make_server(), None, None, None
        if only != "worker":
            homes = HomePages(tools)
            catching_up = CatchingUp(tools)
            socket = listen_to_slack(
                server, tools, homes=homes, lost=catching_up.lost, heard=catching_up.heard, timings=timings
            )
            catching_up.hears = _hearing(socket)
            await catching_up.vouch()
            stack.push_async_callback(catching_up.sign_off)  # once nothing listens any more
            receive_webhooks(server, tools)
        checks = _checks(tools, worker=worker, socket=socket)
        serve_health(server, tools, checks=checks)
        await stack.enter_async_context(serve_metrics(server, tools, checks=checks))
        listening = await listen(server, settings)
        stack.push_async_callback(listening.stop)
        yield Bot(
            settings=settings,
            tools=tools,
            worker=worker,
            house=house,
            listening=listening,
            socket=socket,
            catching_up=catching_up,
            homes=homes,
        )


def _hearing(socket: SocketMode | None) -> Callable[[], bool]:
    """Return a check whether Slack's events reach us: over HTTP always, because Slack repeats them for a while."""
    return lambda: socket is None or socket.is_connected


def _checks(tools: Tools, *, worker: Worker | None, socket: SocketMode | None) -> dict[str, Check]:
    checks: dict[str, Check] = {"slack": lambda: tools.workspaces.is_within_reach}
    if worker is not None:
        checks |= {"worker": lambda: worker.is_alive, "spool": tools.spool.has_room}
    if socket is not None:
        checks["socket"] = lambda: socket.is_connected
    return checks


def _role_problems(settings: Settings, only: Role | None) -> list[str]:
    if only is None or settings.database_path is None:
        return []
    return [f"DATABASE_URL: a SQLite file has one process; for --only {only} set it to postgresql://…"]


async def _take_over(database: Database, clock: Clock) -> None:
    """Release the leases and rotations of the process before, if only one process uses the database."""
    if database.is_shared:
        return  # the jobs of a process that died are claimed again when their leases expire

    def work(tx: Transaction) -> None:
        claiming.void_leases(tx, now=clock())
        claiming.poll_now(tx, now=clock())
        claiming.pull_back(tx, now=clock(), lease=LEASE)
        installations.void_rotations(tx)

    await database.write(work)


async def run(settings: Settings, *, only: Role | None = None) -> None:
    """Run the bot, or with `only` one role of it, until SIGTERM, SIGINT or SIGHUP."""
    allow_open_files()
    with stopped_by_signals() as stop:
        async with open_bot(settings, only=only) as bot:
            await serve(bot, stop, role=only or "web and worker")


@contextmanager
def stopped_by_signals() -> Iterator[asyncio.Event]:
    """Yield an event that SIGTERM, SIGINT and SIGHUP set; SIGHUP not where `nohup` made the process deaf to it."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    hung_up = [] if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else [signal.SIGHUP]
    for number in (signal.SIGTERM, signal.SIGINT, *hung_up):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    yield stop


async def serve(bot: Bot, stop: asyncio.Event, *, role: str) -> None:
    """Run a bot until `stop` is set; log the start and the end."""
    mode = "socket" if bot.settings.socket_mode else "http"
    _log.info("ready", role=role, mode=mode, port=bot.listening.port, transcriber=bot.settings.transcriber)
    # The collector need not look through what lasts as long as the process: with each transcript it held up the loop.
    gc.freeze()
    await bot.run(stop)
    _log.info("stopping")
