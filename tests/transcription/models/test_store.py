"""Where a model is looked for, which one is taken, and that nothing is opened that was not verified."""

from __future__ import annotations

import os
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from tests.transcription.models.invented import Invented, invent, plant, unpinned
from transcription.models.catalog import CATALOG, TINY_EN
from transcription.models.errors import DamagedModel, MissingModel, ModelError, UnknownModel, UnpinnedModel
from transcription.models.store import AUTO, ModelOrigin, ModelStore, default_directory

GOOD, BETTER = invent("good", packages=1), invent("better", packages=2, fill=b"b")


def store_of(folder: Path, *made: Invented) -> ModelStore:
    return ModelStore(folder / "models", catalog=[one.model for one in made])


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages that this process could import from."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


async def test_a_model_that_was_fetched_is_found_by_its_name(tmp_path: Path) -> None:
    folder = GOOD.put(tmp_path / "models" / "good")
    found = await store_of(tmp_path, GOOD).find("good")
    assert (found.folder, found.origin, found.name) == (folder, ModelOrigin.FETCHED, "good")
    assert found.languages == frozenset({"en"})


async def test_a_model_in_one_package_is_used_where_it_lies(tmp_path: Path, site: Path) -> None:
    plant(GOOD, site)
    found = await store_of(tmp_path, GOOD).find("good")
    assert (found.folder, found.origin) == (site / "good_weights_0" / "data", ModelOrigin.PACKAGE)
    assert not (tmp_path / "models").exists()


async def test_a_model_in_two_packages_is_joined_once(tmp_path: Path, site: Path) -> None:
    plant(BETTER, site)
    store = store_of(tmp_path, BETTER)
    found = await store.find("better")
    assert found.folder == tmp_path / "models" / "better"
    assert {path.name: path.read_bytes() for path in found.folder.iterdir()} == BETTER.contents
    joined = (found.folder / "model.bin").stat()
    assert (await store.find("better")).origin is ModelOrigin.FETCHED
    assert (found.folder / "model.bin").stat() == joined


async def test_looking_joins_nothing(tmp_path: Path, site: Path) -> None:
    plant(BETTER, site)
    seen = await store_of(tmp_path, BETTER).inspect("better")
    assert (seen.model, seen.folder, seen.origin) == (BETTER.model, None, ModelOrigin.PACKAGE)
    assert not (tmp_path / "models").exists()


async def test_no_package_of_weights_is_ever_imported(tmp_path: Path, site: Path) -> None:
    plant(GOOD, site)
    plant(BETTER, site)
    await store_of(tmp_path, GOOD, BETTER).find("good")
    await store_of(tmp_path, GOOD, BETTER).find("better")
    assert [name for name in sys.modules if name.startswith(("good_weights", "better_weights"))] == []
    with pytest.raises(SystemExit, match="somebody imported"):
        __import__("good_weights_0")


@pytest.mark.parametrize("part", ["better_weights_0/data/model.bin.part0", "better_weights_1/data/model.bin.part1"])
async def test_a_package_with_another_file_is_refused(tmp_path: Path, site: Path, part: str) -> None:
    plant(BETTER, site)
    content = (site / part).read_bytes()
    (site / part).write_bytes(content[:-1] + b"x")
    with pytest.raises(DamagedModel, match=r"the hash of model\.bin, joined from 2 parts"):
        await store_of(tmp_path, BETTER).find("better")
    assert not (tmp_path / "models").exists()


async def test_a_package_that_lost_a_file_is_refused(tmp_path: Path, site: Path) -> None:
    plant(GOOD, site)
    (site / "good_weights_0" / "data" / "vocabulary.txt").unlink()
    with pytest.raises(MissingModel, match=r"vocabulary\.txt is missing"):
        await store_of(tmp_path, GOOD).find("good")


