"""Pictures: of the README's tour, which `make pictures` puts into `docs`, and of every surface, to be looked at.

A test only sees that they can be made. `SURFACES` names a folder that keeps those of the surfaces.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from handlers import words
from handlers.action_ids import (
    CHANNEL_SETTINGS,
    CORRECT,
    DELETE,
    HELP,
    NAME_SPEAKERS,
    RECORDING_MENU,
    RERUN,
    SEARCH,
    TRANSCRIPT_MENU,
)
from sandbox.script import Segment
from tests.browser.conftest import PHONE, Visit, Visiting

SIZE = (1180, 860)
HIGH, LOW = 1010, 640
"""Heights with room for a whole thread, and without an empty half."""

LEAST_BYTES = 10_000
"""An empty picture has fewer."""

MEETING = [
    Segment(start=n, end=n + 1, speaker=n % 2, text=f"Point {n} of the agenda is the next delivery to the depot.")
    for n in range(40)
]
"""Fills more than a screen."""


async def take(part: Any, name: str, folder: Path) -> None:
    """Take a picture of a part of the page."""
    path = folder / f"{name}.png"
    await part.screenshot(path=path, animations="disabled")
    assert path.stat().st_size > LEAST_BYTES, name


async def close_wire(visit: Visit) -> None:
    """Leave the room to the workspace."""
    await visit.page.locator("#toggle-wire").click()


async def close_modal(visit: Visit) -> None:
    """Close the modal as a person does."""
    await visit.page.keyboard.press("Escape")
    await visit.page.locator("#modal").wait_for(state="hidden")


@pytest.mark.long
async def test_the_pictures_of_the_tour_can_be_made(visiting: Visiting, tmp_path: Path) -> None:
    folder = Path(os.environ.get("PICTURES", tmp_path))
    async with visiting(size=SIZE, scale=1.5) as visit:
        page = visit.page
        await visit.share_sample("dialogue")
        await visit.done()
        await page.locator("#thread-messages").evaluate("node => { node.scrollTop = 0; }")
        await page.mouse.move(0, 0)
        await take(page, "demo", folder)
        await close_wire(visit)
        await page.set_viewport_size({"width": SIZE[0], "height": HIGH})
        await take(page.locator("#thread"), "thread", folder)
        await page.set_viewport_size({"width": SIZE[0], "height": SIZE[1]})

        await visit.replies.first.locator(f'[data-action-id="{NAME_SPEAKERS}"]').click()
        modal = page.locator("#modal")
        await modal.get_by_role("textbox").first.fill("Thandi")
        await take(modal, "naming", folder)
        await close_modal(visit)

        await visit.choose(visit.replies.first, TRANSCRIPT_MENU, CHANNEL_SETTINGS)
        await modal.get_by_role("radio").first.wait_for()
        await take(modal, "settings", folder)
        await close_modal(visit)
        await page.locator("#close-thread").click()

        visit.stage.providers.botlhale.fail_next()
        await visit.share_sample("note")
        await page.locator("#thread-messages [data-reaction=warning]").wait_for()
        await page.locator("#close-thread").click()
        visit.stage.providers.hold()
        await visit.share_sample("meeting")
        await page.locator('[data-part="job"][data-state="submitted"]').wait_for(state="attached")
        await page.locator("#apps button").click()
        await page.locator("#home").get_by_text("Monthly meeting").first.wait_for()
        await page.set_viewport_size({"width": SIZE[0], "height": LOW})
        await take(page, "home", folder)
        await page.set_viewport_size({"width": SIZE[0], "height": SIZE[1]})
        visit.stage.providers.release()

        await search(visit)
        await take(modal, "search", folder)


async def search(visit: Visit) -> None:
    """Search from Home."""
    await visit.page.locator("#home").locator(f'[data-action-id="{SEARCH}"]').click()
    modal = visit.page.locator("#modal")
    await modal.get_by_role("textbox").fill("delivery")
    await modal.get_by_role("textbox").press("Enter")
    await modal.get_by_role("link").first.wait_for()


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Takes pictures of what one person sees."""

    visit: Visit
    folder: Path
    kind: str

    async def take(self, name: str) -> None:
        """Take a picture of the whole page, and a second one of what is farther down."""
        page = self.visit.page
        await page.mouse.move(0, 0)  # what it is over looks different
        await take(page, f"{name}-{self.kind}", self.folder)
        more = "node => { const before = node.scrollTop; node.scrollTop = 9999; return node.scrollTop > before; }"
        for body in await page.locator("#modal .body, #home:not([hidden])").all():
            if await body.evaluate(more):
                await take(page, f"{name}-end-{self.kind}", self.folder)

    async def failure(self) -> None:
        """A recording without a transcript."""
        self.visit.stage.providers.botlhale.fail_next()
        await self.visit.share_sample("note")
        await self.visit.replies.first.wait_for()
        await self.visit.page.locator("#thread-messages [data-reaction=warning]").wait_for()
        await self.take("failure")
        await self.visit.page.locator("#close-thread").click()

    async def transcript(self) -> None:
        """A transcript, its menu, and each form of it."""
        visit, page, modal = self.visit, self.visit.page, self.visit.page.locator("#modal")
        await visit.share_sample("dialogue")
        await visit.done()
        await self.take("transcript")
        await visit.replies.first.locator(f'[data-action-id="{TRANSCRIPT_MENU}"]').click()
        await page.get_by_role("menu").wait_for()
        await self.take("menu")
        await page.keyboard.press("Escape")
        await visit.replies.first.locator(f'[data-action-id="{NAME_SPEAKERS}"]').click()
        await modal.get_by_role("textbox").first.wait_for()
        await self.take("naming")
        await modal.get_by_role("textbox").first.fill("Thandi")
        await modal.locator("[type=submit]").click()
        await modal.wait_for(state="hidden")
        await visit.replies.first.get_by_text("Thandi").first.wait_for()
        await self.take("named")
        forms = {"rerun": RERUN, "settings": CHANNEL_SETTINGS, "correct": CORRECT, "delete": DELETE}
        for name, option in forms.items():
            await visit.choose(visit.replies.first, TRANSCRIPT_MENU, option)
            await modal.locator(".body *").first.wait_for()
            await self.take(name)
            await close_modal(visit)
        await page.locator("#close-thread").click()

    async def answers(self) -> None:
        """What commands answer."""
        await self.visit.command("/transcripts")
        await self.visit.page.locator(f'#messages [data-action-id="{RECORDING_MENU}"]').last.wait_for()
        await self.take("list")
        await self.visit.command("/transcripts help")
        await self.visit.page.locator("#messages [data-part=ephemeral]").nth(1).wait_for()
        await self.take("help-command")

    async def folded(self) -> None:
        """A long transcript, folded and opened."""
        visit = self.visit
        visit.stage.providers.botlhale.script = MEETING
        await visit.share_sample("meeting")
        await visit.done()
        more = visit.replies.first.locator("summary")
        await more.wait_for()
        await self.take("folded")
        await more.click()
        await self.take("unfolded")
        await visit.page.locator("#close-thread").click()

    async def home(self, *, narrow: bool) -> None:
        """Home, and what it opens."""
        visit, page = self.visit, self.visit.page
        if narrow:
            await page.get_by_role("button", name="Conversations").click()
        await page.locator("#apps button").click()
        await page.locator("#home").get_by_text("Monthly meeting").first.wait_for()
        await self.take("home")
        await search(visit)
        await self.take("search")
        await close_modal(visit)
        await page.locator("#home").locator(f'[data-action-id="{HELP}"]').click()
        await page.locator("#modal").get_by_role("heading", name=words.HELP_TITLE).wait_for()
        await self.take("help")


@pytest.mark.long
@pytest.mark.parametrize(("size", "dark"), [(SIZE, False), (SIZE, True), (PHONE, False), (PHONE, True)])
async def test_every_surface_can_be_looked_at(
    visiting: Visiting,
    tmp_path: Path,
    size: tuple[int, int],
    dark: bool,  # noqa: FBT001
) -> None:
    folder = Path(os.environ.get("SURFACES", tmp_path))
    async with visiting(size=size, dark=dark, folds=True) as visit:
        looks = Looks(visit=visit, folder=folder, kind=f"{size[0]}-{'dark' if dark else 'light'}")
        if size != PHONE:
            await close_wire(visit)
        await looks.failure()
        await looks.transcript()
        await looks.answers()
        await looks.folded()
        await looks.home(narrow=size == PHONE)
        assert visit.complaints == []
