"""Proves that no file, broken or made to harm, does more than be refused in a sentence or give what is left of it."""

from __future__ import annotations

import random
import zipfile
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.transcription.recordings import Kind, encode, names_in, read_wav, silent_film, wav_header
from transcription.audio import Converted, convert
from transcription.errors import TooLong, UnsupportedAudio

SECONDS = 4.0
KINDS = {
    "m4a": Kind(suffix=".m4a", codec="aac"),
    "m4a, index first": Kind(suffix=".m4a", codec="aac", options={"movflags": "faststart"}),
    "mp4 in fragments": Kind(
        suffix=".mp4", codec="aac", options={"movflags": "frag_keyframe+empty_moov", "frag_duration": "200000"}
    ),
    "mp3": Kind(suffix=".mp3", codec="libmp3lame", rate=44_100, bit_rate=64_000),
    "ogg": Kind(suffix=".ogg", codec="libopus"),
    "webm": Kind(suffix=".webm", codec="libopus"),
    "flac": Kind(suffix=".flac", codec="flac"),
    "aac": Kind(suffix=".aac", codec="aac", container="adts"),
    "wav": Kind(suffix=".wav", codec="pcm_s16le", rate=16_000),
    "amr": Kind(suffix=".amr", codec="libopencore_amrnb", rate=8_000, bit_rate=12_200),
}


async def convert_bytes(content: bytes, folder: Path, *, longest: timedelta | None = None) -> Converted:
    """Convert a file called in.mp3 with that content, and see to it that a failure leaves nothing behind."""
    (folder / "in.mp3").write_bytes(content)
    try:
        converted = await convert(folder / "in.mp3", folder / "out.wav", longest=longest)
    except (UnsupportedAudio, TooLong) as refusal:
        told = f"{refusal} {refusal.sentence}"
        left, names_a_file = set(names_in(folder)), str(folder) in told or "in.mp3" in told
        assert not names_a_file
        assert left.isdisjoint({"out.wav", ".out.wav.part"})
        raise
    assert ".out.wav.part" not in names_in(folder)
    rate, heard = read_wav(folder / "out.wav")
    assert converted.duration == timedelta(seconds=len(heard) / rate)
    return converted