async def test_a_package_that_does_not_list_a_file_is_refused(tmp_path: Path, site: Path) -> None:
    plant(GOOD, site)
    record = site / "good_weights_0-1.0.dist-info" / "RECORD"
    record.write_text(record.read_text(encoding="utf-8").replace("good_weights_0/data/model", "../elsewhere/model"))
    with pytest.raises(MissingModel, match=r"model\.bin is missing"):
        await store_of(tmp_path, GOOD).find("good")


async def test_one_of_two_packages_is_no_model(tmp_path: Path, site: Path) -> None:
    plant(BETTER, site)
    for path in (site / "better_weights_1-1.0.dist-info").iterdir():
        path.unlink()
    (site / "better_weights_1-1.0.dist-info").rmdir()
    with pytest.raises(MissingModel, match="the model better is not installed"):
        await store_of(tmp_path, BETTER).find("better")


async def test_a_file_of_another_size_is_named_before_anything_is_hashed(tmp_path: Path) -> None:
    GOOD.put(tmp_path / "models" / "good", model_bin=b"short")
    with pytest.raises(DamagedModel, match=r"model\.bin has 5 bytes instead of 200,000"):
        await store_of(tmp_path, GOOD).find("good")


async def test_a_changed_file_is_named(tmp_path: Path) -> None:
    GOOD.put(tmp_path / "models" / "good", tokenizer_json=GOOD.contents["tokenizer.json"].replace(b"good", b"evil"))
    with pytest.raises(DamagedModel, match=r"the hash of .*tokenizer\.json is not the published one"):
        await store_of(tmp_path, GOOD).find("good")


async def test_a_file_that_is_changed_later_is_seen(tmp_path: Path) -> None:
    folder = GOOD.put(tmp_path / "models" / "good")
    store = store_of(tmp_path, GOOD)
    await store.find("good")
    before = (folder / "model.bin").stat()
    (folder / "model.bin").write_bytes(b"x" * before.st_size)
    os.utime(folder / "model.bin", ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(DamagedModel):
        await store.find("good")


@pytest.mark.parametrize("name", ["preprocessor_config.json", "vocabulary.json", "shared_vocabulary.txt"])
async def test_a_file_beside_them_that_would_be_read_too_is_refused(tmp_path: Path, name: str) -> None:
    (GOOD.put(tmp_path / "models" / "good") / name).write_text("{}")
    with pytest.raises(DamagedModel, match="does not belong to it"):
        await store_of(tmp_path, GOOD).find("good")


async def test_half_a_model_is_none(tmp_path: Path) -> None:
    GOOD.put(tmp_path / "models" / "good", model_bin=None)
    with pytest.raises(MissingModel, match="not installed"):
        await store_of(tmp_path, GOOD).find("good")


async def test_a_damaged_copy_gives_way_to_a_package(tmp_path: Path, site: Path) -> None:
    BETTER.put(tmp_path / "models" / "better", model_bin=b"short")
    plant(BETTER, site)
    found = await store_of(tmp_path, BETTER).find("better")
    assert (found.folder / "model.bin").read_bytes() == BETTER.contents["model.bin"]


async def test_the_best_that_is_here_is_taken(tmp_path: Path, site: Path) -> None:
    best = invent("best")
    store = store_of(tmp_path, GOOD, BETTER, best)
    plant(GOOD, site)
    assert (await store.find(AUTO)).name == "good"
    plant(BETTER, site)
    assert (await store.find()).name == "better"
    best.put(tmp_path / "models" / "best")
    assert (await store.find()).name == "best"


async def test_a_damaged_one_is_passed_over_and_told(tmp_path: Path) -> None:
    GOOD.put(tmp_path / "models" / "good")
    BETTER.put(tmp_path / "models" / "better", model_bin=b"short")
    found = await store_of(tmp_path, GOOD, BETTER).find()
    assert found.name == "good"
    (trouble,) = found.passed_over
    assert isinstance(trouble, DamagedModel)


async def test_where_nothing_else_is_here_the_damage_is_what_is_told(tmp_path: Path) -> None:
    GOOD.put(tmp_path / "models" / "good", model_bin=b"short")
    with pytest.raises(DamagedModel):
        await store_of(tmp_path, GOOD).find()


async def test_without_any_model_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(MissingModel, match="no model is installed"):
        await store_of(tmp_path, GOOD).find()


async def test_where_a_model_cannot_be_joined_the_next_one_is_taken(tmp_path: Path, site: Path) -> None:
    plant(GOOD, site)
    plant(BETTER, site)
    (tmp_path / "models").write_text("no folder")
    found = await store_of(tmp_path, GOOD, BETTER).find()
    assert found.name == "good"
    assert "cannot be written" in str(found.passed_over[0])


async def test_a_model_without_published_hashes_is_refused(tmp_path: Path) -> None:
    secret = unpinned(GOOD)
    secret.put(tmp_path / "models" / "good")
    with pytest.raises(UnpinnedModel, match="hashes of its files are not known"):
        await store_of(tmp_path, secret).find("good")
    with pytest.raises(MissingModel):
        await store_of(tmp_path, secret).find(AUTO)


async def test_the_operators_folder_may_hold_any_model(tmp_path: Path) -> None:
    other = invent("other")
    folder = other.put(tmp_path / "mine")
    found = await store_of(tmp_path, GOOD).find(str(folder))
    assert (found.name, found.languages, found.folder, found.origin) == (None, None, folder, ModelOrigin.FOLDER)


async def test_a_known_model_in_the_operators_folder_is_called_by_its_name(tmp_path: Path) -> None:
    folder = BETTER.put(tmp_path / "mine")
    assert (await store_of(tmp_path, GOOD, BETTER).find(str(folder))).name == "better"
    (folder / "preprocessor_config.json").write_text("{}")
    assert (await store_of(tmp_path, GOOD, BETTER).find(str(folder))).name is None


@pytest.mark.parametrize("lacking", ["model.bin", "config.json", "tokenizer.json", "vocabulary.txt"])
async def test_a_folder_that_lacks_something_is_no_model(tmp_path: Path, lacking: str) -> None:
    (GOOD.put(tmp_path / "mine") / lacking).unlink()
    with pytest.raises(MissingModel, match=lacking.replace(".", r"\.")):
        await store_of(tmp_path).find(f"{tmp_path}/mine")


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingModel, match="No such file"):
        await store_of(tmp_path).find(f"{tmp_path}/nowhere")


