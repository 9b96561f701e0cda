"""Faults of the machine under a running bot (clock changes, a full disk), and the answer of `/readyz` to them."""

from __future__ import annotations

import asyncio
import io
import resource
import shutil
import subprocess
import time
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.app import Bot
from bot.clock import Clock
from bot.settings.model import Settings
from bot.worker.claim import LEASE
from bot.worker.tools import Convert, Tools
from sandbox.slack import Slack
from storage import claiming, job_lists
from storage.database import Transaction
from storage.job import Job
from storage.timestamps import stored
from tests.bot.opening import Around, opened
from tests.journeys.bench import Bench, botlhale_settings, settings_of
from transcription.audio import Converted

MINUTE = timedelta(minutes=1)

IN_TURN = timedelta(seconds=1.5)
"""Those that wait for the same come one after the other; so long the last of them may be due after the first."""


async def missing(bot: Bot) -> set[str]:
    """What `/readyz` misses; nothing when it says that the bot is ready."""
    address = f"http://127.0.0.1:{bot.listening.port}/readyz"
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        said = await answer.json()
        lacking = {name for name, good in said["checks"].items() if not good}
        assert (answer.status, said["ready"]) == ((503, False) if lacking else (200, True))
        return lacking


async def says(bot: Bot, *lacking: str) -> None:
    """Wait until `/readyz` misses exactly this; it looks at the database once a second."""
    async with asyncio.timeout(30):
        while await missing(bot) != set(lacking):  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.05)


class Site(Bench):
    """A bench on which something may be put between the bot and its tools."""

    around: Around = staticmethod(lambda tools: tools)
    clock: Clock | None = None

    async def start(self, **more: Any) -> Bot:
        """Start the bot (again)."""
        settings = settings_of(self.slack, self.folder, **(botlhale_settings(self.botlhale) | more))
        self.bot = await self._stack.enter_async_context(at_work(settings, self.slack, self.around, clock=self.clock))
        return self.bot

    async def tried(self) -> Job:
        """The newest job, once it has failed and waits for another try."""
        async with asyncio.timeout(30):
            while True:
                for job in (await self.jobs())[:1]:
                    if job.attempts and not job.lease:
                        return job
                await asyncio.sleep(0.02)


@asynccontextmanager
async def at_work(
    settings: Settings, slack: Slack, around: Around, *, clock: Clock | None = None
) -> AsyncIterator[Bot]:
    """The bot at work, as `bench.running` gives it, with `around` its tools; Slack may be away."""
    async with opened(settings, around=around, clock=clock) as bot:
        if settings.slack_signing_secret is not None:
            slack.events_url = f"http://127.0.0.1:{bot.listening.port}/slack/events"
        stop = asyncio.Event()
        work = asyncio.create_task(bot.run(stop))
        try:
            yield bot
        finally:
            stop.set()
            await work


class Machine:
    """A machine whose wall clock is moved by hand, and whose bot does not decode: recordings are WAV already."""

    def __init__(self, *, ahead: timedelta = timedelta(0)) -> None:
        self._ahead = ahead
        self._passed = timedelta(0)
        self.clock = Clock(wall=self._wall, monotonic=self._monotonic)

    def around(self, tools: Tools) -> Tools:
        """The bot's tools on this machine."""
        convert: Convert = _copy
        return replace(tools, clock=self.clock, convert=convert)

    def steps(self, span: timedelta) -> None:
        """The wall clock is set forward or back."""
        self._ahead += span

    def _wall(self) -> datetime:
        return datetime.now(UTC) + self._ahead + self._passed

    def _monotonic(self) -> float:
        return time.monotonic() + self._passed.total_seconds()

    async def passes(self, bot: Bot, span: timedelta, *, until: Callable[[], object] = lambda: False) -> None:
        """Let time pass, minute for minute, with all that the bot does in it; no longer than `until`."""
        for _ in range(span // MINUTE):
            await self._idle(bot)
            if until():
                return
            self._passed += MINUTE + IN_TURN
            await bot.tools.database.write(lambda tx: claiming.pull_back(tx, now=self.clock(), lease=LEASE))

    async def _idle(self, bot: Bot) -> None:
        assert bot.worker is not None
        bot.worker.wake()
        async with asyncio.timeout(60):
            while await bot.tools.database.read(self._is_busy):  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.01)

    def _is_busy(self, tx: Transaction) -> bool:
        busy = "SELECT 1 AS busy FROM jobs WHERE lease IS NOT NULL OR due_at <= :soon LIMIT 1"
        return tx.one(busy, soon=stored(self.clock() + IN_TURN)) is not None


async def jobs_of(bot: Bot) -> list[Job]:
    """Every job, newest first."""
    return await bot.tools.database.read(lambda tx: job_lists.newest(tx, limit=20_000))


async def _copy(
    source: Path, target: Path, /, *, sample_rate: int, longest: timedelta | None, stereo: bool
) -> Converted:
    del sample_rate, longest, stereo
    await asyncio.to_thread(shutil.copyfile, source, target)
    size = (await asyncio.to_thread(target.stat)).st_size
    return Converted(duration=timedelta(seconds=size / 32_000), damaged=False)


def plain(number: int = 0) -> dict[str, Any]:
    """A recording that is what providers take already; each number has another sound."""
    target = io.BytesIO()
    with wave.open(target, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(16_000)
        written.writeframes(number.to_bytes(2, "little") * 1_600)
    return {"content": target.getvalue(), "name": f"{number}.wav", "filetype": "wav", "mimetype": "audio/wav"}


class Quota:
    """A disk on which no file grows beyond a limit, for this process and its children."""

    missed = frozenset[str]()  # of `/readyz`, beside the database that is on it

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, *, but: int = 0) -> None:
        """Let nothing grow, but for files below `but` bytes."""
        written = max((path.stat().st_size for path in self.folder.rglob("*") if path.is_file()), default=0)
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (but or written, most))

    def free(self) -> None:
        """There is room again."""
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


class SmallDisk:
    """A file system of its own, in memory."""

    missed = frozenset({"spool"})

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, *, but: int = 0) -> None:
        """Leave no more than `but` bytes."""
        while not self._resize(shutil.disk_usage(self.folder).used + but):
            pass  # the bot has written something in between

    def free(self) -> None:
        """There is room again."""
        assert self._resize(256 * 2**20)

    def _resize(self, size: int) -> bool:
        """Whether that is enough for what is there."""
        command = ["mount", "-o", f"remount,size={size}", str(self.folder)]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0  # noqa: S603 - the system's


Disk = Quota | SmallDisk


@contextmanager
def quota(folder: Path) -> Iterator[Quota]:
    """A disk that any user can fill."""
    disk = Quota(folder)
    try:
        yield disk
    finally:
        disk.free()


@contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """A disk that really has no room; only where the machine lets us mount one."""
    mounted = subprocess.run(  # noqa: S603 - the system's
        ["mount", "-t", "tmpfs", "-o", f"size={256 * 2**20}", "tmpfs", folder],  # noqa: S607 - same
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("this machine does not let us mount a file system")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "-l", folder], check=True)  # noqa: S603, S607 - same