def made(name: str, folder: Path) -> bytes:
    path = encode(folder / f"made{KINDS[name].suffix}", KINDS[name], seconds=SECONDS)
    content = path.read_bytes()
    path.unlink()
    return content


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def overwritten(content: bytes, *, seed: int, one_in: int) -> bytes:
    """Replace one byte in `one_in`, but for the first tenth: without any header it is just noise."""
    dice, changed = random.Random(seed), bytearray(content)
    for _ in range(len(content) // one_in):
        changed[dice.randrange(len(content) // 10, len(content))] = dice.randrange(256)
    return bytes(changed)


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    size = (64).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    pixels = zlib.compress(b"".join(b"\0" + bytes(192) for _ in range(64)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def archive(folder: Path) -> bytes:
    with zipfile.ZipFile(folder / "made.zip", "w") as target:
        target.writestr("voice.wav", wav_header(claims=32_000) + bytes(32_000))
    return (folder / "made.zip").read_bytes()


def film(folder: Path) -> bytes:
    return silent_film(folder / "made.mp4").read_bytes()


def absurd_sample_table(folder: Path) -> bytes:
    content = bytearray(made("m4a", folder))
    count = content.index(b"stsz") + 12
    content[count : count + 4] = b"\xff\xff\xff\xf0"
    return bytes(content)


PAGE = b"<!DOCTYPE html><html><head><title>Sign in to Slack</title></head><body>" + b"<p>hello</p>" * 5_000
PLAYLIST = b"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.0,\nother.wav\n#EXT-X-ENDLIST\n"
SESSION = (
    b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\na=rtpmap:0 PCMU/8000\n"
)

REFUSED: dict[str, Callable[[Path], bytes]] = {
    "nothing": lambda _: b"",
    "one byte": lambda _: b"R",
    "zeros": lambda _: bytes(100_000),
    "text": lambda _: b"Dear all, the minutes of our meeting are below.\n" * 500,
    "a page instead of the file": lambda _: PAGE,
    "JSON": lambda _: b'{"ok": false, "error": "not_authed"}',
    "a picture": lambda _: png(),
    "an archive": archive,
    "a video without sound": film,
    "m4a cut before its index": lambda folder: half(made("m4a", folder)),
    "an index cut in the middle": lambda folder: made("m4a, index first", folder)[:600],
    "only the head of an ogg": lambda folder: made("ogg", folder)[:60],
    "only the head of a webm": lambda folder: made("webm", folder)[:60],
    "noise": lambda _: random.Random(1).randbytes(200_000),
    "noise behind an MP3's tag": lambda _: b"ID3\x04\0\0\0\0\0\0" + random.Random(2).randbytes(100_000),
    "a tag that claims 256 MB": lambda _: b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(1_000),
    "a WAV of 1 Hz": lambda _: wav_header(rate=1) + bytes(1_000_000),
    "a WAV of 4 GHz": lambda _: wav_header(rate=4_000_000_000) + bytes(100_000),
    "a WAV of 65,535 channels": lambda _: wav_header(channels=65_535) + bytes(500_000),
    "a WAV of 17 channels": lambda _: wav_header(channels=17) + bytes(340_000),
    "a WAV of 0 channels": lambda _: wav_header(channels=0) + bytes(1_000),
    "a WAV of a codec that does not exist": lambda _: wav_header(kind=0x7777) + bytes(1_000),
    "a WAV without a sound": lambda _: wav_header(claims=0),
    "a playlist that names another file": lambda _: PLAYLIST,
    "a playlist that names an address": lambda _: PLAYLIST.replace(b"other.wav", b"http://127.0.0.1:9/a.ts"),
    "a list of files to join": lambda _: b"ffconcat version 1.0\nfile other.wav\n",
    "a description of a session": lambda _: SESSION,
    "an MPEG-DASH manifest": lambda _: (
        b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><BaseURL>other.wav</BaseURL>'
        b"</Period></MPD>"
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_recording_is_refused_with_a_sentence(name: str, tmp_path: Path) -> None:
    (tmp_path / "other.wav").write_bytes(wav_header(claims=64_000) + bytes(64_000))
    with pytest.raises(UnsupportedAudio):
        await convert_bytes(REFUSED[name](tmp_path), tmp_path)


@pytest.mark.parametrize(
    ("name", "words"), [("nothing", "is empty"), ("a video without sound", "no sound"), ("noise", "could not be read")]
)
async def test_the_sentence_says_what_is_wrong(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedAudio) as caught:
        await convert_bytes(REFUSED[name](tmp_path), tmp_path)
    assert words in caught.value.sentence


@pytest.mark.parametrize("name", sorted(KINDS.keys() - {"m4a"}))
async def test_what_is_there_of_a_file_cut_in_half_is_kept(name: str, tmp_path: Path) -> None:
    converted = await convert_bytes(half(made(name, tmp_path)), tmp_path)
    assert 0.3 * SECONDS < converted.duration.total_seconds() < 0.7 * SECONDS


@pytest.mark.parametrize("name", ["flac", "m4a, index first"])
async def test_a_cut_is_told_where_the_file_knows_its_length(name: str, tmp_path: Path) -> None:
    assert (await convert_bytes(half(made(name, tmp_path)), tmp_path)).damaged


@pytest.mark.parametrize("name", ["mp3", "aac", "m4a, index first"])
async def test_a_damaged_place_costs_only_itself(name: str, tmp_path: Path) -> None:
    content = bytearray(made(name, tmp_path))
    middle = len(content) // 2
    content[middle : middle + 1_000] = random.Random(3).randbytes(1_000)
    converted = await convert_bytes(bytes(content), tmp_path)
    assert converted.damaged
    assert 0.8 * SECONDS < converted.duration.total_seconds() < SECONDS + 0.1


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", KINDS)
async def test_random_damage_ends_in_a_part_or_in_a_sentence(name: str, seed: int, tmp_path: Path) -> None:
    content = overwritten(made(name, tmp_path), seed=seed, one_in=400)
    try:
        converted = await convert_bytes(content, tmp_path, longest=timedelta(minutes=5))
    except (UnsupportedAudio, TooLong):
        return
    assert converted.duration > timedelta(0)


@pytest.mark.parametrize("claims", [0xFFFF_FFFF, 0xFFFF_FF00, 2 * 16_000 * 36 * 3_600])
async def test_a_header_that_claims_hours_is_not_believed(claims: int, tmp_path: Path) -> None:
    content = wav_header(claims=claims) + bytes(2 * 16_000)
    converted = await convert_bytes(content, tmp_path, longest=timedelta(seconds=2))
    assert converted.duration == timedelta(seconds=1)


async def test_an_absurd_table_of_samples_costs_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedAudio):
        await convert_bytes(absurd_sample_table(tmp_path), tmp_path)


async def test_silence_that_unpacks_to_far_more_is_stopped_at_the_limit(tmp_path: Path) -> None:
    silence = np.zeros(600 * 16_000)
    bomb = encode(tmp_path / "made.flac", Kind(suffix=".flac", codec="flac", rate=16_000), sound=silence)
    with pytest.raises(TooLong):
        await convert_bytes(bomb.read_bytes(), tmp_path, longest=timedelta(seconds=30))


async def test_a_recording_that_changes_its_rate_and_channels_on_the_way_is_kept_whole(tmp_path: Path) -> None:
    other = Kind(suffix=".mp3", codec="libmp3lame", rate=22_050, layout="stereo")
    second = encode(tmp_path / "second.mp3", other, seconds=SECONDS)
    converted = await convert_bytes(made("mp3", tmp_path) + second.read_bytes(), tmp_path)
    assert abs(converted.duration.total_seconds() - 2 * SECONDS) < 0.2
