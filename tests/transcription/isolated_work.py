"""Tasks for `test_isolation`: a module that runs in the child process and does what the request names."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from transcription.isolation import serve

Request = dict[str, object]


def echo(request: Request) -> Request:
    return request


def tell_environment(_: Request) -> Request:
    return dict(os.environ)


def tell_dumps(_: Request) -> Request:
    return {"dumpable": ctypes.CDLL(None).prctl(3), "core": list(resource.getrlimit(resource.RLIMIT_CORE))}


def write_to_stdout(_: Request) -> Request:
    sys.stdout.write("written by Python\n")
    sys.stdout.flush()
    os.write(1, b"written by a library\n" * 10_000)
    subprocess.run(["/bin/echo", "a child's word"], check=True)
    return {"read": sys.stdin.read()}


def sleep(request: Request) -> Request:
    Path(str(request["note"])).write_text(str(os.getpid()), encoding="ascii")
    time.sleep(600)
    return {}


def sleep_holding_everything(request: Request) -> Request:
    Path(str(request["note"])).write_text(str(os.getpid()), encoding="ascii")
    ctypes.PyDLL(None).sleep(600)  # native code that never lets another thread run
    return {}


def eat_memory(_: Request) -> Request:
    return {"eaten": len(bytearray(2**30))}


def write_a_lot(request: Request) -> Request:
    with Path(str(request["note"])).open("wb", buffering=0) as file:
        try:
            return {"written": sum(file.write(bytes(2**16)) for _ in range(1000))}
        except OSError as error:
            return {"errno": error.errno}


def fail(_: Request) -> Request:
    raise LookupError("a secret")


def crash(_: Request) -> Request:
    os.kill(os.getpid(), signal.SIGSEGV)
    return {}


def leave(_: Request) -> Request:
    os._exit(7)


def answer_too_much(_: Request) -> Request:
    return {"answer": "a" * (17 * 2**20)}


WORK: tuple[Callable[[Request], Request], ...] = (
    echo,
    tell_environment,
    tell_dumps,
    write_to_stdout,
    sleep,
    sleep_holding_everything,
    eat_memory,
    write_a_lot,
    fail,
    crash,
    leave,
    answer_too_much,
)

if __name__ == "__main__":
    by_name = {work.__name__: work for work in WORK}
    serve(lambda request: by_name[str(request["work"])](request))
