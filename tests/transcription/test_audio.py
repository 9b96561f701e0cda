"""Proves that whatever people share comes out as the same sound: 16-bit mono WAV at the rate that was asked for."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
import wave
from datetime import timedelta
from pathlib import Path

import av
import numpy as np
import pytest

from tests.transcription.recordings import Kind, encode, likeness, names_in, read_wav, voice, wav_header
from transcription.audio import Converted, channels_of, convert
from transcription.errors import TooLong, Unavailable

SECONDS = 3.0
RATE = 16_000
SLACK = RATE // 20

KINDS = {
    "voice note of a phone": Kind(suffix=".m4a", codec="aac", rate=44_100),
    "m4a in stereo": Kind(suffix=".m4a", codec="aac", layout="stereo"),
    "m4a that can be streamed": Kind(suffix=".m4a", codec="aac", options={"movflags": "faststart"}),
    "lossless m4a": Kind(suffix=".m4a", codec="alac"),
    "video": Kind(suffix=".mp4", codec="aac", video="mpeg4"),
    "video of another phone": Kind(suffix=".mov", codec="aac", video="mpeg4"),
    "mp4 in fragments": Kind(
        suffix=".mp4", codec="aac", options={"movflags": "frag_keyframe+empty_moov", "frag_duration": "500000"}
    ),
    "Slack's own clip": Kind(suffix=".webm", codec="libopus"),
    "screen recording": Kind(suffix=".webm", codec="libopus", video="libvpx"),
    "matroska": Kind(suffix=".mkv", codec="aac", video="mpeg4"),
    "ogg vorbis": Kind(suffix=".ogg", codec="vorbis", layout="stereo"),
    "ogg opus": Kind(suffix=".ogg", codec="libopus"),
    "mp3": Kind(suffix=".mp3", codec="libmp3lame", rate=44_100, layout="stereo"),
    "flac": Kind(suffix=".flac", codec="flac", rate=96_000, layout="stereo"),
    "raw aac": Kind(suffix=".aac", codec="aac", container="adts"),
    "3gp": Kind(suffix=".3gp", codec="libopencore_amrnb", rate=8_000, bit_rate=12_200),
    "amr": Kind(suffix=".amr", codec="libopencore_amrnb", rate=8_000, bit_rate=12_200),
    "windows media": Kind(suffix=".wma", codec="wmav2", rate=44_100, container="asf", bit_rate=64_000),
    "caf": Kind(suffix=".caf", codec="pcm_s16be"),
    "aiff": Kind(suffix=".aiff", codec="pcm_s16be"),
    "mpeg transport stream": Kind(suffix=".ts", codec="aac", video="mpeg4", container="mpegts"),
    "wav": Kind(suffix=".wav", codec="pcm_s16le"),
    "wav of exactly the wanted form": Kind(suffix=".wav", codec="pcm_s16le", rate=RATE),
    "wav of 8 bits": Kind(suffix=".wav", codec="pcm_u8"),
    "wav of 24 bits": Kind(suffix=".wav", codec="pcm_s24le", layout="stereo"),
    "wav of floats": Kind(suffix=".wav", codec="pcm_f32le"),
    "wav of a telephone": Kind(suffix=".wav", codec="pcm_mulaw", rate=8_000),
    "wav at 192 kHz": Kind(suffix=".wav", codec="pcm_s16le", rate=192_000),
    "wav with 8 named channels": Kind(suffix=".wav", codec="pcm_s16le", layout="7.1"),
    "wav for more than 4 GB": Kind(suffix=".w64", codec="pcm_s16le"),
}
ROUGH = {"3gp", "amr"}
"""Speech coding keeps what is said, not the waveform."""


@pytest.mark.parametrize("name", KINDS)
async def test_every_kind_of_recording_keeps_its_length_and_its_sound(name: str, tmp_path: Path) -> None:
    source = encode(tmp_path / f"in{KINDS[name].suffix}", KINDS[name], seconds=SECONDS)
    converted = await convert(source, tmp_path / "out.wav")
    rate, heard = read_wav(tmp_path / "out.wav")
    assert rate == RATE
    assert abs(len(heard) / RATE - SECONDS) < 0.05
    assert converted == Converted(duration=timedelta(seconds=len(heard) / RATE), damaged=False)
    assert likeness(heard, voice(SECONDS, RATE), slack=SLACK) > (0.6 if name in ROUGH else 0.97)
    assert names_in(tmp_path) == sorted([source.name, "out.wav"])


async def test_eight_channels_without_names_are_mixed_as_well(tmp_path: Path) -> None:
    samples = (voice(SECONDS, 48_000) * 20_000).astype("<i2")
    with wave.open(str(tmp_path / "in.wav"), "wb") as wav:
        wav.setnchannels(8)
        wav.setsampwidth(2)
        wav.setframerate(48_000)
        wav.writeframes(np.repeat(samples, 8).tobytes())
    await convert(tmp_path / "in.wav", tmp_path / "out.wav")
    _, heard = read_wav(tmp_path / "out.wav")
    assert abs(len(heard) / RATE - SECONDS) < 0.05
    assert likeness(heard, voice(SECONDS, RATE), slack=SLACK) > 0.97


@pytest.mark.parametrize("name", ["in.mp3", "in.txt", "in", "-in --help", "in:http%3d.png"])
async def test_the_content_decides_and_not_the_name(name: str, tmp_path: Path) -> None:
    source = encode(tmp_path / "made.webm", KINDS["Slack's own clip"], seconds=SECONDS).rename(tmp_path / name)
    converted = await convert(source, tmp_path / "out.wav")
    assert abs(converted.duration.total_seconds() - SECONDS) < 0.05


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
async def test_the_rate_is_the_one_asked_for(rate: int, tmp_path: Path) -> None:
    source = encode(tmp_path / "in.m4a", KINDS["voice note of a phone"], seconds=SECONDS)
    await convert(source, tmp_path / "out.wav", sample_rate=rate)
    heard_rate, heard = read_wav(tmp_path / "out.wav")
    assert heard_rate == rate
    assert likeness(heard, voice(SECONDS, rate), slack=rate // 20) > 0.97


async def test_a_title_in_an_unknown_alphabet_does_not_matter(tmp_path: Path) -> None:
    title = b"LIST" + (16).to_bytes(4, "little") + b"INFOINAM" + (4).to_bytes(4, "little") + b"caf\xe9"
    sound = wav_header(claims=2 * RATE) + bytes(2 * RATE)
    (tmp_path / "in.wav").write_bytes(sound[:36] + title + sound[36:])
    converted = await convert(tmp_path / "in.wav", tmp_path / "out.wav")
    assert converted.duration == timedelta(seconds=1)


async def test_an_older_conversion_is_replaced(tmp_path: Path) -> None:
    source = encode(tmp_path / "in.m4a", KINDS["voice note of a phone"], seconds=SECONDS)
    (tmp_path / "out.wav").write_bytes(b"older")
    (tmp_path / ".out.wav.part").write_bytes(b"left by a crash")
    await convert(source, tmp_path / "out.wav")
    assert len(read_wav(tmp_path / "out.wav")[1]) > 0
    assert names_in(tmp_path) == ["in.m4a", "out.wav"]


async def test_a_recording_as_long_as_allowed_is_not_too_long(tmp_path: Path) -> None:
    source = encode(tmp_path / "in.wav", KINDS["wav"], seconds=2)
    converted = await convert(source, tmp_path / "out.wav", longest=timedelta(seconds=2))
    assert converted.duration == timedelta(seconds=2)


@pytest.mark.parametrize(
    ("longest", "words"),
    [
        (timedelta(seconds=1), "longer than 1 second,"),
        (timedelta(seconds=90), "longer than 90 seconds,"),
        (timedelta(minutes=2), "longer than 2 minutes,"),
    ],
)
async def test_a_longer_recording_is_refused_in_words_a_person_understands(
    longest: timedelta, words: str, tmp_path: Path
) -> None:
    (tmp_path / "in.wav").write_bytes(wav_header(rate=8_000) + bytes(2 * 8_000 * 121))
    with pytest.raises(TooLong) as caught:
        await convert(tmp_path / "in.wav", tmp_path / "out.wav", longest=longest)
    assert words in caught.value.sentence
    assert names_in(tmp_path) == ["in.wav"]


async def test_nothing_is_left_of_a_conversion_that_is_cancelled(tmp_path: Path) -> None:
    source, part = tmp_path / "in.wav", tmp_path / ".out.wav.part"
    with source.open("wb") as file:
        file.write(wav_header(rate=8_000))
        file.truncate(2**30)  # 18 hours of silence that take no room
    waiting = asyncio.create_task(convert(source, tmp_path / "out.wav"))
    await asyncio.to_thread(_wait_for, part)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert names_in(tmp_path) == ["in.wav"]


def _wait_for(path: Path) -> None:
    for _ in range(6_000):
        if path.exists():
            return
        time.sleep(0.01)
    raise AssertionError("it never began")


SMALL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from transcription.audio import convert
from transcription.errors import Unavailable
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    asyncio.run(convert(Path(sys.argv[1]), Path(sys.argv[2])))
except Unavailable:
    print("unavailable")
"""


