"""Write a model's files into the models folder: limited in size, hashed, and complete or absent.

A file is written as `.NAME.part`, which is never read as a model. It gets its own name only after its size and its hash
are verified and it is synced to disk. An interrupted download is resumed.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from transcription.models.catalog import ModelFile
from transcription.models.errors import CannotStore, Interrupted, WrongContent
from transcription.models.verification import BLOCK

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Part:
    """One file that is being written into `folder`. Bytes of an earlier attempt are read again to compute the hash."""

    def __init__(self, folder: Path, file: ModelFile) -> None:
        self.file = file
        self.size = 0
        self._path = part_path(folder, file.name)
        self._target = folder / file.name
        self._sha256 = hashlib.sha256()
        # Never follow a link: its target is not ours to write.
        self._opened = os.fdopen(
            os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644), "r+b", buffering=0
        )

    def __enter__(self) -> Self:
        """Resume an earlier attempt, unless it has more bytes than the file should have."""
        while block := self._opened.read(BLOCK):
            self._sha256.update(block)
            self.size += len(block)
            if self.size > self.file.size:
                self.restart()
                break
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.close()

    def restart(self) -> None:
        """Discard everything and start at the first byte."""
        self._opened.seek(0)
        self._opened.truncate()
        self._sha256 = hashlib.sha256()
        self.size = 0

    def write(self, block: bytes) -> None:
        """Append bytes. Raises `WrongContent` before the file gets larger than it should be, and `CannotStore`."""
        if self.size + len(block) > self.file.size:
            self._discard()
            raise WrongContent(
                f"{self.file.name} is larger than it should be ({self.file.size:,} bytes); nothing of it is kept"
            )
        view = memoryview(block)
        while view:
            written = self._opened.write(view) or 0
            self._sha256.update(view[:written])
            self.size += written
            view = view[written:]

    def finish(self) -> None:
        """Move the file to its name.

        Raises `Interrupted` if bytes are missing, and `WrongContent` if the hash differs.
        """
        if self.size < self.file.size:
            raise Interrupted(f"{self.file.name} ended after {self.size:,} of {self.file.size:,} bytes")
        if self._sha256.hexdigest() != self.file.sha256:
            self._discard()
            raise WrongContent(f"{self.file.name} is not the published file (its hash differs); it was deleted")
        os.fsync(self._opened.fileno())
        self._path.replace(self._target)
        _sync_folder(self._target.parent)

    def _discard(self) -> None:
        self._path.unlink(missing_ok=True)


def part_path(folder: Path, name: str) -> Path:
    """Return the path of an unfinished file."""
    return folder / f".{name}.part"


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn an OSError in the block into `CannotStore`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise CannotStore(
                f"there is no room left in {folder}; what has come is kept, so make room and do the same again"
            ) from error
        raise CannotStore(f"{folder} cannot be written ({error.strerror or type(error).__name__})") from error


@contextmanager
def alone(directory: Path, name: str, *, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock for writing the model `name` below `directory`, among all processes of this machine.

    If another process holds it, `waiting` is called once. The lock ends with the process. Raises `OSError`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    opened = os.open(directory / f".{name}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _sync_folder(folder: Path) -> None:
    """Sync the folder's entries to disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
