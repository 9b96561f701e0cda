"""People take a transcript along as a file: to the thread, or to themselves alone; it comes once, with the names."""

from __future__ import annotations

import asyncio
import html
import io
import json
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import docx
import pytest

from handlers import words
from handlers.action_ids import EXPORT, NAME_SPEAKERS
from sandbox import faults
from sandbox.script import Segment
from sandbox.slack import Channel, FileCopy, Message, Share, Slack
from storage.exports import Recipient
from storage.job import JobState
from tests.journeys.bench import Bench, eventually, recording, words_of
from transcription.formats import Format

TALK = [
    Segment(start=0, end=4, speaker=0, text="Good morning, shall we begin?"),
    Segment(start=4, end=6, speaker=1, text="Yes, the delivery is on Wednesday."),
    Segment(start=6, end=9, speaker=0, text="<!channel> I have *one* question --> for you."),
]
SAID = [segment.text for segment in TALK]
ME, THREAD = (words.recipient(who)[0] for who in (Recipient.PERSON, Recipient.THREAD))


class Answered:
    """A recording that was answered, and what people do with its transcript."""

    def __init__(self, bench: Bench, share: Share) -> None:
        self.bench = bench
        self.slack = bench.slack
        self.share = share
        self.direct: Channel = bench.slack.channel("", kind="im", people=("amara",))

    @property
    def reply(self) -> Message:
        return self.slack.replies(self.share)[0]

    @property
    def sent(self) -> list[Message]:
        """What came to Amara alone."""
        return self.slack.messages(self.direct.id)

    @property
    def posted(self) -> list[Message]:
        """What came to the thread after the reply."""
        return self.slack.replies(self.share)[1:]

    async def open(self, *, user: str | None = None) -> dict[str, Any]:
        await self.slack.press(self.reply, EXPORT, user=user)
        return list(self.slack.modals.values())[-1]

    async def ask(self, kind: Format = Format.TEXT, who: str | None = ME) -> None:
        """Send the form, and wait until everything is done."""
        await self.send(kind, who)
        await self.bench.ended()

    async def send(self, kind: Format, who: str | None) -> None:
        """Fill in the form, and send it."""
        entered = {words.EXPORT_FORMAT: words.file_kind(kind)[0]} | ({words.EXPORT_RECIPIENT: who} if who else {})
        answer = await self.slack.send(await self.open(), entered)
        assert (answer.status, answer.body) == (200, None)

    async def name(self, name: str) -> None:
        before = self.reply.blocks
        await self.slack.press(self.reply, NAME_SPEAKERS)
        [form] = self.slack.modals.values()
        await self.slack.send(form, {"Name of Speaker 1": name})
        await eventually(lambda: self.reply.blocks != before)
        await self.bench.ended()


@pytest.fixture(autouse=True)
def may_write_to_people(slack: Slack) -> None:
    slack.scopes.add("im:write")
    slack.subscriptions.add("file_deleted")


async def answered(bench: Bench, *, script: list[Segment] = TALK, **more: Any) -> Answered:
    bench.botlhale.script = script
    await bench.start(**more)
    channel = bench.slack.channel("general", people=("amara", "thandi"))
    share = await bench.slack.share(channel, [recording(title="Standup <b>")])
    await bench.ended()
    return Answered(bench, share)


def only_file(messages: list[Message]) -> FileCopy:
    [message] = messages
    [file] = message.files
    return file


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_a_file_is_put_in_the_thread_or_sent_to_one_person(bench: Bench, slack: Slack, mode: str) -> None:
    way_in: dict[str, Any] = {"slack_signing_secret": slack.signing_secret} if mode == "http" else {}
    thread = await answered(bench, **way_in)
    await thread.ask(Format.WORD, THREAD)
    file = only_file(thread.posted)
    assert (file.name, file.title) == ("Standup b.docx", "Transcript of Standup b")
    assert "Standup <b>" in words_of(thread.posted[0])
    assert thread.sent == []

    await thread.ask(Format.WEBVTT, ME)
    file = only_file(thread.sent)
    assert (file.name, file.title) == ("Standup b.vtt", "Subtitles for Standup b")
    assert len(thread.posted) == 1
    assert thread.sent[0].thread_ts is None
    assert slack.modals == {}
    assert slack.hidden_files == []
    assert len(await bench.jobs()) == 1


