"""One simulated process of the bot: the real worker, housekeeping, listeners and webhook route on a `Host`.

It is wired like `bot.app`; only what communicates with the outside is simulated.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from bot.background.housekeeping import Housekeeping
from bot.clock import Clock
from bot.metrics import Metrics
from bot.settings.model import Settings
from bot.slack.downloads import Downloads
from bot.slack.errors import SlackUnavailable
from bot.slack.tokens import StaticToken
from bot.slack.workspace import Workspace
from bot.slack.workspaces import OneWorkspace
from bot.worker.claim import LEASE
from bot.worker.loop import Worker
from bot.worker.rate_limits import RateLimits
from bot.worker.retries import EXPECTED
from bot.worker.spool import Spool
from bot.worker.tools import Tools
from handlers import audio, webhooks
from handlers.listener import Event, Installation, Listener
from storage import claiming
from storage.database import StorageUnavailable, Transaction
from storage.job import JobState
from tests.simulation.faults import Call
from tests.simulation.host import BrokenOff, Host, TooMany, Unreached
from tests.simulation.invariants import Witness
from tests.simulation.pretended_providers import Asked, CallingBack, Provider, seconds_of
from tests.simulation.pretended_slack import PretendedSlack, SlackLine, UploadLine
from tests.simulation.shared_database import Disk, Handle
from transcription.apart import Apart
from transcription.audio import Converted
from transcription.errors import Unavailable
from transcription.transcriber import Transcriber

BOT = "U0BOT"
TEAM = "T1"

Json = dict[str, Any]


class _AtOnce(Apart):
    """Does the work in this process: virtual time would not wait for a real one."""

    async def do(
        self, module: str, request: Mapping[str, object], payload: bytes, *, memory: int = 0
    ) -> tuple[dict[str, object], bytes]:
        del memory
        answer: tuple[dict[str, object], bytes] = import_module(module).work(json.loads(json.dumps(request)), payload)
        return answer


class _Watching(Metrics):
    """Hears of every step that failed: an error that nobody expects is a bug, whatever the worker makes of it."""

    def __init__(self, witness: Witness) -> None:
        super().__init__()
        self._witness = witness

    def step_failed(self, state: JobState, error: Exception, *, given_up: bool) -> None:
        if not isinstance(error, EXPECTED):
            raise self._witness.fail(f"a bug while {state}: {error!r}") from error
        super().step_failed(state, error, given_up=given_up)


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What outlives a process."""

    disk: Disk
    slack: PretendedSlack
    provider: Provider
    witness: Witness
    settings: Settings


class _Downloads(Downloads):
    def __init__(self, slack: PretendedSlack, host: Host) -> None:
        self._slack = slack
        self._host = host

    async def fetch(self, address: str, target: Path, *, largest: int) -> None:
        del largest
        file = address.rsplit("/", 1)[-1]
        try:
            sound = await self._host.call(Call.DOWNLOAD, lambda: self._slack.recordings[file].sound, partner="slack")
        except (Unreached, BrokenOff, TooMany, TimeoutError) as error:
            raise SlackUnavailable(f"download: {type(error).__name__}") from None
        target.write_text(sound)  # noqa: ASYNC240 - virtual time stands still meanwhile


class _Listeners:
    """Keeps what `handlers.audio` registers."""

    def __init__(self) -> None:
        self.heard: dict[str, Listener] = {}

    def listen_directly(self, event_type: str, listener: Listener) -> None:
        self.heard[event_type] = listener


async def _deaf(event: Event, place: Installation) -> None:
    """Nothing is deleted in this world."""


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def iter_any(self) -> AsyncIterator[bytes]:
        yield self._content


