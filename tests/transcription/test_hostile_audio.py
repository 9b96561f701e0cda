"""Proves that no file, broken or made to harm, does more than be refused in a sentence or give what is left of it.

The whole corpus goes through a bot in `tests/journeys/test_corpus.py`; here is what can only be seen from near.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.voices import SAMPLES
from tests.corpus import files
from tests.corpus.items import NO_RECORDING
from tests.corpus.processes import needs_proc, started
from tests.transcription.recordings import Kind, encode, names_in, read_wav, wav_header
from transcription.audio import Converted, convert
from transcription.embedded.transcriber import Embedded
from transcription.errors import Lost, NoSound, TooLong, UnsupportedAudio
from transcription.transcriber import Audio, Handle, Inquiry, Pending
from transcription.transcript import Transcript

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


NAMING = [name for name in NO_RECORDING if name.startswith(("a playlist", "a list of files", "a manifest"))]


@pytest.mark.parametrize("name", NAMING)
async def test_a_file_that_names_another_one_gets_nothing_of_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "other.wav").write_bytes(wav_header(claims=64_000) + bytes(64_000))
    with pytest.raises(UnsupportedAudio):
        await convert_bytes(NO_RECORDING[name].make(tmp_path), tmp_path)


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


async def test_what_unpacks_to_far_more_is_stopped_at_the_limit(tmp_path: Path) -> None:
    with pytest.raises(TooLong):
        await convert_bytes(files.flac(seconds=3_600), tmp_path, longest=timedelta(seconds=30))


@pytest.mark.parametrize("share", [0.001, 0.005, 0.01, 0.02, 0.05, 0.1])
async def test_a_video_that_breaks_off_early_is_not_taken_for_a_silent_one(share: float, tmp_path: Path) -> None:
    """A silent video is left alone without a word; of one that broke off its owner wants to know."""
    content = files.talkie(tmp_path)
    with pytest.raises(UnsupportedAudio) as caught:
        await convert_bytes(content[: int(len(content) * share)], tmp_path)
    assert not isinstance(caught.value, NoSound)


async def test_a_silent_video_is_known_as_one(tmp_path: Path) -> None:
    with pytest.raises(NoSound):
        await convert_bytes(files.film(tmp_path), tmp_path)


@needs_proc
async def test_an_engine_that_is_told_to_stop_is_no_fault_of_the_recording(tmp_path: Path) -> None:
    """A machine that shuts down tells every process to stop: what was in work is lost and can be sent again."""
    await convert(SAMPLES["meeting"].path, tmp_path / "audio.wav")
    audio = Audio(key="job", path=tmp_path / "audio.wav", duration=timedelta(minutes=1), sample_rate=16_000)
    engine = Embedded()
    handle = (await engine.submit(audio, await engine.prepare(audio))).handle
    os.kill(await started(os.getpid(), module="transcription.engine.worker"), signal.SIGTERM)
    with pytest.raises(Lost):
        await answered(engine, handle)


async def answered(engine: Embedded, handle: Handle) -> Transcript:
    while isinstance(answer := await engine.check(handle, Inquiry(age=timedelta(0))), Pending):  # noqa: ASYNC110 - as the worker does
        await asyncio.sleep(0.01)
    return answer


async def test_a_recording_that_changes_its_rate_and_channels_on_the_way_is_kept_whole(tmp_path: Path) -> None:
    other = Kind(suffix=".mp3", codec="libmp3lame", rate=22_050, layout="stereo")
    second = encode(tmp_path / "second.mp3", other, seconds=SECONDS)
    converted = await convert_bytes(made("mp3", tmp_path) + second.read_bytes(), tmp_path)
    assert abs(converted.duration.total_seconds() - 2 * SECONDS) < 0.2
