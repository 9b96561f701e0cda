"""People say who the speakers are, and the transcript says so in place: one reply, nobody is told of a change."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from handlers import words
from handlers.action_ids import NAME_SPEAKERS, UNDO_NAMING
from sandbox import faults
from sandbox.script import Segment
from sandbox.slack import Message, Share, Slack
from storage import namings
from storage.database import Transaction
from tests.journeys.bench import Bench, eventually, only_reply, press_control, recording, words_of

TALK = [
    Segment(start=0, end=4, speaker=0, text="Good morning, shall we begin?"),
    Segment(start=4, end=6, speaker=1, text="Yes, the delivery is on Wednesday."),
    Segment(start=6, end=9, speaker=2, text="<!channel> I have *one* question."),
    Segment(start=9, end=11, speaker=0, text="Please ask."),
]
LONG = [
    Segment(start=n / 100, end=(n + 1) / 100, speaker=n % 2, text=f"Sentence number {n} of a rather long meeting.")
    for n in range(400)
]


class Thread:
    """A recording that was answered, as people see it."""

    def __init__(self, bench: Bench, share: Share) -> None:
        self.bench = bench
        self.slack = bench.slack
        self.share = share

    @property
    def reply(self) -> Message:
        [reply] = self.slack.replies(self.share)
        return reply

    @property
    def said(self) -> str:
        return words_of(self.reply)

    @property
    def form(self) -> dict[str, Any]:
        [form] = self.slack.modals.values()
        return form

    async def open(self, *, user: str | None = None) -> dict[str, Any]:
        answer = await self.slack.press(self.reply, NAME_SPEAKERS, user=user)
        assert answer.status == 200
        return self.form

    async def name(self, *, user: str | None = None, **names: str) -> None:
        """Open the form, enter names by `Speaker_1=…`, send it, and wait until the reply is changed."""
        form = await self.open(user=user)
        before = self.reply.blocks
        entered = {f"Name of {number.replace('_', ' ')}": name for number, name in names.items()}
        answer = await self.slack.send(form, entered, user=user)
        assert (answer.status, answer.body) == (200, None)
        await eventually(lambda: self.reply.blocks != before)
        await self.bench.ended()

    async def undo(self) -> None:
        before = self.reply.blocks
        await press_control(self.slack, self.reply, UNDO_NAMING)
        await eventually(lambda: self.reply.blocks != before)
        await self.bench.ended()


async def answered(bench: Bench, *, script: list[Segment] = TALK, **more: Any) -> Thread:
    bench.botlhale.script = script
    await bench.start(**more)
    share = await bench.slack.share(bench.slack.channel("general", people=("amara", "thandi")), [recording()])
    await bench.ended()
    return Thread(bench, share)


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_names_are_shown_in_place_and_nobody_is_told(bench: Bench, slack: Slack, mode: str) -> None:
    way_in: dict[str, Any] = {"slack_signing_secret": slack.signing_secret} if mode == "http" else {}
    thread = await answered(bench, **way_in)
    first = thread.reply
    await thread.name(Speaker_1="Thandi", Speaker_2="Sipho M.")

    reply = await only_reply(slack, thread.share)
    assert reply.ts == first.ts
    assert "Thandi" in thread.said
    assert "Sipho M." in thread.said
    assert "Speaker 3" in thread.said
    assert "Speaker 1" not in thread.said
    assert "Thandi: Good morning" in reply.text
    assert [call.method for call in slack.calls].count("chat.postMessage") == 1
    assert "<@" not in reply.text
    assert slack.modals == {}


async def test_the_form_helps_to_recognise_the_voices(bench: Bench) -> None:
    thread = await answered(bench)
    form = await thread.open()
    shown = words_of(replace(thread.reply, blocks=tuple(form["blocks"])))

    assert "Speaker 1 · 6 sec" in shown
    assert "“Good morning, shall we begin?”" in shown
    assert "“<!channel> I have *one* question.”" in shown  # in an element that Slack does not parse
    assert all(block["type"] in {"rich_text", "input", "divider"} for block in form["blocks"])
    assert not [block for block in form["blocks"] if block.get("element", {}).get("type") == "users_select"]


async def test_two_voices_with_one_name_are_one_speaker_and_the_others_keep_their_numbers(bench: Bench) -> None:
    thread = await answered(bench)
    assert "3 speakers" in thread.said
    await thread.name(Speaker_1="Thandi", Speaker_2="thandi ")

    assert "2 speakers" in thread.said
    assert "Speaker 3" in thread.said
    assert "Good morning, shall we begin? Yes, the delivery is on Wednesday." in thread.said


async def test_the_last_change_can_be_undone_and_done_again(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    assert UNDO_NAMING not in str(thread.reply.blocks)
    await thread.name(Speaker_1="Thandi")
    await thread.name(Speaker_1="Sipho")
    await thread.undo()
    assert "Thandi" in thread.said
    await thread.undo()
    assert "Sipho" in thread.said
    await only_reply(slack, thread.share)


async def test_undoing_the_first_names_brings_the_numbers_back(bench: Bench) -> None:
    thread = await answered(bench)
    plain = thread.said
    await thread.name(Speaker_1="Thandi")
    await thread.undo()
    assert thread.said == plain.replace(words.CORRECT, f"{words.CORRECT} {words.UNDO_NAMING}")


async def test_a_name_that_is_taken_away_gives_the_number_back(bench: Bench) -> None:
    thread = await answered(bench)
    await thread.name(Speaker_1="Thandi", Speaker_2="Sipho")
    fields = [block["element"] for block in (await thread.open())["blocks"] if "element" in block]
    typed = [field.get("initial_value") for field in fields if field["type"] == "plain_text_input"]
    assert typed == ["Thandi", "Sipho", None]
    thread.slack.modals.clear()
    await thread.name(Speaker_1="")
    assert "Speaker 1" in thread.said
    assert "Sipho" in thread.said


async def test_whoever_saves_later_is_told_what_changed_and_loses_nothing(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    thandi = slack.user("thandi")
    hers = await thread.open(user=thandi)
    slack.modals.clear()
    await thread.name(Speaker_1="Amara")
    slack.modals[hers["id"]] = hers

    answer = await slack.send(hers, {"Name of Speaker 2": "Thandi"}, user=thandi)
    assert isinstance(answer.body, dict)
    assert answer.body["response_action"] == "update"
    notice = words_of(replace(thread.reply, blocks=tuple(thread.form["blocks"])))
    assert "Someone changed the names while you had this open: Speaker 1 is now Amara." in notice
    assert "Thandi" not in thread.said

    before = thread.reply.blocks
    await slack.send(thread.form, {"Name of Speaker 2": "Thandi"}, user=thandi)
    await eventually(lambda: thread.reply.blocks != before)
    assert "Amara" in thread.said
    assert "Thandi" in thread.said


async def test_where_the_scope_is_granted_a_person_can_be_chosen(bench: Bench, slack: Slack) -> None:
    slack.scopes.add("users:read")
    thread = await answered(bench)
    form = await thread.open()
    before = thread.reply.blocks
    await slack.send(form, {words.person_for("Speaker 2"): slack.user("thandi")})
    await eventually(lambda: thread.reply.blocks != before)

    assert "thandi" in thread.said
    assert slack.user("thandi") not in str(thread.reply.blocks)


async def test_the_files_of_a_long_transcript_change_with_it(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench, script=LONG)
    old = {file.id for file in thread.reply.files}
    await thread.name(Speaker_1="Thandi")

    reply = thread.reply
    assert len(reply.files) == len(old) == 2
    assert not old & {file.id for file in reply.files}
    assert all(b"Thandi" in file.content and b"Speaker 1" not in file.content for file in reply.files)
    assert [call.method for call in slack.calls].count("files.delete") == 2
    await thread.undo()
    assert all(b"Speaker 1" in file.content for file in thread.reply.files)
    assert len(slack.replies(thread.share)) == 1


async def test_where_slack_takes_no_buttons_with_files_the_files_come_without(bench: Bench, slack: Slack) -> None:
    slack.refuse("files.completeUploadExternal", "invalid_blocks")
    thread = await answered(bench, script=LONG)
    reply = await only_reply(slack, thread.share)
    assert len(reply.files) == 2
    assert NAME_SPEAKERS not in str(reply.blocks)
    await slack.choose(reply, NAME_SPEAKERS)
    before = reply.blocks
    await slack.send(thread.form, {"Name of Speaker 1": "Thandi"})
    await eventually(lambda: thread.reply.blocks != before)
    assert all(b"Thandi" in file.content for file in thread.reply.files)


@pytest.mark.parametrize("where", ["recording", "reply"])
async def test_the_shortcut_opens_the_same_form(bench: Bench, slack: Slack, where: str) -> None:
    thread = await answered(bench)
    message = slack.message(thread.share.channel.id, thread.share.ts) if where == "recording" else thread.reply
    await slack.choose(message, NAME_SPEAKERS)
    before = thread.reply.blocks
    await slack.send(thread.form, {"Name of Speaker 1": "Thandi"})
    await eventually(lambda: thread.reply.blocks != before)
    assert "Thandi" in thread.said


async def test_the_shortcut_says_where_there_is_nothing_to_name(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    ts = slack.say(thread.share.channel, "hello")
    answer = await slack.choose(slack.message(thread.share.channel.id, ts), NAME_SPEAKERS)
    [said] = answer.messages
    assert said["text"] == words.NOTHING_TO_NAME
    assert said["response_type"] == "ephemeral"
    assert slack.modals == {}


async def test_a_failure_has_no_speakers_to_name(bench: Bench, slack: Slack) -> None:
    bench.botlhale.fail_next()
    thread = await answered(bench)
    assert NAME_SPEAKERS not in str(thread.reply.blocks)
    answer = await slack.choose(thread.reply, NAME_SPEAKERS)
    assert answer.messages[0]["text"] == words.NOTHING_TO_NAME


HOSTILE = "<!channel> *b* `c` <@U1> -->\n<v x>\u202e"


async def test_a_name_can_neither_mention_nor_format_nor_break_a_file(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench, script=LONG)
    await thread.name(Speaker_1=HOSTILE)
    reply = await only_reply(slack, thread.share)
    assert "<!" not in reply.text
    assert "<@" not in reply.text
    assert {block["type"] for block in reply.blocks} <= {"rich_text", "context", "actions"}
    assert "<!channel> *b*" in thread.said  # in an element that Slack does not parse
    subtitles = next(file for file in reply.files if file.name.endswith(".vtt")).content.decode()
    assert subtitles.count(" --> ") == len(LONG)
    assert "\u202e" not in subtitles + reply.text


async def test_a_trigger_that_expired_is_told_and_changes_nothing(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    slack.refuse("views.open", "expired_trigger_id")
    answer = await slack.press(thread.reply, NAME_SPEAKERS)
    assert answer.messages[0]["text"] == words.NOT_NOW
    assert slack.modals == {}


async def test_a_button_only_works_on_the_message_that_it_is_on(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    mine = slack.channel("mine")
    share = await slack.share(mine, [recording()])
    await bench.ended(2)
    [other] = slack.replies(share)
    stolen = str(thread.reply.blocks).split("'value': '")[1].split("'")[0]
    forged = replace(other, blocks=tuple(_with_value(block, stolen) for block in other.blocks))

    answer = await slack.press(forged, NAME_SPEAKERS)
    assert answer.messages[0]["text"] == words.NOT_HERE
    assert slack.modals == {}
    assert "Good morning" not in str(answer.messages)


def _with_value(block: dict[str, Any], value: str) -> dict[str, Any]:
    elements = [one | {"value": value} if one.get("type") == "button" else one for one in block.get("elements", [])]
    return block | ({"elements": elements} if block["type"] == "actions" else {})


async def test_a_form_of_another_workspace_changes_nothing(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    form = await thread.open()
    before = thread.reply.blocks
    payload = {
        "type": "view_submission",
        "team": {"id": "T0OTHER"},
        "user": {"id": "U1", "team_id": "T0OTHER"},
        "view": {**form, "state": {"values": {"typed:0:0": {"typed": {"value": "Mallory"}}}}},
    }
    await slack.interact(payload)
    await bench.ended()
    assert thread.reply.blocks == before


async def test_an_undo_that_is_pressed_twice_undoes_once(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    await thread.name(Speaker_1="Thandi")
    await thread.name(Speaker_1="Sipho")
    shown = thread.reply
    before = shown.blocks
    await press_control(slack, shown, UNDO_NAMING)
    again = await press_control(slack, shown, UNDO_NAMING)
    assert again.messages[0]["text"] == words.CHANGED_MEANWHILE
    await eventually(lambda: thread.reply.blocks != before)
    assert "Thandi" in thread.said


async def test_slack_that_is_away_for_a_moment_delays_the_change(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    slack.faults.arm("chat.update", faults.answer(500), times=2)
    slack.faults.arm("chat.update", faults.hang_up_after())
    form = await thread.open()
    await slack.send(form, {"Name of Speaker 1": "Thandi"})
    await bench.ended_at_last()
    assert "Thandi" in thread.said
    assert len(slack.replies(thread.share)) == 1


async def test_a_reply_that_was_deleted_is_not_posted_again(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    form = await thread.open()
    slack.delete_message(thread.share.channel, thread.reply.ts)
    await slack.send(form, {"Name of Speaker 1": "Thandi"})
    [job] = await bench.ended_at_last()
    assert slack.replies(thread.share) == []
    assert job.naming == job.shown == 1


async def test_every_naming_is_kept_with_who_made_it(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    await thread.name(user=slack.user("thandi"), Speaker_1="Thandi")
    [job] = await bench.jobs()

    def newest(tx: Transaction) -> namings.Naming | None:
        return namings.newest(tx, job.id)

    assert bench.bot is not None
    naming = await bench.bot.tools.database.read(newest)
    assert naming is not None
    assert (naming.version, dict(naming.names), naming.by) == (1, {"speaker_0": "Thandi"}, slack.user("thandi"))


MANY = [Segment(start=n / 10, end=(n + 1) / 10, speaker=n, text=f"Voice {n} speaks.") for n in range(30)] + [
    Segment(start=3 + n / 10, end=3 + (n + 1) / 10, speaker=n, text="And once more.") for n in range(6, 30)
]
"""Thirty voices that a diarizer has heard, of which six say less than the others."""


async def test_more_voices_than_a_form_can_show_are_named_page_by_page(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench, script=MANY)
    form = await thread.open()
    shown = words_of(replace(thread.reply, blocks=tuple(form["blocks"])))
    assert "Speakers 1 to 24 of 30, by how much they talk." in shown
    assert words.NAMING_HINT in shown
    assert "Voice 0 speaks." not in shown
    assert "Voice 29 speaks." in shown
    assert form["submit"]["text"] == "Save and continue"
    answer = await slack.send(form, {"Name of Speaker 30": "Thandi"})
    assert answer.body is not None
    following = thread.form
    shown = words_of(replace(thread.reply, blocks=tuple(following["blocks"])))
    assert "Speakers 25 to 30 of 30, by how much they talk." in shown
    assert "Voice 0 speaks." in shown
    assert "Voice 29 speaks." not in shown
    assert following["submit"]["text"] == "Save"
    first_ids, then_ids = (
        {block["block_id"] for block in each["blocks"] if block["type"] == "input"} for each in (form, following)
    )
    assert not first_ids & then_ids, "Slack keeps what was entered in a block id that it knows"
    answer = await slack.send(following, {"Name of Speaker 1": "Sipho", "Name of Speaker 2": "thandi"})
    assert (answer.status, answer.body) == (200, None)
    await eventually(lambda: "Sipho" in thread.said)
    await bench.ended()
    assert "29 speakers" in thread.said
    assert "thandi" in thread.said


async def test_a_page_without_any_change_leads_to_the_next_one(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench, script=MANY)
    await slack.send(await thread.open(), {})
    shown = words_of(replace(thread.reply, blocks=tuple(thread.form["blocks"])))
    assert "Speakers 25 to 30 of 30" in shown
    assert (await slack.send(thread.form, {})).body is None
    assert slack.modals == {}


async def test_where_everybody_fits_on_one_page_nothing_is_said_of_pages(bench: Bench) -> None:
    thread = await answered(bench)
    form = await thread.open()
    assert " of 3" not in words_of(replace(thread.reply, blocks=tuple(form["blocks"])))
    assert form["submit"]["text"] == "Save"
