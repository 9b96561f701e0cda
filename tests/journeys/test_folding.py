"""A long transcript is folded where that is wanted and Slack takes it; where it doesn't, nothing else changes."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from handlers import words
from handlers.action_ids import NAME_SPEAKERS, TRANSCRIPT_MENU
from sandbox import faults
from sandbox.script import Segment
from sandbox.slack import Message, Share, Slack
from storage import folding
from storage.database import Transaction
from storage.folding import HOUR, WEEK
from tests.journeys.bench import Bench, eventually, only_reply, recording, tone, words_of

LONG = [
    Segment(start=n, end=n + 1, speaker=n % 2, text=f"Sentence number {n} of a meeting that fills more than a screen.")
    for n in range(30)
]
FOR_FILES = [
    Segment(start=n / 100, end=(n + 1) / 100, speaker=n % 2, text=f"Sentence number {n} of a rather long meeting.")
    for n in range(400)
]
SHORT = LONG[:4]
REFUSED = b'{"ok":false,"error":"invalid_blocks"}'


def containers(message: Message) -> list[dict[str, Any]]:
    return [dict(block) for block in message.blocks if block["type"] == "container"]


def kinds(message: Message) -> list[str]:
    return [str(block["type"]) for block in message.blocks]


def calls(slack: Slack, method: str) -> list[str]:
    """What came of each call: "ok" or the error."""
    return [call.error or "ok" for call in slack.calls if call.method == method]


def asked(slack: Slack) -> int:
    return len(calls(slack, "blocks.validate"))


class Room:
    """A channel in which recordings are shared, one after another."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.slack = bench, bench.slack
        self._number = 0

    async def share(self, script: list[Segment] = LONG) -> tuple[Share, Message]:
        """Share a recording in a channel of its own; return it and its one reply."""
        self._number += 1
        self.bench.botlhale.script = script
        channel = self.slack.channel(f"room-{self._number}", people=("amara", "thandi"))
        sound = recording(content=tone(hertz=400 + self._number), name="a.wav", filetype="wav")
        share = await self.slack.share(channel, [sound])
        await self.bench.ended(self._number)
        return share, await only_reply(self.slack, share)

    async def name(self, share: Share, name: str) -> Message:
        """Name the first speaker; return the reply as it is then."""
        (before,) = self.slack.replies(share)
        await self.slack.press(before, NAME_SPEAKERS)
        ((key, form),) = self.slack.modals.items()
        labels = [block["label"]["text"] for block in form["blocks"] if block["type"] == "input"]
        entered = next(label for label in labels if "Speaker 1" in label and "Name" in label)
        await self.slack.send(form, {entered: name})
        self.slack.modals.pop(key, None)
        await eventually(lambda: self.slack.replies(share)[0].blocks != before.blocks)
        await self.bench.ended(self._number)
        return await only_reply(self.slack, share)

    async def time_passes(self, span: timedelta) -> None:
        """What workspaces answered is so much older."""
        assert self.bench.bot is not None
        milliseconds = span // timedelta(milliseconds=1)

        def work(tx: Transaction) -> None:
            tx.run("UPDATE folding SET asked_at = asked_at - :span", span=milliseconds)

        await self.bench.bot.tools.database.write(work)


@pytest.fixture
def room(bench: Bench) -> Room:
    return Room(bench)


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, bench: Bench) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{bench.folder}/bot.db"
    return str(await asyncio.to_thread(request.getfixturevalue("postgresql").new_database))


async def test_nothing_is_folded_and_nobody_asked_unless_that_is_wanted(bench: Bench, room: Room, slack: Slack) -> None:
    slack.takes_containers = True
    await bench.start()
    _, reply = await room.share()
    assert containers(reply) == []
    assert asked(slack) == 0


async def test_where_slack_takes_it_the_rest_of_a_long_transcript_is_folded(
    bench: Bench, room: Room, slack: Slack, url: str
) -> None:
    slack.takes_containers = True
    await bench.start(fold="auto", database_url=url)
    _, reply = await room.share()
    (container,) = containers(reply)
    hidden = sum(segment.text in str(container) for segment in LONG)
    assert container["title"] == {"type": "plain_text", "text": f"Show {hidden} more turns", "emoji": False}
    assert (container["is_collapsible"], container["default_collapsed"]) == (True, True)
    shown = words_of(reply)
    assert [shown.count(segment.text) for segment in LONG] == [1] * len(LONG), "every word is there, once"
    assert LONG[0].text not in str(container)
    assert kinds(reply)[-1] == "actions", "the buttons stand outside"
    assert not reply.files

    _, another = await room.share()
    assert containers(another)
    assert asked(slack) == 1, "once a week"
    await room.time_passes(WEEK)
    await room.share()
    assert asked(slack) == 2


