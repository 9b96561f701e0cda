"""Finds where Ogg files that were joined begin, since FFmpeg decodes on only if all of them have the same form.

The format: https://datatracker.ietf.org/doc/html/rfc3533#section-6
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

_PAGE = struct.Struct("<4sBB20xB")
_MAGIC = b"OggS"
_CHUNK = 65_536
_BEGINS = 0x02
"""The flag of a page that begins a stream."""

MOST_LINKS = 1_000
"""Joined files that are decoded; there are some more only in files that were made to do harm."""


def links(file: BinaryIO) -> list[int]:
    """Return the offset of every joined file; empty if this is not Ogg."""
    begins: list[int] = []
    at: int | None = 0
    before = False
    while at is not None and len(begins) <= MOST_LINKS:
        page = _page(file, at)
        if page is None:
            at = _next_page(file, at + 1) if begins else None
            continue
        size, first = page
        if first and not before:  # each of several streams has such a page, one behind the other
            begins.append(at)
        at, before = at + size, first
    return begins


def _next_page(file: BinaryIO, at: int) -> int | None:
    """Return where the next page begins behind a damaged place, None if there is none."""
    file.seek(at)
    tail = b""
    while chunk := file.read(_CHUNK):
        found = (tail + chunk).find(_MAGIC)
        if found >= 0:
            return at - len(tail) + found
        at, tail = at + len(chunk), (tail + chunk)[-len(_MAGIC) + 1 :]
    return None


def _page(file: BinaryIO, at: int) -> tuple[int, bool] | None:
    """Return the size of the page at `at`, and whether it begins a stream."""
    file.seek(at)
    head = file.read(_PAGE.size + 255)
    if len(head) < _PAGE.size:
        return None
    magic, version, flags, segments = _PAGE.unpack_from(head)
    sizes = head[_PAGE.size : _PAGE.size + segments]
    if (magic, version, len(sizes)) != (_MAGIC, 0, segments):
        return None
    return _PAGE.size + segments + sum(sizes), bool(flags & _BEGINS)


class Section:
    """A part of a file, from `start` up to `end`, with what PyAV wants of a file."""

    def __init__(self, file: BinaryIO, *, start: int, end: int) -> None:
        self._file = file
        self._start = start
        self._size = end - start
        self._at = 0

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; none at the end of the part."""
        self._file.seek(self._start + self._at)
        data = self._file.read(max(min(size, self._size - self._at), 0))
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place of the part, as in any file."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(origin + offset, 0)
        return self._at

    def tell(self) -> int:
        """Return the place."""
        return self._at
