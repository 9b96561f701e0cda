"""Run the command line as an operator does: in a separate process, an empty folder and a clean environment."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.slack import Slack

ROOT = Path(__file__).parents[2]

FROM_OUTSIDE = ("PATH", "HOME", "LANG", "TMPDIR")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How it ended and what it said."""

    code: int
    out: str
    err: str


class Running:
    """A bot at work; `err` grows with what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.err: list[str] = []
        self._process = process

    async def ready(self) -> int:
        """Wait until it works; the port it listens on."""
        async with asyncio.timeout(30):
            while True:
                line = await self._line()
                assert line, "".join(self.err)
                if line.startswith("{") and json.loads(line).get("event") == "ready":
                    return int(json.loads(line)["port"])

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, as an operating system does; its exit code."""
        if self._process.returncode is None:
            self._process.send_signal(number)
        try:
            async with asyncio.timeout(30):
                while await self._line():
                    pass
                return await self._process.wait()
        finally:
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()

    async def _line(self) -> str:
        assert self._process.stderr is not None
        line = (await self._process.stderr.readline()).decode()
        self.err.append(line)
        return line


def environment(**more: str) -> dict[str, str]:
    """Nothing of ours but `more`."""
    kept = {name: os.environ[name] for name in FROM_OUTSIDE if name in os.environ}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"} | more


def for_slack(slack: Slack, **more: str) -> dict[str, str]:
    """What a bot needs for this Slack over Socket Mode."""
    settings = {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.api_url,
        "SLACK_FILE_ORIGINS": slack.origin,
        "HTTP_PORT": "0",
    }
    return environment(**(settings | more))


async def threadscribe(
    *arguments: str, folder: Path, env: dict[str, str] | None = None, piped: bytes | None = None
) -> Ended:
    """Run the command to its end in `folder`; `piped` is its standard input. Output that is no text is told by `�`."""
    stdin = asyncio.subprocess.DEVNULL if piped is None else asyncio.subprocess.PIPE
    process = await start(*arguments, folder=folder, env=env or environment(), stdin=stdin)
    try:
        async with asyncio.timeout(60):
            out, err = await process.communicate(piped)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    assert process.returncode is not None
    return Ended(code=process.returncode, out=out.decode(errors="replace"), err=err.decode())


@asynccontextmanager
async def running(folder: Path, env: dict[str, str]) -> AsyncIterator[Running]:
    """`threadscribe run` until the block ends."""
    bot = Running(await start("run", folder=folder, env=env))
    try:
        yield bot
    finally:
        await bot.stop()


async def start(
    *arguments: str, folder: Path, env: dict[str, str], stdin: int = asyncio.subprocess.DEVNULL
) -> asyncio.subprocess.Process:
    """Begin to run the command in `folder`."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        cwd=folder,
        env=env,
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
