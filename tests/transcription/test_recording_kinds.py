"""What counts as a recording: everything that is picked up is also decoded, and recognised by its first bytes."""

from __future__ import annotations

import re
import secrets
from itertools import combinations
from pathlib import Path

import av
import pytest
from av.codec import Codec

from tests.transcription.kinds import COMMITTED, ROUGH, SECONDS, example
from tests.transcription.kinds import SUFFIXES as EXAMPLES
from tests.transcription.recordings import likeness, read_wav, voice
from transcription.audio import convert
from transcription.decoding.containers import audio_decoders
from transcription.recording_kinds import (
    DEMUXERS,
    HEAD,
    KINDS,
    SHARED_SUFFIXES,
    SUFFIXES,
    begins_like_a_recording,
    suffix_of,
)

RATE = 16_000
LISTED = sorted(SUFFIXES | SHARED_SUFFIXES)


def test_there_is_an_example_of_every_entry() -> None:
    assert set(EXAMPLES) == SUFFIXES | SHARED_SUFFIXES


@pytest.mark.parametrize("path", sorted(COMMITTED.iterdir()), ids=lambda path: path.name)
def test_an_example_that_is_committed_is_small(path: Path) -> None:
    assert path.stat().st_size <= 10_000


@pytest.mark.parametrize("suffix", LISTED)
async def test_whatever_is_picked_up_is_decoded_whole(suffix: str, tmp_path: Path) -> None:
    converted = await convert(example(suffix, tmp_path), tmp_path / "out.wav")
    _, heard = read_wav(tmp_path / "out.wav")
    assert abs(converted.duration.total_seconds() - SECONDS) < 0.1
    assert not converted.damaged
    assert likeness(heard, voice(SECONDS, RATE), slack=RATE // 10) > (0.6 if suffix in ROUGH else 0.95)


@pytest.mark.parametrize("suffix", LISTED)
def test_its_first_bytes_are_those_of_its_kind(suffix: str, tmp_path: Path) -> None:
    head = example(suffix, tmp_path).read_bytes()[:HEAD]
    [kind] = [kind for kind in KINDS if suffix in kind.suffixes | kind.shared]
    assert kind.begins(head)
    assert begins_like_a_recording(head)


TYPESCRIPT = b"import { App } from '@slack/bolt';\nexport const app = new App({});\n" * 2_000


@pytest.mark.parametrize(
    "head",
    [b"", b"G", TYPESCRIPT, b"G" * 100, b"PK\x03\x04" + bytes(100), b"-----BEGIN KEY-----", b"%PDF-1.7", bytes(HEAD)],
    ids=["empty", "one letter", "TypeScript", "letters", "a zip", "a key", "a PDF", "zeros"],
)
def test_other_things_do_not_begin_like_a_recording(head: bytes) -> None:
    assert not begins_like_a_recording(head[:HEAD])


def test_noise_does_not_begin_like_a_recording() -> None:
    assert sum(begins_like_a_recording(secrets.token_bytes(2_000)) for _ in range(500)) <= 1


def test_no_suffix_stands_twice() -> None:
    listed = [kind.suffixes | kind.shared for kind in KINDS]
    assert [one & other for one, other in combinations(listed, 2) if one & other] == []


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("Interview.M4A", "m4a"),
        ("WhatsApp Audio 2026-09-04 at 10.11.12.opus", "opus"),
        ("Meeting 29.11", ""),
        ("Mr. Brown", ""),
        ("archive.tar.gz", "gz"),
        (".mp3", ""),
        ("clip.3gp ", "3gp"),
        ("", ""),
    ],
)
def test_a_suffix_is_letters_and_digits_behind_the_last_dot(name: str, suffix: str) -> None:
    assert suffix_of(name) == suffix


def test_only_sound_is_ever_decoded() -> None:
    allowed = set(audio_decoders())
    assert {Codec(name, "r").type for name in allowed} == {"audio"}
    assert {"aac", "opus", "mp3float", "amrwb"} <= allowed
    assert not {"h264", "hevc", "mpeg4", "vp9", "av1", "png", "srt"} & allowed


def test_ffmpeg_has_every_demuxer_and_the_mends_of_its_last_release() -> None:
    known = {part for name in av.formats_available for part in name.split(",")}
    assert set(DEMUXERS) <= known
    assert tuple(map(int, re.findall(r"\d+", av.ffmpeg_version_info)[:3])) >= (8, 1, 2)
