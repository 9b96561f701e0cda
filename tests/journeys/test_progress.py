"""A long recording has a message that tells how far it is, with a button that ends it; short ones have none."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handlers import words
from handlers.action_ids import CANCEL
from sandbox import faults
from sandbox.slack import Message, Share, Slack
from storage import speeds
from storage.database import Transaction
from storage.job import Job, JobState
from tests.journeys.bench import Bench, eventually, only_reply, quiet, silent, words_of


async def told(bench: Bench, share: Share, *, containing: str = "with Botlhale AI") -> Message:
    """The message about the progress, once it says so."""
    slack = bench.slack
    found: list[Message] = []

    def there() -> bool:
        found[:] = [message for message in slack.replies(share) if containing in message.text]
        return bool(found)

    await eventually(there)
    return found[0]


async def in_work(bench: Bench, *, seconds: int = 301, **more: Any) -> Share:
    bench.botlhale.hold = True
    await bench.start(**more)
    return await bench.slack.share(bench.slack.channel("general"), [quiet(seconds)])


async def learn(bench: Bench) -> None:
    """The provider is known to take a minute or so for five."""
    assert bench.bot is not None

    def work(tx: Transaction) -> None:
        for _ in range(speeds.ENOUGH):
            speeds.learn(
                tx, provider="botlhale", model="", length=timedelta(minutes=5), time_taken=timedelta(seconds=66)
            )

    await bench.bot.tools.database.write(work)


async def changed_long_ago(bench: Bench) -> None:
    [job] = await bench.jobs()
    assert bench.bot is not None
    assert job.progress is not None
    before = json.dumps(json.loads(job.progress) | {"at": 0})
    await bench.bot.tools.database.write(lambda tx: tx.run("UPDATE jobs SET progress = :before", before=before))


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_it_is_told_how_far_a_long_one_is_until_the_transcript_is_there(
    bench: Bench, slack: Slack, mode: str
) -> None:
    way_in: dict[str, Any] = {"slack_signing_secret": slack.signing_secret} if mode == "http" else {}
    share = await in_work(bench, **way_in)
    message = await told(bench, share)
    assert message.text == "Transcribing “meeting. wav” (5 min) with Botlhale AI."
    assert "Transcribing “meeting.wav” (5 min) with Botlhale AI." in words_of(message)
    assert words.CANCEL in words_of(message)
    bench.botlhale.release()
    [job] = await bench.ended_at_last()
    reply = await only_reply(slack, share)
    assert "Transcribed by Botlhale AI" in words_of(reply)
    assert job.progress is None


async def test_a_short_one_has_the_reaction_only(bench: Bench, slack: Slack) -> None:
    share = await in_work(bench, seconds=300)
    await bench.waits(JobState.SUBMITTED)
    assert silent(slack, share.channel)


async def test_it_is_expected_when_what_was_learned_says(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await learn(bench)
    bench.botlhale.hold = True
    share = await slack.share(slack.channel("general"), [quiet(301)])
    message = await told(bench, share, containing="Ready around")
    [expected] = [
        part["timestamp"]
        for block in message.blocks
        for section in block.get("elements", [])
        for part in section.get("elements", [])
        if part.get("type") == "date"
    ]
    assert timedelta(0) < datetime.fromtimestamp(expected, tz=UTC) - datetime.now(UTC) < timedelta(minutes=3)


async def test_one_that_is_late_is_said_to_be(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await learn(bench)
    bench.botlhale.hold = True
    share = await slack.share(slack.channel("general"), [quiet(301)])
    first = await told(bench, share, containing="Ready around")
    await bench.waits(JobState.SUBMITTED)
    await changed_long_ago(bench)
    await bench.time_passes(timedelta(minutes=10))
    later = await told(bench, share, containing=words.TAKES_LONGER)
    assert later.ts == first.ts


async def test_its_button_ends_it(bench: Bench, slack: Slack) -> None:
    share = await in_work(bench)
    message = await told(bench, share)
    await bench.waits(JobState.SUBMITTED)
    answer = await slack.press(message, CANCEL)
    assert (await answer.wait_for_messages())[0]["text"] == words.CANCELLED
    await bench.ended()
    assert silent(slack, share.channel)


async def test_it_is_changed_only_when_there_is_something_new(bench: Bench, slack: Slack) -> None:
    share = await in_work(bench, soonest_look=0.05)
    await told(bench, share)
    for _ in range(5):
        await bench.waits(JobState.SUBMITTED)
        await bench.time_passes(timedelta(seconds=30))
    assert [call.method for call in slack.calls].count("chat.postMessage") == 1
    assert [call.method for call in slack.calls].count("chat.update") == 1


@pytest.mark.parametrize("trouble", ["refused", "away", "unanswered"])
async def test_where_slack_takes_no_such_message_the_transcript_comes_all_the_same(
    bench: Bench, slack: Slack, trouble: str
) -> None:
    slack.scopes.add("channels:history")
    match trouble:
        case "refused":
            slack.refuse("chat.postMessage", "restricted_action")
        case "away":
            slack.faults.arm("chat.postMessage", faults.answer(503))
        case _:
            slack.faults.arm("chat.postMessage", faults.hang_up_after())
    await bench.start()
    share = await slack.share(slack.channel("general"), [quiet(301)])
    [job] = await bench.ended_at_last()
    await only_reply(slack, share)
    assert job.failure is None


async def test_one_that_somebody_deleted_is_not_missed(bench: Bench, slack: Slack) -> None:
    share = await in_work(bench)
    message = await told(bench, share)
    slack.delete_message(share.channel, message.ts)
    bench.botlhale.release()
    await bench.ended_at_last()
    await only_reply(slack, share)


async def test_one_that_is_cancelled_while_it_is_posted_leaves_nothing(bench: Bench, slack: Slack) -> None:
    slack.faults.arm("chat.postMessage", faults.slow(0.7))
    share = await in_work(bench)
    found: list[Job] = []
    async with asyncio.timeout(20):
        while not (found and found[0].progress):
            found = await bench.jobs()
            await asyncio.sleep(0.01)
    await slack.command("/transcripts", f"cancel {found[0].id}", channel=share.channel)
    await eventually(lambda: "chat.delete" in [call.method for call in slack.calls])
    await bench.ended()
    assert silent(slack, share.channel)
