"""Everybody has a page of their own in the app: it shows their recordings, and moves with them while they look."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from handlers import words
from handlers.action_ids import CANCEL, HELP, MY_SETTINGS, RECORDING_MENU, RETRY, SHOW_MORE, WORKSPACE_SETTINGS
from handlers.home_page import MORE, MOST, RECENT
from sandbox import faults
from sandbox.slack import Slack
from storage.job import JobState
from tests.journeys.bench import Bench, eventually, only_reply, recording
from tests.journeys.test_command import HOSTILE, assert_harmless

IN_HTTP_MODE = {"slack_signing_secret": "sandbox-signing", "slack_app_token": None}
MODES = pytest.mark.parametrize("mode", [{}, IN_HTTP_MODE], ids=["socket", "http"])


async def opened(slack: Slack, *, user: str | None = None) -> str:
    """What stands on the page that somebody has just opened."""
    person = user or slack.user("amara")
    before = slack.homes.get(person)
    slack.open_home(user=person)
    await slack.until(lambda: slack.homes.get(person) is not before)
    return read(slack, user=person)


def read(slack: Slack, *, user: str | None = None) -> str:
    """What somebody reads there: a line for each block."""
    return "\n".join("".join(texts_of(block)) for block in slack.homes[user or slack.user("amara")]["blocks"])


def rows(slack: Slack, *, user: str | None = None) -> int:
    """How many recordings are there."""
    return sum(block["type"] == "section" for block in slack.homes[user or slack.user("amara")]["blocks"])


def texts_of(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from [part["text"]] if isinstance(part.get("text"), str) else texts_of(list(part.values()))
    elif isinstance(part, list):
        for one in part:
            yield from texts_of(one)


def page(slack: Slack, *, user: str | None = None) -> str:
    return str(slack.homes[user or slack.user("amara")]["blocks"])


@MODES
async def test_the_page_shows_a_recording_and_moves_with_it(bench: Bench, slack: Slack, mode: dict[str, Any]) -> None:
    bench.botlhale.hold = True
    await bench.start(**mode)
    assert words.HOW_TO_BEGIN in await opened(slack)
    share = await slack.share(slack.channel("general"), [recording(title="Monday")])
    await bench.waits(JobState.SUBMITTED)
    await eventually(lambda: "*Monday*\n⏳ Transcribing with Botlhale AI · " in read(slack))
    assert CANCEL in page(slack)
    assert words.HOW_TO_BEGIN not in read(slack)
    bench.botlhale.release()
    await only_reply(slack, share)
    await eventually(lambda: "*Monday*\n✅ Transcribed by Botlhale AI · " in read(slack))
    assert CANCEL not in page(slack)
    assert words.IN_WORK not in read(slack)
    assert f"/archives/{share.channel.id}/p{share.ts.replace('.', '')}" in page(slack)
    assert " sec with Botlhale AI." in read(slack)
    assert MY_SETTINGS in page(slack)
    assert WORKSPACE_SETTINGS not in page(slack)
    assert [delivery.status for delivery in slack.deliveries if delivery.type == "app_home_opened"] == [200]


async def test_what_failed_can_be_tried_again_from_there(bench: Bench, slack: Slack) -> None:
    await bench.start()
    bench.botlhale.fail_next()
    share = await slack.share(slack.channel("general"), [recording(title="Monday")])
    await slack.wait_for_replies(share)
    [job] = await bench.ended()
    said = await opened(slack)
    assert "Needs attention\n" in said
    assert "*Monday*\n⚠️ Couldn't transcribe: Botlhale AI couldn't process it" in said
    assert f"{job.id}:{RETRY}" in page(slack)
    assert words.NOTHING_THIS_MONTH in said


async def test_everybody_sees_their_own_and_nobody_elses(bench: Bench, slack: Slack) -> None:
    await bench.start()
    amara, ben = slack.user("amara"), slack.user("ben")
    channel = slack.channel("general", people=("amara", "ben"))
    for user, title in ((amara, "Of Amara"), (ben, "Of Ben")):
        await slack.wait_for_replies(await slack.share(channel, [recording(title=title)], user=user))
    await bench.ended(2)
    hers, his = await opened(slack, user=amara), await opened(slack, user=ben)
    assert ("Of Amara" in hers, "Of Ben" in hers) == (True, False)
    assert ("Of Amara" in his, "Of Ben" in his) == (False, True)
    assert words.HOW_TO_BEGIN in await opened(slack, user=slack.user("carol"))


ODD: list[dict[str, Any]] = [
    {"user": None},
    {"user": ""},
    {"user": ["U1"]},
    {"user": {"id": "U1"}},
    {"tab": None},
    {"tab": {}},
    {"view": "x"},
    {"user": "U1", "tab": "messages"},  # the conversation with the bot
]


async def test_an_odd_event_shows_nothing_of_anybody(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await slack.wait_for_replies(await slack.share(slack.channel("general"), [recording(title="Monday")]))
    for odd in ODD:
        stranger = {"type": "app_home_opened", "user": "U0STRANGER", "tab": "home", "event_ts": "1.0"}
        assert (await slack.deliver(stranger | odd)).status == 200
    await opened(slack, user=slack.user("ben"))
    assert list(slack.homes) == [slack.user("ben")]
    assert "Monday" not in page(slack, user=slack.user("ben"))


async def test_what_an_event_says_of_the_page_is_not_believed(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general", people=("amara", "ben"))
    await slack.wait_for_replies(await slack.share(channel, [recording(title="Of Ben")], user=slack.user("ben")))
    await bench.ended()
    view = {"type": "home", "private_metadata": slack.user("ben"), "blocks": [], "team_id": "T0OTHER", "id": "V1"}
    await slack.deliver(
        {"type": "app_home_opened", "user": slack.user("amara"), "tab": "home", "event_ts": "1.0", "view": view}
    )
    await slack.until(lambda: slack.homes)
    assert list(slack.homes) == [slack.user("amara")]
    assert "Of Ben" not in page(slack)


async def test_no_title_can_mention_or_link_or_format_there(bench: Bench, slack: Slack) -> None:
    bench.botlhale.hold = True
    await bench.start(concurrency=32)
    await slack.share(slack.channel("general"), [recording(title=title) for title in HOSTILE])
    await eventually(lambda: len(bench.botlhale.uploads) == len(HOSTILE))
    await opened(slack)
    assert rows(slack) == len(HOSTILE)
    for block in slack.homes[slack.user("amara")]["blocks"]:
        assert block["type"] in {"rich_text", "header", "actions", "section"}
        if block["type"] == "section":
            assert_harmless(block["text"])


async def test_a_page_that_slack_does_not_take_is_shown_when_it_is_opened_again(bench: Bench, slack: Slack) -> None:
    await bench.start()
    slack.refuse("views.publish", "not_enabled")
    slack.open_home()
    await slack.until(lambda: [call for call in slack.calls if call.method == "views.publish"])
    share = await slack.share(slack.channel("general"), [recording(title="Monday")])
    await only_reply(slack, share)
    assert slack.homes == {}
    assert "Monday" in await opened(slack)


async def test_while_slack_wants_no_pages_recordings_are_answered_all_the_same(bench: Bench, slack: Slack) -> None:
    await bench.start()
    slack.faults.arm("views.publish", faults.answer(429, Retry_After="2"))
    slack.open_home()
    share = await slack.share(slack.channel("general"), [recording(title="Monday")])
    await only_reply(slack, share)
    await eventually(lambda: slack.homes)
    assert "Monday" in page(slack)


async def test_a_recording_is_cancelled_and_tried_again_from_there(bench: Bench, slack: Slack) -> None:
    bench.botlhale.hold = True
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording(title="Monday")])
    await bench.waits(JobState.SUBMITTED)
    await opened(slack)
    assert (await slack.press_at_home(RECORDING_MENU, option="Cancel")).status == 200
    await eventually(lambda: "*Monday*\n🚫 Cancelled" in read(slack))
    assert CANCEL not in page(slack)
    [told] = slack.modals.values()
    assert told["blocks"][0]["text"]["text"] == words.CANCELLED
    await bench.ended()
    bench.botlhale.release()
    assert (await slack.press_at_home(RECORDING_MENU, option="Try again")).status == 200
    await only_reply(slack, share)
    await eventually(lambda: "*Monday*\n✅ Transcribed by" in read(slack))


async def test_help_is_a_form_of_short_sections(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await opened(slack)
    assert "Share a voice note" not in read(slack).replace(words.HOW_TO_BEGIN, "")
    assert (await slack.press_at_home(HELP)).status == 200
    [form] = slack.modals.values()
    assert form["title"]["text"] == "Help"
    headings = [block["text"]["text"] for block in form["blocks"] if block["type"] == "header"]
    assert headings == [heading for heading, _ in words.HELP_SECTIONS]
    told = [" ".join(texts_of(block)) for block in form["blocks"] if block["type"] == "rich_text"]
    assert len(told) == len(headings)
    assert max(map(len, told)) < 260
    assert "/transcripts search" in str(form["blocks"])


def shows(slack: Slack, count: int) -> bool:
    return rows(slack) == count


async def forty(bench: Bench, slack: Slack) -> None:
    """Forty recordings of Amara's that were left alone."""
    await bench.start(concurrency=32)
    channel = slack.channel("not-ours", member=False)
    for n in range(4):
        await slack.share(channel, [recording(title=f"Recording {n}-{m}") for m in range(10)])
    await bench.ended(40)


