"""What the settings forms say and offer in each scope: what comes of the settings, where audio goes, what to choose."""

from __future__ import annotations

from typing import Any

import pytest

from handlers import words
from handlers.action_ids import RERUN, WORKSPACE_SETTINGS
from handlers.choices import TRANSCRIBER
from handlers.preferences_modal import AUTOMATIC, OUTSIDE
from sandbox.slack import Channel, Slack
from storage.job import JobState
from storage.preferences import NONE, Preferences, Scope
from tests.journeys.bench import Bench, press_control, recording
from tests.journeys.test_settings import PEOPLE, answered, chosen, for_everybody, in_home, kept, of, opened
from transcription import remarks

BOTLHALE = remarks.TO_BOTLHALE.removesuffix(".")


@pytest.fixture(autouse=True)
def an_admin(slack: Slack) -> None:
    slack.scopes.add("users:read")
    slack.admins.add(slack.user("admin"))


async def start(bench: Bench, **more: Any) -> None:
    """Start with Botlhale AI and an offline engine that knows English only."""
    await bench.start(embedded_model="tiny.en", **more)


@pytest.fixture
def channel(slack: Slack) -> Channel:
    return slack.channel("project", people=PEOPLE)


def effect(form: dict[str, Any] | None) -> str:
    """The first paragraph, with the channel's element as `#ID`."""
    assert form is not None
    first = next(block for block in form["blocks"] if block["type"] == "rich_text")
    [section] = first["elements"]
    return "".join(
        f"#{part['channel_id']}" if part["type"] == "channel" else part["text"] for part in section["elements"]
    )


def field(form: dict[str, Any] | None, name: str) -> dict[str, Any]:
    assert form is not None
    found: dict[str, Any] = next(
        block["element"] for block in form["blocks"] if block.get("block_id", "").partition(":")[0] == name
    )
    return found


def texts(element: dict[str, Any]) -> list[str]:
    return [option["text"]["text"] for option in element["options"]]


def told(element: dict[str, Any]) -> list[str]:
    return [option.get("description", {}).get("text", "") for option in element["options"]]


def initial(element: dict[str, Any]) -> str:
    return str(element["initial_option"]["text"]["text"])


async def test_the_form_of_a_channel_begins_with_what_comes_of_it(bench: Bench, slack: Slack, channel: Channel) -> None:
    await start(bench)
    form, _ = await opened(slack, channel)
    assert form is not None
    assert effect(form) == (
        f"In #{channel.id}, every recording is transcribed by Botlhale AI.\n"
        f"Anyone can opt out for the recordings they share, in the Home tab of Threadscribe.\n{BOTLHALE}."
    )
    await chosen(
        slack, channel, {words.CHOOSE_AUTOMATIC: words.ON_REQUEST, words.CHOOSE_TRANSCRIBER: "The offline engine"}
    )
    form, _ = await opened(slack, channel)
    assert effect(form) == (
        f"In #{channel.id}, recordings are transcribed by the offline engine when someone asks.\n" + remarks.STAYS_HERE
    )


async def test_what_is_chosen_is_shown_with_what_it_means(bench: Bench, slack: Slack, channel: Channel) -> None:
    await start(bench)
    form, _ = await opened(slack, channel)
    what, service = field(form, AUTOMATIC), field(form, TRANSCRIBER)
    assert (what["type"], service["type"]) == ("radio_buttons", "radio_buttons")
    assert texts(what) == ["Default: every recording", words.BY_ITSELF, words.ON_REQUEST]
    assert told(what) == ["", words.BY_ITSELF_HINT, words.ON_REQUEST_HINT]
    assert texts(service) == ["Default: Botlhale AI", "Botlhale AI", "The offline engine"]
    assert told(service) == ["", BOTLHALE, remarks.STAYS_HERE.removesuffix(".")]
    assert (initial(what), initial(service)) == ("Default: every recording", "Default: Botlhale AI")


async def test_what_is_rarely_needed_comes_after_a_line(bench: Bench, slack: Slack, channel: Channel) -> None:
    await start(bench)
    form, _ = await opened(slack, channel, user="admin")
    assert form is not None
    kinds = [block.get("block_id", block["type"]).partition(":")[0] for block in form["blocks"]]
    names = [
        kind
        for kind in kinds
        if kind in {"automatic", "transcriber", "language", "speakers", "shown", "marks", "locked"}
    ]
    assert names == ["automatic", "transcriber", "language", "speakers", "shown", "marks", "locked"]
    types = [block["type"] for block in form["blocks"]]
    assert types.index("divider") == kinds.index("shown") - 1
    assert texts(field(form, "marks")) == ["Default: show", "Show", "Hide"]


