"""People correct words of a transcript: the reply, its files, search and exports change, and it says who did it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from handlers import words
from handlers.action_ids import EXPORT, NAME_SPEAKERS, TRANSCRIPT_MENU
from handlers.correcting_modal import FORM, LONGEST_CORRECTION, CorrectionContext
from sandbox import faults
from sandbox.script import Segment
from sandbox.slack import Channel, CommandAnswer, Message, Share, Slack
from storage import corrections, preferences, transcripts, vocabularies
from storage.corrections import Correction
from storage.job import Job
from storage.preferences import Preferences, Scope
from tests.journeys.bench import Bench, eventually, only_reply, recording, words_of
from transcription.formats import Format
from transcription.hints import fits_a_form

TALK = [
    Segment(start=0, end=4, speaker=0, text="Good morning, tembisa speaking."),
    Segment(start=4, end=6, speaker=1, text="The delivary is on Wednesday."),
    Segment(start=6, end=9, speaker=0, text="Then we wait."),
]
LONG = [
    Segment(
        start=n / 20, end=(n + 1) / 20, speaker=n % 2, text=f"Sentence number {n} of a meeting of the whole company."
    )
    for n in range(160)
]
"""More than can be listed, and more than a message holds."""
DELIVERY = "0:04 · Speaker 2 · The delivary is on Wednesday."
MORNING = "0:00 · Speaker 1 · Good morning, tembisa speaking."
HOSTILE = "<!channel> *b* `c` <@U1> -->\n<v x>\u202e \x00 \ud800 :tada: &amp; مرحبا"


class Thread:
    """A recording that was answered, as people see it and correct it."""

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

    @property
    def shown(self) -> str:
        """The words of the open form."""
        return words_of(replace(self.reply, blocks=tuple(self.form["blocks"])))

    async def open(self, *, user: str | None = None) -> dict[str, Any]:
        answer = await self.slack.press(self.reply, TRANSCRIPT_MENU, option=words.CORRECT, user=user)
        assert (answer.status, answer.messages) == (200, [])
        return self.form

    async def choose(self, passage: str, *, user: str | None = None) -> dict[str, Any]:
        """Open the form at the words of a passage."""
        await self.slack.send(await self.open(user=user), {words.CORRECTING_PASSAGE: passage}, user=user)
        return self.form

    async def correct(self, passage: str, said: str, *, user: str | None = None, **more: str) -> None:
        """Correct a passage, and wait until the reply is changed."""
        form, before = await self.choose(passage, user=user), self.reply.blocks
        answer = await self.slack.send(form, {words.CORRECTING_MENDED: said} | more, user=user)
        assert (answer.status, answer.body) == (200, None)
        await self.changed(before)

    async def undo(self) -> None:
        form, before = await self.open(), self.reply.blocks
        answer = await self.slack.send(form, {words.CORRECTING_UNDO: words.CORRECTING_UNDO_OPTION})
        assert (answer.status, answer.body) == (200, None)
        await self.changed(before)

    async def changed(self, before: object) -> None:
        await eventually(lambda: self.reply.blocks != before)
        await self.bench.ended()

    async def job(self) -> Job:
        [job] = await self.bench.jobs()
        return job

    async def turns(self) -> list[str]:
        """What is stored."""
        job = await self.job()
        assert self.bench.bot is not None
        found = await self.bench.bot.tools.database.read(lambda tx: transcripts.get(tx, job.id))
        assert found is not None
        return [turn.text for turn in found.turns]

    async def history(self) -> list[Correction]:
        job = await self.job()
        assert self.bench.bot is not None
        return list(await self.bench.bot.tools.database.read(lambda tx: corrections.history(tx, job.id, limit=100)))

    async def found(self, term: str) -> str:
        """What a search says."""
        answer = await self.slack.command("/transcripts", f"search {term}", channel=self.share.channel)
        return " ".join(words_of(replace(self.reply, blocks=tuple(one["blocks"]))) for one in answer.messages)


def errors(answer: CommandAnswer) -> list[str]:
    """What stands under the fields of a form that was sent."""
    assert isinstance(answer.body, dict)
    return list(answer.body["errors"].values())


async def answered(bench: Bench, *, script: list[Segment] = TALK, **more: Any) -> Thread:
    bench.botlhale.script = script
    await bench.start(**more)
    share = await bench.slack.share(bench.slack.channel("general", people=("amara", "thandi")), [recording()])
    await bench.ended()
    return Thread(bench, share)


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_a_word_is_corrected_in_place_everywhere_and_the_reply_says_by_whom(
    bench: Bench, slack: Slack, mode: str
) -> None:
    slack.scopes.add("users:read")
    way_in: dict[str, Any] = {"slack_signing_secret": slack.signing_secret} if mode == "http" else {}
    thread = await answered(bench, **way_in)
    first = thread.reply
    assert "Edited" not in thread.said
    await thread.correct(DELIVERY, "The delivery is on Wednesday.")

    reply = await only_reply(slack, thread.share)
    assert reply.ts == first.ts
    assert "The delivery is on Wednesday." in thread.said
    assert "The delivery is on Wednesday." in reply.text
    assert "delivary" not in thread.said + reply.text
    assert "Edited by amara" in thread.said
    assert [call.method for call in slack.calls].count("chat.postMessage") == 1
    assert slack.modals == {}
    assert "delivery" in await thread.found("delivery")
    assert "delivary" not in await thread.found("wednesday")
    await slack.press(reply, EXPORT)
    await slack.send(thread.form, {words.EXPORT_FORMAT: words.file_kind(Format.TEXT)[0]})
    await eventually(lambda: len(slack.replies(thread.share)) == 2)
    [file] = slack.replies(thread.share)[1].files
    assert b"The delivery is on Wednesday." in file.content


async def test_everybody_who_corrects_is_named_as_far_as_slack_tells(bench: Bench, slack: Slack) -> None:
    slack.scopes.add("users:read")
    thread = await answered(bench)
    slack.faults.arm("users.info", faults.answer(503), times=10)
    await thread.correct(DELIVERY, "The delivery is on Wednesday.")
    assert thread.said.count("Edited") == 1
    assert "Edited by" not in thread.said, "Slack doesn't tell the name"
    slack.faults.clear()
    await thread.correct(MORNING, "Good morning, Thembisa speaking.", user=slack.user("thandi"))
    assert "Edited by thandi and 1 more" in thread.said
    await thread.correct("0:06 · Speaker 1 · Then we wait.", "Then we'll wait.")
    assert "Edited by amara and thandi" in thread.said


async def test_undo_takes_the_newest_back_one_after_the_other_and_all_of_it_is_kept(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    plain = thread.said
    assert words.CORRECTING_UNDO_OPTION not in str(await thread.open())
    slack.modals.clear()
    await thread.correct(DELIVERY, "The delivery is on Wednesday.")
    await thread.correct(MORNING, "Good morning, Thembisa speaking.", user=slack.user("thandi"))
    await thread.open()
    assert "“Thembisa” becomes “tembisa” again" in thread.shown
    assert "delivary  → delivery\n" in thread.shown
    assert f"'user_id': '{slack.user('thandi')}'" in str(thread.form["blocks"])
    slack.modals.clear()
    await thread.undo()
    assert await thread.turns() == [TALK[0].text, "The delivery is on Wednesday.", TALK[2].text]
    assert "Edited" in thread.said
    await thread.undo()
    assert thread.said == plain
    assert words.CORRECTING_UNDO_OPTION not in str(await thread.open())
    kept = [(one.version, one.undoes, one.change.after) for one in await thread.history()]
    assert kept == [
        (4, 1, TALK[1].text),
        (3, 2, TALK[0].text),
        (2, None, "Good morning, Thembisa speaking."),
        (1, None, "The delivery is on Wednesday."),
    ]


async def test_the_files_of_a_long_transcript_change_with_it_and_its_passage_is_found_by_words(
    bench: Bench, slack: Slack
) -> None:
    thread = await answered(bench, script=LONG)
    old = {file.id for file in thread.reply.files}
    form = await thread.open()
    answer = await slack.send(form, {words.CORRECTING_FIND: "zebra"})
    assert errors(answer) == [words.CORRECTING_NOT_FOUND]
    await slack.send(form, {words.CORRECTING_FIND: "NUMBER meeting"})
    assert words.CORRECTING_MORE_FOUND in thread.shown
    _, chooser = [block for block in thread.form["blocks"] if block["type"] == "input"]
    assert len(chooser["element"]["options"]) == 100
    await slack.send(thread.form, {words.CORRECTING_FIND: "0:01 2"})
    [chooser] = [block for block in thread.form["blocks"] if block["type"] == "input"]
    assert {option["text"]["text"][:16] for option in chooser["element"]["options"]} == {"0:01 · Speaker 2"}
    slack.modals.clear()
    await slack.send(await thread.open(), {words.CORRECTING_FIND: "number 137"})
    before = thread.reply.blocks
    await slack.send(thread.form, {words.CORRECTING_MENDED: "Sentence number three hundred."})
    await thread.changed(before)

    assert not old & {file.id for file in thread.reply.files}
    assert len(thread.reply.files) == 2
    for file in thread.reply.files:
        assert b"number 137 of" not in file.content
        assert b"number three hundred" in file.content.replace(b"\n", b" ")
    assert "hundred ." in await thread.found("hundred")


async def test_words_that_nobody_said_can_be_removed_and_brought_back_but_not_the_last_ones(
    bench: Bench, slack: Slack
) -> None:
    thread = await answered(bench)
    plain = thread.said
    await thread.correct(MORNING, "")
    assert "tembisa" not in thread.said
    assert "Speaker 2" in thread.said
    await thread.correct("0:04 · Speaker 2 · The delivary is on Wednesday.", "  \n ")
    form = await thread.choose("0:06 · Speaker 1 · Then we wait.")
    answer = await slack.send(form, {words.CORRECTING_MENDED: ""})
    assert errors(answer) == [words.CORRECTING_NO_WORDS_LEFT]
    slack.modals.clear()
    await thread.open()
    assert f"0:00 · Speaker 1 · {words.WITHOUT_WORDS}" in thread.shown
    slack.modals.clear()
    await thread.undo()
    await thread.undo()
    assert thread.said == plain
    assert await thread.turns() == [segment.text for segment in TALK]


async def test_two_at_once_correct_two_passages_and_of_one_passage_the_later_loses_nothing(
    bench: Bench, slack: Slack
) -> None:
    thread = await answered(bench)
    thandi = slack.user("thandi")
    hers, other = await thread.choose(DELIVERY, user=thandi), dict(slack.modals)
    slack.modals.clear()
    also = await thread.choose(MORNING, user=thandi)
    other |= slack.modals
    slack.modals.clear()
    await thread.correct(DELIVERY, "The delivery is on Wednesday.")
    slack.modals.update(other)
    answer = await slack.send(also, {words.CORRECTING_MENDED: "Good morning, Thembisa speaking."}, user=thandi)
    assert answer.body is None, "another passage is another matter"

    answer = await slack.send(hers, {words.CORRECTING_MENDED: "The delivery is on Friday."}, user=thandi)
    assert words.CORRECTED_MEANWHILE in thread.shown
    assert words.your_words("The delivery is on Friday.") in thread.shown
    [field] = [block["element"] for block in thread.form["blocks"] if block["type"] == "input"]
    assert field["initial_value"] == "The delivery is on Wednesday."
    before = thread.reply.blocks
    await slack.send(thread.form, {words.CORRECTING_MENDED: "The delivery is on Friday."}, user=thandi)
    await thread.changed(before)
    await eventually(lambda: "Friday" in thread.said)
    assert await thread.turns() == ["Good morning, Thembisa speaking.", "The delivery is on Friday.", "Then we wait."]


async def test_an_undo_that_two_people_send_undoes_once(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    await thread.correct(DELIVERY, "The delivery is on Monday.")
    await thread.correct("0:04 · Speaker 2 · The delivery is on Monday.", "The delivery is on Wednesday.")
    first = await thread.open()
    second = {**first, "id": "V-second"}
    slack.modals["V-second"] = second
    ticked = {words.CORRECTING_UNDO: words.CORRECTING_UNDO_OPTION}
    before = thread.reply.blocks
    await slack.send(first, ticked)
    await slack.send(second, ticked)
    assert words.CORRECTED_ELSEWHERE in str(slack.modals["V-second"])
    await thread.changed(before)
    assert (await thread.turns())[1] == "The delivery is on Monday."


async def test_what_is_entered_can_neither_mention_nor_format_nor_break_a_file(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench, script=LONG)
    await slack.send(await thread.open(), {words.CORRECTING_FIND: '"number 0 of"'})
    before = thread.reply.blocks
    await slack.send(thread.form, {words.CORRECTING_MENDED: HOSTILE.replace("\ud800", "")})
    await thread.changed(before)
    reply = await only_reply(slack, thread.share)
    assert "<!" not in reply.text
    assert "<@" not in reply.text
    assert "<!channel> *b*" in thread.said, "in an element that Slack does not parse"
    subtitles = next(file for file in reply.files if file.name.endswith(".vtt")).content.decode()
    assert subtitles.count(" --> ") == len(LONG)
    assert "\u202e" not in subtitles + reply.text + thread.said
    await thread.open()
    assert {block["type"] for block in thread.form["blocks"]} <= {"rich_text", "input", "divider"}
    assert all("<!" not in str(block) for block in thread.form["blocks"] if block["type"] == "input")


async def test_half_a_character_and_a_null_byte_are_cleaned(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    form = await thread.choose(DELIVERY)
    await forged(slack, form, said=HOSTILE)
    await eventually(lambda: "مرحبا" in thread.said)
    await bench.ended()
    assert "\x00" not in (await thread.turns())[1]
    assert "\ufffd" in (await thread.turns())[1]


async def forged(slack: Slack, form: dict[str, Any], *, said: str, **context: Any) -> CommandAnswer:
    """Send a last page with other words, perhaps with a changed context."""
    private = CorrectionContext.load(form["private_metadata"]).model_copy(update=context).dump()
    state = {"values": {"mended:x": {"mended": {"type": "plain_text_input", "value": said}}}}
    return await slack.interact(
        {
            "type": "view_submission",
            "user": {"id": slack.user("amara"), "team_id": "T0SANDBOX"},
            "view": {**form, "callback_id": FORM, "private_metadata": private, "state": state},
        }
    )


FORGED: Mapping[str, tuple[Mapping[str, Any], str, str]] = {
    "behind the last turn": ({"turn": 99}, "Mallory", words.NOTHING_TO_CORRECT),
    "before the first": ({"turn": -1}, "Mallory", words.NOTHING_TO_CORRECT),
    "another place": ({"place": 5}, "Mallory", words.NOTHING_TO_CORRECT),
    "another length": ({"length": 3}, "Mallory", words.NOTHING_TO_CORRECT),
    "another job": ({"job": "zzzzzzzzzz"}, "Mallory", words.NOTHING_TO_CORRECT),
    "too long": ({}, "x" * (LONGEST_CORRECTION + 1), words.CORRECTING_TOO_LONG),
}


async def test_a_forged_form_changes_nothing(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    form, before = await thread.choose(DELIVERY), thread.reply.blocks
    for what, (context, said, error) in FORGED.items():
        assert errors(await forged(slack, form, said=said, **context)) == [error], what
    assert await thread.turns() == [segment.text for segment in TALK]
    assert (thread.reply.blocks, await thread.history()) == (before, [])


async def test_three_thousand_characters_are_taken_and_a_long_turn_is_corrected_in_parts(
    bench: Bench, slack: Slack
) -> None:
    thread = await answered(bench, script=[Segment(start=0, end=10, speaker=0, text="Word and word. " * 200)])
    await thread.open()
    [chooser] = [block for block in thread.form["blocks"] if block["type"] == "input"]
    options = [option["text"]["text"] for option in chooser["element"]["options"]]
    assert len(options) == 3
    await slack.send(thread.form, {words.CORRECTING_PASSAGE: options[1]})
    before = thread.reply.blocks
    await slack.send(thread.form, {words.CORRECTING_MENDED: "é" * 3_000})
    await thread.changed(before)
    [turn] = await thread.turns()
    assert turn.startswith("Word and word.")
    assert f". {'é' * 3_000} Word" in turn
    await thread.undo()
    assert await thread.turns() == ["Word and word. " * 199 + "Word and word."]


async def test_who_is_not_in_the_conversation_neither_opens_nor_sends_it(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = TALK
    await bench.start()
    channel = slack.channel("board", kind="private", people=("amara", "thandi"))
    thread = Thread(bench, await slack.share(channel, [recording()]))
    await bench.ended()
    answer = await slack.press(thread.reply, TRANSCRIPT_MENU, option=words.CORRECT, user=slack.user("mallory"))
    assert [message["text"] for message in answer.messages] == [words.NOT_IN_CONVERSATION]
    assert slack.modals == {}

    thandi = slack.user("thandi")
    first = await thread.open(user=thandi)
    slack.modals.clear()
    last, before = await thread.choose(DELIVERY, user=thandi), thread.reply.blocks
    slack.modals[first["id"]] = first
    channel.members.remove(thandi)
    for form, entered in ((first, {words.CORRECTING_PASSAGE: MORNING}), (last, {words.CORRECTING_MENDED: "Mallory"})):
        answer = await slack.send(form, entered, user=thandi)
        assert isinstance(answer.body, dict)
        assert set(answer.body) == {"response_action", "errors"}, "and no words are shown"
        assert errors(answer) == [words.NOT_IN_CONVERSATION]
    assert (thread.reply.blocks, await thread.history()) == (before, [])


async def test_a_menu_only_works_on_the_message_that_it_is_on(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    share = await slack.share(slack.channel("mine"), [recording()])
    await bench.ended(2)
    [other] = slack.replies(share)
    answer = await slack.press(replace(other, blocks=thread.reply.blocks), TRANSCRIPT_MENU, option=words.CORRECT)
    assert answer.messages[0]["text"] == words.NOT_HERE
    assert slack.modals == {}
    assert "Good morning" not in str(answer.messages)


async def test_a_form_of_another_workspace_changes_nothing(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    form, before = await thread.choose(DELIVERY), thread.reply.blocks
    state = {"values": {"mended:x": {"mended": {"type": "plain_text_input", "value": "Mallory"}}}}
    view = {**form, "state": state}
    user = {"id": "U1", "team_id": "T0OTHER"}
    await slack.interact({"type": "view_submission", "team": {"id": "T0OTHER"}, "user": user, "view": view})
    await bench.ended()
    assert (thread.reply.blocks, await thread.history()) == (before, [])


async def test_while_it_is_transcribed_again_nothing_is_corrected_and_afterwards_the_new_words_are_shown(
    bench: Bench, slack: Slack
) -> None:
    thread = await answered(bench)
    await thread.correct(DELIVERY, "The delivery is on Wednesday.")
    form = await thread.choose(MORNING)
    pages = dict(slack.modals)
    slack.modals.clear()
    await slack.press(thread.reply, TRANSCRIPT_MENU, option=words.RERUN_OPTION)
    assert words.corrections_replaced(1) in thread.shown
    again = dict(slack.modals)
    slack.modals.clear()
    await thread.correct("0:06 · Speaker 1 · Then we wait.", "Then we'll wait.")
    slack.modals.update(again)
    await slack.send(thread.form, {words.CHOOSE_SPEAKERS: "1"})
    assert words.corrections_replaced(2) in thread.shown
    bench.botlhale.hold = True
    bench.botlhale.script = [Segment(start=0, end=4, speaker=0, text="Something else altogether.")]
    before = thread.reply.blocks
    await slack.send(thread.form, {words.CHOOSE_SPEAKERS: "1"})
    slack.modals.update(pages)
    answer = await slack.send(form, {words.CORRECTING_MENDED: "Mallory"})
    assert errors(answer) == [words.STILL_IN_WORK]
    bench.botlhale.release()
    await thread.changed(before)
    assert "Something else altogether." in thread.said
    assert "Edited" not in thread.said
    await slack.send(form, {words.CORRECTING_MENDED: "Mallory"})
    assert words.WORDS_REPLACED in thread.shown
    assert await thread.history() == []
    slack.modals.clear()
    await slack.press(thread.reply, TRANSCRIPT_MENU, option=words.RERUN_OPTION)
    assert "correction" not in thread.shown


async def test_a_rerun_that_comes_to_nothing_keeps_the_corrections(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    await thread.correct(DELIVERY, "The delivery is on Wednesday.")
    bench.botlhale.fail_next()
    await slack.press(thread.reply, TRANSCRIPT_MENU, option=words.RERUN_OPTION)
    await slack.send(thread.form, {words.CHOOSE_SPEAKERS: "1"})
    await bench.ended_at_last()
    assert "The delivery is on Wednesday." in thread.said
    assert len(await thread.history()) == 1


async def test_what_was_deleted_is_not_corrected_and_keeps_no_words(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    await thread.correct(DELIVERY, "The delivery is on Wednesday.")
    form = await thread.choose(MORNING)
    slack.subscriptions.add("file_deleted")
    slack.delete_file(thread.share.file_ids[0])
    await eventually(lambda: not slack.replies(thread.share))
    await bench.ended()
    answer = await slack.send(form, {words.CORRECTING_MENDED: "Mallory"})
    assert errors(answer) == [words.NOTHING_TO_CORRECT]
    assert await thread.history() == []


async def test_a_reply_that_was_deleted_is_not_posted_again_and_not_found(bench: Bench, slack: Slack) -> None:
    slack.subscriptions = {"message"}
    slack.scopes.add("channels:history")
    thread = await answered(bench)
    form = await thread.choose(DELIVERY)
    slack.delete_message(thread.share.channel, thread.reply.ts)
    await slack.quiet()
    await slack.send(form, {words.CORRECTING_MENDED: "The delivery is on Wednesday."})
    [job] = await bench.ended_at_last()
    assert slack.replies(thread.share) == []
    assert job.corrections == job.corrections_shown == 1
    assert bench.bot is not None
    rows = await bench.bot.tools.database.read(lambda tx: tx.all("SELECT turn FROM passages"))
    assert list(rows) == []


async def test_slack_that_is_away_for_a_moment_delays_the_change(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    slack.faults.arm("chat.update", faults.answer(500), times=2)
    slack.faults.arm("chat.update", faults.hang_up_after())
    await slack.send(await thread.choose(DELIVERY), {words.CORRECTING_MENDED: "The delivery is on Wednesday."})
    await bench.ended_at_last()
    assert "delivery" in thread.said
    assert len(slack.replies(thread.share)) == 1


async def test_names_and_corrections_do_not_get_in_each_others_way(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    await slack.press(thread.reply, NAME_SPEAKERS)
    naming = dict(slack.modals)
    slack.modals.clear()
    await thread.correct(DELIVERY, "The delivery is on Wednesday.")
    slack.modals.update(naming)
    [form] = naming.values()
    before = thread.reply.blocks
    await slack.send(form, {"Name of Speaker 2": "Sipho"})
    await thread.changed(before)
    assert "Sipho" in thread.said
    assert "delivery" in thread.said
    await thread.open()
    assert "0:04 · Sipho · The delivery is on Wednesday." in thread.shown
    slack.modals.clear()
    await thread.undo()
    assert "delivary" in thread.said
    assert "Sipho" in thread.said


TAKES_WORDS: dict[str, Any] = {
    "gowajee_api_key": "invented",
    "gowajee_webhook_id": "c0ffee00-1111-4222-8333-944445555666",
    "gowajee_webhook_token": "invented-token-0123456789",
}
TICKED = {words.CORRECTING_REMEMBER: words.CORRECTING_REMEMBER_OPTION}


async def expected(bench: Bench, channel: Channel) -> tuple[str, ...] | None:
    place = Scope(team="T0SANDBOX", kind="channel", owner=channel.id)
    assert bench.bot is not None
    return (await bench.bot.tools.database.read(lambda tx: preferences.get(tx, place))).preferences.options.vocabulary


async def test_a_corrected_name_is_expected_from_now_on_with_one_tick(bench: Bench) -> None:
    thread = await answered(bench, **TAKES_WORDS)
    await thread.correct(MORNING, "Good morning, Thembisa Dlamini speaking.", **TICKED)
    assert await expected(bench, thread.share.channel) == ("Thembisa Dlamini",)
    await thread.correct(DELIVERY, "The delivery of ACME is on Wednesday.")
    assert await expected(bench, thread.share.channel) == ("Thembisa Dlamini",), "only where it is ticked"


async def test_the_words_of_the_workspace_stay_expected_beside_the_new_ones(bench: Bench) -> None:
    thread = await answered(bench, **TAKES_WORDS)
    assert bench.bot is not None
    everywhere = Scope(team="T0SANDBOX", kind="workspace")
    wanted = Preferences()
    wanted = replace(wanted, options=replace(wanted.options, vocabulary=("ubuntu",)))
    await bench.bot.tools.database.write(
        lambda tx: preferences.put(tx, everywhere, wanted, seen=0, by="U1", now=bench.bot.tools.clock())  # type: ignore[union-attr]
    )
    await thread.correct(MORNING, "Good morning, Thembisa speaking.", **TICKED)
    assert await expected(bench, thread.share.channel) == ("ubuntu", "Thembisa")


async def test_the_tick_is_only_offered_where_it_does_something(bench: Bench, slack: Slack) -> None:
    slack.scopes.add("users:read")
    slack.admins.add(slack.user("thandi"))
    thread = await answered(bench, **TAKES_WORDS)
    form = await thread.choose(MORNING)
    assert words.CORRECTING_REMEMBER_OPTION in str(form)
    assert bench.bot is not None
    tools, channel = bench.bot.tools, thread.share.channel
    place = Scope(team="T0SANDBOX", kind="channel", owner=channel.id)
    locked = Preferences(locked=True)
    await tools.database.write(lambda tx: preferences.put(tx, place, locked, seen=0, by="U1", now=tools.clock()))
    before = thread.reply.blocks
    await slack.send(form, {words.CORRECTING_MENDED: "Good morning, Thembisa speaking."} | TICKED)
    await thread.changed(before)
    assert await expected(bench, channel) is None, "the settings were locked meanwhile"
    assert words.CORRECTING_REMEMBER_OPTION not in str(await thread.choose(DELIVERY))
    slack.modals.clear()
    assert words.CORRECTING_REMEMBER_OPTION in str(await thread.choose(DELIVERY, user=slack.user("thandi")))


async def test_without_anybody_who_takes_words_there_is_no_tick(bench: Bench) -> None:
    thread = await answered(bench)
    assert words.CORRECTING_REMEMBER not in str(await thread.choose(MORNING))


async def test_ticks_never_make_the_list_longer_than_the_settings_can_show(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench, **TAKES_WORDS)
    job, channel = await thread.job(), thread.share.channel
    assert bench.bot is not None
    tools = bench.bot.tools
    for number in range(20):
        names = [f"Nomathamsanqa Dla{number:02}{each}" for each in range(10)]
        add = partial(vocabularies.expect, origin=job.origin, words=names, by="U1", now=tools.clock())
        await tools.database.write(add)
    kept = await expected(bench, channel)
    assert kept is not None
    assert fits_a_form(kept)
    assert not fits_a_form([*kept, "Nomathamsanqa Dla999"]), "otherwise nothing was tested"
    await slack.command("/transcripts", "settings", channel=channel)
    [form] = slack.modals.values()
    assert "\n".join(kept) in [block["element"].get("initial_value") for block in form["blocks"] if "element" in block]