async def test_of_forty_more_are_shown_as_often_as_one_asks(bench: Bench, slack: Slack) -> None:
    await forty(bench, slack)
    await opened(slack)
    assert rows(slack) == RECENT
    for shown in (RECENT + MORE, MOST):
        assert (await slack.press_at_home(SHOW_MORE)).status == 200
        await eventually(partial(shows, slack, shown))
    assert SHOW_MORE not in page(slack)
    channel = slack.channel("general")
    await slack.wait_for_replies(await slack.share(channel, [recording(title="Monday")]))
    await eventually(lambda: "*Monday*\n✅" in read(slack))
    assert rows(slack) == MOST, "as many as before, though the page was shown anew"


ODD_NUMBERS = ["", "-1", "x", "1e9", "\u0663\u0660", "9" * 5000, "25;", " 25"]


async def test_an_odd_number_of_recordings_is_not_shown(bench: Bench, slack: Slack) -> None:
    await forty(bench, slack)
    await opened(slack)
    home = slack.homes[slack.user("amara")]
    for odd in ODD_NUMBERS:
        pressed = {"action_id": SHOW_MORE, "type": "button", "value": odd}
        person = {"id": slack.user("amara"), "team_id": slack.team_id}
        answer = await slack.interact(
            {"type": "block_actions", "user": person, "view": {"type": "home", "id": home["id"]}, "actions": [pressed]}
        )
        assert answer.status == 200
    await slack.quiet()
    assert rows(slack) == RECENT


async def test_a_button_with_the_number_of_somebody_elses_recording_does_nothing(bench: Bench, slack: Slack) -> None:
    bench.botlhale.hold = True
    await bench.start()
    amara, ben = slack.user("amara"), slack.user("ben")
    channel = slack.channel("general", people=("amara", "ben"))
    await slack.share(channel, [recording(title="Of Amara")], user=amara)
    job = await bench.waits(JobState.SUBMITTED)
    await opened(slack, user=ben)
    for team in (slack.team_id, "T0OTHER"):
        for view in (slack.homes[ben], {"type": "home"}, {"type": "modal"}, "home"):
            await slack.interact(
                {
                    "type": "block_actions",
                    "user": {"id": ben if team == slack.team_id else amara, "team_id": team},
                    "team": {"id": team},
                    "view": view,
                    "actions": [{"action_id": CANCEL, "value": job.id}],
                }
            )
    assert (await bench.waits(JobState.SUBMITTED)).id == job.id
    assert "Of Amara" not in page(slack, user=ben)
    assert list(slack.homes) == [ben]
