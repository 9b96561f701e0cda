"""Whisper is an extra: whoever works with a provider has none of it, and it changes nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from transcription.models.catalog import CATALOG, Model

ROOT = Path(__file__).parents[2]
OF_THE_EXTRA = ("faster-whisper", "ctranslate2", "onnxruntime", "tokenizers", "huggingface-hub")


def pinned(name: str) -> dict[str, str]:
    """The packages of a list of requirements and their versions, with what they depend on."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,-]+\])?==(\S+(?: ;[^\\\n]*)?)", text, re.MULTILINE))


def weights(model: Model) -> str:
    return f"requirements-weights-{model.name}.txt"


def test_what_a_provider_needs_holds_nothing_of_whisper() -> None:
    assert not set(pinned("requirements.txt")) & set(OF_THE_EXTRA)
    assert set(pinned("requirements-offline.txt")) >= set(OF_THE_EXTRA)


def test_the_extra_changes_no_version_of_anything_else() -> None:
    without, with_it = pinned("requirements.txt"), pinned("requirements-offline.txt")
    assert {name: with_it.get(name) for name in without} == without


@pytest.mark.parametrize("name", ["requirements-offline.txt", "requirements.txt"])
def test_developers_have_the_same_versions(name: str) -> None:
    developers, ours = pinned("requirements-dev.txt"), pinned(name)
    common = set(developers) & set(ours)
    assert {"av", "numpy"} <= common
    assert {key: developers[key].split()[0] for key in common} == {key: ours[key].split()[0] for key in common}


@pytest.mark.parametrize("model", [model for model in CATALOG if model.packaged], ids=lambda model: model.name)
def test_the_weights_of_a_packaged_model_have_a_list_of_their_own(model: Model) -> None:
    assert sorted(pinned(weights(model))) == sorted(model.distributions)


def test_there_is_no_list_of_weights_without_a_model() -> None:
    assert {path.name for path in ROOT.glob("requirements-weights-*")} == {
        weights(model) for model in CATALOG if model.packaged
    }
