"""A transcript is deleted in a form that asks first: by whoever shared the recording, and by nobody else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from handlers import words
from handlers.action_ids import DELETE, RECORDING_MENU, TRANSCRIPT_MENU
from sandbox import faults
from sandbox.script import Segment
from sandbox.slack import CommandAnswer, Message, Share, Slack
from storage import transcripts
from storage.job import Job
from tests.journeys.bench import Bench, eventually, only_reply, press_control, recording

TITLE = "Call with the customer"
LONG = [
    Segment(start=n / 100, end=(n + 1) / 100, speaker=n % 2, text=f"Sentence number {n} of a rather long meeting.")
    for n in range(400)
]


class Room:
    """A private channel with Amara's recording and its transcript; Thandi is there, too."""

    def __init__(self, bench: Bench, share: Share) -> None:
        self.bench = bench
        self.slack = bench.slack
        self.share = share

    @property
    def reply(self) -> Message:
        [reply] = self.slack.replies(self.share)
        return reply

    async def open(self) -> dict[str, Any]:
        """The form that asks."""
        self.slack.modals.clear()
        answer = await press_control(self.slack, self.reply, DELETE)
        assert answer.messages == []
        [form] = self.slack.modals.values()
        return form

    async def send(self, form: dict[str, Any], *, user: str | None = None) -> str:
        """Press its button; what stands in its place then."""
        self.slack.modals[form["id"]] = form
        answer = await self.slack.send(form, {}, user=user)
        assert isinstance(answer.body, dict)
        assert answer.body["response_action"] == "update"
        view = answer.body["view"]
        assert (view["title"]["text"], "submit" in view) == (words.DELETE_TITLE, False)
        [block] = view["blocks"]
        return str(block["text"]["text"])

    async def job(self) -> Job:
        [job] = await self.bench.jobs()
        return job

    async def is_kept(self) -> bool:
        """Whether the transcript is there, in Slack and here."""
        assert self.bench.bot is not None
        await self.bench.ended()
        job = await self.job()
        stored = await self.bench.bot.tools.database.read(lambda tx: transcripts.get(tx, job.id))
        return stored is not None and bool(self.slack.replies(self.share)) and not job.forgotten

    async def is_gone(self) -> None:
        """Wait until nothing is left of it; the recording is."""
        assert self.bench.bot is not None
        await eventually(lambda: not self.slack.replies(self.share))
        await self.bench.ended_at_last()
        job = await self.job()
        assert await self.bench.bot.tools.database.read(lambda tx: transcripts.get(tx, job.id)) is None
        assert (job.title, job.forgotten, self.slack.own_files) == (None, 2, [])
        assert len(self.slack.message(self.share.channel.id, self.share.ts).files) == 1


async def room_with(bench: Bench, *, title: str = TITLE, **more: Any) -> Room:
    slack = bench.slack
    await bench.start(**more)
    channel = slack.channel("board", kind="private", people=("amara", "thandi"))
    share = await slack.share(channel, [recording(title=title)], user=slack.user("amara"))
    await bench.ended()
    await only_reply(slack, share)
    return Room(bench, share)


def said(answer: CommandAnswer) -> list[str]:
    return [str(message["text"]) for message in answer.messages]


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_the_sharer_deletes_what_the_form_asks_about(bench: Bench, slack: Slack, mode: str) -> None:
    room = await room_with(bench, **({"slack_signing_secret": slack.signing_secret} if mode == "http" else {}))
    asked = await room.open()
    assert [asked[part]["text"] for part in ("title", "submit", "close")] == ["Delete transcript", "Delete", "Keep"]
    [block] = asked["blocks"]
    assert block["text"]["text"] == (
        f"Delete the transcript of “{TITLE}”? It's removed from this thread and from search, and can't be brought "
        "back. Your recording stays."
    )
    assert await room.is_kept(), "until the button is pressed"
    assert await room.send(asked) == "Deleting this transcript from Slack and from Threadscribe. Your recording stays."
    await room.is_gone()


