"""What `threadscribe doctor` says of the offline engine's model: which, from where, whole or not, what is better."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli.doctor_model import examine_model
from bot.cli.findings import Finding
from tests.transcription.models.invented import Invented, invent, plant
from transcription.models.catalog import WHISPER_LANGUAGES
from transcription.models.store import AUTO, ModelStore

SMALL = invent("small")
BEST = Invented(replace(invent("best").model, languages=WHISPER_LANGUAGES, word_errors=4.6), invent("best").contents)
PACKED = invent("packed", packages=2)


async def examined(folder: Path, wanted: str = AUTO, *, engine: bool = True) -> list[Finding]:
    store = ModelStore(folder / "models", catalog=[PACKED.model, SMALL.model, BEST.model])
    return await examine_model(wanted, store=store, engine=engine)


async def test_the_model_is_named_with_its_place_what_it_understands_and_how_well(tmp_path: Path) -> None:
    folder = BEST.put(tmp_path / "models" / "best")
    (finding,) = await examined(tmp_path)
    assert finding.verdict == "good"
    assert finding.what == (
        f"the offline engine works with Whisper best from {folder}, verified; 99 languages; "
        "4.6 % of words wrong in nine recordings of English"
    )
    assert finding.fix is None


async def test_for_a_model_of_english_only_it_says_what_understands_more(tmp_path: Path) -> None:
    SMALL.put(tmp_path / "models" / "small")
    (finding,) = await examined(tmp_path)
    assert finding.verdict == "good"
    assert "English only" in finding.what
    assert finding.fix
    assert "threadscribe models fetch base" in finding.fix


async def test_packages_are_named_and_nothing_is_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(PACKED, tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    (finding,) = await examined(tmp_path)
    assert "from the packages packed-weights-0 and packed-weights-1, verified" in finding.what
    assert not (tmp_path / "models").exists()


async def test_without_any_model_it_says_that_what_is_left_is_the_last_resort(tmp_path: Path) -> None:
    (finding,) = await examined(tmp_path)
    assert finding.verdict == "note"
    assert "last resort" in finding.what
    assert "more than half of real people's words wrong" in finding.what
    assert finding.fix
    assert "make offline MODEL=base" in finding.fix


async def test_without_what_opens_it_a_model_is_of_no_use(tmp_path: Path) -> None:
    SMALL.put(tmp_path / "models" / "small")
    (finding,) = await examined(tmp_path, engine=False)
    assert finding.verdict == "note"
    assert "last resort" in finding.what
    assert "faster-whisper, which opens it, is not installed" in finding.what


async def test_a_chosen_model_that_nothing_opens_is_bad(tmp_path: Path) -> None:
    SMALL.put(tmp_path / "models" / "small")
    (finding,) = await examined(tmp_path, "small", engine=False)
    assert finding.verdict == "bad"
    assert "EMBEDDED_MODEL is small" in finding.what


async def test_a_damaged_better_model_is_bad_beside_the_one_that_is_used(tmp_path: Path) -> None:
    SMALL.put(tmp_path / "models" / "small")
    BEST.put(tmp_path / "models" / "best", model_bin=b"short")
    damaged, used = await examined(tmp_path)
    assert damaged.verdict == "bad"
    assert "model.bin has 5 bytes instead of 200,000" in damaged.what
    assert used.verdict == "good"
    assert "Whisper small" in used.what


async def test_where_only_a_damaged_one_is_here_the_last_resort_is_told_too(tmp_path: Path) -> None:
    BEST.put(tmp_path / "models" / "best", model_bin=b"short")
    damaged, used = await examined(tmp_path)
    assert damaged.verdict == "bad"
    assert "last resort" in used.what


@pytest.mark.parametrize("wanted", ["best", "great", "nowhere/at/all"])
async def test_a_chosen_model_that_cannot_be_used_is_bad(tmp_path: Path, wanted: str) -> None:
    (finding,) = await examined(tmp_path, wanted)
    assert finding.verdict == "bad"
    assert finding.what.startswith(f"EMBEDDED_MODEL is {wanted}, and that cannot be used: ")
    assert finding.fix


async def test_an_unknown_model_is_told_as_one(tmp_path: Path) -> None:
    folder = invent("foreign").put(tmp_path / "mine")
    (finding,) = await examined(tmp_path, str(folder))
    assert finding.verdict == "note"
    assert f"an unknown model in {folder}" in finding.what
