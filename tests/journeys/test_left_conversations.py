"""What stays on somebody's screen after they were taken out of a private channel shows and changes nothing any more.

Slack is asked at the moment at which a form is sent or a button pressed: what it said when the form was opened does not
count.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from handlers import words
from handlers.action_ids import EXPORT, NAME_SPEAKERS, RECORDING_MENU, RERUN, TRANSCRIBE, UNDO_NAMING
from sandbox import faults
from sandbox.script import Segment
from sandbox.slack import Channel, Message, Share, Slack
from storage import transcripts
from storage.job import Job, JobState
from tests.journeys.bench import Bench, eventually, only_reply, press_control, recording, words_of
from transcription.transcript import Transcript

TALK = [
    Segment(start=0, end=4, speaker=0, text="Good morning, shall we begin?"),
    Segment(start=4, end=6, speaker=1, text="Yes, the delivery is on Wednesday."),
]
MANY = [Segment(start=n, end=n + 1, speaker=n, text=f"I am speaker {n}.") for n in range(30)]


class Room:
    """A private channel in which Amara has shared a recording; Thandi is there, too."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.slack = bench.slack
        self.channel: Channel = self.slack.channel("board", kind="private", people=("amara", "thandi"))
        self.share: Share | None = None

    async def answered(self) -> Message:
        await self.shared()
        await self.bench.ended()
        return self.reply

    async def shared(self) -> None:
        self.share = await self.slack.share(self.channel, [recording(title="Board")], user=self.slack.user("amara"))

    @property
    def reply(self) -> Message:
        assert self.share is not None
        [reply] = self.slack.replies(self.share)
        return reply

    @property
    def root(self) -> Message:
        assert self.share is not None
        return self.slack.message(self.channel.id, self.share.ts)

    def take_out(self) -> None:
        """Take Amara out of the channel, a moment ago."""
        self.channel.members.remove(self.slack.user("amara"))

    async def job(self) -> Job:
        [job] = await self.bench.jobs()
        return job

    async def kept(self) -> tuple[Job, Transcript | None, list[str]]:
        """All that could change: the job with its counters, the transcript, and what stands in the channel."""
        assert self.bench.bot is not None
        job = await self.job()
        transcript = await self.bench.bot.tools.database.read(lambda tx: transcripts.get(tx, job.id))
        posted = [words_of(message) for message in self.slack.messages(self.channel.id) if message.by_bot]
        return job, transcript, posted


@pytest.fixture
def room(bench: Bench) -> Room:
    bench.botlhale.script = TALK
    return Room(bench)


def form_of(slack: Slack) -> dict[str, Any]:
    [form] = slack.modals.values()
    return form


FORMS: Mapping[str, Mapping[str, str]] = {
    NAME_SPEAKERS: {"Name of Speaker 1": "Naledi"},
    EXPORT: {},
    RERUN: {words.CHOOSE_LANGUAGE: "isiZulu"},
}


async def refused(slack: Slack, form: dict[str, Any], entered: Mapping[str, str]) -> list[str]:
    """What stands in the form that was sent and is still open."""
    answer = await slack.send(form, entered)
    assert isinstance(answer.body, dict)
    assert set(answer.body) == {"response_action", "errors"}, "and nothing else is shown"
    assert form["id"] in slack.modals, "so that what was entered is not lost"
    return list(answer.body["errors"].values())


@pytest.mark.parametrize("which", FORMS)
async def test_a_form_that_was_opened_before_changes_nothing_and_says_why(room: Room, which: str) -> None:
    slack = room.slack
    await room.bench.start()
    await press_control(slack, await room.answered(), which)
    form, before = form_of(slack), await room.kept()
    room.take_out()
    assert await refused(slack, form, FORMS[which]) == [words.NOT_IN_CONVERSATION]
    await room.bench.ended()
    assert await room.kept() == before
    assert (slack.own_files, len(room.bench.botlhale.uploads)) == ([], 1)

    room.channel.members.add(slack.user("amara"))
    answer = await slack.send(form, dict(FORMS[which]))
    assert answer.body is None, "who is back may again, in the same form"


