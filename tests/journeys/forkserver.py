"""Start bots quickly: a process with all modules imported forks one for each request.

A request is a line of JSON: the bot's environment, its folder, and where to kill it: at which passing of which
checkpoint, not counting those before another checkpoint was passed. The answer is a line with its process id. `{"reap":
pid}` is answered with its exit status.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from bot import app, logs
from bot.settings.loading import load
from bot.settings.model import Settings
from bot.worker.tools import Tools
from tests.bot.opening import Around, opened
from tests.journeys.checkpoints import ROOT, watched

TRAIL = "trail.txt"
LOG = "bot.log"


class Nursery:
    """The process, from the side of the tests."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.forkserver"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, **order: Any) -> int:
        """The process id of a new bot."""
        return int(self._ask(order))

    def reap(self, pid: int) -> int:
        """How a bot that has ended did so: its exit code, or minus the signal."""
        return int(self._ask({"reap": pid}))

    def close(self) -> None:
        """Start no more."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _ask(self, order: dict[str, Any]) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()


def _serve() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        if "reap" in order:
            _, status = os.waitpid(order["reap"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - the answer
            continue
        pid = os.fork()
        if pid == 0:
            _be_a_bot(order)
        print(pid, flush=True)  # noqa: T201 - the answer


def _be_a_bot(order: dict[str, Any]) -> None:
    folder = Path(order["folder"])
    os.chdir(folder)
    log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(order["environment"])
    random.seed()
    code = 1
    try:
        settings = load(to_run=True)
        logs.configure(settings)
        asyncio.run(_run(settings, _dying_at(**order["death"])))
        code = 0
    finally:
        os._exit(code)


async def _run(settings: Settings, around: Around) -> None:
    with app.stopped_by_signals() as stop:
        async with opened(settings, around=around) as bot:
            await app.serve(bot, stop, role="web and worker")


def _dying_at(*, at: str | None, passing: int, after: str | None) -> Any:
    passed: Counter[str] = Counter()
    waiting_for = after
    trail = os.open(TRAIL, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def reach(reached: str) -> None:
        nonlocal waiting_for
        os.write(trail, f"{reached}\n".encode())
        if waiting_for is not None:
            waiting_for = None if reached == waiting_for else waiting_for
            return
        passed[reached] += 1
        if reached == at and passed[reached] == passing:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(tools: Tools) -> Tools:
        return watched(tools, reach)

    return around


if __name__ == "__main__":
    _serve()
