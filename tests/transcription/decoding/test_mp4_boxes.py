"""An MP4 that was cut off is told from one that is whole, from one that is broken, and from everything else."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from sandbox.voices import SAMPLES
from tests.transcription.recordings import Kind, encode, silent_film
from transcription import remarks
from transcription.audio import convert
from transcription.decoding.mp4_boxes import is_cut_off
from transcription.errors import UnsupportedAudio

NOTE = SAMPLES["note"].path
FTYP = struct.pack(">I", 24) + b"ftypM4A \0\0\0\0M4A mp42"
LONG = struct.pack(">I4sQ", 1, b"mdat", 2**33)
"""The header of eight gigabytes."""


def box(kind: bytes, content: bytes = b"", *, size: int | None = None) -> bytes:
    return struct.pack(">I", 8 + len(content) if size is None else size) + kind + content


def written(content: bytes, folder: Path) -> Path:
    path = folder / "recording"
    path.write_bytes(content)
    return path


def cut(path: Path) -> bool:
    with path.open("rb") as file:
        return is_cut_off(file)


@pytest.mark.parametrize(
    "content",
    [
        FTYP,
        FTYP[:12],
        FTYP + box(b"free") + box(b"mdat", bytes(100)),
        FTYP + box(b"mdat", bytes(100), size=1_000),
        FTYP + box(b"mdat", bytes(100), size=0),
        FTYP + LONG + bytes(100),
        FTYP + LONG[:12],
        FTYP + box(b"moov", bytes(50), size=100),
        FTYP + box(b"moov", bytes(50)) + box(b"mdat", size=1_000),
        FTYP + box(b"mdat", bytes(100)) + b"\0\0\0",
        box(b"wide") + box(b"mdat", bytes(100)),
    ],
    ids=[
        "its head alone",
        "half of its head",
        "no index",
        "sound that goes on",
        "sound to the end",
        "sound of gigabytes",
        "half a header",
        "half an index",
        "an index and no sound",
        "three bytes of a header",
        "QuickTime without ftyp",
    ],
)
def test_a_recording_that_ends_before_its_end_is_cut_off(content: bytes, tmp_path: Path) -> None:
    assert cut(written(content, tmp_path))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF",
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"OggS" + bytes(100),
        b"ID3\x04" + bytes(100),
        bytes(100_000),
        FTYP + box(b"moov", bytes(50)) + box(b"mdat", bytes(100)),
        FTYP + box(b"mdat", bytes(100)) + box(b"moov", bytes(50)) + box(b"free", size=1_000),
        FTYP + box(b"moof", bytes(50)) + box(b"mdat", bytes(100), size=0),
        box(b"ftyp", b"heic\0\0\0\0mif1heic") + box(b"meta", bytes(50)) + box(b"mdat", bytes(100)),
        box(b"free"),
        FTYP + box(b"free") * 20_000,
    ],
    ids=[
        "nothing",
        "four bytes",
        "wav",
        "ogg",
        "mp3",
        "zeros",
        "whole",
        "free space that is missing",
        "fragments",
        "a photo",
        "free space",
        "endless boxes",
    ],
)
def test_everything_else_is_not(content: bytes, tmp_path: Path) -> None:
    assert not cut(written(content, tmp_path))


@pytest.mark.parametrize("suffix", [".m4a", ".mov", ".mp4", ".3gp"])
@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 1.0])
def test_files_of_every_kind_are_judged_by_whether_they_end_too_early(
    suffix: str, share: float, tmp_path: Path
) -> None:
    content = encode(tmp_path / f"made{suffix}", Kind(suffix=suffix, codec="aac")).read_bytes()
    assert cut(written(content[: int(len(content) * share)], tmp_path)) is (share < 1)


async def sentence_about(content: bytes, folder: Path) -> str:
    with pytest.raises(UnsupportedAudio) as caught:
        await convert(written(content, folder), folder / "out.wav")
    assert "share" not in caught.value.on_command_line
    return caught.value.sentence


async def test_a_cut_m4a_is_not_told_to_be_saved_as_m4a(tmp_path: Path) -> None:
    content = NOTE.read_bytes()
    said = await sentence_about(content[: len(content) // 2], tmp_path)
    assert said == (
        "This recording is incomplete: its end is missing, so it couldn't be read. Export it again from the app that "
        "recorded it, and share the new file."
    )


async def test_a_file_that_is_no_recording_is_told_as_ever(tmp_path: Path) -> None:
    said = await sentence_about(b"Minutes of the meeting. " * 100, tmp_path)
    assert said == "This file couldn't be read as a recording. Save it as M4A, MP3 or WAV and share it again."
    whole = FTYP + box(b"moov", bytes(50)) + box(b"mdat", bytes(100))
    assert await sentence_about(whole, tmp_path) == said
    assert await sentence_about(b"", tmp_path) == "This file is empty. Share the recording again."
    silent = silent_film(tmp_path / "film.mp4").read_bytes()
    assert await sentence_about(silent, tmp_path) == remarks.NO_SOUND.in_slack