async def test_languages_are_named_once_and_sorted_as_people_sort(bench: Bench, slack: Slack, channel: Channel) -> None:
    await start(bench)
    form, _ = await opened(slack, channel)
    offered = texts(field(form, "language"))
    assert offered == [
        words.DETECTED,
        "Afrikaans",
        "English",
        "isiXhosa",
        "isiZulu",
        "Kikamba",
        "Kikuyu",
        "Kinyarwanda",
        "Kiswahili",
        "Sepedi",
        "Sesotho",
        "Setswana",
        "Tshivenda",
        "Xitsonga",
    ]


async def test_one_language_is_what_each_service_calls_it(bench: Bench, slack: Slack, channel: Channel) -> None:
    await start(bench)
    await chosen(slack, channel, {words.CHOOSE_LANGUAGE: "English"})
    assert (await kept(bench, of(channel))).options.language == "en-ZA"
    await chosen(slack, channel, {words.CHOOSE_TRANSCRIBER: "The offline engine"})
    assert (await kept(bench, of(channel))).options.language == "en"
    form, _ = await opened(slack, channel)
    assert initial(field(form, "language")) == "English"


async def test_a_language_for_everybody_reaches_a_service_that_names_it_otherwise(
    bench: Bench, slack: Slack, channel: Channel
) -> None:
    await bench.start()
    await for_everybody(slack, {words.CHOOSE_LANGUAGE: "English"})
    form, _ = await opened(slack, channel)
    assert initial(field(form, "language")) == "Default: English"
    await chosen(slack, channel, {words.CHOOSE_TRANSCRIBER: "The offline engine"})
    await slack.share(channel, [recording()])
    job = await bench.waits(JobState.SUBMITTED)
    assert (job.provider, job.options.language) == ("embedded", "en")


async def test_where_the_service_does_not_detect_it_its_own_language_is_the_default(
    bench: Bench, slack: Slack, channel: Channel
) -> None:
    await start(bench, botlhale_language="zu-ZA")
    form, _ = await opened(slack, channel)
    assert initial(field(form, "language")) == "Default: isiZulu"
    await chosen(slack, channel, {words.CHOOSE_TRANSCRIBER: "The offline engine"})
    form, _ = await opened(slack, channel)
    assert initial(field(form, "language")) == "Default: English"


async def test_one_s_own_form_speaks_of_what_one_shares(bench: Bench, slack: Slack) -> None:
    await start(bench)
    form, _ = await opened(slack, None)
    assert form is not None
    assert effect(form) == (
        "Recordings that you share are transcribed by Botlhale AI.\n"
        f"A channel's own settings override these.\n{BOTLHALE}."
    )
    assert "divider" not in {block["type"] for block in form["blocks"]}
    await chosen(slack, None, {words.CHOOSE_AUTOMATIC: words.ON_REQUEST})
    form, _ = await opened(slack, None)
    assert effect(form).startswith(
        "Recordings that you share are transcribed by Botlhale AI when someone asks.\nThis applies in every channel.\n"
    )


async def test_the_form_of_the_workspace_speaks_of_it_and_its_settings_are_defaults(
    bench: Bench, slack: Slack, channel: Channel
) -> None:
    await start(bench)
    await slack.interact(in_home(slack, WORKSPACE_SETTINGS, user="admin"))
    [form] = slack.modals.values()
    assert effect(form) == (
        "In this workspace, every recording is transcribed by Botlhale AI.\n"
        f"The settings of a channel or a person override these.\n{BOTLHALE}."
    )
    wanted = {
        words.CHOOSE_AUTOMATIC: words.ON_REQUEST,
        words.CHOOSE_TRANSCRIBER: "The offline engine",
        words.CHOOSE_MARKS: words.WITHOUT_MARKS,
    }
    await for_everybody(slack, wanted)
    shown, _ = await opened(slack, channel)
    assert effect(shown).startswith(
        f"In #{channel.id}, recordings are transcribed by the offline engine when someone asks."
    )
    assert initial(field(shown, AUTOMATIC)) == "Default: only when someone asks"
    assert initial(field(shown, TRANSCRIBER)) == "Default: the offline engine"
    assert initial(field(shown, "marks")) == "Default: hide"