@pytest.mark.parametrize("name", ["../models/good", "./good", "good/", "/", "..", "."])
async def test_a_name_with_a_separator_is_a_folder_and_never_leads_into_the_store(tmp_path: Path, name: str) -> None:
    GOOD.put(tmp_path / "models" / "good")
    with pytest.raises(MissingModel):
        await store_of(tmp_path, GOOD).find(name)


@pytest.mark.parametrize("name", ["great", "GOOD", "", "good\0", "good.en"])
async def test_a_name_that_is_not_known_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownModel):
        await store_of(tmp_path, GOOD).find(name)


def test_the_folder_of_models_is_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    assert default_directory({}) == Path("/somewhere/.local/share/threadscribe/models")
    assert default_directory({"XDG_DATA_HOME": "relative"}) == Path("/somewhere/.local/share/threadscribe/models")
    assert default_directory({"XDG_DATA_HOME": "/data"}) == Path("/data/threadscribe/models")


async def test_the_real_model_is_verified_where_its_package_has_it(tmp_path: Path) -> None:
    try:
        distribution(TINY_EN.distributions[0])
    except PackageNotFoundError:
        pytest.skip(f"REAL MODEL NOT TESTED: the package {TINY_EN.distributions[0]} is not installed (make offline)")
    found = await ModelStore(tmp_path / "models", catalog=CATALOG).find("tiny.en")
    assert (found.model, found.origin) == (TINY_EN, ModelOrigin.PACKAGE)


def test_every_error_is_of_one_tree() -> None:
    assert all(issubclass(kind, ModelError) for kind in (DamagedModel, MissingModel, UnknownModel, UnpinnedModel))
