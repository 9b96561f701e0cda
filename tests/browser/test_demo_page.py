"""What somebody does who tries the product: speak, share, name, search, kill the bot, on a desktop and on a phone."""

from __future__ import annotations

import asyncio
import base64
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handlers import words
from handlers.action_ids import CANCEL, EXPORT, NAME_SPEAKERS, RECORDING_MENU, RERUN, TRANSCRIPT_MENU
from sandbox.synthesis import RATE, NoSynthesiser, speak
from sandbox.voices import SAMPLES
from storage.exports import Recipient
from tests.browser.conftest import PATIENCE, PHONE, WIDE, Visit, Visiting, missing, write_wave
from tests.transcription.offline_model import real_model
from transcription.formats import Format

NOUNS = (
    "market", "river", "kitchen", "doctor", "winter", "garden", "letter", "bridge", "teacher", "window", "station",
    "farmer", "summer", "hospital", "morning", "village", "mountain", "dinner", "camera", "paper", "picture", "machine",
)  # fmt: skip
"""Words that flite says and the smallest model hears; each run draws some."""


DROP = """([name, coded]) => {
    const bytes = Uint8Array.from(atob(coded), (one) => one.charCodeAt(0)), dragged = new DataTransfer();
    dragged.items.add(new File([bytes], name, { type: "audio/mp4" }));
    for (const kind of ["dragover", "drop"]) {
        const event = new DragEvent(kind, { dataTransfer: dragged, bubbles: true, cancelable: true });
        document.querySelector("#messages").dispatchEvent(event);
    }
}"""
"""Drop a file, as far as a page can: no browser lets a script drag one in from outside."""

ASKED_SLOWLY = """() => {
    const media = navigator.mediaDevices, real = media.getUserMedia.bind(media);
    window.streams = [];
    window.questions = [];
    media.getUserMedia = async (wanted) => {
        await new Promise((allowed) => window.questions.push(allowed));
        const stream = await real(wanted);
        window.streams.push(stream);
        return stream;
    };
}"""
"""Have the browser ask for the microphone, and the person answer later."""

ALLOW = "() => window.questions.forEach((allowed) => allowed())"
OFF = "window.streams.length && window.streams.every((one) => one.getTracks().every((t) => t.readyState === 'ended'))"

FOCUSED = "document.activeElement.dataset.part || document.activeElement.dataset.tab || document.activeElement.id"


async def until(page: Any, expression: str) -> None:
    """Wait until something holds in the page, whose policy forbids a browser's own waiting for it."""
    async with asyncio.timeout(PATIENCE / 1000):
        while not (holds := await page.evaluate(expression)):
            await page.wait_for_timeout(50)
    assert holds


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
        coded = base64.b64encode(SAMPLES["dialogue"].path.read_bytes()).decode()
        await visit.page.evaluate(DROP, ["dialogue.m4a", coded])
        await open_thread(visit)
        assert "Speaker 2" in await visit.replies.first.inner_text()
        assert not await visit.page.locator("#app.dropping").count()


async def test_a_chosen_file_gets_its_thread(visiting: Visiting) -> None:
    async with visiting() as visit:
        await visit.page.locator("#hero-file").set_input_files(SAMPLES["note"].path)
        await open_thread(visit)


async def test_a_transcript_is_exported_into_its_thread(visiting: Visiting) -> None:
    async with visiting() as visit:
        await visit.share_sample("note")
        await open_thread(visit)
        await visit.page.locator("#thread-messages [data-reaction=white_check_mark]").wait_for()
        await visit.replies.first.locator(f'[data-action-id="{EXPORT}"]').click()
        modal = visit.page.locator("#modal")
        await modal.get_by_text(words.file_kind(Format.TEXT)[0]).click()
        await modal.get_by_text(words.recipient(Recipient.THREAD)[0]).click()
        await modal.get_by_role("button", name=words.EXPORT_SUBMIT).click()
        await modal.wait_for(state="hidden")
        exported = visit.replies.locator("[data-part=file]")
        await exported.wait_for()
        async with visit.page.expect_download() as downloading:
            await exported.click()
        content = (await (await downloading.value).path()).read_text(encoding="utf-8")
        assert "The driver could not find the address" in content
        assert visit.complaints == []


