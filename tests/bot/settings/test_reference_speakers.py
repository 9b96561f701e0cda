"""Only sound of four to five seconds is a voice; what else lies in the folder is named, each with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.app import open_bot
from bot.catalog import gowajee_options
from bot.settings.model import Settings, SettingsProblem
from bot.settings.reference_speakers import refused_voices
from tests.transcription.recordings import Kind, encode, silent_film, wav_header

WAV = Kind(suffix=".wav", codec="pcm_s16le", rate=16_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    voices = tmp_path / "voices"
    voices.mkdir()
    return voices


def settings_with(folder: Path | None, **more: Any) -> Settings:
    return Settings(_env_file=None, gowajee_reference_speakers=folder, **more)


def voice(folder: Path, name: str, *, seconds: float, kind: Kind = WAV) -> None:
    encode(folder / name, kind, seconds=seconds)


async def refused(folder: Path) -> list[str]:
    lines = await refused_voices(settings_with(folder))
    assert all(line.startswith("GOWAJEE_REFERENCE_SPEAKERS: ") for line in lines)
    return [line.partition(": ")[2] for line in lines]


async def test_four_to_five_seconds_are_a_voice_whatever_kind_of_file_they_are(folder: Path) -> None:
    voice(folder, "Ann.wav", seconds=4.0)
    voice(folder, "Ben.wav", seconds=5.0)
    voice(folder, "\u0e2a\u0e21\u0e0a\u0e32\u0e22.m4a", seconds=4.5, kind=Kind(suffix=".m4a", codec="aac"))
    voice(folder, "Dan.mp3", seconds=5.0, kind=Kind(suffix=".mp3", codec="libmp3lame", rate=44_100))
    (folder / "notes").mkdir()
    assert await refused(folder) == []
    names = gowajee_options(settings_with(folder)).reference_speakers
    assert list(names) == ["Ann", "Ben", "Dan", "\u0e2a\u0e21\u0e0a\u0e32\u0e22"]


async def test_without_a_folder_nothing_is_refused() -> None:
    assert await refused_voices(settings_with(None)) == []


async def test_every_file_that_is_no_voice_is_named_with_the_reason(folder: Path) -> None:
    voice(folder, "Ann.wav", seconds=4.5)
    voice(folder, "Short.wav", seconds=3.0)
    voice(folder, "Long.wav", seconds=7.25)
    voice(folder, "Twin.wav", seconds=4.5)
    voice(folder, "Twin.flac", seconds=4.5, kind=Kind(suffix=".flac", codec="flac"))
    (folder / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (folder / "Readme.txt").write_text("These are voices.", encoding="utf-8")
    (folder / "Nothing.wav").write_bytes(b"")
    silent_film(folder / "Film.mp4")
    assert await refused(folder) == [
        ".DS_Store is a hidden file and no voice; take it out of the folder",
        "Film.mp4 has no sound in it",
        "Long.wav is 7.2 seconds long; a voice is 4 to 5 seconds",
        "Nothing.wav is not a recording that can be read",
        "Readme.txt is not a recording that can be read",
        "Short.wav is 3.0 seconds long; a voice is 4 to 5 seconds",
        "Twin.flac has the name of another one",
        "Twin.wav has the name of another one",
    ]


async def test_a_voice_of_more_than_a_minute_is_not_measured_further(folder: Path) -> None:
    (folder / "Speech.wav").write_bytes(wav_header(claims=32_000 * 61) + bytes(32_000 * 61))
    assert await refused(folder) == ["Speech.wav is longer than a minute; a voice is 4 to 5 seconds"]


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    [told] = await refused(tmp_path / "none")
    assert told.startswith("there is no such folder")


async def test_an_empty_folder_is_told(folder: Path) -> None:
    assert await refused(folder) == ["there is no recording in this folder; put one for each speaker there"]


async def test_the_bot_does_not_start_with_what_is_no_voice(folder: Path) -> None:
    voice(folder, "Short.wav", seconds=1.0)
    (folder / ".DS_Store").write_bytes(b"x")
    with pytest.raises(SettingsProblem) as caught:
        async with open_bot(settings_with(folder, slack_bot_token="xoxb-1", slack_app_token="xapp-1")):
            pass
    assert len(caught.value.problems) == 2
