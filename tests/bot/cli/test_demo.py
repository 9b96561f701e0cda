"""`threadscribe demo`: at a terminal a page that stays, without one the scripted recordings, and files of one's own."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
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

    def __init__(self, *arguments: str, folder: Path, **more: str) -> None:
        self._arguments = arguments
        self._environment = environment(TERM="dumb", COLUMNS="200", **more)
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
            env=self._environment,
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

    async def wait(self, condition: Callable[[], object]) -> None:
        """Wait until something holds while it is at work."""
        async with asyncio.timeout(60):
            while not condition():
                assert self._process.returncode is None, self.shown
                self._read()
                await asyncio.sleep(0.01)

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
    port = address.split("/")[2].partition(":")[2]
    assert (
        f"There is no screen here. On your own computer: ssh -L {port}:127.0.0.1:{port} this-machine" in terminal.shown
    )
    assert "Traceback" not in terminal.shown
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def _has_reply(state: State) -> bool:
    general = channel_named(state, "general")
    shared = [message["ts"] for message in state["messages"][general] if message["files"]]
    return bool(shared and replies(state, general, shared[0]))


async def test_the_browser_is_started_with_a_ticket_and_nothing_waits_for_it(tmp_path: Path) -> None:
    browser, told = tmp_path / "browser", tmp_path / "told"
    browser.write_text(f'#!/bin/sh\necho "$1" > {told}.new && mv {told}.new {told} && exec sleep 600\n')
    browser.chmod(0o700)
    screen = {"DISPLAY": ":0", "BROWSER": f"{browser} %s"}
    async with Terminal("--transcriber", "botlhale", str(NOTE), folder=tmp_path, **screen) as terminal:
        address = await terminal.until(r"(http://127\.0\.0\.1:\d+/[\w-]+/)\s")
        async with visiting(address) as client:
            await client.until(_has_reply)
            await terminal.wait(told.exists)
            invitation = told.read_text().strip()
            assert address.split("/")[3] not in invitation
            async with client.session.get(invitation) as answer:
                assert str(answer.url) == address
            async with client.session.get(invitation) as answer:
                assert answer.status == 404
        assert await terminal.interrupt() == 0
    assert "There is no screen here" not in terminal.shown


async def test_a_port_that_is_taken_is_told_before_the_bot_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with Terminal("--port", str(port), "--no-browser", folder=tmp_path, **_kept(tmp_path)) as terminal:
            assert await terminal.end() == 2
    assert f"Port {port} cannot be used for the page: address already in use." in terminal.shown
    assert "Traceback" not in terminal.shown
    assert not list((tmp_path / "kept").iterdir())


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="this machine does not show what runs where")
async def test_ctrl_c_while_it_starts_ends_it_at_once_with_its_bot(tmp_path: Path) -> None:
    async with Terminal("--no-browser", "--transcriber", "botlhale", folder=tmp_path, **_kept(tmp_path)) as terminal:
        await terminal.wait(lambda: _at_work_under(tmp_path / "kept"))
        assert await terminal.interrupt() != 0
    assert "The demo is at" not in terminal.shown
    assert "Traceback" not in terminal.shown
    assert not _at_work_under(tmp_path / "kept")
    assert not list((tmp_path / "kept").iterdir())


def _kept(folder: Path) -> dict[str, str]:
    """Have the command put its temporary files where a test can see them."""
    (folder / "kept").mkdir()
    return {"TMPDIR": str(folder / "kept")}


def _at_work_under(folder: Path) -> list[str]:
    """The ids of processes whose working directory is under `folder`."""
    found = []
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with suppress(OSError):
            if link.readlink().is_relative_to(folder):
                found.append(link.parent.name)
    return found


@pytest.mark.parametrize(
    ("started", "searched", "named"),
    [
        ("venv/bin/threadscribe", "", "venv/bin/threadscribe"),
        ("venv/bin/threadscribe", "venv/bin", "threadscribe"),
        ("../elsewhere/bin/threadscribe", "", None),
    ],
)
def test_the_next_step_names_the_program_as_it_was_started(
    tmp_path: Path, started: str, searched: str, named: str | None
) -> None:
    here = tmp_path / "here"
    file = (here / started).resolve() if named is None else here / started
    here.mkdir()
    file.parent.mkdir(parents=True)
    file.write_text("import sys\nfrom bot.cli.demo_page import program\nprint(program())\n")
    file.chmod(0o700)
    path = str(here / searched) if searched else "/nowhere"
    told = subprocess.run(  # noqa: S603 - our own file
        [sys.executable, str(file)], cwd=here, env=environment(PATH=path), capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == (named or str(file))


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
