"""The pictures of the README's tour: `make pictures` puts them into `docs`, a test only sees that they can be made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from handlers.action_ids import NAME_SPEAKERS
from tests.browser.conftest import Visit, Visiting

SIZE = (1180, 860)
LEAST_BYTES = 10_000
"""An empty picture has fewer."""


async def take(part: Any, name: str, folder: Path) -> None:
    """Take a picture of a part of the page."""
    path = Path(os.environ.get("PICTURES", folder)) / f"{name}.png"
    await part.screenshot(path=path, animations="disabled")
    assert path.stat().st_size > LEAST_BYTES, name


async def close_wire(visit: Visit) -> None:
    """Leave the room to the workspace."""
    await visit.page.locator("#toggle-wire").click()


@pytest.mark.long
async def test_the_pictures_of_the_tour_can_be_made(visiting: Visiting, tmp_path: Path) -> None:
    async with visiting(size=SIZE, scale=1.5) as visit:
        page = visit.page
        await visit.share_sample("dialogue")
        await visit.replies.first.wait_for()
        await page.locator("#thread-messages [data-reaction=white_check_mark]").wait_for()
        await page.locator("#thread-messages").evaluate("node => { node.scrollTop = 0; }")
        await take(page, "demo", tmp_path)
        await close_wire(visit)
        await take(page.locator("#thread"), "thread", tmp_path)

        await visit.replies.first.locator(f'[data-action-id="{NAME_SPEAKERS}"]').click()
        modal = page.locator("#modal")
        await modal.get_by_role("textbox").first.fill("Thandi")
        await take(modal, "naming", tmp_path)
        await page.keyboard.press("Escape")
        await modal.wait_for(state="hidden")
        await page.locator("#close-thread").click()

        await visit.command("/transcripts search delivery")
        answer = page.locator("#messages [data-part=ephemeral]").last
        await answer.get_by_text("Open").first.wait_for()
        await take(answer, "search", tmp_path)

        await visit.command("/transcripts settings")
        await modal.get_by_role("combobox").first.wait_for()
        await take(modal, "settings", tmp_path)
        await page.keyboard.press("Escape")
        await modal.wait_for(state="hidden")

        visit.stage.providers.hold()
        await visit.share_sample("meeting")
        await page.locator('[data-part="job"][data-state="submitted"]').wait_for(state="attached")
        await page.locator("#apps button").click()
        await page.locator("#home").get_by_text("Monthly meeting").first.wait_for()
        await take(page, "home", tmp_path)
        visit.stage.providers.release()
