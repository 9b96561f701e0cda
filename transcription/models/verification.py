"""Verify a model's files by size and SHA-256 before they are opened.

CTranslate2 reads native structures from `model.bin`, and a tokenizer is in effect executed, so neither may come from an
unverified file. Sizes are checked first, and files are read in blocks. A hash is cached in memory for as long as the
file looks unchanged (device, inode, size, times); nothing is cached on disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from transcription.models.catalog import Model, ModelFile
from transcription.models.errors import DamagedModel, MissingModel

BLOCK = 2**20
"""Bytes read at a time."""

Signature = tuple[tuple[str, int, int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """A model's files on this machine: for each file its parts, usually one."""

    model: Model
    parts: Mapping[str, tuple[Path, ...]]

    @property
    def folder(self) -> Path | None:
        """Return the folder that contains every file under its own name, as CTranslate2 requires.

        None if there is none.
        """
        folders = {paths[0].parent for paths in self.parts.values()}
        whole = all(len(paths) == 1 and paths[0].name == name for name, paths in self.parts.items())
        return folders.pop() if whole and len(folders) == 1 else None


class Verifier:
    """Checks the hashes of files, and caches them. Thread-safe."""

    def __init__(self) -> None:
        self._known: dict[Signature, str] = {}

    def check(self, placed: Placed) -> None:
        """Return if every file is correct and the folder contains no other file that could be read, too.

        Raises `MissingModel` if a file is missing, and `DamagedModel` if a file has another size or hash.
        """
        appearances = {file.name: _signature(placed, file) for file in placed.model.files}
        for file in placed.model.files:
            size = sum(part[3] for part in appearances[file.name])
            if size != file.size:
                raise DamagedModel(
                    f"{placed.model.name} is damaged: {_name(placed, file)} has {size:,} bytes instead of {file.size:,}"
                )
        try:
            _refuse_foreign_files(placed)
            for file in placed.model.files:
                if self._sha256(placed.parts[file.name], appearances[file.name]) != file.sha256:
                    raise DamagedModel(
                        f"{placed.model.name} is damaged: the hash of {_name(placed, file)} is not the published one"
                    )
        except OSError as error:
            raise DamagedModel(f"{placed.model.name} cannot be read ({error.strerror}: {error.filename})") from error

    def _sha256(self, parts: Sequence[Path], appearance: Signature) -> str:
        known = self._known.get(appearance)
        if known is not None:
            return known
        digest = sha256_of(parts)
        # Cache the hash only if the file did not change while it was read.
        if appearance == tuple(_file_state(path) for path in parts):
            self._known[appearance] = digest
        return digest


VERIFIER = Verifier()
"""The verifier of this process."""


def sha256_of(parts: Sequence[Path]) -> str:
    """Return the SHA-256 of the concatenated files in hexadecimal digits. Raises `OSError`."""
    digest = hashlib.sha256()
    for path in parts:
        with path.open("rb") as opened:
            while block := opened.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _signature(placed: Placed, file: ModelFile) -> Signature:
    try:
        return tuple(_file_state(path) for path in placed.parts[file.name])
    except (OSError, KeyError):
        raise MissingModel(f"{placed.model.name} is not complete: {file.name} is missing") from None


def _file_state(path: Path) -> tuple[str, int, int, int, int, int]:
    found = path.stat()
    if not path.is_file():
        raise FileNotFoundError
    return str(path), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _refuse_foreign_files(placed: Placed) -> None:
    """Raise `DamagedModel` if the folder contains a file that does not belong to the model.

    An extra vocabulary or configuration would be read, too.
    """
    folder = placed.folder
    if folder is None:
        return
    for path in sorted(folder.iterdir()):
        if path.name not in placed.parts and not path.name.startswith(".") and path.name != "__pycache__":
            raise DamagedModel(f"{placed.model.name} is damaged: {path} does not belong to it")


def _name(placed: Placed, file: ModelFile) -> str:
    parts = placed.parts[file.name]
    return str(parts[0]) if len(parts) == 1 else f"{file.name}, joined from {len(parts)} parts,"
