"""What `doctor` says where the chosen provider cannot do everything that is wished."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.cli.doctor_options import examine_options
from bot.cli.findings import Finding
from bot.settings.model import Settings
from tests.transcription.recordings import Kind, encode


async def found(**more: Any) -> list[Finding]:
    return [finding async for finding in examine_options(Settings(_env_file=None, **more))]


async def test_without_a_language_it_says_which_are_found_only_where_they_are_chosen() -> None:
    [note] = await found(transcriber="botlhale")
    assert note.verdict == "note"
    assert "finds sw-KE, ki-KE, ka-KE and rw-RW only where they are chosen" in note.what
    assert "BOTLHALE_LANGUAGE" in (note.fix or "")
    assert await found(transcriber="botlhale", botlhale_language="zu-ZA") == []


async def test_it_says_where_speakers_are_not_told_apart() -> None:
    [note] = await found(transcriber="botlhale", botlhale_language="rw-RW")
    assert (note.verdict, note.what) == ("note", "Botlhale AI does not tell speakers apart in rw-RW")
    assert await found(transcriber="botlhale", botlhale_language="rw-RW", botlhale_diarization=False) == []


@pytest.mark.parametrize("name", ["gowajee_speaking_rate", "gowajee_word_timestamps"])
async def test_it_says_that_nothing_is_read_from_answers_whose_form_is_not_published(name: str) -> None:
    [note] = await found(transcriber="gowajee", **{name: True})
    assert note.verdict == "note"
    assert note.what.startswith(f"{name.upper()} is sent, but nothing is read from the answer")


async def test_it_says_with_which_recordings_voices_are_not_sent_and_what_is_no_voice(tmp_path: Path) -> None:
    encode(tmp_path / "Ann.wav", Kind(suffix=".wav", codec="pcm_s16le"), seconds=4.5)
    (tmp_path / ".DS_Store").write_bytes(b"x")
    note, bad = await found(
        transcriber="gowajee", gowajee_reference_speakers=tmp_path, gowajee_largest_inline=1_000_000
    )
    assert note.verdict == "note"
    assert "voices are not sent with recordings above 1,000,000 bytes" in note.what
    assert bad.verdict == "bad"
    assert ".DS_Store" in bad.what


async def test_what_is_set_for_another_transcriber_is_not_spoken_of() -> None:
    assert await found(transcriber="embedded", gowajee_speaking_rate=True) == []
    assert await found(transcriber="gowajee") == []
