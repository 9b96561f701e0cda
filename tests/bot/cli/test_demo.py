"""`threadscribe demo`: at a terminal a page that stays, without one the scripted recordings, and files of one's own."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import sys
from pathlib import Path
from typing import Self

import click
import pytest

from bot.__main__ import main
from bot.cli import demo_page
from sandbox.voices import SAMPLES
from tests.bot.processes import Ended, environment, threadscribe
from tests.sandbox.page_client import State, channel_named, replies, visiting

NOTE = SAMPLES["note"].path
SAID = "The driver could not find the address"


class Terminal:
    """The command at a pseudo-terminal; `shown` is what it has printed so far."""

    def __init__(self, *arguments: str, folder: Path) -> None:
        self._arguments = arguments
        self._folder = folder
        self.shown = ""

    async def __aenter__(self) -> Self:
        self._ours, theirs = pty.openpty()
        os.set_blocking(self._ours, False)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            "demo",
            *self._arguments,
            cwd=self._folder,
            env=environment(TERM="dumb", COLUMNS="200"),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        os.close(self._ours)

    async def until(self, pattern: str) -> str:
        """Wait until it has printed something; what the pattern's group matches."""
        async with asyncio.timeout(60):
            while (found := re.search(pattern, self.shown)) is None:
                assert self._process.returncode is None, self.shown
                self._read()
                await asyncio.sleep(0.02)
        return found[1]

    async def interrupt(self) -> int:
        """Press Ctrl-C; the exit code."""
        self._process.send_signal(signal.SIGINT)
        return await self.end()

    async def end(self) -> int:
        async with asyncio.timeout(60):
            while self._process.returncode is None:
                self._read()
                await asyncio.sleep(0.02)
        self._read()
        return await self._process.wait()

    def _read(self) -> None:
        try:
            while piece := os.read(self._ours, 65_536):
                self.shown += piece.decode(errors="replace")
        except (BlockingIOError, OSError):
            pass


async def test_at_a_terminal_a_page_opens_shares_the_files_and_ends_with_the_next_step(tmp_path: Path) -> None:
    arguments = ("--no-browser", "--transcriber", "botlhale", str(NOTE))
    async with Terminal(*arguments, folder=tmp_path) as terminal:
        address = await terminal.until(r"(http://127\.0\.0\.1:\d+/[\w-]+/)\s")
        async with visiting(address) as client:
            state = await client.until(_has_reply)
            pid = state["bot"]["pid"]
        assert SAID in str(state["messages"][channel_named(state, "general")])
        assert await terminal.interrupt() == 0
    assert "Next step: install it in your workspace" in terminal.shown
    assert "Traceback" not in terminal.shown
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def _has_reply(state: State) -> bool:
    general = channel_named(state, "general")
    shared = [message["ts"] for message in state["messages"][general] if message["files"]]
    return bool(shared and replies(state, general, shared[0]))


async def test_once_is_without_a_page_at_a_terminal_too(tmp_path: Path) -> None:
    async with Terminal("--once", "--transcriber", "botlhale", str(NOTE), folder=tmp_path) as terminal:
        assert await terminal.end() == 0
    assert SAID in _flat(terminal.shown)
    assert "http://127.0.0.1" not in terminal.shown.partition("A sandbox Slack is at")[0]
    assert "Ctrl-C" not in terminal.shown


async def test_without_a_terminal_the_samples_are_shared_and_it_ends(tmp_path: Path) -> None:
    ended = await threadscribe("demo", "--transcriber", "botlhale", folder=tmp_path)
    assert ended.code == 0, ended.err
    assert "All three were answered, each in its thread." in ended.out
    assert "Ctrl-C" not in ended.out


async def test_without_a_terminal_own_files_are_shared_in_place_of_the_samples(tmp_path: Path) -> None:
    ended: Ended = await threadscribe("demo", "--transcriber", "gowajee", str(NOTE), folder=tmp_path)
    assert ended.code == 0, ended.err
    assert SAID in _flat(ended.out)
    assert "All three" not in ended.out


def _flat(shown: str) -> str:
    """What a panel shows, without its frame and its line breaks."""
    return re.sub(r"[\s│]+", " ", shown)


async def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    ended = await threadscribe("demo", str(tmp_path / "nothing.m4a"), folder=tmp_path)
    assert ended.code == 2
    assert "does not exist" in ended.err


def test_the_page_says_what_to_expect_of_each_transcriber() -> None:
    [option] = [one for one in main.commands["demo"].params if one.name == "transcriber"]
    assert isinstance(option.type, click.Choice)
    assert set(demo_page.NOTICES) == set(option.type.choices)
