"""What was shared while nobody heard Slack is answered once somebody does: oldest first, nothing twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.background.catching_up import CatchingUp
from sandbox import faults
from sandbox.slack import Share, Slack, Upload
from storage import gaps
from storage.database import Transaction
from tests.journeys.bench import Bench, only_reply, recording, silent
from tests.journeys.database_probe import Books

HOUR = timedelta(hours=1)


@pytest.fixture
def modes(slack: Slack) -> dict[str, dict[str, Any]]:
    return {"socket": {}, "http": {"slack_signing_secret": slack.signing_secret}}


async def heard(bench: Bench) -> None:
    """Wait until it is noted that Slack is heard."""
    assert bench.bot is not None
    database = bench.bot.tools.database

    def noted(tx: Transaction) -> bool:
        return gaps.last(tx) is not None

    while not await database.read(noted):
        pass


async def missed(bench: Bench, *uploads: Upload, channel: str = "missed") -> Share:
    """Share something that no event tells of."""
    slack = bench.slack
    before, slack.retry_delays = slack.retry_delays, ()
    share = await slack.share(slack.channel(channel), list(uploads) or [recording()])
    await slack.quiet()
    slack.retry_delays = before
    return share


async def away(bench: Bench, *, span: timedelta = HOUR) -> None:
    """Stop the bot, as if it had been away for so long."""
    await bench.stop()
    bench.slack.events_url = None
    books = Books("sqlite:///bot.db", bench.folder)
    await books.nobody_heard(round(span.total_seconds() * 1000))


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_what_was_missed_is_answered_oldest_first_and_once(
    bench: Bench, slack: Slack, modes: dict[str, dict[str, Any]], mode: str
) -> None:
    await bench.start(**modes[mode])
    known = await slack.share(slack.channel("general"), [recording()])
    await bench.ended()
    await heard(bench)
    await away(bench)
    first = await missed(bench, channel="first")
    second = await missed(bench, channel="second")
    await bench.start(**modes[mode])

    for share in (first, second):
        await slack.wait_for_replies(share)
    jobs = await bench.ended(3)
    assert [job.origin.occasion for job in jobs] == [second.ts, first.ts, known.ts]
    for share in (known, first, second):
        await only_reply(slack, share)


async def test_an_event_that_comes_late_after_all_answers_nothing_twice(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await heard(bench)
    await away(bench)
    share = await missed(bench)
    await bench.start()
    await slack.wait_for_replies(share)
    event = {
        "type": "file_shared",
        "file_id": share.file_ids[0],
        "file": {"id": share.file_ids[0]},
        "channel_id": share.channel.id,
        "user_id": slack.user("amara"),
        "event_ts": share.ts,
    }
    await slack.deliver(event)
    await bench.ended_at_last(2)
    await only_reply(slack, share)


async def test_at_the_very_first_start_nothing_old_is_answered(bench: Bench, slack: Slack) -> None:
    share = await missed(bench)
    await bench.start()
    await heard(bench)
    assert await bench.jobs() == []
    assert silent(slack, share.channel)


async def test_a_restart_is_no_gap(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await heard(bench)
    await away(bench, span=timedelta(seconds=20))
    await missed(bench)
    await bench.start()
    await heard(bench)
    await slack.quiet()
    assert "files.list" not in [call.method for call in slack.calls]


async def test_slack_that_is_away_just_then_is_asked_again(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await heard(bench)
    await away(bench)
    share = await missed(bench)
    slack.faults.arm("files.list", faults.answer(503), times=3)
    bot = await bench.start()
    assert bot.catching_up is not None
    often = CatchingUp(bot.tools, beat=timedelta(seconds=0.05), process=bot.catching_up.process)
    catching_up = asyncio.create_task(often.run())
    await slack.wait_for_replies(share)
    await bench.ended()
    await only_reply(slack, share)
    catching_up.cancel()


async def test_a_file_that_slack_will_not_describe_keeps_nobody_waiting(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await heard(bench)
    await away(bench)
    await missed(bench, channel="older")
    share = await missed(bench)
    slack.refuse("files.info", "file_not_found")  # the oldest is asked about first
    await bench.start()
    await slack.wait_for_replies(share)
    await bench.ended()
    await only_reply(slack, share)


@pytest.mark.parametrize("lists_shares", [False, True])
async def test_what_was_shared_once_more_in_the_same_conversation_is_answered_there_too(
    bench: Bench, slack: Slack, *, lists_shares: bool
) -> None:
    slack.lists_shares = lists_shares
    await bench.start()
    channel = slack.channel("general")
    known, other = [await slack.share(channel, [recording()]) for _ in range(2)]
    await bench.ended(2)
    await heard(bench)
    await away(bench, span=timedelta(minutes=5))
    slack.retry_delays = ()
    root = slack.say(channel, "Look at this again:")
    again = await slack.share_existing(channel, known.file_ids[0], thread_ts=root)
    await slack.quiet()
    begun = len(slack.calls)
    await bench.start()
    await slack.wait_for_replies(again)
    await bench.ended(3)
    await slack.quiet()
    assert [len(slack.replies(share)) for share in (known, other, again)] == [1, 1, 1]
    asked = [call.args["file"] for call in slack.calls[begun:] if call.method == "files.info"]
    assert (other.file_ids[0] in asked) is not lists_shares, "where the list tells that it is known, nobody asks"


@pytest.mark.long
async def test_where_slack_stops_answering_in_between_what_was_found_is_in_work(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await heard(bench)
    await away(bench)
    shares = [await missed(bench, channel=f"channel-{number}") for number in range(4)]
    slack.faults.arm("files.info", faults.slow(0), times=2)
    slack.faults.arm("files.info", faults.rate_limited(1))
    bot = await bench.start()
    for share in shares[:2]:
        await slack.wait_for_replies(share)
    await bench.ended(2)
    assert bot.catching_up is not None
    often = CatchingUp(bot.tools, beat=timedelta(seconds=0.05), process=bot.catching_up.process)
    catching_up = asyncio.create_task(often.run())
    for share in shares[2:]:
        await slack.wait_for_replies(share)
    await bench.ended(4)
    catching_up.cancel()
    for share in shares:
        await only_reply(slack, share)


async def test_a_long_list_is_read_to_its_end(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await heard(bench)
    await away(bench)
    share = await missed(bench)
    text: dict[str, Any] = {"content": b"text", "filetype": "text", "mimetype": "text/plain"}
    texts = [Upload(name=f"{number}.txt", **text) for number in range(230)]
    await missed(bench, *texts, channel="texts")
    await bench.start()
    await slack.wait_for_replies(share)
    assert [call.method for call in slack.calls].count("files.list") == 2
    assert len(await bench.ended()) == 1


async def test_what_lies_farther_back_than_a_week_is_left_alone(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await heard(bench)
    await away(bench, span=timedelta(days=30))
    share = await missed(bench)
    await bench.start()
    await slack.wait_for_replies(share)
    since = [call.args["ts_from"] for call in slack.calls if call.method == "files.list"]
    assert len(since) == 1
    assert abs(float(share.ts) - float(since[0]) - timedelta(days=7).total_seconds()) < HOUR.total_seconds()


async def test_a_file_that_was_there_long_before_its_message_was_sent_is_found(bench: Bench, slack: Slack) -> None:
    """Somebody drops it into a message and goes on writing; Slack lists it by the time of its upload."""
    await bench.start()
    await heard(bench)
    await away(bench, span=timedelta(minutes=3))
    share = await missed(bench, recording(waited=18 * 60))
    await bench.start()
    await slack.wait_for_replies(share)
    await bench.ended()
    await only_reply(slack, share)


async def test_a_recording_of_which_slack_does_not_tell_the_message_yet_is_looked_for_again(
    bench: Bench, slack: Slack
) -> None:
    await bench.start()
    await heard(bench)
    await away(bench)
    slack.retry_delays = ()
    share = await slack.share(slack.channel("late"), [recording()], late_shares=2)
    await slack.quiet()
    bot = await bench.start()
    assert bot.catching_up is not None
    often = CatchingUp(bot.tools, beat=timedelta(seconds=0.05), process=bot.catching_up.process)
    catching_up = asyncio.create_task(often.run())
    await slack.wait_for_replies(share)
    catching_up.cancel()
    await bench.ended()
    await only_reply(slack, share)
