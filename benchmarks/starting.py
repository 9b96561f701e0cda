"""I: memory of an idle bot, and the time until it is ready."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.measuring import Figures, Found, Goal, compare, folder, in_turn, memory_of
from benchmarks.sandbox_thread import SandboxThread, sandbox_slack
from sandbox.ports import free_port

I1_MEMORY = Goal(key="I1", what="an idle bot's memory", against="bare Bolt with its aiohttp server", most=1.4)
I1_START = Goal(key="I1", what="from its start to the first good answer", against="bare Bolt", most=1.6)

SETTLED = 1.0
"""Seconds after which a process has finished its start-up work."""


def measure() -> list[Found]:
    """Measure both goals."""
    with folder() as base, sandbox_slack() as slack:
        sides: Mapping[str, Callable[[], Figures]] = {
            "ours": lambda: _start(_our_command(), "/readyz", environment=_settings(slack, base)),
            "bare": lambda: _start(_bare_command(), "/nothing", environment={}),
        }
        for side in sides.values():  # warm-up: create the database, and fill the disk cache
            side()
        rounds = in_turn(sides, rounds=9)  # a start is short, so other load on the machine affects it
    return [
        compare(I1_MEMORY, rounds, ours="ours", theirs="bare", figure="memory", unit="MiB"),
        compare(I1_START, rounds, ours="ours", theirs="bare", figure="ready", unit="ms"),
    ]


def _our_command() -> list[str]:
    return [sys.executable, "-m", "bot", "run"]


def _bare_command() -> list[str]:
    return [sys.executable, "-m", "benchmarks.bare_bolt"]


def _settings(slack: SandboxThread, place: Path) -> dict[str, str]:
    return slack.settings() | {"DATABASE_URL": f"sqlite:///{place}/bot.db", "LOG_LEVEL": "error"}


def _start(command: list[str], path: str, *, environment: dict[str, str]) -> Figures:
    """Start a process, wait until it answers, measure its memory after it has settled, and kill it."""
    port = free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={"PATH": os.environ["PATH"], "HTTP_PORT": str(port)} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(port, path):
            time.sleep(0.002)
        ready = time.perf_counter() - began
        time.sleep(SETTLED)
        return {"memory": memory_of(process.pid) / 2**20, "ready": ready * 1000}
    finally:
        process.kill()
        process.wait()


def _answers(port: int, path: str) -> bool:
    """Return whether it answers: 404 counts as an answer, 503 (not ready) does not."""
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500  # noqa: PLR2004 - a server that cannot
    except OSError:
        return False
    finally:
        connection.close()