def test_a_disk_that_takes_no_more_is_not_the_fault_of_the_recording(tmp_path: Path) -> None:
    source = encode(tmp_path / "in.wav", KINDS["wav"], seconds=SECONDS)
    command = [sys.executable, "-c", SMALL_DISK, str(source), str(tmp_path / "out.wav")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - all of it is ours
    assert done.stdout == "unavailable\n"
    assert names_in(tmp_path) == ["in.wav"]


@pytest.mark.parametrize(("source", "target"), [("gone.wav", "out.wav"), ("in.wav", "gone/out.wav")])
async def test_a_file_or_a_folder_that_is_gone_is_not_the_fault_of_the_recording(
    source: str, target: str, tmp_path: Path
) -> None:
    encode(tmp_path / "in.wav", KINDS["wav"])
    with pytest.raises(Unavailable):
        await convert(tmp_path / source, tmp_path / target)


async def test_a_picture_on_the_cover_is_in_nobodys_way(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "in.mp3"), "w") as target:
        audio = target.add_stream("libmp3lame", rate=44_100, layout="mono")
        cover = target.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 16, 16, "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        target.mux(cover.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")))
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 44_100), np.int16), format="s16", layout="mono")
        sound.sample_rate = 44_100
        target.mux(audio.encode(sound))
        target.mux(audio.encode(None))
    converted = await convert(tmp_path / "in.mp3", tmp_path / "out.wav")
    assert abs(converted.duration.total_seconds() - 1) < 0.05


