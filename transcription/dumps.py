"""Keep a process's memory and environment to itself: other processes of its user, and core files, get nothing of it."""

from __future__ import annotations

import ctypes
import os
import resource
import sys

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def forbid_dumps() -> None:
    """Make this process impossible to trace or dump, until it executes another program; its children get no core files.

    On Linux its `/proc/<pid>/environ`, `mem` and `fd` are closed to every process without CAP_SYS_PTRACE, also of the
    same user. Elsewhere it only writes no core file. Raises `OSError` where the system refuses it.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