def as_read(kind: Format, content: bytes) -> list[tuple[str, str]]:
    """Who said what, as a program reads it that is not ours."""
    match kind:
        case Format.WORD:
            told = docx.Document(io.BytesIO(content)).paragraphs
            speaking = [(a, b) for a, b in pairwise(told) if a.style is not None and a.style.name == "Heading 2"]
            return [(a.text.partition("  ")[0], b.text) for a, b in speaking]
        case Format.JSON:
            read = json.loads(content)
            names = {speaker["label"]: speaker["name"] for speaker in read["speakers"]}
            return [(names[turn["speaker"]], turn["text"]) for turn in read["turns"]]
        case Format.WEBVTT:
            cues = re.findall(r"^[\d:.]+ --> [\d:.]+\n<v ([^>]+)>(.+(?:\n.+)?)$", content.decode(), re.MULTILINE)
            return [(html.unescape(name), html.unescape(text.replace("\n", " "))) for name, text in cues]
        case Format.SUBRIP:
            cues = re.findall(r"^\d+\n[\d:,]+ --> [\d:,]+\n([^:]+): (.+(?:\n.+)?)$", content.decode(), re.MULTILINE)
            angles = str.maketrans("‹›\n", "<> ")
            return [(name.translate(angles), text.translate(angles)) for name, text in cues]
        case Format.TEXT:
            return re.findall(r"^(.+?)  \d+:\d\d\n(.+)$", content.decode(), re.MULTILINE)


async def test_every_kind_of_file_has_every_word_and_the_newest_names(bench: Bench) -> None:
    thread = await answered(bench)
    await thread.name("Thabo")
    await thread.name("Thandi <i>")
    for number, kind in enumerate(Format):  # a conversation takes one message a second
        await thread.send(kind, ME if number % 2 else THREAD)
    await bench.ended()
    files = {file.name.rpartition(".")[2]: file for message in thread.sent + thread.posted for file in message.files}
    told = {kind: as_read(kind, files[kind].content) for kind in Format}
    named = [("Thandi <i>", SAID[0]), ("Speaker 2", SAID[1]), ("Thandi <i>", SAID[2])]
    assert told == dict.fromkeys(Format, named)