async def test_a_recording_is_transcribed_again_by_the_other_service(visiting: Visiting) -> None:
    async with visiting() as visit:
        await visit.share_sample("note")
        await open_thread(visit)
        done = visit.page.locator("#thread-messages [data-reaction=white_check_mark]")
        await done.wait_for()
        await visit.choose(visit.replies.first, TRANSCRIPT_MENU, RERUN)
        modal = visit.page.locator("#modal")
        await modal.locator("input[value=gowajee]").check()
        await modal.get_by_role("button", name=words.RERUN_SUBMIT).click()
        await modal.wait_for(state="hidden")
        await visit.page.locator('[data-part="line"][data-kind="webhook"][data-status="200"]').wait_for()
        await visit.page.locator('[data-part="job"][data-state="replied"]').wait_for()
        await done.wait_for()
        assert len(visit.stage.providers.gowajee.jobs) == 1
        assert visit.complaints == []


async def test_a_microphone_that_was_asked_for_twice_is_off_when_the_recording_is_discarded(visiting: Visiting) -> None:
    async with visiting() as visit:
        page = visit.page
        await page.evaluate(ASKED_SLOWLY)
        await page.locator("#hero-record").click()
        await page.locator("#hero-record").click()
        assert await page.evaluate("window.questions.length") == 1
        await page.evaluate(ALLOW)
        await visit.part("discard").click()
        await until(page, OFF)
        await page.locator("#hero-record").click()
        assert await page.evaluate("window.questions.length") == 2, "it can be used again"


async def test_nothing_is_recorded_unseen(visiting: Visiting) -> None:
    async with visiting() as visit:
        page = visit.page
        await visit.share_sample("note")
        await open_thread(visit)
        await page.evaluate(ASKED_SLOWLY)
        mic = page.locator("#thread-composer [data-part=record]")
        before = len(visit.stage.slack.messages(visit.stage.general.id))
        for answered in (True, False):  # before Esc, and after it
            await mic.click()
            if answered:
                await page.evaluate(ALLOW)
                await page.locator("#thread-composer [data-part=stop]").wait_for()
            await page.keyboard.press("Escape")
            await page.locator("#thread").wait_for(state="hidden")
            await page.evaluate(ALLOW)
            await until(page, OFF)
            await page.locator("#messages [data-part=replies]").click()
            assert not await page.locator("#thread-composer [data-part=stop]").is_visible()
        await visit.part("toast").get_by_text("The recording was discarded.").wait_for()
        assert len(visit.stage.slack.messages(visit.stage.general.id)) == before


async def test_a_microphone_that_is_pulled_out_ends_the_recording(visiting: Visiting) -> None:
    async with visiting() as visit:
        page = visit.page
        await page.evaluate(ASKED_SLOWLY)
        await page.locator("#hero-record").click()
        await page.evaluate(ALLOW)
        await visit.part("stop").wait_for()
        await page.evaluate("window.streams[0].getTracks()[0].dispatchEvent(new Event('ended'))")
        await until(page, OFF)
        await page.locator("#thread-messages [data-part=file]").wait_for()


async def test_a_form_that_fails_says_so_where_it_is_seen_and_heard(visiting: Visiting) -> None:
    async with visiting() as visit:
        page = visit.page
        await visit.command("/transcripts settings")
        modal = page.locator("#modal")
        await modal.get_by_role("combobox").first.wait_for()
        await visit.stage.bot.kill()
        await modal.locator("[type=submit]").click()
        told = modal.locator("[data-part=toast]")
        await told.wait_for()
        await modal.locator("#announcer").get_by_text("didn't respond").wait_for()
        on_top = "one => { const at = one.getBoundingClientRect(); return document.elementFromPoint("
        assert await told.evaluate(f"{on_top}at.x + at.width / 2, at.y + at.height / 2) === one }}")
        await page.evaluate("document.querySelector('#modal').close()")
        await page.locator("body > #announcer").wait_for(state="attached")
        await page.locator("body > #toasts").wait_for(state="attached")


