"""A decoder that a recording has taken over: it tries to read the process that started it, then decodes as usual.

Imported at the start of every Python process of a test's own environment; only the decoder pries. It does so when it
begins, and for files and the network once more when it opens the recording: no byte of that is read before. It leaves
what it found in the temporary folder, which is one of the few things that it is told.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

REPORT = "pried.json"

PTRACE_ATTACH, PTRACE_SEIZE = 16, 0x4206  # linux/ptrace.h
PIDFD_OPEN, PIDFD_GETFD = 434, 438  # asm-generic/unistd.h


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def attempts(pid: int) -> Mapping[str, Callable[[], object]]:
    """The ways to another process's memory, files and environment."""
    proc, libc = Path(f"/proc/{pid}"), ctypes.CDLL(None, use_errno=True)

    def call(function: str, *arguments: object) -> int:
        result = int(getattr(libc, function)(*arguments))
        if result < 0:
            raise OSError(ctypes.get_errno(), function)
        return result

    def vector() -> object:
        kept = ctypes.create_string_buffer(16)
        own = _Vector(ctypes.cast(kept, ctypes.c_void_p), 16)
        # An address of ours: it is not looked at before the permission is.
        return call("process_vm_readv", pid, ctypes.byref(own), 1, ctypes.byref(own), 1, 0)

    return {
        "environ": (proc / "environ").read_text,
        "mem": (proc / "mem").open,
        "maps": (proc / "maps").read_text,
        "auxv": (proc / "auxv").read_bytes,
        "files": (proc / "fd" / "0").readlink,
        "opened file": (proc / "fd" / "1").open,
        "folder": lambda: list((proc / "cwd").iterdir()),
        "process_vm_readv": vector,
        "descriptor": lambda: call("syscall", PIDFD_GETFD, call("syscall", PIDFD_OPEN, pid, 0), 0, 0),
        "seize": lambda: call("ptrace", PTRACE_SEIZE, pid, None, None),
        "attach": lambda: call("ptrace", PTRACE_ATTACH, pid, None, None),
    }


def connect() -> str:
    """Send something to somebody on this machine, who may not even listen."""
    with socket.socket() as opened:
        try:
            opened.connect(("127.0.0.1", 9))
        except ConnectionRefusedError:
            return "the network"
    return "a listener"


def attempts_on_files(folder: Path) -> Mapping[str, Callable[[], object]]:
    """The ways from a decoder to what lies around in the bot's folder and on the machine."""
    return {
        "settings": (folder / ".env").read_text,
        "database": (folder / "bot.db").read_bytes,
        "names": lambda: list(folder.iterdir()),
        "accounts": Path("/etc/passwd").read_text,
        "processes": Path("/proc/self/status").read_text,
        "root": lambda: list(Path("/").iterdir()),
        "planted": lambda: (folder / "planted").write_text("x", encoding="utf-8"),
        "network": connect,
    }


def pry(ways: Mapping[str, Callable[[], object]]) -> dict[str, str]:
    """What each attempt gave: the kind of its error, or what it read."""
    found = {}
    for name, attempt in ways.items():
        try:
            found[name] = f"read {attempt()}"
        except OSError as error:
            found[name] = type(error).__name__
    return found


def take_over() -> None:
    """Pry now, and when the recording is opened."""
    folder = Path(os.environ["TMPDIR"])
    report = (folder / REPORT).open("w", encoding="utf-8")  # what is open stays usable
    told = {
        "found": pry(attempts(os.getppid())),
        "around": pry(attempts_on_files(folder)),
        "environment": dict(os.environ),
        "uid": os.getuid(),
    }
    pending = [True]

    def hook(event: str, _: tuple[object, ...]) -> None:
        if event == "open" and pending and _is_called_by("_answer"):
            pending.clear()
            json.dump(told | {"around later": pry(attempts_on_files(folder))}, report)
            report.close()

    sys.addaudithook(hook)


def _is_called_by(name: str) -> bool:
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_code.co_name != name:
        frame = frame.f_back
    return frame.f_code.co_name == name


if "transcription.media_worker" in sys.orig_argv:
    take_over()
