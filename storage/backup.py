"""Back up a SQLite database while the bot is running."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from storage.database import StorageUnavailable


def back_up(source: Path, target: Path) -> None:
    """Copy the database `source` to the new file `target` with SQLite's online backup.

    On return the copy is checked, on disk, and readable by its owner only. Raises `StorageUnavailable` if `target`
    exists already (it is not changed) or the copy fails (then no `target` remains).
    """
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise StorageUnavailable(f"{target.name} is there already: give the backup another name") from None
    except OSError as error:
        raise StorageUnavailable(f"no backup was made: {target}: {error.strerror}") from None
    try:
        _copy(source, target)
        _make_durable(target)
    except (sqlite3.Error, OSError) as error:
        target.unlink()
        raise StorageUnavailable(f"no backup was made: {error}") from error


def _copy(source: Path, target: Path) -> None:
    # Read-only mode: a missing source file must not be created.
    address = f"{source.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as original, closing(sqlite3.connect(target)) as copy:
        # In one step: SQLite restarts a stepwise backup after each write, so beside a busy bot it would never finish.
        # Writers are not blocked, since with a write-ahead log a reader keeps its snapshot.
        original.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # the backup is one file, without a write-ahead log
        verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged ({verdict})")
        if not copy.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise sqlite3.DatabaseError(f"there is nothing in {source.name}")


def _make_durable(target: Path) -> None:
    for path in (target, target.absolute().parent):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
