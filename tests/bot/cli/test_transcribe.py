"""`threadscribe transcribe`: what it says, where it writes, and that outputs are checked before anything is sent."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from docx import Document

from bot.__main__ import main
from bot.cli import transcript_files
from handlers import words
from sandbox.botlhale import Botlhale
from sandbox.faults import answer
from sandbox.script import Segment
from sandbox.voices import SAMPLES
from tests.bot.processes import Ended, environment, start, threadscribe
from tests.corpus.files import silence
from tests.transcription.recordings import Kind, encode, names_in
from transcription import remarks

NOTE, OTHER = SAMPLES["note"].path, SAMPLES["second_note"].path
SAID = "The delivery is on Wednesday."
SCRIPT = [
    Segment(start=0.5, end=1.0, speaker=0, text="Good morning."),
    Segment(start=1.0, end=2.0, speaker=1, text=SAID),
]
INCOMPLETE = (
    "This recording is incomplete: its end is missing, so it couldn't be read. Export it again from the app that "
    "recorded it, or copy it again if it was cut off on the way."
)
FLAC = Kind(suffix=".flac", codec="flac", rate=16_000)


@pytest.fixture
async def botlhale() -> AsyncIterator[Botlhale]:
    async with Botlhale() as started:
        started.script = SCRIPT
        yield started


def env_of(botlhale: Botlhale) -> dict[str, str]:
    return environment(
        TRANSCRIBER="botlhale",
        BOTLHALE_BASE_URL=botlhale.origin,
        BOTLHALE_ORG_ID=botlhale.org_id,
        BOTLHALE_REFRESH_TOKEN=botlhale.refresh_token,
        SOONEST_LOOK="0.1",
    )


async def run(botlhale: Botlhale, folder: Path, *arguments: str | Path, piped: bytes | None = None) -> Ended:
    return await threadscribe("transcribe", *map(str, arguments), folder=folder, env=env_of(botlhale), piped=piped)


def said(ended: Ended) -> str:
    """Give what is on standard error, without the empty lines of the progress."""
    return "\n".join(line for line in ended.err.splitlines() if line.strip())


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(content)
    return path


def half(path: Path) -> bytes:
    content = path.read_bytes()
    return content[: len(content) // 2]


def refused(*arguments: str | Path) -> Result:
    """Run a command that is refused before any setting is read: a wrong setting is not told."""
    result = CliRunner().invoke(main, ["transcribe", *map(str, arguments)], env={"HTTP_PORT": "many"})
    assert result.exit_code == 2
    assert "HTTP_PORT" not in result.output
    return result


async def test_a_recording_without_speech_is_told_and_nothing_is_written(botlhale: Botlhale, tmp_path: Path) -> None:
    botlhale.script = []
    ended = await run(botlhale, tmp_path, NOTE, "-o", "note.txt")
    assert (ended.code, ended.out) == (3, "")
    assert said(ended) == (
        "No speech was found in this recording. If someone does speak in it, record it louder or closer to the "
        "microphone."
    )
    assert names_in(tmp_path) == []


async def test_the_engine_finds_no_speech_in_silence(tmp_path: Path) -> None:
    write(tmp_path / "quiet.flac", silence(tmp_path))
    ended = await threadscribe("transcribe", "quiet.flac", folder=tmp_path)
    assert (ended.code, ended.out, said(ended)) == (3, "", remarks.NO_SPEECH.on_command_line)


@pytest.mark.parametrize("form", ["text", "srt"])
async def test_parts_that_could_not_be_read_are_told_beside_the_transcript(
    botlhale: Botlhale, tmp_path: Path, form: str
) -> None:
    write(tmp_path / "half.flac", half(encode(tmp_path / "whole.flac", FLAC, seconds=8)))
    ended = await run(botlhale, tmp_path, "half.flac", "--format", form)
    assert ended.code == 4
    assert SAID in ended.out
    assert said(ended) == "Parts of this recording couldn't be read, so some words may be missing."
    assert (words.DAMAGED in ended.out) == (form == "text")


async def test_parts_that_the_provider_left_out_are_told_as_well(botlhale: Botlhale, tmp_path: Path) -> None:
    botlhale.first_segment_lacks = ("transcription",)
    ended = await run(botlhale, tmp_path, NOTE, "--format", "srt")
    assert ended.code == 4
    assert SAID in ended.out
    assert said(ended) == remarks.PARTS_ARE_MISSING


async def test_a_whole_recording_is_transcribed_without_a_word(botlhale: Botlhale, tmp_path: Path) -> None:
    ended = await run(botlhale, tmp_path, NOTE)
    assert (ended.code, said(ended)) == (0, "")
    assert SAID in ended.out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "This file is empty. Copy the recording again."),
        (
            b"Minutes of the meeting. " * 100,
            "This file couldn't be read as a recording. Save it as M4A, MP3 or WAV and try again.",
        ),
        (half(NOTE), INCOMPLETE),
    ],
    ids=["empty", "text", "a cut m4a"],
)
async def test_nobody_is_told_to_share_a_file_that_was_not_shared(
    botlhale: Botlhale, tmp_path: Path, content: bytes, sentence: str
) -> None:
    write(tmp_path / "voice.m4a", content)
    ended = await run(botlhale, tmp_path, "voice.m4a", "-o", "voice.txt")
    assert (ended.code, ended.out, said(ended)) == (1, "", sentence)
    assert names_in(tmp_path) == ["voice.m4a"]
    assert botlhale.uploads == {}


@pytest.mark.parametrize(
    ("output", "why"),
    [("plain/note.txt", "Not a directory"), ("nowhere/note.txt", "No such file or directory"), ("x" * 300, "too long")],
    ids=["in a file", "in no folder", "too long"],
)
async def test_an_output_that_cannot_be_written_is_told_before_anything_is_sent(
    botlhale: Botlhale, tmp_path: Path, output: str, why: str
) -> None:
    write(tmp_path / "plain", b"a file")
    ended = await run(botlhale, tmp_path, NOTE, "-o", output)
    assert (ended.code, ended.out) == (2, "")
    assert f"{output} can't be written: " in ended.err
    assert why in ended.err
    assert botlhale.requests == []
    assert names_in(tmp_path) == ["plain"]


async def test_for_several_recordings_every_output_is_checked_first(botlhale: Botlhale, tmp_path: Path) -> None:
    (tmp_path / "out" / "second_note.srt").mkdir(parents=True)
    ended = await run(botlhale, tmp_path, NOTE, OTHER, "-o", "out", "--format", "srt")
    assert ended.code == 2
    assert "out/second_note.srt can't be written: Is a directory" in ended.err
    assert botlhale.requests == []


def test_a_file_is_no_folder_for_several(tmp_path: Path) -> None:
    taken = write(tmp_path / "taken", b"older")
    assert f"{taken}/note.txt can't be written: Not a directory" in refused(NOTE, OTHER, "-o", taken).output
    assert taken.read_bytes() == b"older"


async def test_work_that_fails_leaves_an_older_output_as_it_was(botlhale: Botlhale, tmp_path: Path) -> None:
    write(tmp_path / "note.txt", b"older")
    botlhale.faults.arm("POST /asr/async/upload", answer(400))
    ended = await run(botlhale, tmp_path, NOTE, "-o", "note.txt")
    assert ended.code == 1
    assert (tmp_path / "note.txt").read_bytes() == b"older"
    assert names_in(tmp_path) == ["note.txt"]


async def test_an_older_output_is_replaced_and_keeps_its_permissions(botlhale: Botlhale, tmp_path: Path) -> None:
    older = write(tmp_path / "real.txt", b"older")
    older.chmod(0o640)
    (tmp_path / "note.txt").symlink_to("real.txt")
    assert (await run(botlhale, tmp_path, NOTE, "-o", "note.txt")).code == 0
    assert SAID in older.read_text(encoding="utf-8")
    assert older.stat().st_mode & 0o777 == 0o640
    assert names_in(tmp_path) == ["note.txt", "real.txt"]
    assert (tmp_path / "note.txt").is_symlink()


async def test_a_device_is_written_to_and_not_replaced(botlhale: Botlhale, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reading = asyncio.create_task(asyncio.to_thread((tmp_path / "pipe").read_text, encoding="utf-8"))
    assert (await run(botlhale, tmp_path, NOTE, "-o", "pipe")).code == 0
    assert SAID in await reading
    assert (tmp_path / "pipe").is_fifo()


async def test_an_output_that_fails_after_the_work_is_named(botlhale: Botlhale, tmp_path: Path) -> None:
    ended = await run(botlhale, tmp_path, NOTE, "-o", "/dev/full")
    assert (ended.code, ended.out) == (1, "")
    assert said(ended) == "/dev/full can't be written: No space left on device"


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    write(tmp_path / "file", b"older")
    with pytest.raises(FileExistsError):
        transcript_files.write(tmp_path / "file" / "note.txt", b"new")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        transcript_files.write(tmp_path / "folder", b"new")
    assert names_in(tmp_path) == ["file", "folder"]
    assert names_in(tmp_path / "folder") == []
    assert (tmp_path / "file").read_bytes() == b"older"


async def test_several_recordings_go_into_a_folder_that_is_made(botlhale: Botlhale, tmp_path: Path) -> None:
    ended = await run(botlhale, tmp_path, NOTE, OTHER, "-o", "new/out", "--format", "vtt")
    assert (ended.code, ended.out, said(ended)) == (0, "", "")
    assert names_in(tmp_path / "new" / "out") == ["note.vtt", "second_note.vtt"]
    assert (tmp_path / "new" / "out" / "note.vtt").read_text(encoding="utf-8").startswith("WEBVTT")
    assert len(botlhale.uploads) == 2


@pytest.mark.parametrize("output", ["out/", "there"])
async def test_one_recording_goes_into_a_folder_too(botlhale: Botlhale, tmp_path: Path, output: str) -> None:
    (tmp_path / "there").mkdir()
    assert (await run(botlhale, tmp_path, NOTE, "-o", output)).code == 0
    assert names_in(tmp_path / output) == ["note.txt"]


async def test_the_worst_of_several_counts_and_each_is_tried(botlhale: Botlhale, tmp_path: Path) -> None:
    write(tmp_path / "empty.m4a", b"")
    write(tmp_path / "half.flac", half(encode(tmp_path / "whole.flac", FLAC, seconds=8)))
    ended = await run(botlhale, tmp_path, "empty.m4a", "half.flac", NOTE, "-o", "out")
    assert ended.code == 1
    assert said(ended).splitlines() == [
        "empty.m4a: This file is empty. Copy the recording again.",
        "half.flac: Parts of this recording couldn't be read, so some words may be missing.",
    ]
    assert names_in(tmp_path / "out") == ["half.txt", "note.txt"]


async def test_no_speech_in_one_of_several_is_worse_than_missing_parts(botlhale: Botlhale, tmp_path: Path) -> None:
    botlhale.script = lambda heard: [] if heard.seconds > 10 else SCRIPT
    write(tmp_path / "half.flac", half(encode(tmp_path / "whole.flac", FLAC, seconds=8)))
    ended = await run(botlhale, tmp_path, "half.flac", NOTE, "-o", "out")
    assert ended.code == 3
    assert said(ended).splitlines()[1] == f"{NOTE}: {remarks.NO_SPEECH.on_command_line}"
    assert names_in(tmp_path / "out") == ["half.txt"]


async def test_the_texts_of_several_follow_each_other_below_their_names(botlhale: Botlhale, tmp_path: Path) -> None:
    ended = await run(botlhale, tmp_path, NOTE, "-", piped=OTHER.read_bytes())
    assert ended.code == 0
    first, second = ended.out.split("==> standard input <==\n\n")
    assert first.startswith(f"==> {NOTE} <==\n\n16 seconds")
    assert first.endswith(f"{SAID}\n\n")
    assert SAID in second


async def test_a_recording_is_read_from_standard_input(botlhale: Botlhale, tmp_path: Path) -> None:
    ended = await run(botlhale, tmp_path, "-", "-o", "out/", "--format", "json", piped=NOTE.read_bytes())
    assert (ended.code, said(ended)) == (0, "")
    assert json.loads((tmp_path / "out" / "stdin.json").read_text())["turns"][1]["text"] == SAID
    assert SAID in (await run(botlhale, tmp_path, "-", "-o", "-", piped=NOTE.read_bytes())).out


async def test_a_file_that_is_called_dash_is_named_with_its_folder(botlhale: Botlhale, tmp_path: Path) -> None:
    write(tmp_path / "-", NOTE.read_bytes())
    assert SAID in (await run(botlhale, tmp_path, "./-")).out


def test_standard_input_is_read_once() -> None:
    assert "only once" in refused("-", "-").output


@pytest.mark.parametrize("form", ["json", "srt", "vtt", "docx"])
def test_several_in_one_output_that_would_be_no_file_are_refused(form: str) -> None:
    assert "give a folder with -o" in refused(NOTE, OTHER, "--format", form).output


@pytest.mark.parametrize("names", [("a/talk.m4a", "b/talk.mp3"), ("a/talk.m4a", "a/TALK.m4a"), ("a/talk.m4a",) * 2])
def test_two_recordings_are_not_written_to_one_file(tmp_path: Path, names: tuple[str, str]) -> None:
    first, second = (write(tmp_path / name, b"x") for name in names)
    told = refused(first, second, "-o", tmp_path / "out").output
    assert f"{first} and {second} would both be written to" in told
    assert not (tmp_path / "out").exists()


def test_a_recording_is_not_replaced_by_its_transcript(tmp_path: Path) -> None:
    source = write(tmp_path / "voice.txt", NOTE.read_bytes())
    assert "is the recording itself" in refused(source, "-o", source).output
    assert "is the recording itself" in refused(source, "-o", tmp_path).output
    assert source.read_bytes() == NOTE.read_bytes()


async def test_a_word_document_is_written_to_a_file(botlhale: Botlhale, tmp_path: Path) -> None:
    assert (await run(botlhale, tmp_path, NOTE, "-o", "note.docx", "--format", "docx")).code == 0
    document = Document(str(tmp_path / "note.docx"))
    assert document.paragraphs[0].text == "note"
    assert SAID in [paragraph.text for paragraph in document.paragraphs]


async def test_a_word_document_is_piped(botlhale: Botlhale, tmp_path: Path) -> None:
    process = await start("transcribe", str(NOTE), "--format", "docx", folder=tmp_path, env=env_of(botlhale))
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert SAID in [paragraph.text for paragraph in Document(io.BytesIO(out)).paragraphs]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [([str(NOTE), "--format", "docx"], "a terminal can't show a Word document"), (["-"], "which is the terminal here")],
)
async def test_a_terminal_neither_shows_a_document_nor_speaks(
    botlhale: Botlhale, tmp_path: Path, arguments: list[str], told: str
) -> None:
    controller, terminal = os.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "transcribe", *arguments),
        cwd=tmp_path,
        env=env_of(botlhale),
        stdin=terminal,
        stdout=terminal,
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await process.communicate()
    os.close(terminal)
    os.close(controller)
    assert process.returncode == 2
    assert told in " ".join(err.decode().split())
    assert botlhale.requests == []


async def test_where_standard_output_is_gone_nothing_more_is_sent(botlhale: Botlhale, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "transcribe", str(NOTE), str(OTHER)),
        cwd=tmp_path,
        env=env_of(botlhale),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=writing,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(writing)
    _, err = await process.communicate()
    assert process.returncode == 1
    assert err.decode().strip() == "Error: standard output can't be written: Broken pipe"
    assert len(botlhale.uploads) == 1


def test_the_help_names_every_exit_code() -> None:
    told = CliRunner().invoke(main, ["transcribe", "--help"]).output
    codes = {
        "0": "every recording was transcribed whole",
        "1": "a recording couldn't be transcribed",
        "2": "nothing was begun",
        "3": "no speech was found",
        "4": "parts of a recording couldn't be read",
    }
    assert all(f"    {code}  " in told and meaning in told for code, meaning in codes.items())
    assert "text|json|srt|vtt|docx" in told