async def test_a_folded_reply_says_the_same_as_an_unfolded_one(bench: Bench, room: Room, slack: Slack) -> None:
    slack.takes_containers = True
    await bench.start(fold="always")
    _, folded = await room.share()
    await bench.stop()
    await bench.start(fold="never")
    _, plain = await room.share()
    assert asked(slack) == 0, "nobody is asked where it is always wanted"
    assert (len(containers(folded)), len(containers(plain))) == (1, 0)
    assert folded.text == plain.text
    assert words_of(folded).replace(containers(folded)[0]["title"]["text"], "").split() == words_of(plain).split()


async def test_a_short_transcript_is_not_folded(bench: Bench, room: Room, slack: Slack) -> None:
    slack.takes_containers = True
    await bench.start(fold="always")
    _, reply = await room.share(SHORT)
    assert containers(reply) == []


@pytest.mark.parametrize("refuses", ["containers", "rich text in them"])
async def test_where_slack_does_not_take_it_replies_stay_as_they_are(
    bench: Bench, room: Room, slack: Slack, refuses: str
) -> None:
    if refuses == "rich text in them":
        slack.takes_containers = True
        slack.container_refuses = {"rich_text"}
    await bench.start(fold="auto")
    _, reply = await room.share()
    assert containers(reply) == []
    assert words_of(reply).count(LONG[-1].text) == 1
    await room.share()
    assert calls(slack, "blocks.validate") == ["invalid_blocks"]
    assert set(calls(slack, "chat.postMessage")) == {"ok"}
    slack.takes_containers, slack.container_refuses = True, set()
    await room.time_passes(WEEK)
    _, later = await room.share()
    assert containers(later), "it is asked again after a week"


async def test_where_slack_does_not_answer_it_is_asked_again_after_an_hour(
    bench: Bench, room: Room, slack: Slack
) -> None:
    slack.takes_containers = True
    slack.faults.arm("blocks.validate", faults.answer(503))
    await bench.start(fold="auto")
    _, reply = await room.share()
    assert containers(reply) == []
    _, soon = await room.share()
    assert containers(soon) == []
    assert asked(slack) == 1
    await room.time_passes(HOUR)
    _, later = await room.share()
    assert containers(later)


async def test_a_folded_reply_that_is_refused_is_posted_unfolded_at_once(
    bench: Bench, room: Room, slack: Slack, url: str
) -> None:
    await bench.start(fold="always", database_url=url)
    _, reply = await room.share()
    assert containers(reply) == []
    assert not reply.files, "it does not become files for that"
    assert calls(slack, "chat.postMessage") == ["invalid_blocks", "ok"]
    await room.share()
    assert calls(slack, "chat.postMessage") == ["invalid_blocks", "ok", "ok"], "it is remembered"
    await room.time_passes(WEEK)
    slack.takes_containers = True
    _, later = await room.share()
    assert containers(later)


async def test_refused_with_files_it_comes_unfolded_with_its_files(bench: Bench, room: Room, slack: Slack) -> None:
    await bench.start(fold="always")
    _, reply = await room.share(FOR_FILES)
    assert containers(reply) == []
    assert len(reply.files) == 2
    assert kinds(reply)[-1] == "actions", "the buttons stay"
    assert slack.hidden_files == []
    assert calls(slack, "files.completeUploadExternal") == ["invalid_blocks", "ok"]


async def test_a_message_with_files_is_folded_too(bench: Bench, room: Room, slack: Slack) -> None:
    slack.takes_containers = True
    await bench.start(fold="always")
    share, reply = await room.share(FOR_FILES)
    assert containers(reply)
    assert len(reply.files) == 2
    assert words.IN_FILES in words_of(reply)
    named = await room.name(share, "Thandi")
    assert containers(named)
    assert "Thandi" in str(containers(named))


