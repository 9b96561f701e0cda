"""A copy of a SQLite database while a bot is at work on it, whole and consistent."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from storage.database import StorageUnavailable


def back_up(source: Path, target: Path) -> None:
    """Write the database `source` to the new file `target`, readable by its owner only, checked and on disk on return.

    Uses SQLite's online backup. Raises `StorageUnavailable` when there is such a file already, which is left alone, or
    when the copy cannot be made; then no `target` is left.
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
    # As a reader: a file that is not there must not be made.
    address = f"{source.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as original, closing(sqlite3.connect(target)) as copy:
        # In one go: SQLite starts anew when somebody writes in between, and would never end beside a busy bot. Nobody
        # is held up, since with a write-ahead log a reader keeps its view while others write.
        original.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # so that the one file is all of it
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
