"""Words of others: on a screen, in a log, in a file to keep and in a thread they are words and nothing more."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import unicodedata
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.__main__ import main
from bot.cli.printable import printable
from sandbox.script import Segment
from sandbox.slack import Slack
from storage.database import Transaction
from storage.job import JobState
from tests.bot.job_fixtures import a_job, new_database
from tests.bot.processes import environment
from tests.bot.rendering.test_reply import HOSTILE, assert_nothing_to_parse
from tests.journeys.bench import Bench, only_reply, recording
from transcription.cues import cues
from transcription.exports import as_json, as_srt, as_text, as_vtt
from transcription.transcript import Speaker, Transcript, Turn

SCREEN = "\x1b[2J\x1b]0;owned\x07\x9b31m\x08\x08\r\n\u2028INFO forged \u202egnorw\u2066 \x00"
"""What a terminal obeys, what begins a line, what turns the direction of reading."""

CUE = "00:00:01.000 --> 00:00:09.000\n\nNOTE <v Boss><i>forged</i> {\\an8} STYLE\n\nWEBVTT"
PASSED_ON = {"\n"}
FORMS = pytest.mark.parametrize("form", [as_text, as_json, as_srt, as_vtt], ids=["text", "json", "srt", "vtt"])


def obeyed(text: str) -> set[str]:
    """The characters that are no letters, marks or spaces: all that a terminal could obey."""
    return {character for character in text if unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"}} - PASSED_ON


def talk(*said: str) -> Transcript:
    villain = Speaker(label=SCREEN + CUE, name=SCREEN + CUE)
    turns = tuple(
        Turn(start=timedelta(seconds=n), end=timedelta(seconds=n + 1), text=text, speaker=villain, language=SCREEN)
        for n, text in enumerate(said)
    )
    return Transcript(turns=turns, duration=timedelta(seconds=len(said)), note=SCREEN + CUE)


@FORMS
def test_a_transcript_on_a_screen_moves_no_cursor_and_begins_no_line(form: object) -> None:
    assert callable(form)
    assert obeyed(form(talk(SCREEN, HOSTILE))) == set()


@pytest.mark.parametrize("form", [as_srt, as_vtt], ids=["srt", "vtt"])
def test_words_make_no_cue_of_their_own(form: object) -> None:
    assert callable(form)
    made = form(talk(CUE, CUE))
    times = re.findall(r"^.*-->.*$", made, re.MULTILINE)
    assert len(times) == len(cues(talk(CUE, CUE)))
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d[.,]\d{3} --> \d\d:\d\d:\d\d[.,]\d{3}", line) for line in times)
    assert not re.search(r"^(STYLE|REGION|WEBVTT .*)$", made, re.MULTILINE)
    assert "<i>" not in made


def test_what_is_printable_stays_and_the_rest_is_written_out() -> None:
    assert printable("Zoë: 5 € for ขอบคุณ 🎧") == "Zoë: 5 € for ขอบคุณ 🎧"
    assert printable("\x1b[2J\r\n\u202e\x9b") == "\\x1b[2J\\r\\n\\u202e\\x9b"
    assert obeyed(printable(SCREEN) + printable(CUE)) == set()


# --- the operator's screen and log ----------------------------------------------------------------------------------


async def a_hostile_job(folder: Path) -> str:
    async with new_database(folder / "bot.db") as database:
        job = await a_job(database, JobState.REPLYING)
        words = SCREEN.replace("\x00", "")

        def spoil(tx: Transaction) -> None:
            tx.run("UPDATE jobs SET history = :told", told=json.dumps([0, "replying", words]) + "\n")
            tx.run("UPDATE jobs SET channel = '[red]' || :words, file = :words, team = :words", words=words)

        await database.write(spoil)
    return job.id


@pytest.mark.parametrize("command", ["list", "show"])
def test_nothing_in_a_job_plays_with_the_operators_terminal(tmp_path: Path, command: str) -> None:
    job = asyncio.run(a_hostile_job(tmp_path))
    asked = ["jobs", "list", "--all"] if command == "list" else ["jobs", "show", job]
    shown = CliRunner().invoke(main, asked, env={"DATABASE_URL": f"sqlite:///{tmp_path}/bot.db", "COLUMNS": "900"})
    assert shown.exit_code == 0
    assert obeyed(shown.output) == set()
    assert "[red]\\x1b[2J" in shown.output, "and yet it can be seen what is there"


def test_a_number_that_is_none_is_repeated_harmlessly_on_the_terminal(tmp_path: Path) -> None:
    asyncio.run(a_hostile_job(tmp_path))
    shown = CliRunner().invoke(main, ["jobs", "show", SCREEN], env={"DATABASE_URL": f"sqlite:///{tmp_path}/bot.db"})
    assert shown.exit_code == 2
    assert obeyed(shown.output) == set()


LOGGING = f"""
import structlog
from bot import logs
from bot.settings.model import Settings
logs.configure(Settings(_env_file=None, log_format=%r))
structlog.get_logger().warning("webhook_rejected", provider={SCREEN!r}, note={SCREEN!r})
"""


@pytest.mark.parametrize("form", ["json", "console"])
async def test_a_line_of_the_log_is_one_line_and_moves_no_cursor(tmp_path: Path, form: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LOGGING % form, cwd=tmp_path, env=environment(), stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    (line,) = said.decode().splitlines()
    colours = re.compile(r"\x1b\[\d*(?:;\d+)*m")
    assert obeyed(colours.sub("", line) if form == "console" else line) == set()
    assert line.count("forged") == 2
    assert "2J" in line, "and yet it can be seen what was tried"
    if form == "json":
        assert json.loads(line)["event"] == "webhook_rejected"


# --- a thread -------------------------------------------------------------------------------------------------------


async def test_a_hostile_recording_is_answered_with_words_and_files_that_are_harmless(
    bench: Bench, slack: Slack
) -> None:
    said = HOSTILE + SCREEN + CUE + '[{"type":"section","text":{"type":"mrkdwn","text":"<!channel>"}}]'
    bench.botlhale.script = [
        Segment(start=n / 10, end=(n + 1) / 10, speaker=0, text=f"{n} {said}", language="en-ZA") for n in range(60)
    ]
    await bench.start()
    slack.refuse("chat.postMessage", "msg_too_long")
    share = await slack.share(slack.channel("general"), [recording("meeting", title=HOSTILE + SCREEN)])
    reply = await only_reply(slack, share)
    assert_nothing_to_parse(reply.text)
    assert {block["type"] for block in reply.blocks} <= {"rich_text", "context", "actions"}
    assert "<!channel>" not in reply.text
    for file in reply.files:
        assert obeyed(file.content.decode() + file.name + file.title) == set()
        assert not set("<>@#*`|/\\:") & set(file.name + file.title)
    assert reply.files[1].content.decode().count(" --> ") >= 60
