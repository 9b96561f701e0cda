"""Runs one piece of work in a short-lived process of its own: decoding, or the offline engine.

A codec or an engine may crash, hang or eat memory; the bot may not. `run` is the parent's side, `serve` the
child's. One JSON line goes in by the child's stdin and one comes back by its first stdout; nothing else does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import resource
import signal
import sys
import threading
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

_LARGEST_ANSWER = 16 * 2**20
"""Bytes. A long transcript is some megabytes; more than this is a child gone wrong."""

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

_CLOCKS = (-signal.SIGALRM, -signal.SIGXCPU)
"""How the kernel ends a child whose parent is gone or too busy to end it."""

_ORDERS = (-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)
"""How people and machines end processes that they want to be gone; no library does that to itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What the child may use.

    `memory` is bytes of address space (RLIMIT_AS; macOS does not hold it), `output` the bytes of any one file that
    it writes (RLIMIT_FSIZE; a write beyond fails with EFBIG), `time` the wall clock after which it is killed. Its
    libraries work in so many `threads`, and its processor time is held to as many times that number (RLIMIT_CPU).
    """

    memory: int
    output: int
    time: timedelta
    threads: int = 1


class Crashed(Exception):
    """The work ended without an answer: a signal, a limit, an exit status."""


class Raised(Crashed):
    """The work let an exception out; only its class is told."""


class OutOfTime(Crashed):
    """The work was not done in `Limits.time`."""


class Stopped(Crashed):
    """Somebody ended it from outside, as a machine does that shuts down: it says nothing about the work."""


async def run(
    module: str, request: Mapping[str, object], *, limits: Limits, python: Sequence[str] = (sys.executable, "-I")
) -> dict[str, object]:
    """Run `python -m module`, whose main part calls `serve`, and return its answer.

    The child gets a session of its own, no secret from the environment and no file but its pipes; its stderr is
    dropped, as it may name files. It is killed, with its own children, when time is up or the caller is cancelled,
    and ends by itself when this process dies. It is gone when this returns or raises.

    Raises `Crashed` (or one of its kinds) and OSError where the machine cannot start a process.
    """
    seconds = limits.time.total_seconds()
    allowed = {
        "memory": limits.memory,
        "output": limits.output,
        "seconds": math.ceil(seconds),
        "threads": limits.threads,
    }
    line = json.dumps({"limits": allowed, "request": dict(request)}).encode() + b"\n"
    process = await asyncio.create_subprocess_exec(
        *python,
        "-m",
        module,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env=_environment(limits.threads),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            answer = await _ask(process, line)
            status = await process.wait()
    except TimeoutError:
        raise OutOfTime(f"{module} was not done in {seconds:.0f} s") from None
    finally:
        await _end(process)
    if status in _CLOCKS:
        raise OutOfTime(f"{module} was not done in {seconds:.0f} s")
    if status in _ORDERS:
        raise Stopped(f"{module} was told to stop by signal {-status}")
    if status != 0:
        raise Crashed(f"{module} ended with status {status}")
    return _read(answer, module=module)


def _environment(threads: int) -> dict[str, str]:
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | dict.fromkeys(_THREADS, str(threads))


async def _ask(process: Process, line: bytes) -> bytes:
    """Send the request and read to the end; stdin stays open, as its end tells the child that we died."""
    assert process.stdin is not None  # noqa: S101 - the pipes were asked for
    assert process.stdout is not None  # noqa: S101 - same
    with contextlib.suppress(ConnectionError):  # a child that is gone already tells by its status
        process.stdin.write(line)
        await process.stdin.drain()
    answer = bytearray()
    while chunk := await process.stdout.read(2**16):
        answer += chunk
        if len(answer) > _LARGEST_ANSWER:
            raise Crashed("the answer does not end")
    return bytes(answer)


async def _end(process: Process) -> None:
    """Leave no process behind, whatever happened before."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a zombie
            os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()
    while process.stdout is not None and await process.stdout.read(2**16):
        pass  # asyncio sees the end of a process only when its pipes are read out
    await process.wait()


def _read(answer: bytes, *, module: str) -> dict[str, object]:
    try:
        envelope = json.loads(answer)
    except (ValueError, RecursionError):  # a child gone wrong may nest as deep as it likes
        envelope = None
    match envelope:
        case {"answer": dict(given)}:
            return given
        case {"raised": str(name)}:
            raise Raised(f"{module} raised {name}")
        case _:
            raise Crashed(f"{module} gave no answer")


def serve(work: Callable[[dict[str, object]], dict[str, object]]) -> NoReturn:
    """Be the child: take on the limits, do the work, answer, exit.

    `work` gets the request. It imports what is heavy by itself, so that the limits stand before. What it or a
    native library prints or reads goes nowhere near the pipes to the parent.
    """
    source, target = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    envelope = json.loads(_first_line(source))
    _limit(**envelope["limits"])
    threading.Thread(target=_die_with_parent, args=(source,), daemon=True).start()
    answer: dict[str, object]
    try:
        answer = {"answer": work(envelope["request"])}
    except Exception as error:  # noqa: BLE001 - the boundary of the process: its class is all that may pass
        answer = {"raised": type(error).__name__}
    with os.fdopen(target, "wb") as pipe:
        pipe.write(json.dumps(answer).encode())
    os._exit(0)  # without teardown: a native library's exit must not spoil a given answer


def _first_line(source: int) -> bytes:
    line = bytearray()
    while not line.endswith(b"\n"):
        chunk = os.read(source, 2**16)
        if not chunk:
            os._exit(1)
        line += chunk
    return bytes(line)


def _limit(*, memory: int, output: int, seconds: int, threads: int = 1) -> None:
    # A bot that is still running while its files are updated starts this, and names no threads.
    _cap(resource.RLIMIT_CORE, 0)  # a dump would hold the recording
    _cap(resource.RLIMIT_FSIZE, output)
    _cap(resource.RLIMIT_CPU, seconds * threads + 1)
    if sys.platform != "darwin":  # it knows the name and refuses the call
        _cap(resource.RLIMIT_AS, memory)
    # The kernel's own clock, for a child that hangs in native code after its parent died.
    signal.alarm(seconds + 1)


def _cap(kind: int, wanted: int) -> None:
    _, most = resource.getrlimit(kind)
    soft, hard = ((value if most == resource.RLIM_INFINITY else min(value, most)) for value in (wanted, wanted + 1))
    resource.setrlimit(kind, (soft, hard))  # one apart: at the hard limit of time the signal would not tell why


def _die_with_parent(source: int) -> None:
    os.read(source, 1)  # returns only at the end of the file: the parent writes one line and holds the pipe
    os._exit(1)