@pytest.mark.parametrize("which", FORMS)
async def test_where_slack_does_not_say_who_is_there_a_form_waits(room: Room, which: str) -> None:
    slack = room.slack
    await room.bench.start()
    await press_control(slack, await room.answered(), which)
    form, before = form_of(slack), await room.kept()
    slack.faults.arm("users.conversations", faults.answer(503))
    assert await refused(slack, form, FORMS[which]) == [words.NOT_NOW]
    await room.bench.ended()
    assert await room.kept() == before
    assert (await slack.send(form, dict(FORMS[which]))).body is None


async def test_new_words_are_not_shown_in_an_old_form_for_names(room: Room) -> None:
    slack = room.slack
    slack.scopes.add("users:read")
    await room.bench.start()
    reply = await room.answered()
    await slack.press(reply, NAME_SPEAKERS)
    form = form_of(slack)
    room.take_out()
    slack.modals.clear()
    room.bench.botlhale.script = [Segment(start=0, end=4, speaker=0, text="The new words are secret.")]
    await press_control(slack, reply, RERUN, user=slack.user("thandi"))
    assert slack.modals == {}, "Thandi may not begin it"
    job = await room.job()
    admin = slack.user("thandi")
    slack.admins.add(admin)
    await press_control(slack, reply, RERUN, user=admin)
    await slack.send(form_of(slack), {}, user=admin)
    await eventually(lambda: "secret" in words_of(room.reply))
    await room.bench.ended()
    assert (await room.job()).retried > job.retried
    slack.modals[form["id"]] = form
    assert await refused(slack, form, {"Name of Speaker 1": "Naledi"}) == [words.NOT_IN_CONVERSATION]
    assert "Naledi" not in words_of(room.reply)


async def test_the_second_page_of_a_form_is_asked_about_like_the_first(room: Room) -> None:
    slack = room.slack
    room.bench.botlhale.script = MANY
    await room.bench.start()
    await slack.press(await room.answered(), NAME_SPEAKERS)
    await slack.send(form_of(slack), {"Name of Speaker 1": "Naledi"})
    await room.bench.ended()
    second, before = form_of(slack), await room.kept()
    room.take_out()
    assert await refused(slack, second, {"Name of Speaker 26": "Sipho"}) == [words.NOT_IN_CONVERSATION]
    await room.bench.ended()
    assert await room.kept() == before


async def told(slack: Slack, act: Awaitable[Any]) -> list[str]:
    """What was said to who acted, where there is no conversation in a modal; nothing else was opened."""
    slack.modals.clear()
    answer = await act
    said = [str(block["text"]["text"]) for view in slack.modals.values() for block in view["blocks"]]
    assert len(said) == len(slack.modals)
    assert {view["title"]["text"] for view in slack.modals.values()} <= {words.NAME}
    return [*(str(message["text"]) for message in answer.messages), *said]


@pytest.mark.parametrize("which", [NAME_SPEAKERS, EXPORT, RERUN])
async def test_a_button_under_a_transcript_opens_nothing(room: Room, which: str) -> None:
    await room.bench.start()
    reply = await room.answered()
    room.take_out()
    assert await told(room.slack, press_control(room.slack, reply, which)) == [words.NOT_IN_CONVERSATION]


async def test_names_are_not_taken_back(room: Room) -> None:
    slack = room.slack
    await room.bench.start()
    await slack.press(await room.answered(), NAME_SPEAKERS)
    await slack.send(form_of(slack), {"Name of Speaker 1": "Naledi"})
    await eventually(lambda: "Naledi" in words_of(room.reply))
    await room.bench.ended()
    room.take_out()
    assert await told(slack, press_control(slack, room.reply, UNDO_NAMING)) == [words.NOT_IN_CONVERSATION]
    await room.bench.ended()
    assert "Naledi" in words_of(room.reply)


@pytest.mark.parametrize(
    ("which", "of_reply"),
    [(NAME_SPEAKERS, True), (NAME_SPEAKERS, False), (EXPORT, True), (EXPORT, False), (TRANSCRIBE, False)],
)
async def test_a_shortcut_opens_nothing(room: Room, which: str, of_reply: bool) -> None:  # noqa: FBT001
    await room.bench.start()
    reply = await room.answered()
    room.take_out()
    message = reply if of_reply else room.root
    assert await told(room.slack, room.slack.choose(message, which)) == [words.NOT_IN_CONVERSATION]


