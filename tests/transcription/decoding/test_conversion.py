"""Sound stands at its place on the recording's own clock, and nothing that was said on any track is lost."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from tests.transcription.recordings import Kind, Part, Sound, encode, likeness, multiplex, read_wav, voice
from transcription.audio import Converted, convert

RATE = 16_000
SOURCE = 48_000
TONE = voice(6, SOURCE)
HEARD = 0.02

CODECS = {"mp4": "aac", "mov": "aac", "mkv": "aac", "webm": "libopus", "mka": "libopus", "ogg": "libopus", "ts": "aac"}
CONTAINERS = {"mka": "matroska", "ts": "mpegts"}


async def converted(path: Path, *, stereo: bool = False) -> tuple[Converted, Sound]:
    made = await convert(path, path.with_name("out.wav"), stereo=stereo)
    _, heard = read_wav(path.with_name("out.wav"))
    return made, heard


def edges(heard: Sound) -> tuple[float, float]:
    """When the sound begins and ends, in seconds."""
    loud = np.flatnonzero(np.abs(heard) > HEARD) / RATE
    return float(loud[0]), float(loud[-1])


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "mka", "ts"])
async def test_sound_that_begins_after_the_picture_stands_where_a_player_plays_it(suffix: str, tmp_path: Path) -> None:
    source = multiplex(
        tmp_path / f"in.{suffix}",
        [Part(sound=TONE, start=5, codec=CODECS[suffix])],
        pictures=20,
        container=CONTAINERS.get(suffix),
    )
    made, heard = await converted(source)
    assert edges(heard) == pytest.approx((5.0, 11.0), abs=0.05)
    assert not made.damaged


@pytest.mark.parametrize(
    ("suffix", "pictures"),
    [*((suffix, 0) for suffix in CODECS), *((suffix, 16) for suffix in ("mp4", "mov", "mkv", "ts"))],
)
async def test_what_was_not_captured_is_silence(suffix: str, pictures: int, tmp_path: Path) -> None:
    source = multiplex(
        tmp_path / f"in.{suffix}",
        [Part(sound=TONE, before=3, gap=8, codec=CODECS[suffix])],
        pictures=pictures,
        container=CONTAINERS.get(suffix),
    )
    made, heard = await converted(source)
    assert edges(heard) == pytest.approx((0.0, 14.0), abs=0.06)
    assert np.abs(heard[int(3.1 * RATE) : int(10.9 * RATE)]).max() < HEARD
    assert made.duration.total_seconds() == pytest.approx(14.0, abs=0.06)
    assert not made.damaged


async def test_a_gap_of_half_an_hour_is_kept_where_the_recording_is_that_long(tmp_path: Path) -> None:
    source = multiplex(tmp_path / "in.mp4", [Part(sound=TONE, before=3, gap=1_800)])
    made, _ = await converted(source)
    assert made.duration.total_seconds() == pytest.approx(1_806.0, abs=0.06)
    assert not made.damaged


async def test_a_jump_of_hours_in_a_file_that_states_no_length_is_ignored(tmp_path: Path) -> None:
    source = multiplex(tmp_path / "in.ogg", [Part(sound=TONE, before=3, gap=3 * 3_600, codec="libopus")])
    made, _ = await converted(source)
    assert made.duration.total_seconds() == pytest.approx(6.0, abs=0.06)
    assert not made.damaged


async def test_a_transport_stream_that_begins_at_an_hour_begins_at_zero(tmp_path: Path) -> None:
    source = multiplex(tmp_path / "in.ts", [Part(sound=TONE, start=3_600)], container="mpegts")
    made, heard = await converted(source)
    assert edges(heard) == pytest.approx((0.0, 6.0), abs=0.06)
    assert not made.damaged


async def test_what_cannot_be_decoded_in_the_middle_keeps_its_length(tmp_path: Path) -> None:
    content = bytearray(encode(tmp_path / "in.mkv", Kind(suffix=".mkv", codec="aac"), seconds=6).read_bytes())
    content[len(content) // 3 : len(content) // 2] = b"\xaa" * (len(content) // 2 - len(content) // 3)
    (tmp_path / "in.mkv").write_bytes(content)
    made, heard = await converted(tmp_path / "in.mkv")
    assert made.damaged
    assert edges(heard)[1] == pytest.approx(6.0, abs=0.06)
    assert likeness(heard[-RATE:], voice(6, RATE)[-RATE:], slack=RATE // 20) > 0.9


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le", "flac"])
async def test_two_channels_that_cancel_each_other_are_heard(codec: str, tmp_path: Path) -> None:
    source = multiplex(tmp_path / "in.mkv", [Part(sound=np.stack([TONE, -TONE], axis=1), codec=codec)])
    _, heard = await converted(source)
    assert likeness(heard, voice(6, RATE), slack=RATE // 20) > 0.97
    assert np.abs(heard).max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("side", [0, 1])
async def test_speech_on_one_side_keeps_its_level(side: int, tmp_path: Path) -> None:
    both = np.zeros((len(TONE), 2))
    both[:, side] = TONE
    _, heard = await converted(multiplex(tmp_path / "in.mkv", [Part(sound=both, codec="flac")]))
    assert likeness(heard, voice(6, RATE), slack=RATE // 20) > 0.97
    assert np.abs(heard).max() == pytest.approx(0.5, abs=0.05)


async def test_where_two_channels_are_wanted_both_stay_though_they_cancel(tmp_path: Path) -> None:
    source = multiplex(tmp_path / "in.mkv", [Part(sound=np.stack([TONE, -TONE], axis=1), codec="flac")])
    await convert(source, tmp_path / "out.wav", stereo=True)
    with wave.open(str(tmp_path / "out.wav")) as wav:
        assert wav.getnchannels() == 2
        samples = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2).astype(int)
    assert np.abs(samples.sum(axis=1)).max() <= 2
    assert np.abs(samples).max() > 10_000


async def test_six_channels_whose_sides_cancel_are_heard(tmp_path: Path) -> None:
    content = np.zeros((len(TONE), 6))
    content[:, 0], content[:, 1] = TONE, -TONE
    with wave.open(str(tmp_path / "in.wav"), "wb") as wav:
        wav.setnchannels(6)
        wav.setsampwidth(2)
        wav.setframerate(SOURCE)
        wav.writeframes((content * 32_767).astype("<i2").tobytes())
    _, heard = await converted(tmp_path / "in.wav")
    assert likeness(heard, voice(6, RATE), slack=RATE // 20) > 0.9


async def test_a_silent_first_track_hides_nothing(tmp_path: Path) -> None:
    source = multiplex(tmp_path / "in.mp4", [Part(sound=0 * TONE), Part(sound=TONE)], pictures=2)
    _, heard = await converted(source)
    assert likeness(heard, voice(6, RATE), slack=RATE // 20) > 0.97
    assert np.abs(heard).max() == pytest.approx(0.5, abs=0.05)


def words(seed: int) -> Sound:
    """Noise in bursts with pauses between them, as somebody speaks; another seed is another person."""
    chance = np.random.default_rng(seed)
    bursts = np.repeat(chance.choice([0.0, 0.3, 0.6, 1.0], size=60), SOURCE // 10)
    return np.asarray(
        0.3 * bursts * chance.uniform(-1, 1, 6 * SOURCE) * np.sin(np.arange(6 * SOURCE) * 0.05 * (seed + 1))
    )


async def test_a_second_person_on_a_second_track_is_heard_as_loud_as_the_first(tmp_path: Path) -> None:
    one, other = words(1), words(2)
    source = multiplex(
        tmp_path / "in.mkv", [Part(sound=one, codec="flac"), Part(sound=0.1 * other, codec="flac")], pictures=2
    )
    _, heard = await converted(source)
    alone = [
        (await converted(multiplex(tmp_path / f"{number}.mkv", [Part(sound=each, codec="flac")])))[1]
        for number, each in enumerate((one, other))
    ]
    assert [likeness(heard, each, slack=RATE // 20) for each in alone] == pytest.approx([0.7, 0.7], abs=0.12)


async def test_tracks_stand_where_they_belong_to_each_other(tmp_path: Path) -> None:
    source = multiplex(
        tmp_path / "in.mkv", [Part(sound=TONE, codec="flac"), Part(sound=TONE, codec="flac", start=10)], pictures=2
    )
    made, heard = await converted(source)
    assert made.duration.total_seconds() == pytest.approx(16.0, abs=0.05)
    assert np.abs(heard[int(6.2 * RATE) : int(9.8 * RATE)]).max() < HEARD
    assert likeness(heard[10 * RATE :], voice(6, RATE), slack=RATE // 20) > 0.9


async def test_of_a_film_in_two_languages_one_is_heard(tmp_path: Path) -> None:
    one, other = words(1), words(2)
    source = multiplex(
        tmp_path / "in.mkv",
        [Part(sound=one, codec="flac", language="eng"), Part(sound=other, codec="flac", language="fra")],
        pictures=2,
    )
    _, heard = await converted(source)
    _, alone = await converted(multiplex(tmp_path / "alone.mkv", [Part(sound=one, codec="flac")]))
    assert likeness(heard, alone, slack=RATE // 20) > 0.99


@pytest.mark.parametrize("stereo", [False, True])
async def test_people_on_two_tracks_become_channels_only_where_two_are_wanted(tmp_path: Path, *, stereo: bool) -> None:
    one, other = np.concatenate([words(1), 0 * TONE]), np.concatenate([0 * TONE, words(2)])
    source = multiplex(tmp_path / "in.mkv", [Part(sound=one, codec="flac"), Part(sound=other, codec="flac")])
    await convert(source, tmp_path / "out.wav", stereo=stereo)
    with wave.open(str(tmp_path / "out.wav")) as wav:
        assert wav.getnchannels() == 1 + stereo
        assert wav.getnframes() / RATE == pytest.approx(12.0, abs=0.05)


@pytest.mark.parametrize(
    "second",
    [
        Kind(suffix=".ogg", codec="libopus", layout="stereo"),
        Kind(suffix=".ogg", codec="libopus"),
        Kind(suffix=".ogg", codec="vorbis", layout="stereo", rate=44_100),
        Kind(suffix=".ogg", codec="flac", rate=22_050),
    ],
    ids=lambda kind: f"{kind.codec} {kind.layout}",
)
async def test_joined_ogg_files_are_decoded_to_the_end(second: Kind, tmp_path: Path) -> None:
    first = encode(tmp_path / "one.ogg", Kind(suffix=".ogg", codec="libopus"), seconds=3).read_bytes()
    then = encode(tmp_path / "two.ogg", second, seconds=3).read_bytes()
    (tmp_path / "in.ogg").write_bytes(first + then)
    made, heard = await converted(tmp_path / "in.ogg")
    assert made.duration.total_seconds() == pytest.approx(6.0, abs=0.05)
    assert not made.damaged
    assert likeness(heard[3 * RATE :], voice(3, RATE), slack=RATE // 20) > 0.97


async def test_a_joined_file_that_cannot_be_read_costs_only_itself(tmp_path: Path) -> None:
    one = encode(tmp_path / "one.ogg", Kind(suffix=".ogg", codec="libopus"), seconds=3).read_bytes()
    broken = one[:28] + b"NotOpusHead" + one[39:]
    (tmp_path / "in.ogg").write_bytes(one + broken + one)
    made, _ = await converted(tmp_path / "in.ogg")
    assert made.duration.total_seconds() == pytest.approx(6.0, abs=0.05)
    assert made.damaged