async def test_the_form_says_what_it_is_about_and_that_names_stay_as_they_are(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    form = await thread.open()
    shown = words_of(replace(thread.reply, blocks=tuple(form["blocks"])))
    assert words.EXPORT_AS_NOW in shown
    assert "Standup <b>" in shown  # in an element that Slack does not parse
    slack.modals.clear()

    await thread.ask(Format.TEXT)
    await thread.name("Thandi")
    assert b"Thandi" not in only_file(thread.sent).content


async def test_without_the_permission_the_form_says_what_is_off_and_the_thread_remains(
    bench: Bench, slack: Slack
) -> None:
    slack.scopes.discard("im:write")
    thread = await answered(bench)
    form = await thread.open()
    assert words.EXPORT_THREAD_ONLY in words_of(replace(thread.reply, blocks=tuple(form["blocks"])))
    assert ME not in str(form["blocks"])
    slack.modals.clear()
    await thread.ask(Format.TEXT, who=None)
    assert SAID[0].encode() in only_file(thread.posted).content


async def test_whoever_may_not_have_it_any_more_when_the_form_is_sent_is_told(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    form = await thread.open()
    thread.share.channel.members.remove(slack.user("amara"))
    for who in (ME, THREAD):
        assert await told_on_sending(slack, form, {words.EXPORT_RECIPIENT: who}) == [words.NOT_IN_CONVERSATION]
    thread.share.channel.members.add(slack.user("amara"))
    slack.scopes.discard("im:write")
    assert bench.bot is not None
    await bench.bot.tools.workspaces.of(team=slack.team_id, enterprise=None).identify(refresh=True)
    assert await told_on_sending(slack, form, {}) == [words.EXPORT_THREAD_ONLY]
    await bench.bot.tools.database.write(lambda tx: tx.run("UPDATE jobs SET exports = 100, exported = 100"))
    assert await told_on_sending(slack, form, {words.EXPORT_RECIPIENT: THREAD}) == [words.EXPORTED_OFTEN]
    await bench.ended()
    assert (thread.sent, thread.posted, slack.own_files) == ([], [], [])


async def told_on_sending(slack: Slack, form: dict[str, Any], entered: dict[str, str]) -> list[str]:
    answer = await slack.send(form, entered)
    assert isinstance(answer.body, dict)
    return list(answer.body["errors"].values())


async def test_one_voice_that_was_shared_with_the_bot_alone_can_be_exported_too(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = [Segment(start=0, end=4, speaker=None, text="Hello there.")]
    await bench.start()
    thread = Answered(bench, await slack.share(slack.channel("", kind="im", people=("amara",)), [recording()]))
    await bench.ended()
    assert NAME_SPEAKERS not in str(thread.reply.blocks)
    await thread.ask(Format.WORD, THREAD)
    assert as_read(Format.WORD, only_file(thread.posted).content)[0][1] == "Hello there."


async def test_the_shortcut_on_the_recording_or_its_reply_opens_the_same_form(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    for message in (thread.reply, slack.message(thread.share.channel.id, thread.share.ts)):
        await slack.choose(message, EXPORT)
    form, same = slack.modals.values()
    assert (form["blocks"], form["private_metadata"]) == (same["blocks"], same["private_metadata"])
    await slack.send(form, {words.EXPORT_RECIPIENT: THREAD})
    await bench.ended()
    assert only_file(thread.posted).name.endswith(".docx")


async def test_where_there_is_no_transcript_it_is_said(bench: Bench, slack: Slack) -> None:
    bench.botlhale.fail_next()
    thread = await answered(bench)
    assert EXPORT not in str(thread.reply.blocks)
    hello = slack.message(thread.share.channel.id, slack.say(thread.share.channel, "hello"))
    for message in (thread.reply, hello):
        answer = await slack.choose(message, EXPORT)
        assert [said["text"] for said in answer.messages] == [words.NOTHING_TO_EXPORT]
    assert slack.modals == {}


async def test_what_is_still_in_work_cannot_be_exported_yet(bench: Bench, slack: Slack) -> None:
    bench.botlhale.hold = True
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording()])
    await bench.waits(JobState.SUBMITTED)
    answer = await slack.choose(slack.message(share.channel.id, share.ts), EXPORT)
    assert [said["text"] for said in answer.messages] == [words.STILL_IN_WORK]
    assert slack.modals == {}


async def test_what_is_exported_is_never_taken_for_a_recording(bench: Bench, slack: Slack) -> None:
    slack.subscriptions.add("message")
    slack.scopes |= {"channels:history", "im:history"}
    thread = await answered(bench)
    for who in (ME, THREAD):
        await thread.ask(Format.WORD, who)
    await slack.quiet()
    assert {job.origin.file for job in await bench.jobs()} == set(thread.share.file_ids)


async def test_deleting_the_recording_takes_every_exported_file_with_it(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    for who in (ME, THREAD):
        await thread.ask(Format.TEXT, who)
    slack.delete_file(thread.share.file_ids[0])
    await eventually(lambda: not thread.sent and not slack.replies(thread.share))
    [job] = await bench.ended_at_last()
    assert (job.forgotten, slack.own_files) == (2, [])
    assert bench.bot is not None
    row = await bench.bot.tools.database.read(lambda tx: tx.one("SELECT count(*) AS n FROM exports"))
    assert row is not None
    assert row["n"] == 0


async def test_of_a_transcript_that_is_deleted_meanwhile_nothing_is_delivered(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    form = await thread.open()
    other = await thread.open()
    slack.faults.arm("files.getUploadURLExternal", faults.answer(503), times=100)
    await slack.send(form, {})
    await eventually(lambda: "files.getUploadURLExternal" in [call.method for call in slack.calls])
    [job] = await bench.jobs()
    await slack.command("/transcripts", f"delete {job.id}", channel=thread.share.channel)
    await bench.ended_at_last()
    slack.faults.clear()
    late = await slack.send(other, {})
    assert isinstance(late.body, dict)
    assert list(late.body["errors"].values()) == [words.NOTHING_TO_EXPORT]
    assert thread.sent == []
    assert slack.own_files == []


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("who", [ME, THREAD])
async def test_slack_that_is_away_for_a_moment_delays_a_file_and_doubles_none(
    bench: Bench, slack: Slack, who: str
) -> None:
    thread = await answered(bench)
    for call in ("files.getUploadURLExternal", "upload", "files.completeUploadExternal"):
        slack.faults.arm(call, faults.answer(500))
    slack.faults.arm("files.completeUploadExternal", faults.hang_up_after())
    await slack.send(await thread.open(), {words.EXPORT_RECIPIENT: who})
    await bench.ended_at_last()
    only_file(thread.sent if who == ME else thread.posted)
    assert len(thread.sent) + len(thread.posted) == 1
    assert slack.hidden_files == []


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("who", [ME, THREAD])
async def test_a_file_whose_sharing_surely_had_no_effect_is_shared_at_once_and_not_handed_over_again(
    bench: Bench, slack: Slack, who: str
) -> None:
    thread = await answered(bench)
    slack.faults.arm("files.completeUploadExternal", faults.rate_limited(1), times=2)
    await thread.ask(who=who)
    only_file(thread.sent if who == ME else thread.posted)
    asked = [call.method for call in slack.calls]
    assert asked.count("upload") == 1
    assert "files.info" not in asked[asked.index("upload") : asked.index("files.completeUploadExternal")]


@pytest.mark.usefixtures("either_way")
async def test_a_file_that_may_have_been_shared_is_looked_for_also_after_names_were_given(
    bench: Bench, slack: Slack
) -> None:
    thread = await answered(bench)
    slack.faults.arm("files.completeUploadExternal", faults.hang_up_after())
    slack.faults.arm("files.info", faults.answer(503), times=3)
    await thread.send(Format.TEXT, ME)
    await slack.until(lambda: thread.sent)
    before = thread.reply.blocks
    await slack.press(thread.reply, NAME_SPEAKERS)
    [form] = slack.modals.values()
    await slack.send(form, {"Name of Speaker 1": "Thandi"})
    await bench.ended_at_last()
    assert thread.reply.blocks != before
    only_file(thread.sent)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("event", ["at once", "later"])
@pytest.mark.parametrize("call", ["files.getUploadURLExternal", "upload", "files.completeUploadExternal"])
async def test_a_file_for_a_channel_whose_id_changes_meanwhile_arrives_once(
    bench: Bench, slack: Slack, call: str, event: str
) -> None:
    await bench.start(allow_slack_connect=True)
    deal = slack.channel("deal", kind="private", people=("amara", "thandi"))
    share = await slack.share(deal, [recording()])
    await bench.ended()
    there = Answered(bench, share)
    if event == "at once":
        slack.subscriptions.add("channel_id_changed")
    slack.faults.arm(call, faults.rate_limited(1))
    old = deal.id
    await there.send(Format.TEXT, THREAD)
    await slack.change_channel_id(deal)
    if event == "later":
        await asyncio.sleep(0.3)
        await slack.deliver({"type": "channel_id_changed", "old_channel_id": old, "new_channel_id": deal.id})
    await bench.ended_at_last()
    await slack.quiet()
    [file] = only_files(there.posted)
    assert file.content
    assert slack.hidden_files == []


def only_files(messages: list[Message]) -> list[FileCopy]:
    return [file for message in messages for file in message.files]


@pytest.mark.usefixtures("either_way")
async def test_a_call_whose_answer_is_lost_is_waited_for_and_not_repeated(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    slack.faults.arm("files.completeUploadExternal", faults.takes_effect_late(0.5))
    await slack.send(await thread.open(), {})
    await slack.until(lambda: thread.sent)
    await bench.ended_at_last()
    only_file(thread.sent)


@pytest.mark.usefixtures("either_way")
async def test_a_file_that_slack_loses_is_sent_once_more(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    slack.lost_shares = 1
    await slack.send(await thread.open(), {})
    await bench.ended_at_last()
    only_file(thread.sent)
    assert slack.hidden_files == []


@pytest.mark.usefixtures("either_way")
async def test_what_slack_never_shows_or_refuses_is_told_to_whoever_asked(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    slack.lost_shares = 9
    await slack.send(await thread.open(), {})
    await bench.ended_at_last()
    slack.lost_shares = 0
    slack.refuse("files.completeUploadExternal", "restricted_action")
    await slack.send(await thread.open(), {})
    await bench.ended_at_last()
    assert thread.sent == thread.posted == []
    assert [(said["user"], said["text"]) for said in slack.ephemerals] == [
        (slack.user("amara"), words.NOT_EXPORTED)
    ] * 2
    assert slack.own_files == []
    await thread.ask()
    only_file(thread.sent)


async def test_a_form_that_is_sent_twice_counts_once(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    form = await thread.open()
    for _ in range(2):
        slack.modals[form["id"]] = form
        answer = await slack.send(form, {})
        assert (answer.status, answer.body) == (200, None)
    await bench.ended()
    only_file(thread.sent)


async def test_a_trigger_that_was_used_or_expired_opens_no_form(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    for error in ("expired_trigger_id", "exchanged_trigger_id"):
        slack.refuse("views.open", error)
        answer = await slack.press(thread.reply, EXPORT)
        assert [said["text"] for said in answer.messages] == [words.NOT_NOW]
    assert slack.modals == {}


def stolen(message: Message, value: str) -> Message:
    """The message with its buttons about something else."""

    def changed(block: dict[str, Any]) -> dict[str, Any]:
        elements = [one | {"value": value} for one in block.get("elements", [])]
        return block | ({"elements": elements} if block["type"] == "actions" else {})

    return replace(message, blocks=tuple(map(changed, message.blocks)))


async def test_a_button_on_another_message_opens_no_form(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    [job] = await bench.jobs()
    share = await slack.share(slack.channel("mine"), [recording()])
    await bench.ended(2)
    [other] = slack.replies(share)
    answer = await slack.press(stolen(other, job.id), EXPORT)
    assert [said["text"] for said in answer.messages] == [words.NOT_HERE]
    answer = await slack.press(stolen(thread.reply, "nothing"), EXPORT)
    assert [said["text"] for said in answer.messages] == [words.NOT_HERE]
    assert slack.modals == {}


async def test_a_button_pressed_from_another_workspace_opens_no_form(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    [job] = await bench.jobs()
    await slack.interact(
        {
            "type": "block_actions",
            "team": {"id": "T0OTHER"},
            "user": {"id": "U1", "team_id": "T0OTHER"},
            "channel": {"id": thread.share.channel.id},
            "message": {"ts": thread.reply.ts},
            "actions": [{"action_id": EXPORT, "type": "button", "value": job.id}],
        }
    )
    assert slack.modals == {}


async def test_an_edited_form_exports_nothing(bench: Bench, slack: Slack) -> None:
    thread = await answered(bench)
    share = await slack.share(slack.channel("elsewhere"), [recording()])
    await bench.ended(2)
    mine = await thread.open()
    theirs, ours = sorted(await bench.jobs(), key=lambda job: job.origin.channel != share.channel.id)
    state = {"format": {"format": {"selected_option": {"value": "txt"}}}}
    unheard = {"format": {"format": {"selected_option": {"value": "exe"}}}}
    other_job = mine["private_metadata"].replace(ours.id, theirs.id)
    for changes, team, values in (
        ({"private_metadata": other_job}, slack.team_id, state),
        ({"private_metadata": "{}"}, slack.team_id, state),
        ({}, slack.team_id, unheard),
        ({}, slack.team_id, {"format": {"format": {"selected_option": "txt"}}}),
        ({}, slack.team_id, {}),
        ({}, "T0OTHER", state),
    ):
        await slack.interact(
            {
                "type": "view_submission",
                "team": {"id": team},
                "user": {"id": slack.user("amara"), "team_id": team},
                "view": {**mine, **changes, "state": {"values": values}},
            }
        )
    await bench.ended(2)
    assert (thread.sent, thread.posted, slack.own_files) == ([], [], [])
    assert [job.exports for job in await bench.jobs()] == [0, 0]


async def test_hostile_words_and_names_stay_words(bench: Bench) -> None:
    hostile = "<!channel> *b* <@U1> {HYPERLINK x} \ufffe\x0b]]> &lt;w:fldSimple/>"
    thread = await answered(bench, script=[Segment(start=0, end=4, speaker=0, text=hostile)])
    await thread.name(hostile[:50])
    await thread.ask(Format.WORD, THREAD)
    [message] = thread.posted
    read = docx.Document(io.BytesIO(only_file([message]).content))
    assert any("{HYPERLINK x}" in paragraph.text for paragraph in read.paragraphs)
    assert "fldSimple " not in read.element.xml
    assert "instrText" not in read.element.xml
    assert "<w:hyperlink" not in read.element.xml
    assert {block["type"] for block in message.blocks} == {"rich_text"}