@pytest.mark.parametrize(("layout", "channels"), [("stereo", 2), ("mono", 1), ("5.1", 2)])
async def test_two_channels_are_kept_where_they_are_wanted_and_there(
    layout: str, channels: int, tmp_path: Path
) -> None:
    source = encode(tmp_path / "in.flac", Kind(suffix=".flac", codec="flac", layout=layout), seconds=SECONDS)
    converted = await convert(source, tmp_path / "out.wav", stereo=True)
    with wave.open(str(tmp_path / "out.wav")) as wav:
        assert (wav.getnchannels(), wav.getframerate()) == (channels, 16_000)
        assert abs(wav.getnframes() / 16_000 - SECONDS) < 0.05
    assert abs(converted.duration.total_seconds() - SECONDS) < 0.05


@pytest.mark.parametrize(
    ("layout", "stereo", "channels"), [("mono", True, 1), ("stereo", True, 2), ("stereo", False, 1)]
)
async def test_a_conversion_tells_how_many_channels_it_kept(
    tmp_path: Path, layout: str, *, stereo: bool, channels: int
) -> None:
    source = encode(tmp_path / "source.flac", Kind(suffix=".flac", codec="flac", layout=layout))
    await convert(source, tmp_path / "target.wav", stereo=stereo)
    assert await channels_of(tmp_path / "target.wav") == channels


@pytest.mark.parametrize("content", [None, b"", b"RIFF", b"no wav at all, but some text that is long enough"])
async def test_the_channels_of_a_conversion_that_is_gone_or_broken_are_not_guessed(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "target.wav").write_bytes(content)
    with pytest.raises(Unavailable):
        await channels_of(tmp_path / "target.wav")
