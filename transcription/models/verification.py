"""Whether a model's files are what they should be, told by size and SHA-256 before anything opens them.

CTranslate2 reads native structures from `model.bin`, and a tokenizer is executed in effect: neither is for a file that
nobody vouches for. A file is read in blocks, and its size is looked at first. What was found is remembered for as long
as this process lives and the file looks the same (device, inode, size, times); nothing is remembered on disk.
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
    """Where a model's files lie: for each, the parts that are joined to it, mostly one."""

    model: Model
    parts: Mapping[str, tuple[Path, ...]]

    @property
    def folder(self) -> Path | None:
        """The folder that holds every file under its own name, as CTranslate2 wants it; None where none does."""
        folders = {paths[0].parent for paths in self.parts.values()}
        whole = all(len(paths) == 1 and paths[0].name == name for name, paths in self.parts.items())
        return folders.pop() if whole and len(folders) == 1 else None


class Verifier:
    """Tells whether files have the hashes that they should have, and remembers it. Safe in several threads."""

    def __init__(self) -> None:
        self._known: dict[Signature, str] = {}

    def check(self, placed: Placed) -> None:
        """Return when every file is right and nothing else lies beside them that would be read too.

        Raises `MissingModel` where a file is not there, `DamagedModel` for one of another size or hash.
        """
        appearances = {file.name: _appearance(placed, file) for file in placed.model.files}
        for file in placed.model.files:
            size = sum(part[3] for part in appearances[file.name])
            if size != file.size:
                raise DamagedModel(
                    f"{placed.model.name} is damaged: {_name(placed, file)} has {size:,} bytes instead of {file.size:,}"
                )
        try:
            _refuse_strangers(placed)
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
        # Only if it is still the same file: one that was changed while it was read is read again.
        if appearance == tuple(_looks(path) for path in parts):
            self._known[appearance] = digest
        return digest


VERIFIER = Verifier()
"""The one of this process."""


def sha256_of(parts: Sequence[Path]) -> str:
    """Return the SHA-256 of these files, one after the other, in hexadecimal digits. Raises `OSError`."""
    digest = hashlib.sha256()
    for path in parts:
        with path.open("rb") as opened:
            while block := opened.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()


def _appearance(placed: Placed, file: ModelFile) -> Signature:
    try:
        return tuple(_looks(path) for path in placed.parts[file.name])
    except (OSError, KeyError):
        raise MissingModel(f"{placed.model.name} is not complete: {file.name} is missing") from None


def _looks(path: Path) -> tuple[str, int, int, int, int, int]:
    found = path.stat()
    if not path.is_file():
        raise FileNotFoundError
    return str(path), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _refuse_strangers(placed: Placed) -> None:
    """Refuse a file that is not of the model: a vocabulary or a configuration beside it would be read with it."""
    folder = placed.folder
    if folder is None:
        return
    for path in sorted(folder.iterdir()):
        if path.name not in placed.parts and not path.name.startswith(".") and path.name != "__pycache__":
            raise DamagedModel(f"{placed.model.name} is damaged: {path} does not belong to it")


def _name(placed: Placed, file: ModelFile) -> str:
    parts = placed.parts[file.name]
    return str(parts[0]) if len(parts) == 1 else f"{file.name}, joined from {len(parts)} parts,"
