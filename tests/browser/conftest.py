"""A headless Chromium and a page of the demo. Where one of them is missing, these tests are skipped with the reason."""

from __future__ import annotations

import os
import shutil
import wave
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from bot.cli.demo_page import demo_page
from sandbox.page import PageServer, Stage
from sandbox.synthesis import RATE, Sound

WIDE, PHONE = (1280, 800), (400, 820)
PATIENCE = 60_000
"""Milliseconds until something must be seen, on a machine that does much else."""

NOTHING_OUTSIDE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A page in the browser, and what is behind it."""

    page: Any
    server: PageServer
    stage: Stage
    complaints: list[str]
    """What the browser's console complained of."""

    def part(self, name: str) -> Any:
        """Find parts of the page by the name that they have in it."""
        return self.page.locator(f'[data-part="{name}"]')

    def action(self, action_id: str) -> Any:
        """Find buttons and fields of the bot by their action id."""
        return self.page.locator(f'[data-action-id="{action_id}"]')

    @property
    def replies(self) -> Any:
        """The bot's messages in the open thread."""
        return self.page.locator('#thread-messages [data-by="bot"]')

    async def share_sample(self, name: str) -> None:
        """Share a sample recording, which opens its thread."""
        await self.page.locator("#composer").get_by_label("A sample").click()
        await self.page.locator(f'[role=menuitem][data-item="{name}"]').click()

    async def done(self) -> None:
        """Wait until the recording of the open thread has its transcript."""
        await self.replies.first.wait_for()
        await self.page.locator("#thread-messages [data-reaction=white_check_mark]").wait_for()

    async def choose(self, part: Any, menu: str, option: str) -> None:
        """Choose an option of the first menu of the bot in `part`, by its action id."""
        await part.locator(f'[data-action-id="{menu}"]').first.click()
        await self.page.locator(f'[role=menuitem][data-item*=":{option}"]').click()

    async def command(self, text: str) -> None:
        """Type a slash command into the box of the conversation."""
        box = self.page.locator("#composer [data-part=box]")
        await box.fill(text)
        await box.press("Enter")


Visiting = Callable[..., AbstractAsyncContextManager[Visit]]


def missing(what: str) -> NoReturn:
    """Skip the test, or fail where this machine must have everything."""
    reason = f"THE PAGE IS NOT TESTED IN A BROWSER: {what} (make test-browser installs the packages)"
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


def chromium() -> str:
    """Return the path of Chromium, or skip."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        missing("this machine has no Chromium")
    return found


@pytest.fixture
def visiting() -> Visiting:
    """A function that visits a new demo, as a context: with a transcriber, a size, dark or light, and a microphone.

    With `folds`, long transcripts are folded.
    """
    program = chromium()
    try:
        from playwright.async_api import async_playwright  # noqa: PLC0415 - not for everybody
    except ImportError:
        missing("the package playwright is not installed")

    @asynccontextmanager
    async def visit(
        *,
        transcriber: str = "botlhale",
        size: tuple[int, int] = WIDE,
        dark: bool = False,
        microphone: Path | None = None,
        scale: float = 1,
        folds: bool = False,
    ) -> AsyncIterator[Visit]:
        sound = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
        if microphone is not None:
            sound.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
        settings = {"FOLD": "always" if folds else "never"}
        async with (
            demo_page(transcriber=transcriber, mode="http", settings=settings) as (server, stage),
            async_playwright() as playwright,
        ):
            stage.slack.takes_containers = folds
            browser = await playwright.chromium.launch(
                executable_path=program, args=["--no-sandbox", "--disable-gpu", NOTHING_OUTSIDE, *sound]
            )
            context = await browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                color_scheme="dark" if dark else "light",
                device_scale_factor=scale,
                permissions=["microphone", "clipboard-read", "clipboard-write"],
            )
            page = await context.new_page()
            page.set_default_timeout(PATIENCE)
            complaints: list[str] = []
            page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            await page.goto(server.address)
            await page.locator("body[data-ready=true]").wait_for()
            yield Visit(page=page, server=server, stage=stage, complaints=complaints)
            await browser.close()

    return visit


def write_wave(path: Path, sound: Sound) -> None:
    """Write what the browser's pretended microphone plays."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())
