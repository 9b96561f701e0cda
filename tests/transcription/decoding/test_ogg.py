"""Where joined Ogg files begin."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.transcription.recordings import Kind, encode
from transcription.decoding.ogg import Section, links


@pytest.fixture
def one(tmp_path: Path) -> bytes:
    return encode(tmp_path / "one.ogg", Kind(suffix=".ogg", codec="libopus"), seconds=1).read_bytes()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_joined_file_is_found(one: bytes, count: int) -> None:
    assert links(io.BytesIO(one * count)) == [len(one) * number for number in range(count)]


@pytest.mark.parametrize("content", [b"", b"Ogg", b"OggS", b"RIFF" + bytes(100), b"OggS\x01" + bytes(100)])
def test_what_is_no_ogg_has_none(content: bytes) -> None:
    assert links(io.BytesIO(content)) == []


def test_behind_a_damaged_place_the_next_file_is_found(one: bytes) -> None:
    damaged = bytearray(one)
    damaged[len(one) // 2 : len(one) // 2 + 300] = bytes(300)
    assert links(io.BytesIO(bytes(damaged) + one)) == [0, len(one)]


def test_a_section_reads_as_a_file_of_its_own() -> None:
    section = Section(io.BytesIO(b"0123456789"), start=2, end=6)
    assert section.read(3) == b"234"
    assert section.tell() == 3
    assert section.read(9) == b"5"
    assert section.read(9) == b""
    assert section.seek(-2, io.SEEK_END) == 2
    assert section.read(9) == b"45"
    assert section.seek(1) == 1
    assert section.seek(1, io.SEEK_CUR) == 2
