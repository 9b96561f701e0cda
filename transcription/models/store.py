"""Find the model that the offline engine will use, and verify it before it is opened.

It searches a folder that the operator names, the models folder (filled by `threadscribe models fetch`), and installed
weight packages. It never downloads anything.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import distribution
from pathlib import Path
from typing import Final, TypeVar

from transcription.models import fetching, packages
from transcription.models.catalog import CATALOG, Model, model_named
from transcription.models.errors import DamagedModel, MissingModel, ModelError, UnpinnedModel
from transcription.models.sources import PlacedFiles
from transcription.models.verification import VERIFIER, Placed

T = TypeVar("T")

AUTO: Final = "auto"
"""Instead of a name: the best complete model on this machine."""

_NEEDED: Final = ("model.bin", "config.json", "tokenizer.json")
_VOCABULARIES: Final = ("vocabulary.txt", "vocabulary.json")


class ModelOrigin(StrEnum):
    """Where a model was found."""

    FOLDER = "folder"
    FETCHED = "fetched"
    PACKAGE = "package"


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedModel:
    """A verified model on this machine.

    `model` is None for a model that is not in the catalog, which is possible only in the operator's own folder.
    `folder` contains its files under their names; it is None for a model in several packages that has not been joined
    yet. `passed_over` explains why better models were skipped, if the best one was requested.
    """

    model: Model | None
    folder: Path | None
    origin: ModelOrigin
    passed_over: tuple[ModelError, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class UsableModel:
    """A verified model that can be opened: its files are in `folder`. The other fields are as in `VerifiedModel`."""

    model: Model | None
    folder: Path
    origin: ModelOrigin
    passed_over: tuple[ModelError, ...] = ()

    @property
    def name(self) -> str | None:
        """Return the model's name; None if it is not in the catalog."""
        return self.model.name if self.model else None

    @property
    def languages(self) -> frozenset[str] | None:
        """Return its languages, as Whisper's codes; None if they are not known."""
        return self.model.languages if self.model else None


class ModelStore:
    """The models of this machine. `directory` is the models folder; None means the user's own (`default_directory`)."""

    def __init__(
        self,
        directory: Path | None = None,
        *,
        catalog: Sequence[Model] = CATALOG,
        find_package: packages.Finder = distribution,
    ) -> None:
        self.directory = directory or default_directory(os.environ)
        self.catalog = catalog
        self._find_package = find_package

    async def find(self, configured: str = AUTO) -> UsableModel:
        """Return a model by name, by folder, or the best one on this machine; verified and ready to be opened.

        A model in several packages is joined into the models folder first. A value with a path separator is a folder.
        Raises `ModelError`.
        """
        return await asyncio.to_thread(self._choose, configured, self._usable)

    async def inspect(self, configured: str = AUTO) -> VerifiedModel:
        """Find a model like `find`, but without changing anything. Raises `ModelError`."""
        return await asyncio.to_thread(self._choose, configured, lambda seen, _placed: seen)

    def places(self, model: Model) -> list[tuple[ModelOrigin, Placed]]:
        """Return where a model is on this machine, unverified, the preferred place first."""
        found = [
            (ModelOrigin.FETCHED, fetching.kept(self.directory, model)),
            (ModelOrigin.PACKAGE, packages.installed(model, find=self._find_package)),
        ]
        return [(origin, placed) for origin, placed in found if placed is not None]

    def _choose(self, configured: str, make: Callable[[VerifiedModel, Placed | None], T]) -> T:
        if configured == AUTO:
            return self._best_available(make)
        if is_path(configured):
            return make(self._from_folder(Path(configured).expanduser()), None)
        return self._named(model_named(configured, self.catalog), make)

    def _best_available(self, make: Callable[[VerifiedModel, Placed | None], T]) -> T:
        passed_over: list[ModelError] = []
        for model in reversed(self.catalog):
            if not model.is_pinned or not self.places(model):
                continue
            try:
                return self._named(model, make, passed_over=passed_over)
            except ModelError as error:
                passed_over.append(error)
        if passed_over:
            raise passed_over[0]
        raise MissingModel("no model is installed")

    def _named(
        self, model: Model, make: Callable[[VerifiedModel, Placed | None], T], *, passed_over: Sequence[ModelError] = ()
    ) -> T:
        if not model.is_pinned:
            raise UnpinnedModel(model.name)
        troubles: list[ModelError] = []
        for origin, placed in self.places(model):
            try:
                VERIFIER.check(placed)
                seen = VerifiedModel(model=model, folder=placed.folder, origin=origin, passed_over=tuple(passed_over))
                return make(seen, placed)
            except ModelError as error:
                troubles.append(error)
        raise troubles[0] if troubles else MissingModel(f"the model {model.name} is not installed")

    def _usable(self, seen: VerifiedModel, placed: Placed | None) -> UsableModel:
        folder = seen.folder
        if folder is None and placed is not None:
            folder = fetching.install(placed.model, PlacedFiles(placed), directory=self.directory).folder
        if folder is None:
            raise MissingModel("it has no folder")
        return UsableModel(model=seen.model, folder=folder, origin=seen.origin, passed_over=seen.passed_over)

    def _from_folder(self, folder: Path) -> VerifiedModel:
        try:
            names = {path.name for path in folder.iterdir()}
        except OSError as error:
            raise MissingModel(f"the folder {folder} cannot be read ({error.strerror})") from None
        lacking = [name for name in _NEEDED if name not in names]
        if not lacking and not any(name in names for name in _VOCABULARIES):
            lacking = [" or ".join(_VOCABULARIES)]
        if lacking:
            raise MissingModel(f"the folder {folder} holds no model: it has no {' and no '.join(lacking)}")
        return VerifiedModel(model=self._recognise(folder), folder=folder, origin=ModelOrigin.FOLDER)

    def _recognise(self, folder: Path) -> Model | None:
        """Return the known model in a folder, if it has all its files and no others; else None."""
        for model in self.catalog:
            placed = Placed(model, {file.name: (folder / file.name,) for file in model.files})
            try:
                VERIFIER.check(placed)
            except (MissingModel, DamagedModel):
                continue
            return model
        return None


def is_path(value: str) -> bool:
    """Return whether the value names a folder and not a model."""
    return any(separator in value for separator in (os.sep, os.altsep, "/") if separator) or value in {".", "..", "~"}


def default_directory(environ: Mapping[str, str]) -> Path:
    """Return the user's own models folder by the XDG Base Directory Specification; it may not exist.

    For a user without a home folder it is in the working folder, like the database.
    """
    given = Path(environ.get("XDG_DATA_HOME", ""))
    if given.is_absolute():
        return given / "threadscribe" / "models"
    try:
        return Path.home() / ".local" / "share" / "threadscribe" / "models"
    except RuntimeError:
        return Path("threadscribe-models")