async def test_a_recording_is_not_asked_for_from_outside(room: Room) -> None:
    slack = room.slack
    await room.bench.start()
    slack.subscriptions.discard("file_shared")
    await room.shared()
    await slack.quiet()
    room.take_out()
    assert await told(slack, slack.choose(room.root, TRANSCRIBE)) == [words.NOT_IN_CONVERSATION]
    assert await room.bench.jobs() == []


Act = Callable[[Room, Job], Awaitable[Any]]


def in_direct_message(command: str) -> Act:
    async def act(room: Room, job: Job) -> Any:
        direct = room.slack.channel("amara", kind="im")
        return await room.slack.command("/transcripts", f"{command} {job.id}", channel=direct)

    return act


def at_home(option: str) -> Act:
    async def act(room: Room, _: Job) -> Any:
        slack, amara = room.slack, room.slack.user("amara")
        slack.open_home(user=amara)
        await eventually(lambda: option in str(slack.homes.get(amara)))
        return await slack.press_at_home(RECORDING_MENU, option=option, user=amara)

    return act


@pytest.mark.parametrize(
    ("act", "answer"),
    [(in_direct_message("cancel"), [words.NOT_IN_CONVERSATION]), (at_home(words.CANCEL), [words.NOT_IN_CONVERSATION])],
    ids=["command", "home"],
)
async def test_what_is_in_work_is_not_cancelled(room: Room, act: Act, answer: list[str]) -> None:
    room.bench.botlhale.hold = True
    await room.bench.start()
    await room.shared()
    job = await room.bench.waits(JobState.SUBMITTED)
    room.take_out()
    assert await told(room.slack, act(room, job)) == answer
    assert (await room.bench.waits(JobState.SUBMITTED)).id == job.id
    room.bench.botlhale.release()
    assert room.share is not None
    await only_reply(room.slack, room.share)


@pytest.mark.parametrize(
    ("act", "answer"),
    [(in_direct_message("retry"), [words.NOT_IN_CONVERSATION]), (at_home(words.RETRY), [words.NOT_IN_CONVERSATION])],
    ids=["command", "home"],
)
async def test_nothing_is_tried_again(room: Room, act: Act, answer: list[str]) -> None:
    room.bench.botlhale.fail_next()
    await room.bench.start()
    await room.answered()
    before = await room.kept()
    room.take_out()
    assert await told(room.slack, act(room, before[0])) == answer
    await room.bench.ended()
    assert await room.kept() == before


async def test_who_was_taken_out_deletes_by_deleting_the_recording(room: Room) -> None:
    slack = room.slack
    slack.subscriptions.add("file_deleted")
    await room.bench.start()
    await room.answered()
    before = await room.kept()
    room.take_out()
    act = in_direct_message("delete")
    assert await told(slack, act(room, before[0])) == [words.NOT_IN_CONVERSATION_TO_DELETE]
    await room.bench.ended()
    assert await room.kept() == before
    assert room.share is not None
    slack.delete_file(room.share.file_ids[0])
    await eventually(lambda: room.share is not None and not slack.replies(room.share))
    await room.bench.ended_at_last()
    assert (await room.kept())[1] is None


async def test_where_the_bot_is_gone_too_the_words_are_still_their_sharers_to_delete(room: Room) -> None:
    await room.bench.start()
    await room.answered()
    room.take_out()
    room.channel.members.clear()
    assert await told(room.slack, in_direct_message("delete")(room, await room.job())) == [words.DELETED]
    await room.bench.time_passes(timedelta(days=1))
    assert (await room.kept())[1] is None


async def test_in_a_direct_message_nobody_is_asked_who_is_there(room: Room) -> None:
    slack = room.slack
    await room.bench.start()
    direct = slack.channel("amara", kind="im")
    share = await slack.share(direct, [recording()])
    await room.bench.ended()
    [reply] = slack.replies(share)
    await slack.press(reply, NAME_SPEAKERS)
    assert (await slack.send(form_of(slack), {"Name of Speaker 1": "Naledi"})).body is None
    assert "users.conversations" not in [call.method for call in slack.calls]
