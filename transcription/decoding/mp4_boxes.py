"""Tells an MP4 file that was cut off from one that is broken otherwise.

MP4, M4A, MOV and 3GP are sequences of boxes: https://developer.apple.com/documentation/quicktime-file-format/atoms.
Many recorders write the box with the index (`moov`) last: without it nothing can be decoded.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_MOST_BOXES = 10_000
"""Boxes that are read at most. A recording in fragments has two for each."""

_SHORT, _LONG = 8, 16
"""Bytes of a header: a size of 32 bits and a type, or behind them a size of 64 bits, too."""

_FIRST = {b"ftyp", b"mdat", b"wide", b"free", b"skip"}
"""What a recording begins with. QuickTime files may have no `ftyp`."""

_INDEX = {b"moov", b"moof"}
_NEEDED = {b"mdat", *_INDEX}
_PHOTOS = {b"avif", b"avis", b"heic", b"heim", b"heis", b"heix", b"mif1", b"msf1"}
"""Brands (in `ftyp`) of photos, which are boxes too and have no `moov`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Box:
    """A top-level box. `brand`: the four bytes behind its short header. `is_whole`: the file does not end inside it."""

    kind: bytes
    brand: bytes
    is_whole: bool


def is_cut_off(source: BinaryIO) -> bool:
    """Return whether the file is an MP4 recording that ends inside its sound or its index, or before its index.

    Reads only the headers of the boxes, and at most `_MOST_BOXES` of them. Raises `OSError`.
    """
    boxes = list(_boxes(source))
    if not boxes or boxes[0].kind not in _FIRST or boxes[0].brand in _PHOTOS or len(boxes) == _MOST_BOXES:
        return False
    if any(box.kind in _NEEDED and not box.is_whole for box in boxes):
        return True
    kinds = {box.kind for box in boxes}
    return not kinds.isdisjoint({b"ftyp", b"mdat"}) and kinds.isdisjoint(_INDEX)


def _boxes(source: BinaryIO) -> Iterator[_Box]:
    """Yield the top-level boxes, up to one with an impossible size."""
    length, at = os.fstat(source.fileno()).st_size, 0
    for _ in range(_MOST_BOXES):
        source.seek(at)
        header = source.read(_LONG)
        if len(header) < _SHORT:
            return
        size = _size(header, rest=length - at)
        yield _Box(kind=header[4:8], brand=header[8:12], is_whole=size <= length - at)
        if size < _SHORT:
            return
        at += size


def _size(header: bytes, *, rest: int) -> int:
    """Return the bytes of a box with its header, more than `rest` if its header is cut; 0 stands for all the rest."""
    size = int.from_bytes(header[:4])
    if size == 1:
        return int.from_bytes(header[_SHORT:]) if len(header) == _LONG else rest + 1
    return size or rest
