"""What is done with a recording from its menu: in the list of `/transcripts`, in a channel or in a direct message.

The payload of a menu in an ephemeral answer has a channel and no message.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from handlers import words
from handlers.action_ids import RECORDING_MENU
from sandbox import faults
from sandbox.slack import Channel, CommandAnswer, Slack
from storage.job import Job, JobState
from tests.journeys.bench import Bench, eventually, only_reply, recording, words_of
from tests.journeys.test_command import said_by


async def listed(slack: Slack, channel: Channel, *, user: str | None = None) -> CommandAnswer:
    """The list as somebody sees it there."""
    answer = await slack.command("/transcripts", "", channel=channel, user=user)
    said_by(slack, answer)
    return answer


async def chosen(
    slack: Slack, answer: CommandAnswer, option: str, *, channel: Channel, user: str | None = None
) -> str | None:
    """What somebody is told who chooses an option of the first recording in a list."""
    pressed = await slack.press_in_answer(answer, RECORDING_MENU, channel_id=channel.id, option=option, user=user)
    await slack.quiet()
    assert pressed.status in {200, None}
    assert all(message["response_type"] == "ephemeral" for message in pressed.messages)
    assert len(pressed.messages) < 2
    return str(pressed.messages[0]["text"]) if pressed.messages else None


async def in_work(bench: Bench, channel: Channel) -> Job:
    """A recording of Amara's that the provider works on."""
    bench.botlhale.hold = True
    await bench.start()
    await bench.slack.share(channel, [recording(title="Monday")])
    return await bench.waits(JobState.SUBMITTED)


def details(slack: Slack) -> dict[str, Any]:
    [form] = slack.modals.values()
    assert form["title"]["text"] == "Details"
    return form


def alone(slack: Slack, name: str = "amara") -> Channel:
    """The direct message of a person and the bot."""
    return slack.channel(f"with {name}", kind="im", people=(name,))


async def test_a_recording_is_cancelled_and_tried_again_from_the_list(bench: Bench, slack: Slack) -> None:
    channel = slack.channel("general")
    await in_work(bench, channel)
    answer = await listed(slack, channel)
    assert await chosen(slack, answer, "Cancel", channel=channel) == words.CANCELLED
    await bench.ended_at_last()
    assert await chosen(slack, answer, "Cancel", channel=channel) == words.TOO_LATE_TO_CANCEL
    bench.botlhale.release()
    again = await listed(slack, channel)
    assert await chosen(slack, again, "Try again", channel=channel) == words.RERUN_STARTED
    [job] = await bench.ended()
    assert (job.state, job.failure) == (JobState.REPLIED, None)


