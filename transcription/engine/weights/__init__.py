"""The weights of the speaker encoder: their file, their shapes, and a reader that validates both.

`ge2e.npz` is made by `tools.convert_ge2e` and never edited by hand. NOTICE names the authors.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

GE2E = Path(__file__).with_name("ge2e.npz")
"""The encoder trained with the generalised end-to-end loss (Wan et al., 2018), as 16-bit floats."""

MELS, HIDDEN, LAYERS = 40, 256, 3

SHAPES: Mapping[str, tuple[int, ...]] = {
    **{
        f"lstm.{name}_l{layer}": shape
        for layer in range(LAYERS)
        for name, shape in (
            ("weight_ih", (4 * HIDDEN, HIDDEN if layer else MELS)),
            ("weight_hh", (4 * HIDDEN, HIDDEN)),
            ("bias_ih", (4 * HIDDEN,)),
            ("bias_hh", (4 * HIDDEN,)),
        )
    },
    "linear.weight": (HIDDEN, HIDDEN),
    "linear.bias": (HIDDEN,),
}
"""The arrays in the file, by their names in the published checkpoint."""


def weights(path: Path = GE2E) -> dict[str, NDArray[np.float32]]:
    """Read the weights as 32-bit floats. Raises `ValueError` if an array is missing or has another shape or type."""
    with np.load(path, allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    if {name: (array.shape, array.dtype) for name, array in found.items()} != {
        name: (shape, np.dtype(np.float16)) for name, shape in SHAPES.items()
    }:
        raise ValueError(f"{path.name} does not hold the encoder's weights")
    return {name: array.astype(np.float32) for name, array in found.items()}
