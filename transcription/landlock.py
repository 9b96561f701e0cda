"""Confine this process to some files by Landlock (Linux 5.13 and later): a weakness in a decoder reaches no others.

Source: https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_PR_SET_NO_NEW_PRIVS = 38  # linux/prctl.h
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION = 1  # the flag that asks for the newest ABI
_PATH_BENEATH = 1

_EXECUTE, _WRITE, _READ, _READ_FOLDER, _REMOVE, _MAKE, _TRUNCATE = (1 << bit for bit in (0, 1, 2, 3, 5, 8, 14))
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE
"""The rights that a rule for a file, and not a folder, may have."""

_FILE_SYSTEM = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
"""What an ABI knows to forbid; a later one knows what 5 does."""

_TCP = 0b11  # bind and connect; ABI 4
_OTHER_PROCESSES = 0b11  # abstract sockets and signals; ABI 6

_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
_SYSTEM = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/sys/devices/system/cpu")
"""What libraries read late. No settings of anybody are there."""


def confine(*, read: Iterable[Path], write: Iterable[Path]) -> bool:
    """Forbid this thread, and those that it starts, every file but these and those of Python and the system.

    A folder stands for all that is in it, and what is open stays usable. TCP and signals to other processes are
    forbidden, too, where the kernel knows how. There is no way back. Return False, with nothing forbidden, where the
    kernel, or a filter of system calls, has no Landlock. Raises `OSError` if a path is missing or the kernel refuses.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    newest = int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION))
    if newest < 1:
        return False
    known = _FILE_SYSTEM[min(newest, max(_FILE_SYSTEM))]
    handled = struct.pack("QQQ", known, _TCP if newest >= 4 else 0, _OTHER_PROCESSES if newest >= 6 else 0)  # noqa: PLR2004
    size = 8 if newest < 4 else 16 if newest < 6 else 24  # noqa: PLR2004
    rules = _call(libc, _CREATE_RULESET, handled, ctypes.c_size_t(size), 0)
    try:
        for path in read:
            _allow(libc, rules, path, _READ | _READ_FOLDER)
        for path in write:
            _allow(libc, rules, path, (_READ | _READ_FOLDER | _WRITE | _MAKE | _REMOVE | _TRUNCATE) & known)
        for path in _own():
            with suppress(OSError):  # not every system has each
                _allow(libc, rules, path, (_READ | _READ_FOLDER | _EXECUTE) & known)
        for name in _DEVICES:
            with suppress(OSError):
                _allow(libc, rules, Path(name), _READ | _WRITE)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            _fail()
        _call(libc, _RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)
    return True


def _own() -> list[Path]:
    return [Path(__file__).parent, *map(Path, [*_SYSTEM, sys.prefix, sys.base_prefix, *filter(None, sys.path)])]


def _allow(libc: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    there = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not path.is_dir():
            rights &= _OF_FILES
        _call(libc, _ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, there), 0)
    finally:
        os.close(there)


def _call(libc: ctypes.CDLL, number: int, *arguments: object) -> int:
    result = int(libc.syscall(number, *arguments))
    if result < 0:
        _fail()
    return result


def _fail() -> None:
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number))
