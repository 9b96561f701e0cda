"""S1 to S3: relaying a large recording from Slack to a provider, and converting a long one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.measuring import ROUNDS, Figures, Found, Goal, Result, Skipped, compare, folder, in_turn, number
from benchmarks.recordings import recording

SIZE, LONG = 2**30, 400
"""Bytes of the large recording, minutes of the long one."""

S1 = Goal(
    key="S1",
    what="1 GiB from Slack to the disk and from there to a provider: bytes/s",
    against="curl to curl",
    least=0.8,
)
S1_CPU = Goal(key="S1", what="the same: processor time", against="curl to curl", most=1)
S2 = Goal(key="S2", what="the same: MiB of memory more than before", against="an idle bot", most=32)
S2_LONG = Goal(
    key="S2", what=f"{LONG} minutes of m4a converted: MiB of memory more than before", against="an idle bot", most=32
)
S3 = Goal(key="S3", what="the same: ms that the event loop is late, 99th percentile", against="nothing", most=10)


def measure() -> list[Found]:
    """Measure all goals."""
    curl = shutil.which("curl")
    with _pipes() as port:
        sides = {"ours": lambda: _ours(port)}
        if curl is not None:
            sides["curl"] = lambda: _curl(curl, port)
        rounds = in_turn(sides)
    mine = [each["ours"] for each in rounds]
    found: list[Found] = (
        [
            compare(S1, rounds, ours="ours", theirs="curl", figure="rate", unit="MiB/s"),
            compare(S1_CPU, rounds, ours="ours", theirs="curl", figure="cpu", unit="s"),
        ]
        if curl is not None
        else [Skipped(goal=goal, why="no curl here") for goal in (S1, S1_CPU)]
    )
    idle = sum(figures["idle"] for figures in mine) / ROUNDS
    return [
        *found,
        Result(goal=S2, ratios=[figures["growth"] for figures in mine], scale="MiB"),
        _conversion(),
        Result(goal=S3, ratios=[figures["lag"] for figures in mine], scale=f"{number(idle)} ms when idle"),
    ]


@contextmanager
def _pipes() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.origin_and_sink"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _ours(port: int) -> Figures:
    return _run("send", str(port), str(SIZE))


def _run(*arguments: str) -> Figures:
    command = [sys.executable, "-m", "benchmarks.relay", *arguments]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(said.stdout)
    return figures


def _conversion() -> Found:
    with folder() as base:
        source = recording("m4a", minutes=LONG, folder=base)
        growth = _run("convert", str(source))["growth"]
    return Result(goal=S2_LONG, ratios=[growth], scale="MiB, once")


def _curl(curl: str, port: int) -> Figures:
    origin = f"http://127.0.0.1:{port}"
    before, began = os.times(), time.perf_counter()
    fetching = subprocess.Popen([curl, "-sS", f"{origin}/{SIZE}"], stdout=subprocess.PIPE)
    subprocess.run([curl, "-sS", "-o", os.devnull, "-T", "-", f"{origin}/sink"], stdin=fetching.stdout, check=True)
    fetching.wait()
    passed, after = time.perf_counter() - began, os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return {"rate": SIZE / passed / 2**20, "cpu": spent}
