"""The table of models: complete, pinned, and the same as the packages and the engine say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from transcription.models.catalog import CATALOG, ENGLISH, LARGE_V3_TURBO, WHISPER_LANGUAGES, Model, model_named
from transcription.models.errors import UnknownModel

ROOT = Path(__file__).parents[3]


def test_these_models_are_known_and_the_best_stands_last() -> None:
    assert [model.name for model in CATALOG] == ["tiny.en", "base", "small", "large-v3-turbo"]
    assert sorted(CATALOG, key=lambda model: model.size) == list(CATALOG)


@pytest.mark.parametrize("model", CATALOG, ids=lambda model: model.name)
def test_every_model_is_pinned_with_all_that_the_engine_reads(model: Model) -> None:
    assert re.fullmatch("[0-9a-f]{40}", model.revision)
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", model.repository)
    assert model.licence == "MIT"
    assert model.is_pinned
    assert all(re.fullmatch("[0-9a-f]{64}", file.sha256 or "") for file in model.files)
    names = [file.name for file in model.files]
    assert {"model.bin", "config.json", "tokenizer.json"} <= set(names)
    assert {"vocabulary.txt", "vocabulary.json"} & set(names)
    assert names[-1] == "model.bin", "the large one comes last, so that a mistake shows early"
    assert all(re.fullmatch(r"[a-z_]+\.[a-z]+", name) for name in names), "no name leads out of a folder"
    assert model.address_space > 2 * model.size


@pytest.mark.parametrize("model", [model for model in CATALOG if model.packaged], ids=lambda model: model.name)
def test_a_packaged_model_is_packaged_whole(model: Model) -> None:
    assert set(model.packaged) == {file.name for file in model.files}


@pytest.mark.parametrize("name", ["tinyen", "BASE", "", "../base", "base/", "auto"])
def test_any_other_name_is_unknown_and_those_that_are_known_are_told(name: str) -> None:
    with pytest.raises(UnknownModel, match=r"tiny\.en, base, small, large-v3-turbo"):
        model_named(name, CATALOG)


def test_the_languages_are_whispers() -> None:
    tokenizer = pytest.importorskip("faster_whisper.tokenizer", reason="faster-whisper is not installed")
    assert set(tokenizer._LANGUAGE_CODES) == LARGE_V3_TURBO.languages
    assert LARGE_V3_TURBO.languages - WHISPER_LANGUAGES == {"yue"}
    assert ENGLISH < WHISPER_LANGUAGES
