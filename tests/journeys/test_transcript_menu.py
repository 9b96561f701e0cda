"""The menu under a transcript: each option does what it says, for whoever may, and for nobody else."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from handlers import words
from handlers.action_ids import (
    CHANNEL_SETTINGS,
    CORRECT,
    DELETE,
    NAME_SPEAKERS,
    RERUN,
    RETRY,
    TRANSCRIPT_MENU,
    UNDO_NAMING,
)
from sandbox import faults
from sandbox.script import Segment
from sandbox.slack import CommandAnswer, Message, Share, Slack
from tests.journeys.bench import Bench, eventually, only_reply, press_control, recording, words_of

TALK = [
    Segment(start=0, end=4, speaker=0, text="Good morning, shall we begin?"),
    Segment(start=4, end=6, speaker=1, text="Yes, the delivery is on Wednesday."),
]

OFFERED = [CORRECT, RERUN, UNDO_NAMING, CHANNEL_SETTINGS, DELETE]


async def answered(bench: Bench, kind: str = "channel") -> tuple[Share, Message]:
    slack = bench.slack
    bench.botlhale.script = TALK
    await bench.start()
    channel = slack.channel("amara", kind="im") if kind == "im" else slack.channel("board", people=("amara", "thandi"))
    share = await slack.share(channel, [recording(title="Board")], user=slack.user("amara"))
    await bench.ended()
    return share, await only_reply(slack, share)


async def named(bench: Bench, share: Share, reply: Message) -> Message:
    """The reply, once somebody has named a speaker."""
    slack = bench.slack
    await slack.press(reply, NAME_SPEAKERS)
    [form] = slack.modals.values()
    await slack.send(form, {words.name_of("Speaker 1"): "Naledi"})
    await eventually(lambda: "Naledi" in words_of(slack.replies(share)[0]))
    await bench.ended()
    slack.modals.clear()
    return slack.replies(share)[0]


def menu_of(message: Message) -> list[str]:
    """What the menu of a message offers."""
    [row] = [block for block in message.blocks if block["type"] == "actions"]
    [menu] = [element for element in row["elements"] if element["type"] == "overflow"]
    assert menu["action_id"] == TRANSCRIPT_MENU
    return [option["text"]["text"] for option in menu["options"]]


def said(answer: CommandAnswer) -> list[str]:
    return [str(message["text"]) for message in answer.messages]


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_a_transcript_is_done_differently_from_its_menu(bench: Bench, slack: Slack, mode: str) -> None:
    bench.botlhale.script = TALK
    await bench.start(**({"slack_signing_secret": slack.signing_secret} if mode == "http" else {}))
    share = await slack.share(slack.channel("general"), [recording()])
    await bench.ended()
    await slack.press(await only_reply(slack, share), TRANSCRIPT_MENU, option="Transcribe differently…")
    [form] = slack.modals.values()
    assert [form[part]["text"] for part in ("title", "submit")] == ["Transcribe differently", "Transcribe"]
    await slack.send(form, {words.CHOOSE_LANGUAGE: "isiZulu"})
    await bench.ended()
    [job] = await bench.jobs()
    assert (job.options.language, job.retried) == ("zu-ZA", 1)


async def test_names_are_undone_from_the_menu_only_where_there_are_some(bench: Bench, slack: Slack) -> None:
    share, reply = await answered(bench)
    assert menu_of(reply) == ["Transcribe differently…", "Correct…", "Channel settings", "Delete transcript…"]
    reply = await named(bench, share, reply)
    assert menu_of(reply)[2] == "Undo names"
    before = reply.blocks
    assert said(await slack.press(reply, TRANSCRIPT_MENU, option="Undo names")) == []
    await eventually(lambda: slack.replies(share)[0].blocks != before)
    assert "Naledi" not in words_of(slack.replies(share)[0])
    assert said(await slack.press(reply, TRANSCRIPT_MENU, option="Undo names")) == [words.CHANGED_MEANWHILE]


@pytest.mark.parametrize(
    ("kind", "option", "title"), [("channel", "Channel settings", "board"), ("im", "My settings", "")]
)
async def test_settings_are_those_of_the_conversation(
    bench: Bench, slack: Slack, kind: str, option: str, title: str
) -> None:
    share, reply = await answered(bench, kind)
    assert option in menu_of(reply)
    assert said(await slack.press(reply, TRANSCRIPT_MENU, option=option)) == []
    [form] = slack.modals.values()
    assert form["callback_id"] == "settings_form"
    own = f'"kind":"{"channel" if title else "person"}"'
    assert own in form["private_metadata"]
    assert (share.channel.id if title else slack.user("amara")) in form["private_metadata"]


async def test_nothing_in_the_menu_is_for_who_was_taken_out(bench: Bench, slack: Slack) -> None:
    share, reply = await answered(bench)
    reply = await named(bench, share, reply)
    share.channel.members.remove(slack.user("amara"))
    before = words_of(reply)
    for action in OFFERED:
        refusal = words.NOT_IN_CONVERSATION_TO_DELETE if action == DELETE else words.NOT_IN_CONVERSATION
        assert said(await press_control(slack, reply, action)) == [refusal], action
        assert slack.modals == {}, action
    await bench.ended()
    assert words_of(slack.replies(share)[0]) == before


async def test_where_slack_does_not_say_who_is_there_nothing_is_done(bench: Bench, slack: Slack) -> None:
    share, reply = await answered(bench)
    reply = await named(bench, share, reply)
    for action in OFFERED:
        slack.faults.arm("users.conversations", faults.answer(503))
        assert said(await press_control(slack, reply, action)) == [words.NOT_NOW], action
        assert slack.modals == {}, action


def chosen(slack: Slack, share: Share, value: str, **more: Any) -> dict[str, Any]:
    """As Slack sends it, and as somebody may have changed it."""
    option = {"text": {"type": "plain_text", "text": "An option"}, "value": value}
    return {
        "type": "block_actions",
        "user": {"id": slack.user("amara")},
        "channel": {"id": share.channel.id},
        "message": {"ts": slack.replies(share)[0].ts},
        "actions": [{"action_id": TRANSCRIPT_MENU, "type": "overflow", "selected_option": option}],
        **more,
    }


async def test_a_payload_that_was_changed_does_nothing(bench: Bench, slack: Slack) -> None:
    share, reply = await answered(bench)
    [job] = await bench.jobs()
    before = words_of(reply)
    changes: list[dict[str, Any]] = [
        {"team": {"id": "T0ELSEWHERE", "domain": "x"}},
        {"channel": {"id": slack.channel("other", people=("amara",)).id}},
    ]
    for action, change in product(OFFERED, changes):
        answer = await slack.interact(chosen(slack, share, f"{job.id}:{action}:0", **change))
        assert said(answer), (action, change)
        assert slack.modals == {}, (action, change)
    made_up = [f"zzzzzzzzzz:{action}:0" for action in OFFERED] + [f":{action}" for action in OFFERED] + OFFERED
    for value in (*made_up, "", ":", f"{job.id}:", f"{job.id}:no_such_verb"):
        await slack.interact(chosen(slack, share, value))
        assert slack.modals == {}, value
    await bench.ended()
    assert words_of(slack.replies(share)[0]) == before
    [now] = await bench.jobs()
    assert (now.retried, now.forgotten, now.naming) == (0, 0, 0)


# Under a failure


async def test_what_failed_is_tried_again_or_in_another_way(bench: Bench, slack: Slack) -> None:
    await bench.start()
    bench.botlhale.fail_next()
    share = await slack.share(slack.channel("general"), [recording(title="Voice note from the train")])
    await bench.ended()
    sorry = await only_reply(slack, share)
    assert sorry.text == "Couldn't transcribe “Voice note from the train”. Botlhale AI couldn't process it."
    await slack.press(sorry, RERUN)
    [form] = slack.modals.values()
    assert words.OTHER_WAY_INTRO in str(form["blocks"])
    slack.modals.clear()
    assert said(await slack.press(sorry, RETRY)) == [words.RERUN_STARTED]
    await bench.ended()
    transcript = await only_reply(slack, share)
    assert transcript.ts == sorry.ts
    assert transcript.text.startswith("Transcript: Voice note from the train (16 sec, ")
    await press_control(slack, transcript, RERUN)
    [form] = slack.modals.values()
    assert words.RERUN_INTRO in str(form["blocks"])


async def test_where_nobody_speaks_another_way_is_offered(bench: Bench, slack: Slack) -> None:
    await bench.start()
    bench.botlhale.script = []
    share = await slack.share(slack.channel("general"), [recording(title="Voice note from the train")])
    await bench.ended()
    reply = await only_reply(slack, share)
    assert reply.text == f"No speech found in “Voice note from the train”. {words.NO_SPEECH}"
    bench.botlhale.script = TALK
    await slack.press(reply, RERUN)
    [form] = slack.modals.values()
    await slack.send(form, {})
    await bench.ended()
    assert "Wednesday" in words_of(await only_reply(slack, share))
