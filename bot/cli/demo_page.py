"""`threadscribe demo` at a terminal: a page on loopback with a small sandbox workspace, until Ctrl-C.

The sandbox Slack, the stand-ins of both providers and the page's server run in this process; the bot runs in its own.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import threading
import webbrowser
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from rich.console import Console

from bot.cli.demo_bot import botlhale_environment, gowajee_environment, slack_environment, webhook_url
from bot.slack.manifest import manifest
from sandbox.page import BotProcess, PageServer, Providers, Stage
from sandbox.ports import free_port
from sandbox.slack import Slack, draw_credentials
from sandbox.wire_log import WireLog
from transcription.embedded.local_model import is_installed

NOTICES = {
    "embedded": "The bot transcribes what you say on this machine. It works best in English.",
    "botlhale": ("Botlhale AI is played by a stand-in, which knows the words of the samples and makes up the rest."),
    "gowajee": "Gowajee is played by a stand-in, which knows the words of the samples and makes up the rest.",
}
LAST_RESORT = "Whisper is not installed, so expect more than half of the words to be wrong: make offline installs it."
"""What the page says to expect."""

STARTING = "Starting a sandbox Slack and the bot …"
OPEN = "The demo is at [b]{address}[/b]"
TO_DO = "Record a voice note there, drop a file onto the page, or use a sample. Ctrl-C ends the demo."
NO_SCREEN = (
    "There is no screen here. On your own computer: [b]ssh -L {port}:127.0.0.1:{port} this-machine[/b], then open the "
    "address there."
)
TAKEN = "Port {port} cannot be used for the page: {why}. Choose another one with --port, or leave it out."
NEXT = (
    "Next step: install it in your workspace. [b]{program} manifest[/b] prints the app for "
    "https://api.slack.com/apps, and [b]{program} doctor[/b] tells you what is missing; README.md has every step."
)


async def open_page(
    *, transcriber: str, mode: str, files: Sequence[Path] = (), port: int = 0, open_browser: bool = True
) -> int:
    """Show the page until the process is interrupted; share `files` in it first. Return 0.

    Raises OSError if the page cannot have `port`, or the bot cannot start.
    """
    console = Console(soft_wrap=True)
    stopped = asyncio.Event()
    console.print(STARTING)
    async with demo_page(transcriber=transcriber, mode=mode, port=port) as (page, stage):
        # Only now: until the page stands, Ctrl-C cancels what starts it.
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stopped.set)
        console.print(OPEN.format(address=page.address))
        console.print(TO_DO)
        if not _has_screen():
            console.print(NO_SCREEN.format(port=page.port))
        elif open_browser:
            # A browser of the terminal comes back when it is closed: neither the files nor Ctrl-C wait for it.
            threading.Thread(target=webbrowser.open, args=(page.invite(),), daemon=True).start()
        for file in files:
            await stage.share(stage.general, file, name=file.name)
        await stopped.wait()
    console.print(NEXT.format(program=program()))
    return 0


@asynccontextmanager
async def demo_page(
    *, transcriber: str, mode: str, port: int = 0, settings: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[PageServer, Stage]]:
    """Run everything, with the page on `port` (0: any free one). Raises OSError if that one or the bot cannot start.

    `settings`: further settings of the bot, by the names of their environment variables.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="threadscribe-demo-")))
        bot_folder, shared = folder / "bot", folder / "shared"
        bot_folder.mkdir()
        shared.mkdir()
        log, bot_port = WireLog(), free_port()
        slack = await stack.enter_async_context(Slack(credentials=draw_credentials()))
        slack.wire_log = log
        if mode == "http":
            slack.events_url = f"http://127.0.0.1:{bot_port}/slack/events"
        providers = await stack.enter_async_context(Providers(webhook_url=webhook_url(bot_port), log=log))
        environment = (
            slack_environment(slack, port=bot_port, mode=mode, transcriber=transcriber, folder=str(bot_folder))
            | botlhale_environment(providers.botlhale)
            | gowajee_environment(providers.gowajee)
            | {"LOG_LEVEL": "info", "LOG_FORMAT": "json"}
            | dict(settings or {})
        )
        command = [sys.executable, "-m", "bot", "run"]
        bot = BotProcess(command, environment=environment, folder=bot_folder, log=log)
        stage = Stage(
            slack,
            bot=bot,
            providers=providers,
            log=log,
            folder=shared,
            manifest=manifest(),
            notice=_notice(transcriber),
            program=program(),
        )
        page = await stack.enter_async_context(_served(PageServer(stage, port=port)))
        await stack.enter_async_context(bot)
        await stack.enter_async_context(stage)  # ends before the bot: it may be about to start another one
        stack.callback(page.end)
        yield page, stage


@asynccontextmanager
async def _served(page: PageServer) -> AsyncIterator[PageServer]:
    """Serve the page before the bot starts, so that a port that is taken is told at once."""
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(page)
        except OSError as error:
            why = os.strerror(error.errno or 0).lower()
            raise OSError(error.errno, TAKEN.format(port=page.port, why=why)) from None
        yield page


def program() -> str:
    """Return what starts this program in this folder's terminal: after `make demo` it is on no path."""
    beside = Path(sys.executable).parent / "threadscribe"
    started = Path(sys.argv[0]) if Path(sys.argv[0]).name == "threadscribe" else beside
    found = shutil.which("threadscribe")
    if not started.is_file() or (found is not None and Path(found).samefile(started)):
        return "threadscribe"
    here = os.path.relpath(started)
    return str(started) if here.startswith("..") else here


def _notice(transcriber: str) -> str:
    return LAST_RESORT if transcriber == "embedded" and not is_installed() else NOTICES[transcriber]


def _has_screen() -> bool:
    """Return whether there is a screen: without one, a browser of the terminal would take the terminal."""
    return sys.platform in {"darwin", "win32"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
