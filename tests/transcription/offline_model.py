"""The real Whisper model, if it is installed. Without it, its tests are skipped with a warning; CI must have it."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from transcription.embedded.local_model import LocalModel, is_installed
from transcription.models.catalog import TINY_EN, Model
from transcription.models.store import ModelStore

PEOPLE = Path(__file__).parent / "samples" / "people"

SENTENCES = {
    "sense_and_sensibility_1": "And Mr. John Dashwood had then leisure to consider how much there might be prudently "
    "in his power to do for them.",
    "sense_and_sensibility_2": "Had he married a more amiable woman, he might have been made still more respectable "
    "than he was.",
}


def real_model(folder: Path, model: Model = TINY_EN) -> LocalModel:
    """A model from its package; `folder` keeps what a store keeps. Only `tiny.en` is required where models are."""
    if not (is_installed() and all(_has(name) for name in model.distributions)):
        missing = (
            f"REAL MODEL NOT TESTED: faster-whisper or the package of {model.name} is not installed "
            f"(make offline MODEL={model.name})"
        )
        if os.environ.get("REQUIRE_MODEL") and model is TINY_EN:
            pytest.fail(missing)
        pytest.skip(missing)
    return LocalModel(ModelStore(folder), configured=model.name, threads=1)


def _has(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
