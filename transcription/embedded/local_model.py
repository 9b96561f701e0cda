"""Select the recogniser of the offline engine on this machine: an installed Whisper model, or pocketsphinx."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from transcription.models.catalog import Model, model_named
from transcription.models.errors import MissingModel, ModelError
from transcription.models.store import AUTO, ModelStore, UsableModel, is_path

ENGINE: Final = "faster-whisper"
MOST_THREADS = 4
"""More threads gain little with chunks of half a minute."""


class LocalModel:
    """The model that `configured` selects in a `store`: a name, a folder, or `auto` for the best one on this machine.

    `threads` is the number of threads for one recording; None means the number of cores, up to `MOST_THREADS`.
    """

    def __init__(self, store: ModelStore, *, configured: str = AUTO, threads: int | None = None) -> None:
        self._store = store
        self._configured = configured
        self.threads = threads or min(MOST_THREADS, os.cpu_count() or 1)

    def likely(self) -> Model | None:
        """Return the known model that will probably be used, without verifying it or reading files.

        None: pocketsphinx, or unknown.
        """
        if not is_installed() or is_path(self._configured):
            return None
        if self._configured != AUTO:
            return model_named(self._configured, self._store.catalog)
        return next((model for model in reversed(self._store.catalog) if self._is_here(model)), None)

    @property
    def is_a_folder(self) -> bool:
        """Return whether the operator configured a folder. Its model may be unknown."""
        return is_path(self._configured)

    async def find(self) -> UsableModel | None:
        """Find and verify the model. Return None if only pocketsphinx is available.

        Raises `ModelError` if a model was configured that cannot be used.
        """
        if not is_installed():
            if self._configured == AUTO:
                return None
            raise MissingModel(f"{ENGINE} is not installed: run `make offline`")
        try:
            return await self._store.find(self._configured)
        except ModelError:
            if self._configured == AUTO:
                return None
            raise

    def _is_here(self, model: Model) -> bool:
        return model.is_pinned and bool(self._store.places(model))


def is_installed() -> bool:
    """Return whether faster-whisper is installed, without importing it."""
    try:
        version(ENGINE)
    except PackageNotFoundError:
        return False
    return True
