"""Install a model into the models folder from any source, and remove it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from transcription.models.catalog import Model, ModelFile
from transcription.models.errors import CannotStore, DamagedModel, Interrupted, MissingModel, UnpinnedModel
from transcription.models.sources import Source
from transcription.models.verification import VERIFIER, Placed, sha256_of
from transcription.models.writing import Part, alone, explained, part_path

TRIES = 20
"""Maximum number of attempts to resume a broken connection, as long as each attempt received something."""

OnProgress = Callable[[ModelFile, int], None]
"""A callback for progress: the file, and the number of its bytes that are present."""


def folder_of(directory: Path, model: Model) -> Path:
    """Return the folder of a model."""
    return directory / model.name


def kept(directory: Path, model: Model) -> Placed | None:
    """Return the installed files of a model in the models folder; None if it is missing or incomplete."""
    folder = folder_of(directory, model)
    parts = {file.name: (folder / file.name,) for file in model.files}
    return Placed(model, parts) if all(path.is_file() for (path,) in parts.values()) else None


def install(
    model: Model,
    source: Source,
    *,
    directory: Path,
    progress: OnProgress = lambda _file, _size: None,
    waiting: Callable[[], None] = lambda: None,
) -> Placed:
    """Install a model below `directory`. Each file there is complete and has the right hash, or is absent.

    Correct files are kept, and an interrupted download is resumed. Safe in several processes at once: `waiting` is
    called if another process is installing the model. Raises `UnpinnedModel`, `CannotStore`, `FetchError`, and
    `DamagedModel` if the model's folder contains a foreign file.
    """
    if not model.is_pinned:
        raise UnpinnedModel(model.name)
    folder = folder_of(directory, model)
    with explained(directory), alone(directory, model.name, waiting=waiting):
        folder.mkdir(exist_ok=True)
        wanted = [file for file in model.files if not _is_verified(folder, file)]
        _refuse_without_room(folder, wanted)
        for file in model.files:
            if file in wanted:
                _receive(model, file, source, folder=folder, progress=progress)
            progress(file, file.size)
    placed = kept(directory, model)
    if placed is None:  # another process removed it just now
        raise MissingModel(f"{model.name} is not complete")
    VERIFIER.check(placed)
    return placed


def remove(model: Model, *, directory: Path) -> bool:
    """Remove a model, and partial downloads of it, from the models folder. Return False if there was nothing.

    Other files in its folder are kept. Raises `CannotStore`, and `DamagedModel` if its folder is a link.
    """
    folder = folder_of(directory, model)
    if folder.is_symlink():
        raise DamagedModel(f"{folder} is a link; remove it yourself")
    if not folder.is_dir():
        return False
    with explained(directory), alone(directory, model.name):
        for file in model.files:
            (folder / file.name).unlink(missing_ok=True)
            part_path(folder, file.name).unlink(missing_ok=True)
        folder.rmdir()
    return True


def _is_verified(folder: Path, file: ModelFile) -> bool:
    path = folder / file.name
    return path.is_file() and path.stat().st_size == file.size and sha256_of([path]) == file.sha256


def _refuse_without_room(folder: Path, wanted: Sequence[ModelFile]) -> None:
    parts = [part_path(folder, file.name) for file in wanted]
    needed = sum(file.size for file in wanted) - sum(part.stat().st_size for part in parts if part.is_file())
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise CannotStore(f"there is no room in {folder}: {needed:,} bytes are needed and {free:,} are free")


def _receive(model: Model, file: ModelFile, source: Source, *, folder: Path, progress: OnProgress) -> None:
    with Part(folder, file) as part:
        for left in reversed(range(TRIES)):
            before = part.size
            try:
                if part.size < file.size:
                    _resume(model, part, source, progress=progress)
                return part.finish()
            except Interrupted:
                if part.size <= before or not left:
                    raise
    return None


def _resume(model: Model, part: Part, source: Source, *, progress: OnProgress) -> None:
    progress(part.file, part.size)
    with source.read(model, part.file, start=part.size) as stream:
        if stream.start != part.size:
            part.restart()
        for block in stream.blocks:
            part.write(block)
            progress(part.file, part.size)
