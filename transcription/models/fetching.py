"""Installs a model below the folder of models, from wherever its files come, and takes it away again."""

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
"""How often a broken connection is taken up again, as long as each one brought something."""

OnProgress = Callable[[ModelFile, int], None]
"""Told of a file and how many of its bytes are there."""


def folder_of(directory: Path, model: Model) -> Path:
    """Return where a model is kept."""
    return directory / model.name


def kept(directory: Path, model: Model) -> Placed | None:
    """Say where the folder of models has this one; None where it has not, or not all of it."""
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
    """Bring a model below `directory`, where each file is whole and has its hash, or is not there under its name.

    What is there already and right is left alone; what an earlier try left is gone on with. Several may do it at once:
    `waiting` is called where somebody else is at it. Raises `UnpinnedModel`, `CannotStore`, `FetchError`, and
    `DamagedModel` where something lies in the model's folder that does not belong there.
    """
    if not model.is_pinned:
        raise UnpinnedModel(model.name)
    folder = folder_of(directory, model)
    with explained(directory), alone(directory, model.name, waiting=waiting):
        folder.mkdir(exist_ok=True)
        wanted = [file for file in model.files if not _is_right(folder, file)]
        _refuse_without_room(folder, wanted)
        for file in model.files:
            if file in wanted:
                _receive(model, file, source, folder=folder, progress=progress)
            progress(file, file.size)
    placed = kept(directory, model)
    if placed is None:  # somebody removed it just now
        raise MissingModel(f"{model.name} is not complete")
    VERIFIER.check(placed)
    return placed


def remove(model: Model, *, directory: Path) -> bool:
    """Take a model, and what was fetched of it, out of the folder of models. False where nothing of it was there.

    Other files in its folder stay. Raises `CannotStore`, and `DamagedModel` where its folder is a link.
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


def _is_right(folder: Path, file: ModelFile) -> bool:
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
                    _go_on(model, part, source, progress=progress)
                return part.finish()
            except Interrupted:
                if part.size <= before or not left:
                    raise
    return None


def _go_on(model: Model, part: Part, source: Source, *, progress: OnProgress) -> None:
    progress(part.file, part.size)
    with source.read(model, part.file, start=part.size) as stream:
        if stream.start != part.size:
            part.restart()
        for block in stream.blocks:
            part.write(block)
            progress(part.file, part.size)
