"""Run one task in a short-lived, limited child process: audio decoding or the offline engine.

A codec or an engine may crash, hang or use too much memory without affecting the bot. `run` is the parent's side,
`serve` the child's. One JSON line goes to the child's stdin and one comes back from its original stdout; nothing else
is exchanged. With `run_with_bytes` and `serve_with_bytes` bytes follow each line.
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

from transcription.dumps import forbid_dumps

_LARGEST_ANSWER = 16 * 2**20
"""Maximum bytes of an answer. A long transcript is some megabytes; more means that the child is faulty."""

_PIECE = 2**18

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

_ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": str(2**22), "MALLOC_TRIM_THRESHOLD_": str(2**25)}
"""For glibc: it keeps blocks of sound for the next ones. To get each from the kernel takes a tenth of a conversion."""

_TIME_SIGNALS = (-signal.SIGALRM, -signal.SIGXCPU)
"""Exit statuses of a child that the kernel's timers ended because its parent was gone or too busy."""

_STOP_SIGNALS = (-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)
"""Exit statuses of a child that was stopped from outside. No library sends these signals to its own process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Resource limits of the child.

    `memory` is bytes of address space (RLIMIT_AS; not enforced on macOS), `output` the maximum bytes of any file that
    it writes (RLIMIT_FSIZE; a larger write fails with EFBIG), `time` the wall-clock time after which it is killed. Its
    libraries use `threads` threads, and its processor time is limited to `time` times this number (RLIMIT_CPU).
    """

    memory: int
    output: int
    time: timedelta
    threads: int = 1


class Crashed(Exception):
    """The task ended without an answer: by a signal, a limit or an exit status."""


class Raised(Crashed):
    """The task raised an exception; only its class name is reported."""


class OutOfTime(Crashed):
    """The task did not finish within `Limits.time`."""


class Stopped(Crashed):
    """The process was stopped from outside, for example by a shutdown: this says nothing about the task."""


PYTHON = (sys.executable, "-I")


async def run(
    module: str, request: Mapping[str, object], *, limits: Limits, python: Sequence[str] = PYTHON
) -> dict[str, object]:
    """Run `python -m module`, whose main part calls `serve`, and return its answer: `run_with_bytes` without bytes."""
    answer, _ = await run_with_bytes(module, request, b"", limits=limits, python=python)
    return answer


async def run_with_bytes(
    module: str, request: Mapping[str, object], payload: bytes, *, limits: Limits, python: Sequence[str] = PYTHON
) -> tuple[dict[str, object], bytes]:
    """Run `python -m module`, whose main part calls `serve_with_bytes`, and return its answer with the bytes behind it.

    The child gets its own session, no secret from the environment and no file except its pipes. Its stderr is dropped
    because it may contain file names. The child and its own children are killed when the time is up or the caller is
    cancelled, and the child exits when this process dies. It is gone when this returns or raises.

    Raises `Crashed` (or a subclass), and OSError if the machine cannot start a process.
    """
    seconds = limits.time.total_seconds()
    allowed = {
        "memory": limits.memory,
        "output": limits.output,
        "seconds": math.ceil(seconds),
        "threads": limits.threads,
    }
    line = json.dumps({"limits": allowed, "request": dict(request), "bytes": len(payload)}).encode() + b"\n"
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
            answer = await _ask(process, line, payload)
            status = await process.wait()
    except TimeoutError:
        raise OutOfTime(f"{module} was not done in {seconds:.0f} s") from None
    finally:
        await _end(process)
    if status in _TIME_SIGNALS:
        raise OutOfTime(f"{module} was not done in {seconds:.0f} s")
    if status in _STOP_SIGNALS:
        raise Stopped(f"{module} was told to stop by signal {-status}")
    if status != 0:
        raise Crashed(f"{module} ended with status {status}")
    return _read(answer, module=module)


def _environment(threads: int) -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed_on | dict.fromkeys(_THREADS, str(threads)) | _ALLOCATOR


async def _ask(process: Process, line: bytes, payload: bytes) -> bytes:
    """Send the request and read the answer to its end. Both go in small pieces, between which others may act.

    Stdin stays open: closing it tells the child that the parent died.
    """
    assert process.stdin is not None  # noqa: S101 - the pipes were asked for
    assert process.stdout is not None  # noqa: S101 - same
    with contextlib.suppress(ConnectionError):  # if the child is already gone, its exit status says why
        process.stdin.write(line)
        for start in range(0, len(payload), _PIECE):
            process.stdin.write(memoryview(payload)[start : start + _PIECE])
            await process.stdin.drain()
        await process.stdin.drain()
    answer = bytearray()
    while chunk := await process.stdout.read(2**16):
        answer += chunk
        if len(answer) > _LARGEST_ANSWER:
            raise Crashed("the answer does not end")
    return bytes(answer)


