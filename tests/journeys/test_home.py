"""Everybody has a page of their own in the app: it shows their recordings, and moves with them while they look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from handlers import words
from handlers.action_ids import CANCEL, MY_SETTINGS, RETRY, WORKSPACE_SETTINGS
from sandbox import faults
from sandbox.slack import Slack
from storage.job import JobState
from tests.journeys.bench import Bench, eventually, only_reply, recording
from tests.journeys.test_command import HOSTILE

IN_HTTP_MODE = {"slack_signing_secret": "sandbox-signing", "slack_app_token": None}
MODES = pytest.mark.parametrize("mode", [{}, IN_HTTP_MODE], ids=["socket", "http"])


async def opened(slack: Slack, *, user: str | None = None) -> str:
    """What stands on the page that somebody has just opened."""
    person = user or slack.user("amara")
    before = slack.homes.get(person)
    slack.open_home(user=person)
    await slack.until(lambda: slack.homes.get(person) is not before)
    return page(slack, user=person)


def read(slack: Slack) -> str:
    """What Amara reads there."""
    return "".join(texts_of(slack.homes[slack.user("amara")]["blocks"]))


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
    await eventually(lambda: "being transcribed by Botlhale AI" in page(slack))
    assert CANCEL in page(slack)
    assert words.HOW_TO_BEGIN not in page(slack)
    bench.botlhale.release()
    await only_reply(slack, share)
    await eventually(lambda: ": transcribed by Botlhale AI" in page(slack))
    assert CANCEL not in page(slack)
    assert words.NOTHING_IN_WORK in page(slack)
    assert f"/archives/{share.channel.id}/p{share.ts.replace('.', '')}" in page(slack)
    assert "Transcribed for you by Botlhale AI: " in page(slack)
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
    assert RETRY in said
    assert job.id in said
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
    for block in slack.homes[slack.user("amara")]["blocks"]:
        assert block["type"] in {"rich_text", "header", "actions"}
        for part in (part for section in block.get("elements", []) for part in section.get("elements", [])):
            assert part["type"] in {"text", "date", "link"}
            assert part["type"] != "link" or part["text"] == words.OPEN_THREAD
    assert "mrkdwn" not in page(slack)


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
    job = await bench.waits(JobState.SUBMITTED)
    await opened(slack)
    assert (await slack.press_at_home(CANCEL, value=job.id)).status == 200
    await eventually(lambda: "Monday: cancelled" in read(slack))
    assert CANCEL not in page(slack)
    await bench.ended()
    bench.botlhale.release()
    assert (await slack.press_at_home(RETRY, value=job.id)).status == 200
    await only_reply(slack, share)
    await eventually(lambda: "Monday: transcribed by" in read(slack))


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
