"""A conversation's first transcript says where its audio goes, and no other one does."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path

import pytest

from handlers.action_ids import NAME_SPEAKERS
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.script import Segment
from sandbox.slack import Channel, Message, Share, Slack
from storage import forgetting, preferences, reruns
from storage.database import Transaction
from storage.forgetting import ForgetRequest
from storage.job import Job, JobState, Reason
from storage.options import TranscriptionOptions
from storage.preferences import Preferences, Scope
from tests.journeys.bench import WEBHOOK_TOKEN, Bench, gowajee_settings, recording, words_of
from tests.journeys.forkserver import Nursery
from tests.journeys.test_killed_everywhere import LONG, SAVE, Death, Way, life, one_reply

LINE = "Audio from here goes to Botlhale AI, a company in South Africa. To change that, type /transcripts settings."


async def replied(bench: Bench, channel: Channel, *, count: int) -> Message:
    """The reply to another recording in that channel, which is the job with this number."""
    share = await bench.slack.share(channel, [recording()])
    await bench.ended(count)
    return reply_to(bench.slack, share)


def reply_to(slack: Slack, share: Share) -> Message:
    [reply] = slack.replies(share)
    return reply


def says_it(message: Message) -> bool:
    assert (LINE in words_of(message)) is (LINE in message.text)
    return LINE in words_of(message)


async def test_the_first_one_says_it_in_small_print_and_the_next_ones_do_not(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    first = await replied(bench, channel, count=1)
    [small] = [block for block in first.blocks if LINE in str(block)]
    assert small["type"] == "context"
    assert says_it(first)
    assert not says_it(await replied(bench, channel, count=2))
    assert says_it(await replied(bench, slack.channel("other"), count=3))
    alone = slack.channel("", kind="im")
    assert says_it(await replied(bench, alone, count=4))
    assert not says_it(await replied(bench, alone, count=5))


async def test_a_failure_and_a_recording_without_speech_are_no_transcripts(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    bench.botlhale.fail_next()
    assert not says_it(await replied(bench, channel, count=1))
    bench.botlhale.script = []
    assert not says_it(await replied(bench, channel, count=2))
    bench.botlhale.script = [Segment(start=0, end=1, speaker=0, text="Good morning.")]
    assert says_it(await replied(bench, channel, count=3))
    assert not says_it(await replied(bench, channel, count=4))


async def test_of_many_at_once_one_says_it(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    shares = await asyncio.gather(*(slack.share(channel, [recording()]) for _ in range(6)))
    await bench.ended(6)
    assert [says_it(reply_to(slack, share)) for share in shares].count(True) == 1


async def test_it_stays_when_the_reply_changes(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording()])
    await bench.ended()
    await name_the_speaker(bench, reply_to(slack, share))
    assert "Thandi" in words_of(reply_to(slack, share))
    assert says_it(reply_to(slack, share))
    await rerun(bench, TranscriptionOptions(language="zu-ZA"))
    assert "Thandi" not in words_of(reply_to(slack, share))
    assert says_it(reply_to(slack, share))


async def test_it_names_the_service_of_the_conversation_also_after_another_one_did_it_again(
    bench: Bench, slack: Slack
) -> None:
    port = free_port()
    async with Gowajee(webhook_url=f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}") as gowajee:
        await bench.start(**{**gowajee_settings(gowajee), "transcriber": "botlhale", "http_port": port})
        channel = slack.channel("general")
        share = await slack.share(channel, [recording()])
        await bench.ended()
        assert says_it(reply_to(slack, share))
        await rerun(bench, TranscriptionOptions(transcriber="gowajee"))
        shown = words_of(reply_to(slack, share))
        assert "Transcribed by Gowajee" in shown
        assert "Audio from here goes to Botlhale AI, a company in South Africa. To change that, type" in shown
        assert not says_it(await replied(bench, channel, count=2))


async def test_a_recording_that_its_sharer_sends_elsewhere_does_not_speak_for_the_conversation(
    bench: Bench, slack: Slack
) -> None:
    port = free_port()
    async with Gowajee(webhook_url=f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}") as gowajee:
        await bench.start(**{**gowajee_settings(gowajee), "transcriber": "botlhale", "http_port": port})
        channel = slack.channel("general", people=("amara", "thandi"))
        own = Scope(team="T0SANDBOX", kind="person", owner=slack.user("amara"))
        wanted = Preferences(options=TranscriptionOptions(transcriber="gowajee"))
        assert bench.bot is not None
        now = bench.bot.tools.clock()
        await bench.bot.tools.database.write(lambda tx: preferences.put(tx, own, wanted, seen=0, by="U1", now=now))
        theirs = await replied(bench, channel, count=1)
        assert "Transcribed by Gowajee" in words_of(theirs)
        assert not says_it(theirs)
        share = await slack.share(channel, [recording()], user=slack.user("thandi"))
        await bench.ended(2)
        assert "Audio from here goes to Botlhale AI" in words_of(reply_to(slack, share))


async def name_the_speaker(bench: Bench, reply: Message) -> None:
    bench.slack.modals.clear()
    await bench.slack.press(reply, NAME_SPEAKERS)
    [form] = bench.slack.modals.values()
    await bench.slack.send(form, {"Name of Speaker 1": "Thandi"})
    await bench.ended()


async def rerun(bench: Bench, options: TranscriptionOptions) -> None:
    """Transcribe the oldest recording again."""
    assert bench.bot is not None
    job, now = (await bench.jobs())[-1], bench.bot.tools.clock()
    begun = await bench.bot.tools.database.write(lambda tx: reruns.rerun(tx, job, options=options, now=now, by="U1"))
    assert begun is not None
    await bench.ended()


async def test_once_it_is_deleted_the_next_transcript_says_it(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    assert says_it(await replied(bench, channel, count=1))
    assert not says_it(await replied(bench, channel, count=2))
    await forget(bench, (await bench.jobs())[-1])
    assert says_it(await replied(bench, channel, count=3))
    assert not says_it(await replied(bench, channel, count=4))


async def forget(bench: Bench, job: Job) -> None:
    assert bench.bot is not None
    request = ForgetRequest(by="U1", why="at their wish", reason=Reason.CANCELLED)
    await bench.bot.tools.database.write(
        partial(forgetting.forget, job=job, request=request, now=bench.bot.tools.clock())
    )
    await bench.ended()


async def test_a_conversation_that_an_older_release_has_answered_in_is_not_new(bench: Bench, slack: Slack) -> None:
    await bench.start()
    assert bench.bot is not None
    channel = slack.channel("general")
    await replied(bench, channel, count=1)

    def as_before(tx: Transaction) -> None:
        [row] = tx.all("SELECT id, reply_intent FROM jobs")
        intent = json.loads(row["reply_intent"])
        del intent["tells_place"]
        tx.run("UPDATE jobs SET reply_intent = :intent WHERE id = :id", id=row["id"], intent=json.dumps(intent))

    await bench.bot.tools.database.write(as_before)
    assert not says_it(await replied(bench, channel, count=2))


async def test_under_a_new_id_of_the_channel_it_is_not_said_again(bench: Bench, slack: Slack) -> None:
    slack.subscriptions |= {"channel_id_changed"}
    await bench.start(allow_slack_connect=True)
    channel = slack.channel("deal", kind="private")
    assert says_it(await replied(bench, channel, count=1))
    await slack.change_channel_id(channel)
    await bench.ended()
    assert not says_it(await replied(bench, channel, count=2))


async def test_one_whose_reply_cannot_be_posted_does_not_count(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    slack.refuse("chat.postMessage", "restricted_action_thread_locked")
    await slack.share(channel, [recording()])
    [job] = await bench.ended()
    assert job.state is JobState.ABANDONED
    assert says_it(await replied(bench, channel, count=2))


async def test_a_long_transcript_in_files_says_it_too(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = LONG
    await bench.start()
    first = await replied(bench, slack.channel("general"), count=1)
    assert len(first.files) == 2
    assert LINE in words_of(first)


@pytest.mark.parametrize("form", ["short", "long"])
@pytest.mark.parametrize("passing", [1, 2, 3, 4])
async def test_killed_at_any_moment_it_is_said_once(
    tmp_path: Path, nursery: Nursery, request: pytest.FixtureRequest, form: str, passing: int
) -> None:
    """The transcript is stored, it is noted that it says it, the reply is planned, the reply is noted."""
    way = Way(provider="botlhale", form=form, database="sqlite")
    async with life(way, tmp_path / "bot", nursery, request) as lived:
        assert not await lived.live(Death(at=SAVE, passing=passing, after="provider.check"))
        assert await lived.live()
        one_reply(lived)
        [reply] = lived._spoken()
        assert str(reply.blocks).count(LINE) == 1
