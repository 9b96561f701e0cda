"""What somebody does who tries the product: speak, share, name, search, kill the bot, on a desktop and on a phone."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from handlers.action_ids import CANCEL, NAME_SPEAKERS
from sandbox.synthesis import RATE, NoSynthesiser, speak
from tests.browser.conftest import PHONE, WIDE, Visit, Visiting, missing, write_wave
from tests.transcription.offline_model import real_model

NOUNS = (
    "market", "river", "kitchen", "doctor", "winter", "garden", "letter", "bridge", "teacher", "window", "station",
    "farmer", "summer", "hospital", "morning", "village", "mountain", "dinner", "camera", "paper", "picture", "machine",
)  # fmt: skip
"""Words that flite says and the smallest model hears; each run draws some."""


async def open_thread(visit: Visit) -> None:
    """Wait until the bot has replied in the open thread."""
    await visit.replies.first.wait_for()


async def test_words_spoken_into_the_microphone_come_back_in_the_thread(visiting: Visiting, tmp_path: Path) -> None:
    real_model(tmp_path)
    drawn = random.sample(NOUNS, 6)
    said = f"The {drawn[0]} and the {drawn[1]}. The {drawn[2]} and the {drawn[3]}. The {drawn[4]} and the {drawn[5]}."
    try:
        sound = speak("slt", said)
    except NoSynthesiser:
        missing("flite is not installed")
    pause = np.zeros(RATE // 2, np.float32)
    write_wave(tmp_path / "said.wav", np.concatenate([pause, sound * 3, pause]))
    async with visiting(transcriber="embedded", microphone=tmp_path / "said.wav") as visit:
        await visit.page.locator("#hero-record").click()
        await visit.page.wait_for_timeout(1000 * (len(sound) / RATE + 2))
        await visit.part("stop").first.click()
        await open_thread(visit)
        heard = (await visit.replies.first.inner_text()).lower()
        found = [word for word in drawn if word in heard]
        assert len(found) >= len(drawn) - 1, f"{drawn} were said"
        [shared] = [file for message in visit.stage.slack.messages(visit.stage.general.id) for file in message.files]
        assert shared.mimetype == "audio/webm", "as browsers record"
        assert visit.complaints == []


async def test_a_dropped_file_gets_its_thread(visiting: Visiting) -> None:
    async with visiting() as visit:
        await visit.page.locator("#hero-file").set_input_files("sandbox/samples/dialogue.m4a")
        await open_thread(visit)
        assert "Speaker 2" in await visit.replies.first.inner_text()


async def test_a_recording_is_named_searched_listed_and_seen_at_home(visiting: Visiting) -> None:
    async with visiting() as visit:
        page = visit.page
        await visit.share_sample("dialogue")
        await open_thread(visit)
        await page.locator("#thread-messages [data-reaction=white_check_mark]").wait_for()
        await visit.replies.first.locator(f'[data-action-id="{NAME_SPEAKERS}"]').click()
        modal = page.locator("#modal")
        await modal.get_by_role("textbox").first.fill("Thandi")
        await modal.get_by_role("button", name="Save").click()
        await modal.wait_for(state="hidden")
        await visit.replies.first.get_by_text("Thandi").first.wait_for()
        assert "Speaker 2" in await visit.replies.first.inner_text()

        await visit.command("/transcripts search delivery")
        found = page.locator("#messages [data-part=ephemeral]")
        await found.first.wait_for()
        assert "Only visible to you" in await found.first.inner_text()
        assert "delivery" in await found.first.inner_text()

        await visit.command("/transcripts")
        await page.get_by_text("Open thread").first.wait_for()

        await page.locator("#apps button").click()
        await page.locator("#home").get_by_text("Call with the customer").first.wait_for()
        assert visit.complaints == []


async def test_a_recording_in_progress_can_be_cancelled(visiting: Visiting) -> None:
    async with visiting() as visit:
        visit.stage.providers.hold()
        await visit.share_sample("note")
        await visit.page.locator('[data-part="job"][data-state="submitted"]').wait_for()
        await visit.page.locator("#apps button").click()
        await visit.page.locator("#home").locator(f'[data-action-id="{CANCEL}"]').click()
        await visit.page.locator('[data-part="job"][data-state="abandoned"]').wait_for()
        visit.stage.providers.release()
        assert await visit.replies.count() == 0


async def test_nothing_is_lost_when_the_bot_is_killed_while_the_provider_works(visiting: Visiting) -> None:
    async with visiting() as visit:
        page = visit.page
        before = await page.locator("#pid").get_attribute("data-pid")
        visit.stage.providers.hold()
        await visit.share_sample("dialogue")
        await visit.page.locator('[data-part="job"][data-state="submitted"]').wait_for()
        await page.locator("#kill").click()
        await page.locator("#bot-state[data-state=killed]").wait_for()
        await page.locator("#bot-state[data-state=running]").wait_for()
        assert await page.locator("#pid").get_attribute("data-pid") not in {"", before}
        await open_thread(visit)
        await page.locator("#thread-messages [data-reaction=white_check_mark]").wait_for()
        assert await visit.replies.count() == 1
        assert len(visit.stage.providers.botlhale.uploads) == 1, "it was not sent again"


async def test_a_webhook_that_comes_twice_makes_one_reply(visiting: Visiting) -> None:
    async with visiting(transcriber="gowajee") as visit:
        await visit.page.locator("#twice").check()
        await visit.share_sample("note")
        await open_thread(visit)
        webhooks = visit.page.locator('[data-part="line"][data-kind="webhook"][data-status="200"]')
        await webhooks.nth(1).wait_for()
        await visit.page.locator("#thread-messages [data-reaction=white_check_mark]").wait_for()
        assert await visit.replies.count() == 1


async def test_each_line_of_the_wire_shows_its_bytes(visiting: Visiting) -> None:
    async with visiting() as visit:
        await visit.share_sample("note")
        await open_thread(visit)
        line = visit.page.locator('[data-part="line"][data-kind="event"]').first
        await line.get_by_role("button").click()
        await visit.page.locator("#bytes").get_by_text("file_shared").first.wait_for()
        shown = await visit.page.locator("#bytes").inner_text()
        assert visit.stage.slack.signing_secret not in shown
        assert visit.stage.slack.bot_token not in shown


@pytest.mark.parametrize(("size", "dark"), [(WIDE, False), (WIDE, True), (PHONE, False), (PHONE, True)])
async def test_everybody_can_use_each_part(visiting: Visiting, size: tuple[int, int], dark: bool) -> None:  # noqa: FBT001
    """Nothing reaches out of the screen, and axe finds nothing serious: contrast, names, roles, order."""
    try:
        from axe_playwright_python.async_playwright import Axe  # noqa: PLC0415 - not for everybody
    except ImportError:
        missing("the package axe-playwright-python is not installed")
    axe = Axe()
    async with visiting(size=size, dark=dark) as visit:
        page = visit.page

        async def look(part: str) -> None:
            wider = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wider <= 0, f"{part} is wider than the screen"
            found = (await axe.run(page)).response["violations"]
            grave = [
                f"{one['id']}: {one['nodes'][0]['html'][:200]}"
                for one in found
                if one["impact"] in {"serious", "critical"}
            ]
            assert grave == [], part

        await look("the start")
        await visit.share_sample("dialogue")
        await open_thread(visit)
        await page.locator("#thread-messages [data-reaction=white_check_mark]").wait_for()
        await look("a thread")
        await visit.replies.first.locator(f'[data-action-id="{NAME_SPEAKERS}"]').click()
        await page.locator("#modal").get_by_role("textbox").first.wait_for()
        await look("a form")
        await page.keyboard.press("Escape")
        await page.locator("#close-thread").click()
        await visit.command("/transcripts help")
        await page.locator("#messages [data-part=ephemeral]").first.wait_for()
        await look("a conversation with an answer for one person")
        if size == PHONE:
            await page.get_by_role("button", name="Conversations").click()
            await look("the list of conversations")
        await page.locator("#apps button").click()
        await page.locator("#home").get_by_text("Recent").first.wait_for()
        await look("Home")
        if size == PHONE:
            await page.locator("#toggle-wire").click()
        await page.locator('[data-part="line"]').first.wait_for()
        await look("the wire")


async def test_it_can_be_used_without_a_mouse(visiting: Visiting) -> None:
    async with visiting() as visit:
        page = visit.page
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip"
        await page.locator("#hero-sample").focus()
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.getAttribute('role')") == "menuitem"
        await page.keyboard.press("Escape")
        assert await page.evaluate("document.activeElement.id") == "hero-sample"
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        await open_thread(visit)
        await page.keyboard.press("Escape")
        await page.locator("#thread").wait_for(state="hidden")