async def test_a_recording_is_transcribed_differently_from_the_list(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    share = await slack.share(channel, [recording(title="Monday")])
    await bench.ended()
    assert await chosen(slack, await listed(slack, channel), "Transcribe differently…", channel=channel) is None
    [form] = slack.modals.values()
    await slack.send(form, {words.CHOOSE_LANGUAGE: "isiZulu"})
    await bench.ended()
    [job] = await bench.jobs()
    assert (job.retried, job.options.language) == (1, "zu-ZA")
    await only_reply(slack, share)


async def test_details_tell_who_shared_it_what_happened_and_the_id_for_support(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general", people=("amara", "ben"))
    hostile = "<!channel> *bold* <https://evil.example|x>"
    await slack.share(channel, [recording(title=hostile)])
    [job] = await bench.ended()
    ben = slack.user("ben")
    answer = await listed(slack, channel, user=ben)
    assert await chosen(slack, answer, "Details…", channel=channel, user=ben) is None
    form = details(slack)
    assert "submit" not in form
    assert {block["type"] for block in form["blocks"]} == {"rich_text", "header", "divider"}
    parts = [part for block in form["blocks"] for one in block.get("elements", []) for part in one["elements"]]
    assert parts[0] == {"type": "text", "text": hostile, "style": {"bold": True}}
    assert {"type": "user", "user_id": slack.user("amara")} in parts
    assert {"type": "text", "text": job.id, "style": {"code": True}} in parts
    [link] = [part for part in parts if part["type"] == "link"]
    assert f"/archives/{channel.id}/p" in link["url"]
    said = " ".join(part.get("text", "") for part in parts)
    for told in ("Transcription service: Botlhale AI", "Length: 16 sec", "Waiting", "Transcribed by Botlhale AI"):
        assert told in said
    assert len([part for part in parts if part["type"] == "date"]) > 4


async def test_the_history_of_what_failed_speaks_of_no_transcript(bench: Bench, slack: Slack) -> None:
    await bench.start()
    bench.botlhale.fail_next()
    channel = slack.channel("general")
    await slack.share(channel, [recording(title="Monday")])
    await bench.ended()
    await chosen(slack, await listed(slack, channel), "Details…", channel=channel)
    said = [
        "".join(part.get("text", "") for one in block["elements"] for part in one["elements"])
        for block in details(slack)["blocks"]
        if block["type"] == "rich_text"
    ]
    assert said[:2] == ["Monday", "Couldn't transcribe: Botlhale AI couldn't process it"]
    assert said[-5:-1] == [": Waiting", ": Sending", ": Transcribing", ": Posted in its thread"]


async def test_in_a_direct_message_one_acts_on_ones_own_of_other_conversations(bench: Bench, slack: Slack) -> None:
    await in_work(bench, slack.channel("board", kind="private"))
    direct = alone(slack)
    answer = await listed(slack, direct)
    assert await chosen(slack, answer, "Details…", channel=direct) is None
    assert "Monday" in str(details(slack)["blocks"])
    assert await chosen(slack, answer, "Cancel", channel=direct) == words.CANCELLED
    [job] = await bench.ended_at_last()
    assert job.state is JobState.ABANDONED


@pytest.mark.parametrize("option", ["Cancel", "Details…"])
async def test_nobody_else_acts_on_it_from_a_direct_message(bench: Bench, slack: Slack, option: str) -> None:
    """Not even who is in its channel: there they see it."""
    await in_work(bench, slack.channel("board", kind="private", people=("amara", "ben")))
    answer = await listed(slack, alone(slack))
    for channel in (alone(slack, "ben"), slack.channel("both", people=("amara", "ben"))):
        told = await chosen(slack, answer, option, channel=channel, user=slack.user("ben"))
        assert told == words.NO_SUCH_RECORDING
    assert slack.modals == {}
    [job] = await bench.jobs()
    assert job.state is JobState.SUBMITTED


@pytest.mark.parametrize("option", ["Cancel", "Details…"])
async def test_whoever_left_a_private_channel_acts_on_nothing_there_any_more(
    bench: Bench, slack: Slack, option: str
) -> None:
    board = slack.channel("board", kind="private", people=("amara", "ben"))
    await in_work(bench, board)
    direct = alone(slack)
    here, there = await listed(slack, direct), await listed(slack, board)
    slack.open_home()
    await slack.until(lambda: slack.homes)
    board.members.remove(slack.user("amara"))
    for answer, channel in ((here, direct), (there, board)):
        assert await chosen(slack, answer, option, channel=channel) == words.NOT_IN_CONVERSATION
    await slack.press_at_home(RECORDING_MENU, option=option)
    await slack.quiet()
    [told] = slack.modals.values()
    assert told["blocks"][0]["text"]["text"] == words.NOT_IN_CONVERSATION
    [job] = await bench.jobs()
    assert job.state is JobState.SUBMITTED


async def test_where_slack_does_not_say_who_is_there_nothing_is_done(bench: Bench, slack: Slack) -> None:
    board = slack.channel("board", kind="private")
    await in_work(bench, board)
    answer = await listed(slack, board)
    slack.faults.arm("users.conversations", faults.answer(503))
    assert await chosen(slack, answer, "Cancel", channel=board) == words.NOT_NOW
    assert (await bench.jobs())[0].state is JobState.SUBMITTED


async def test_somebody_elses_recording_is_seen_in_its_channel_and_not_changed(bench: Bench, slack: Slack) -> None:
    channel = slack.channel("general", people=("amara", "ben"))
    await in_work(bench, channel)
    ben = slack.user("ben")
    answer = await listed(slack, channel, user=ben)
    assert await chosen(slack, answer, "Cancel", channel=channel, user=ben) == words.NOT_YOURS_TO_CHANGE
    assert (await bench.jobs())[0].state is JobState.SUBMITTED


ODD = [
    "",
    ":",
    "x",
    "zzzzzzzzzz:cancel_recording",
    "{job}",
    "{job}:",
    "{job}:nothing",
    "{job}:cancel_recording:x:y" * 9,
]


async def test_an_option_that_nobody_has_offered_does_nothing(bench: Bench, slack: Slack) -> None:
    channel = slack.channel("general")
    job = await in_work(bench, channel)
    answer = await listed(slack, channel)
    assert isinstance(answer.body, dict)
    for odd in ODD:
        changed = json.loads(json.dumps(answer.body))
        [row] = [block for block in changed["blocks"] if block["type"] == "section"]
        row["accessory"]["options"][0]["value"] = odd.format(job=job.id)
        answer.body = changed
        await chosen(slack, answer, "Cancel", channel=channel)
    assert (await bench.jobs())[0].state is JobState.SUBMITTED


async def test_the_forms_are_opened_from_the_app_home_too(bench: Bench, slack: Slack) -> None:
    """How a recording is cancelled and tried again from there is in test_home.py."""
    await bench.start()
    await slack.share(slack.channel("general"), [recording(title="Monday")])
    await bench.ended()
    slack.open_home()
    await slack.until(lambda: slack.homes)
    await slack.press_at_home(RECORDING_MENU, option="Details…")
    assert "Monday" in str(details(slack)["blocks"])
    slack.modals.clear()
    await slack.press_at_home(RECORDING_MENU, option="Transcribe differently…")
    [form] = slack.modals.values()
    assert form["callback_id"] == "transcribe_again_form"


async def test_a_transcript_is_deleted_from_the_list(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    share = await slack.share(channel, [recording(title="Monday")])
    await bench.ended()
    assert words_of(await only_reply(slack, share))
    direct = alone(slack)
    assert await chosen(slack, await listed(slack, direct), "Delete…", channel=direct) is None
    [form] = slack.modals.values()
    await slack.send(form, {})
    await eventually(lambda: not slack.replies(share))
    await bench.ended()
    answer = await slack.command("/transcripts", "", channel=channel)
    assert "Untitled recording: Transcript deleted" in str(answer.messages[0]["text"])