async def test_a_long_one_goes_with_its_files(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = LONG
    room = await room_with(bench)
    assert len(slack.own_files) == 2
    assert await room.send(await room.open()) == words.DELETED
    await room.is_gone()


async def test_a_title_does_nothing_in_the_form(bench: Bench) -> None:
    room = await room_with(bench, title="<!channel> *bold* :smile: https://evil.example <@U1> `x`")
    [block] = (await room.open())["blocks"]
    assert block["text"]["type"] == "plain_text"
    assert block["text"]["emoji"] is False
    assert "“!channel bold :\u2060smile: https:\u2060//evil.\u2060example U1 x”?" in block["text"]["text"]


async def test_nobody_else_is_asked_or_heard(bench: Bench, slack: Slack) -> None:
    room = await room_with(bench)
    thandi = slack.user("thandi")
    slack.admins.add(thandi)
    slack.scopes.add("users:read")
    assert said(await press_control(slack, room.reply, DELETE, user=thandi)) == [words.NOT_YOURS]
    assert slack.modals == {}
    form = await room.open()
    assert await room.send(form, user=thandi) == words.NO_SUCH_RECORDING
    assert await room.is_kept()


async def test_who_only_asked_for_it_again_is_not_its_sharer(bench: Bench, slack: Slack) -> None:
    room = await room_with(bench)
    form, thandi = await room.open(), slack.user("thandi")
    assert bench.bot is not None
    await bench.bot.tools.database.write(lambda tx: tx.run("UPDATE jobs SET begun_by = :by", by=thandi))
    assert await room.send(form, user=thandi) == words.NOT_YOURS
    assert await room.is_kept()


async def test_a_form_that_is_none_is_closed(bench: Bench, slack: Slack) -> None:
    room = await room_with(bench)
    form = await room.open()
    for metadata in ("", "{}", "[]", '{"job": 1}'):
        slack.modals[form["id"]] = form
        answer = await slack.send({**form, "private_metadata": metadata}, {})
        assert (answer.status in {200, None}, answer.body) == (True, None), metadata
    assert await room.is_kept()


async def test_a_form_about_something_else_deletes_nothing(bench: Bench) -> None:
    room = await room_with(bench)
    form = await room.open()
    assert await room.send({**form, "private_metadata": '{"job": "zzzzzzzzzz"}'}) == words.NO_SUCH_RECORDING
    assert await room.is_kept()


async def test_who_has_left_meanwhile_is_told_what_they_can_do(bench: Bench, slack: Slack) -> None:
    room = await room_with(bench)
    form, amara = await room.open(), slack.user("amara")
    room.share.channel.members.remove(amara)
    assert await room.send(form) == words.NOT_IN_CONVERSATION_TO_DELETE
    assert said(await press_control(slack, room.reply, DELETE)) == [words.NOT_IN_CONVERSATION_TO_DELETE]
    assert await room.is_kept()
    room.share.channel.members.add(amara)
    assert await room.send(form) == words.DELETED


async def test_where_the_bot_is_gone_too_the_words_are_still_their_sharers_to_delete(
    bench: Bench, slack: Slack
) -> None:
    room = await room_with(bench)
    form, reply = await room.open(), room.reply
    room.share.channel.members.clear()
    slack.modals.clear()
    assert said(await press_control(slack, reply, DELETE)) == []
    assert len(slack.modals) == 1, "the menu knows it, too"
    assert await room.send(form) == words.DELETED
    assert (await room.job()).forgotten


async def test_where_slack_does_not_say_who_is_there_nothing_is_deleted(bench: Bench, slack: Slack) -> None:
    room = await room_with(bench)
    form = await room.open()
    slack.faults.arm("users.conversations", faults.answer(503))
    assert await room.send(form) == words.NOT_NOW
    assert await room.is_kept()


async def test_twice_is_once(bench: Bench) -> None:
    room = await room_with(bench)
    forms, reply = [await room.open(), await room.open()], room.reply
    told = await asyncio.gather(*(room.send(form) for form in forms))
    assert sorted(told) == sorted([words.DELETED, words.DELETED_BEFORE])
    await room.is_gone()
    late = {
        "type": "block_actions",
        "user": {"id": room.slack.user("amara")},
        "channel": {"id": reply.channel_id},
        "message": {"ts": reply.ts},
        "actions": [
            {
                "action_id": TRANSCRIPT_MENU,
                "type": "overflow",
                "selected_option": {"value": f"{(await room.job()).id}:{DELETE}"},
            }
        ],
    }
    assert said(await room.slack.interact(late)) == [words.DELETED_BEFORE], "a screen that is not up to date"


async def test_after_the_recording_was_deleted_there_is_nothing_left(bench: Bench, slack: Slack) -> None:
    slack.subscriptions.add("file_deleted")
    room = await room_with(bench)
    form = await room.open()
    slack.delete_file(room.share.file_ids[0])
    await eventually(lambda: not slack.replies(room.share))
    assert await room.send(form) == words.DELETED_BEFORE


async def test_from_a_list_elsewhere_the_thread_is_not_called_this_one(bench: Bench, slack: Slack) -> None:
    room = await room_with(bench)
    direct = slack.channel("with amara", kind="im", people=("amara",))
    listed = await slack.command("/transcripts", "", channel=direct)
    await slack.press_in_answer(listed, RECORDING_MENU, channel_id=direct.id, option="Delete…")
    [form] = slack.modals.values()
    assert "from its thread and from search" in form["blocks"][0]["text"]["text"]
    assert await room.send(form) == words.DELETED
    await room.is_gone()