async def test_of_two_sentences_at_once_both_are_read_out(visiting: Visiting) -> None:
    async with visiting() as visit:
        await visit.page.evaluate("""async () => {
            window.read = [];
            const region = document.querySelector("#announcer");
            new MutationObserver(() => window.read.push(region.textContent)).observe(region, { childList: true });
            const { announce, toast } = await import("./assets/dom.js");
            announce("The first.");
            toast("The second.");
        }""")
        await until(visit.page, "window.read.includes('The first.') && window.read.includes('The second.')")


async def test_a_menu_of_the_app_opens_only_what_a_link_may(visiting: Visiting) -> None:
    async with visiting() as visit:
        page = visit.page

        async def choose(address: str) -> None:
            await page.evaluate(
                """async (url) => {
                    const { control } = await import("./assets/controls.js");
                    const option = { text: { type: "plain_text", text: "Go" }, value: "go", url };
                    document.querySelector("#tried")?.remove();
                    const { node } = control({ type: "overflow", action_id: "a", options: [option] }, {});
                    node.id = "tried";
                    document.querySelector("#hero").append(node);
                }""",
                address,
            )
            await page.locator("#tried").click()
            await page.locator("[role=menuitem][data-item=go]").click()

        for bad in ("javascript:window.ran=1", "data:text/html,x", "file:///etc/hosts"):
            await choose(bad)
        async with page.expect_popup():
            await choose(f"http://127.0.0.1:{visit.server.port}/")
        assert len(page.context.pages) == 2, "the demo and what the last one opened"


async def test_the_focus_goes_where_the_person_goes(visiting: Visiting) -> None:
    async with visiting(size=PHONE) as visit:
        page = visit.page
        toggle = page.locator("#toggle-wire")
        assert await toggle.get_attribute("aria-expanded") == "false"
        await _press(toggle)
        assert await page.evaluate(FOCUSED) == "wire-title"
        await _press(page.get_by_role("button", name="Back to the messages"))
        assert await page.evaluate(FOCUSED) == "room-title"
        await _press(page.get_by_role("button", name="Conversations"))
        assert await page.evaluate("document.activeElement.tagName") == "H1"
        await _press(page.locator("#apps button"))
        await page.locator("[role=tab][data-tab=home]").focus()
        await page.keyboard.press("ArrowRight")
        assert await page.evaluate(FOCUSED) == "messages"
        await page.locator("#messages[role=tabpanel]").wait_for()
        await page.keyboard.press("ArrowRight")
        assert await page.evaluate(FOCUSED) == "home"
        await page.locator("#home[role=tabpanel]").wait_for()
        assert await page.locator("[role=tab][tabindex='0']").count() == 1
        await page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        await page.locator("#toggle-wire[aria-expanded=true]").wait_for()
        await _press(toggle)
        assert await toggle.get_attribute("aria-expanded") == "false"


async def _press(button: Any) -> None:
    """Use a button as somebody does who has no mouse."""
    await button.focus()
    await button.press("Enter")


async def test_the_steps_name_the_program_as_it_was_started(visiting: Visiting) -> None:
    async with visiting() as visit:
        await visit.page.locator("[data-next]").click()
        shown = await visit.page.locator("#next").inner_text()
        assert f"{visit.stage.program} doctor tells you what is missing" in shown


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
        await visit.choose(visit.page.locator("#home"), RECORDING_MENU, CANCEL)
        await visit.page.locator('[data-part="job"][data-state="abandoned"]').wait_for()
        visit.stage.providers.release()
        assert await visit.replies.count() == 0


async def test_nothing_is_lost_when_the_bot_is_killed_while_the_provider_works(visiting: Visiting) -> None:
    async with visiting() as visit:
        page = visit.page
        before = await page.locator("#pid").get_attribute("data-pid")
        visit.stage.providers.botlhale.speed = 0.4  # long enough to be killed in
        await visit.share_sample("dialogue")
        await visit.page.locator('[data-part="job"][data-state="submitted"]').wait_for()
        await page.locator("#kill").click()
        await page.locator("#held").wait_for()
        assert not await visit.replies.count()
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


@pytest.mark.parametrize(
    ("size", "dark"),
    [
        (WIDE, False),
        pytest.param(WIDE, True, marks=pytest.mark.long),
        pytest.param(PHONE, False, marks=pytest.mark.long),
        (PHONE, True),
    ],
)
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
        assert await page.evaluate(FOCUSED) == "replies"