async def _end(process: Process) -> None:
    """Kill the process if it is still running, and wait for its end."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS raises PermissionError for a zombie
            os.killpg(process.pid, signal.SIGKILL)
    if process.stdin is not None:
        process.stdin.close()
    while process.stdout is not None and await process.stdout.read(2**16):
        pass  # asyncio notices the end of a process only after its pipes are read to the end
    await process.wait()


def _read(answer: bytes, *, module: str) -> tuple[dict[str, object], bytes]:
    line, _, behind = answer.partition(b"\n")
    try:
        envelope = json.loads(line)
    except (ValueError, RecursionError):  # a faulty child may send deeply nested JSON
        envelope = None
    match envelope:
        case {"answer": dict(given)}:
            return given, behind
        case {"raised": str(name)}:
            raise Raised(f"{module} raised {name}")
        case _:
            raise Crashed(f"{module} gave no answer")


def serve(
    work: Callable[[dict[str, object]], dict[str, object]],
    *,
    first: Callable[[dict[str, object]], object] = lambda _: None,
) -> NoReturn:
    """Run the child's side of `run`; as `serve_with_bytes`, without bytes."""
    serve_with_bytes(lambda request, _: (work(request), b""), first=first)


WorkWithBytes = Callable[[dict[str, object], bytes], tuple[dict[str, object], bytes]]


def serve_with_bytes(work: WorkWithBytes, *, first: Callable[[dict[str, object]], object] = lambda _: None) -> NoReturn:
    """Run the child's side of `run_with_bytes`: set the limits, do the task, answer, exit.

    `work` gets the request and its bytes. It must import heavy modules itself, so that the limits apply to them. What
    it or a native library prints or reads cannot reach the pipes to the parent. `first` gets the request before there
    is a second thread: what it forbids its own thread, it forbids the process.
    """
    source, target = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    forbid_dumps()  # another recording's process must not read this one
    line, begun = _first_line(source)
    envelope = json.loads(line)
    _limit(**envelope["limits"])
    payload = _rest(source, begun, size=envelope.get("bytes", 0))  # the previous release, during an update, sends none
    answer: dict[str, object]
    behind = b""
    try:
        first(envelope["request"])
        threading.Thread(target=_exit_with_parent, args=(source,), daemon=True).start()
        given, behind = work(envelope["request"], payload)
        answer = {"answer": given}
    except Exception as error:  # noqa: BLE001 - the boundary of the process: its class is all that may pass
        answer = {"raised": type(error).__name__}
    with os.fdopen(target, "wb") as pipe:
        pipe.write(json.dumps(answer).encode() + b"\n")
        pipe.write(behind)
    os._exit(0)  # no teardown: a native library that crashes at exit must not spoil the answer


def _first_line(source: int) -> tuple[bytes, bytes]:
    """Return the first line, and what was read behind it."""
    read = bytearray()
    while b"\n" not in read:
        read += _chunk(source)
    line, _, behind = bytes(read).partition(b"\n")
    return line, behind


def _rest(source: int, begun: bytes, *, size: int) -> bytes:
    payload = bytearray(begun)
    while len(payload) < size:
        payload += _chunk(source)
    return bytes(payload)


def _chunk(source: int) -> bytes:
    chunk = os.read(source, 2**16)
    if not chunk:
        os._exit(1)
    return chunk


def _limit(*, memory: int, output: int, seconds: int, threads: int = 1) -> None:
    # A bot of the previous release, still running during an update, sends no threads.
    _cap(resource.RLIMIT_FSIZE, output)
    _cap(resource.RLIMIT_CPU, seconds * threads + 1)
    if sys.platform != "darwin":  # macOS defines RLIMIT_AS but rejects it
        _cap(resource.RLIMIT_AS, memory)
    # The kernel's timer ends a child that hangs in native code after its parent died.
    signal.alarm(seconds + 1)


def _cap(kind: int, wanted: int) -> None:
    _, most = resource.getrlimit(kind)
    soft, hard = ((value if most == resource.RLIM_INFINITY else min(value, most)) for value in (wanted, wanted + 1))
    # one apart: at the hard CPU limit the kernel sends SIGKILL, which does not tell why
    resource.setrlimit(kind, (soft, hard))


def _exit_with_parent(source: int) -> None:
    os.read(source, 1)  # returns only at end of file: the parent writes one line and keeps the pipe open
    os._exit(1)