class Process:
    """A running bot on its own machine. `wall` is the machine's clock."""

    def __init__(self, host: Host, around: Surroundings, *, spool: Path, wall: Callable[[], datetime]) -> None:
        self.host = host
        self._around = around
        self.database = Handle(around.disk, host)
        self.clock = Clock(wall=wall, monotonic=host.loop.time)
        self.tools = self._tools(spool)
        self.worker = Worker(self.tools, clock=self.clock)
        self._listeners = _Listeners()
        audio.register(self._listeners, database=self.database, clock=self.clock, deleted=_deaf)
        self._route = self._webhook_route()
        self.life = host.loop.create_task(self._live(), name="life")

    def holds(self) -> frozenset[str]:
        """The jobs that this process believes to have in hand."""
        tasks = [task.get_name() for task in asyncio.all_tasks(self.host.loop)] if self.host.is_alive else []
        return frozenset(name.removeprefix("job ") for name in tasks if name.startswith("job "))

    def hear(self, name: str, event: Json) -> asyncio.Task[None]:
        """Slack calls with an event; the task fails where the answer would be a 500."""
        place = Installation(team=TEAM, enterprise=None, bot_user=BOT)
        return self._begin(self._listeners.heard[name](event, place))

    def take_webhook(self, body: bytes) -> asyncio.Task[web.StreamResponse]:
        """The provider calls."""
        request = SimpleNamespace(
            match_info={"provider": self._around.provider.name},
            query={"token": "right"},
            headers={},
            content=_Body(body),
        )
        return self._begin(self._route(cast(web.Request, request)))

    def _begin(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = self.host.loop.create_task(work)
        self.host.loop.deliver(lambda: None)
        return task

    async def _live(self) -> None:
        house = Housekeeping(self.tools, clock=self.clock)
        while True:  # a bot that finds no database ends, and is started again
            try:
                await house.set_clock()
                await self._take_over()
                await self.tools.spool.prepare(self.database)
                break
            except StorageUnavailable:
                await asyncio.sleep(1)
        self.database.on_due(self.worker.wake)
        keeping = asyncio.create_task(house.run())
        try:
            await self.worker.run()
        finally:
            keeping.cancel()

    async def _take_over(self) -> None:
        if self.database.is_shared:
            return

        def work(tx: Transaction) -> None:
            claiming.void_leases(tx, now=self.clock())
            claiming.poll_now(tx, now=self.clock())
            claiming.pull_back(tx, now=self.clock(), lease=LEASE)

        await self.database.write(work)

    def _tools(self, spool: Path) -> Tools:
        host, around = self.host, self._around
        made = {"botlhale": Asked, "gowajee": CallingBack}[around.provider.name]

        def sending(job: str) -> int:
            return around.witness.sending(host, job)

        def acting(mark: str, files: tuple[str, ...]) -> None:
            around.witness.acting(host, mark=mark, files=files)

        metrics = _Watching(around.witness)
        transcriber = cast(Transcriber, made(around.provider, host, clock=self.clock, on_send=sending))
        return Tools(
            database=self.database,
            workspaces=OneWorkspace(
                Workspace(
                    client=SlackLine(around.slack, host, on_act=acting),
                    session=cast(aiohttp.ClientSession, UploadLine(around.slack, host)),
                    token=StaticToken(SecretStr("xoxb-pretended")),
                    downloads=_Downloads(around.slack, host),
                    metrics=metrics,
                )
            ),
            transcribers={transcriber.name: transcriber},
            spool=Spool(spool),
            convert=self._convert,
            limits=RateLimits(),
            settings=around.settings,
            clock=self.clock,
            conversions=asyncio.Semaphore(2),
            metrics=metrics,
            apart=_AtOnce(),
        )

    async def _convert(
        self, source: Path, target: Path, /, *, sample_rate: int, longest: timedelta | None, stereo: bool
    ) -> Converted:
        del sample_rate, longest, stereo
        sound = source.read_text()  # noqa: ASYNC240 - virtual time stands still meanwhile

        def write() -> None:
            if target.parent.is_dir():
                target.write_text(sound)

        try:
            await self.host.call(Call.CONVERT, write, partner="codec")
        except (Unreached, TimeoutError):
            raise Unavailable("no room on the disk") from None
        return Converted(duration=timedelta(seconds=seconds_of(sound)), damaged=False)

    def _webhook_route(self) -> Callable[[web.Request], Any]:
        app = web.Application()
        providers = cast(
            Mapping[str, Any],
            {name: made for name, made in self.tools.transcribers.items() if isinstance(made, CallingBack)},
        )
        webhooks.register(app, providers=providers, database=self.database, clock=self.clock)
        return next(iter(app.router.routes())).handler
