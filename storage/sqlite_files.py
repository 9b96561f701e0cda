"""The files of a SQLite database: who owns them, and whether they are still the ones that were opened.

SQLite keeps using a file that was removed or replaced under it, and what it writes there is lost. So the database, its
write-ahead log (`-wal`) and the log's index (`-shm`) are compared before every transaction, and the owner's lock, too.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import sys
from contextlib import suppress
from pathlib import Path

from storage.database import AlreadyOwned

_BESIDE = {"-wal": "write-ahead log", "-shm": "index of the write-ahead log"}


def beside(path: Path, ending: str) -> Path:
    """Return the file beside the database that has its name and this ending."""
    return path.with_name(path.name + ending)


def make_private(path: Path, *, create: bool) -> None:
    """Let only the owner read the file; with `create` it may be new. Raises `OSError`.

    To be called while no connection is open: closing a file drops SQLite's locks on it.
    """
    descriptor = os.open(path, os.O_RDWR | (os.O_CREAT if create else 0), 0o600)
    try:
        # Also for an existing file; SQLite gives the files that it creates beside it the same mode.
        with suppress(PermissionError):  # the file belongs to another account
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


class Ownership:
    """One process owns a database, by kernel locks, so a killed one leaves nothing behind.

    The lock file can be removed by hand; the lock of the database itself goes with the database only. That one is
    taken on Linux only: on macOS and the BSDs it would meet SQLite's own locks on the same file, which are `fcntl`'s,
    and refuse every write. There the lock file alone decides, as for releases that know no other lock.
    """

    def __init__(self, path: Path, *, locks_database: bool = sys.platform == "linux") -> None:
        """Take it. Raises `AlreadyOwned` if another process has it, and `OSError`.

        To be called before a connection is opened, and released after all are closed: see `make_private`.
        """
        self._lock_file = beside(path, ".lock")
        self._database = os.open(path, os.O_RDWR)
        try:
            self._lock = self._locked()
            try:
                if locks_database:
                    _lock(self._database)
            except BlockingIOError:
                os.close(self._lock)
                raise
            except OSError:  # a file system without such locks: then the lock file alone decides
                pass
        except OSError as error:
            os.close(self._database)
            if isinstance(error, BlockingIOError):
                raise AlreadyOwned(
                    f"Another threadscribe process is using {path.name}. Stop it first, or give this one its own "
                    "DATABASE_URL."
                ) from error
            raise

    def refuse_if_lost(self) -> None:
        """Make a removed lock file again. Raises `sqlite3.OperationalError` if another process has made it."""
        found = _stat(self._lock_file)
        if found is not None and os.path.samestat(found, os.fstat(self._lock)):
            return
        try:
            fresh = self._locked()
        except OSError as error:
            raise sqlite3.OperationalError(
                f"the lock file was removed, and another process may use the database: {error.strerror}"
            ) from error
        os.close(self._lock)
        self._lock = fresh

    def release(self) -> None:
        """Let another process have it."""
        os.close(self._lock)
        os.close(self._database)

    def _locked(self) -> int:
        """Return the open lock file, locked. Raises `BlockingIOError` if another process holds it, and `OSError`."""
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor


def _lock(descriptor: int) -> None:
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class OpenedFiles:
    """The files as they were when a connection was opened. Made after its first statement, which opens the log."""

    def __init__(self, path: Path) -> None:
        """Raises `OSError` if the database is gone already."""
        self._path = path
        self._database = path.stat()
        self._others = {ending: _stat(beside(path, ending)) for ending in _BESIDE}

    def refuse_others(self) -> None:
        """Raise `sqlite3.OperationalError` if the database was removed or replaced since, and `LogRemoved`."""
        try:
            found = self._path.stat()
        except OSError as error:
            raise sqlite3.OperationalError(f"the database file is gone: {error.strerror}") from error
        if not os.path.samestat(found, self._database):
            raise sqlite3.OperationalError("the database file was replaced: restart threadscribe")
        for ending, opened in self._others.items():
            now = _stat(beside(self._path, ending))
            if opened is not None and (now is None or not os.path.samestat(now, opened)):
                raise LogRemoved(f"the {_BESIDE[ending]} ({ending}) was removed or replaced: restart threadscribe")


class LogRemoved(sqlite3.OperationalError):
    """The write-ahead log or its index is not the one that the connection writes to."""


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
