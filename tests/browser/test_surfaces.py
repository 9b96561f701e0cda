"""What the bot's own controls do in a browser: menus, folded transcripts, and the search wherever one is."""

from __future__ import annotations

from typing import Any

from handlers import words
from handlers.action_ids import CANCEL, DELETE, HELP, RECORDING_MENU, RERUN, SEARCH, TRANSCRIPT_MENU
from tests.browser.conftest import Visiting
from tests.browser.test_pictures import MEETING

ROLE = "document.activeElement.getAttribute('role')"
ITEM = "document.activeElement.dataset.item"


async def test_a_menu_under_a_transcript_is_used_by_keyboard(visiting: Visiting) -> None:
    async with visiting() as visit:
        page, modal = visit.page, visit.page.locator("#modal")
        await visit.share_sample("note")
        await visit.done()
        menu = visit.replies.first.locator(f'[data-action-id="{TRANSCRIPT_MENU}"]')
        await menu.focus()
        await page.keyboard.press("Enter")
        assert await page.evaluate(ROLE) == "menuitem"
        assert await menu.get_attribute("aria-expanded") == "true"
        await page.keyboard.press("End")
        await page.keyboard.press("Home")
        assert str(await page.evaluate(ITEM)).endswith(f":{RERUN}")
        await page.keyboard.press("Escape")
        assert await menu.evaluate("node => node === document.activeElement")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        await modal.get_by_role("heading").first.wait_for()
        await page.keyboard.press("Escape")
        await modal.wait_for(state="hidden")
        assert await menu.evaluate("node => node === document.activeElement")
        assert visit.complaints == []


async def test_a_long_transcript_is_folded_opened_and_closed(visiting: Visiting) -> None:
    async with visiting(folds=True) as visit:
        visit.stage.providers.botlhale.script = MEETING
        await visit.share_sample("meeting")
        await visit.done()
        reply = visit.replies.first
        last, more = reply.get_by_text(MEETING[-1].text), reply.locator("summary")
        await more.wait_for()
        assert await reply.get_by_text(MEETING[0].text).is_visible()
        assert not await last.is_visible()
        await more.focus()
        await visit.page.keyboard.press("Enter")
        await last.wait_for()
        await visit.page.keyboard.press("Enter")
        await last.wait_for(state="hidden")
        assert visit.complaints == []


async def test_the_search_opens_at_home_and_from_the_shortcuts(visiting: Visiting) -> None:
    async with visiting() as visit:
        page, modal = visit.page, visit.page.locator("#modal")
        await visit.share_sample("dialogue")
        await visit.done()
        await page.locator("#close-thread").click()
        await page.locator("#composer [data-part=shortcuts]").click()
        await page.locator(f'[role=menuitem][data-item="{SEARCH}"]').click()
        await _search(modal, "zebra")
        assert not await modal.get_by_role("link").count()
        await page.keyboard.press("Escape")
        await modal.wait_for(state="hidden")
        await page.locator("#apps button").click()
        await page.locator(f'#home [data-action-id="{SEARCH}"]').click()
        await _search(modal, "machine")
        await modal.get_by_role("link").first.wait_for()
        assert visit.complaints == []


async def _search(modal: Any, what: str) -> None:
    """Search in the modal, and wait for what it says."""
    await modal.get_by_role("textbox").fill(what)
    await modal.get_by_role("textbox").press("Enter")
    await modal.get_by_text(f"“{what}”").first.wait_for()


async def test_help_is_a_form_that_closes(visiting: Visiting) -> None:
    async with visiting() as visit:
        page, modal = visit.page, visit.page.locator("#modal")
        await page.locator("#apps button").click()
        opener = page.locator(f'#home [data-action-id="{HELP}"]')
        await opener.click()
        await modal.get_by_role("heading", name=words.HELP_TITLE).wait_for()
        await modal.locator("[data-part=modal-close]").click()
        await modal.wait_for(state="hidden")
        assert await opener.evaluate("node => node === document.activeElement")


async def test_a_recording_in_progress_is_cancelled_in_the_menu_of_the_list(visiting: Visiting) -> None:
    async with visiting() as visit:
        visit.stage.providers.hold()
        await visit.share_sample("note")
        await visit.page.locator('[data-part="job"][data-state="submitted"]').wait_for()
        await visit.command("/transcripts")
        listed = visit.part("ephemeral")
        await listed.wait_for()
        await visit.choose(listed, RECORDING_MENU, CANCEL)
        await visit.page.locator('[data-part="job"][data-state="abandoned"]').wait_for()
        visit.stage.providers.release()


async def test_a_transcript_is_deleted_in_a_form_and_nothing_is_promised_any_more(visiting: Visiting) -> None:
    async with visiting() as visit:
        page, modal = visit.page, visit.page.locator("#modal")
        await visit.share_sample("note")
        await visit.done()
        await visit.choose(visit.replies.first, TRANSCRIPT_MENU, DELETE)
        await modal.locator("[type=submit]").click()
        await modal.locator("[type=submit]").wait_for(state="detached")
        await page.keyboard.press("Escape")
        await modal.wait_for(state="hidden")
        await visit.replies.first.wait_for(state="detached")
        assert await page.locator("#thread").is_visible()
        assert not await page.locator("#thread-wait").is_visible()
        assert visit.complaints == []


async def test_a_menu_closes_when_what_it_belongs_to_moves_away(visiting: Visiting) -> None:
    async with visiting() as visit:
        page, menu = visit.page, visit.page.get_by_role("menu")
        await page.locator("#hero-sample").click()
        await menu.wait_for()
        await page.evaluate("document.querySelector('#messages').dispatchEvent(new Event('scroll'))")
        assert await menu.is_visible(), "nothing has moved"
        await page.evaluate(
            "document.querySelector('#hero').style.marginBottom = '99px';"
            "document.querySelector('#messages').dispatchEvent(new Event('scroll'))"
        )
        await menu.wait_for(state="detached")


async def test_a_moment_in_a_text_is_drawn_as_slack_draws_it(visiting: Visiting) -> None:
    async with visiting() as visit:
        shown = await visit.page.evaluate(
            """async () => {
                const { mrkdwn } = await import("./assets/text.js"), now = Math.floor(Date.now() / 1000);
                const box = document.createElement("p");
                box.append(...mrkdwn(`Shared <!date^${now - 3600}^{ago}|earlier> by <!here>`));
                return box.textContent;
            }"""
        )
        assert shown == "Shared 1 hour ago by @here"