async def test_a_channel_of_two_companies_says_that_nothing_is_transcribed(bench: Bench, slack: Slack) -> None:
    await start(bench)
    partners = slack.channel("partners", people=PEOPLE, external=True)
    form, _ = await opened(slack, partners)
    assert effect(form) == f"In #{partners.id}, nothing is transcribed."
    assert initial(field(form, OUTSIDE)) == "Default: don't transcribe"
    assert told(field(form, OUTSIDE)) == ["", BOTLHALE, ""]
    await chosen(slack, partners, {words.CHOOSE_LANGUAGE: "isiZulu"})
    assert (await kept(bench, of(partners))).outside is None, "who does not choose has not chosen"
    await chosen(slack, partners, {words.CHOOSE_OUTSIDE: words.OUTSIDE_ON})
    form, _ = await opened(slack, partners)
    assert effect(form).startswith(f"In #{partners.id}, every recording is transcribed by Botlhale AI.")


async def test_with_one_service_there_is_none_to_choose(bench: Bench, slack: Slack, channel: Channel) -> None:
    await start(bench, transcriber="embedded", botlhale_org_id=None, botlhale_refresh_token=None)
    form, _ = await opened(slack, channel)
    assert form is not None
    assert words.CHOOSE_TRANSCRIBER not in str(form)
    assert "transcribed by the offline engine." in effect(form)
    assert texts(field(form, "language")) == ["Default: English", "English"]


async def test_a_form_of_the_release_before_is_read_as_it_was_meant(
    bench: Bench, slack: Slack, channel: Channel
) -> None:
    """Its block ids and values, in selects where there are radio buttons now."""
    await start(bench)
    form, _ = await opened(slack, channel)
    assert form is not None
    entered = {"automatic": "no", "transcriber": "embedded", "language": "en-ZA", "shown": "file", "marks": "no"}
    values = {
        f"{name}:0": {name: {"type": "static_select", "selected_option": {"value": value}}}
        for name, value in entered.items()
    }
    values["speakers:0"] = {"speakers": {"type": "plain_text_input", "value": "2-4"}}
    before = {**form, "private_metadata": f'{{"kind":"channel","whose":"{channel.id}","version":0}}'}
    answer = await slack.interact(
        {
            "type": "view_submission",
            "user": {"id": slack.user("amara")},
            "view": {**before, "state": {"values": values}},
        }
    )
    assert answer.body is None
    stored = await kept(bench, of(channel))
    assert (stored.automatic, stored.outside, stored.locked) == (False, None, None)
    options = stored.options
    assert (options.transcriber, options.language, options.speakers) == ("embedded", "en", (2, 4))
    assert (options.form, options.time_marks) == ("file", False)


async def test_whatever_was_chosen_can_be_left_to_the_default_again(
    bench: Bench, slack: Slack, channel: Channel
) -> None:
    await start(bench)
    await chosen(slack, channel, {words.CHOOSE_AUTOMATIC: words.ON_REQUEST, words.CHOOSE_TRANSCRIBER: "Botlhale AI"})
    assert await kept(bench, of(channel)) != NONE
    back = {words.CHOOSE_AUTOMATIC: "Default: every recording", words.CHOOSE_TRANSCRIBER: "Default: Botlhale AI"}
    await chosen(slack, channel, back)
    assert await kept(bench, of(channel)) == Preferences()
    assert await kept(bench, Scope(team="T0SANDBOX", kind="workspace")) == NONE


async def test_the_form_for_another_try_has_the_defaults_of_its_channel(
    bench: Bench, slack: Slack, channel: Channel
) -> None:
    await start(bench)
    await chosen(slack, channel, {words.CHOOSE_LANGUAGE: "isiZulu"})
    _, reply = await answered(bench, channel)
    await chosen(slack, channel, {words.CHOOSE_TRANSCRIBER: "The offline engine", words.CHOOSE_LANGUAGE: "English"})
    slack.modals.clear()
    await press_control(slack, reply, RERUN)
    [form] = slack.modals.values()
    assert field(form, TRANSCRIBER)["type"] == "radio_buttons"
    assert texts(field(form, TRANSCRIBER))[0] == "Default: the offline engine"
    assert texts(field(form, "language"))[0] == "Default: English"
    await slack.send(form, {words.CHOOSE_TRANSCRIBER: "Botlhale AI", words.CHOOSE_LANGUAGE: "English"})
    job = (await bench.ended())[0]
    assert (job.provider, job.options.language) == ("botlhale", "en-ZA")