async def test_names_change_a_folded_reply_in_place(bench: Bench, room: Room, slack: Slack) -> None:
    slack.takes_containers = True
    await bench.start(fold="always")
    share, reply = await room.share()
    named = await room.name(share, "Thandi")
    assert named.ts == reply.ts
    (container,) = containers(named)
    assert "Thandi" in str(container)
    assert "Speaker 1" not in words_of(named)


@pytest.mark.parametrize("takes", [True, False], ids=["taken", "refused"])
async def test_done_again_a_folded_reply_is_edited_in_place(
    bench: Bench, room: Room, slack: Slack, *, takes: bool
) -> None:
    slack.takes_containers = True
    await bench.start(fold="always")
    share, reply = await room.share()
    slack.takes_containers = takes
    bench.botlhale.script = [*LONG, Segment(start=30, end=31, speaker=0, text="And one more sentence.")]
    await slack.press(reply, TRANSCRIPT_MENU, option=words.RERUN_OPTION)
    (form,) = slack.modals.values()
    await slack.send(form, {words.CHOOSE_SPEAKERS: "2"})
    await eventually(lambda: slack.replies(share)[0].blocks != reply.blocks)
    await bench.ended()
    again = await only_reply(slack, share)
    assert (again.ts, bool(containers(again)), len(again.files)) == (reply.ts, takes, 0)
    assert "And one more sentence." in words_of(again)


async def test_refused_while_names_are_shown_it_is_edited_unfolded(bench: Bench, room: Room, slack: Slack) -> None:
    await _is_edited_unfolded(bench, room, slack, script=LONG)


async def test_refused_while_names_are_shown_in_files_it_is_edited_unfolded(
    bench: Bench, room: Room, slack: Slack
) -> None:
    await _is_edited_unfolded(bench, room, slack, script=FOR_FILES)


async def _is_edited_unfolded(bench: Bench, room: Room, slack: Slack, *, script: list[Segment]) -> None:
    slack.takes_containers = True
    await bench.start(fold="always")
    share, reply = await room.share(script)
    assert containers(reply)
    slack.takes_containers = False
    named = await room.name(share, "Thandi")
    assert (named.ts, containers(named), len(named.files)) == (reply.ts, [], len(reply.files))
    assert "Thandi" in words_of(named)
    assert calls(slack, "chat.update") == ["invalid_blocks", "ok"]
    await room.name(share, "Sipho")
    assert calls(slack, "chat.update") == ["invalid_blocks", "ok", "ok"], "it is remembered"


async def test_switched_off_a_folded_reply_is_unfolded_with_its_next_change(
    bench: Bench, room: Room, slack: Slack
) -> None:
    slack.takes_containers = True
    await bench.start(fold="always")
    share, reply = await room.share()
    assert containers(reply)
    await bench.stop()
    await bench.start(fold="never")
    assert containers(await room.name(share, "Thandi")) == []


async def test_files_that_slack_does_not_take_with_buttons_say_nothing_about_folding(
    bench: Bench, room: Room, slack: Slack
) -> None:
    slack.takes_containers = True
    slack.faults.arm(
        "files.completeUploadExternal", faults.answer(200, REFUSED, Content_Type="application/json"), times=2
    )
    await bench.start(fold="always")
    await room.share(FOR_FILES)
    _, reply = await room.share()
    assert containers(reply), "the workspace takes folded messages"


async def test_nobody_is_asked_about_a_transcript_that_is_short(bench: Bench, room: Room, slack: Slack) -> None:
    slack.takes_containers = True
    await bench.start(fold="auto")
    _, reply = await room.share(LONG[:2])
    assert (containers(reply), asked(slack)) == ([], 0)


async def test_an_edit_that_is_refused_also_without_folding_says_nothing_of_the_workspace(
    bench: Bench, room: Room, slack: Slack
) -> None:
    slack.takes_containers = True
    await bench.start(fold="always")
    _, reply = await room.share()
    assert containers(reply)
    slack.faults.arm("chat.update", faults.answer(200, REFUSED, Content_Type="application/json"), times=2)
    await slack.press(reply, NAME_SPEAKERS)
    [form] = slack.modals.values()
    await slack.send(form, {"Name of Speaker 1": "Amara"})
    await eventually(lambda: len(calls(slack, "chat.update")) == 2)
    await bench.ended()
    assert bench.bot is not None
    assert await bench.bot.tools.database.read(folding.answers) == {}
