"""A recording that waits for somebody to mend something says so once, plainly, and goes on by itself."""

from datetime import timedelta

import pytest

from handlers.action_ids import CANCEL
from sandbox import faults
from sandbox.botlhale import Botlhale
from sandbox.slack import Channel, Slack
from storage.job import JobState
from tests.journeys.bench import Bench, only_reply, recording, silent, words_of

FOUR_MINUTES, SIX_MINUTES = timedelta(minutes=4), timedelta(minutes=6)
DOWNLOAD, TOKEN = "download", "POST /generateAuthToken"
PAGE = faults.answer(200, b"<html>Sign in</html>", Content_Type="text/html")
TROUBLES = {
    "permission": (DOWNLOAD, PAGE, "Threadscribe is missing a permission that it needs to open it."),
    "account": (TOKEN, faults.answer(401), "Botlhale AI isn't accepting Threadscribe's account."),
    "credit": (TOKEN, faults.answer(402), "Threadscribe's account with Botlhale AI has run out of credit."),
}


def break_it(trouble: str, slack: Slack, botlhale: Botlhale) -> str:
    """Let every call fail from now on; return what the thread is told of it."""
    call, fault, sentence = TROUBLES[trouble]
    (slack.faults if call == DOWNLOAD else botlhale.faults).arm(call, fault, times=1_000)
    return sentence


def mend(slack: Slack, botlhale: Botlhale) -> None:
    slack.faults.clear()
    botlhale.faults.clear()


def notices(slack: Slack, channel: Channel) -> list[str]:
    return [words_of(message) for message in slack.messages(channel.id) if message.by_bot]


async def pass_six_minutes(bench: Bench) -> None:
    await bench.jobs_wait(1)
    await bench.time_passes(SIX_MINUTES)


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_after_five_minutes_the_thread_is_told_and_the_transcript_takes_its_place(
    bench: Bench, slack: Slack, trouble: str
) -> None:
    sentence = break_it(trouble, slack, bench.botlhale)
    await bench.start()
    channel = slack.channel("general")
    share = await slack.share(channel, [recording(title="Call with the customer")])
    await bench.jobs_wait(1)
    await bench.time_passes(FOUR_MINUTES)
    await bench.jobs_wait(1)
    assert silent(slack, channel)
    await bench.time_passes(SIX_MINUTES)
    [told] = await slack.wait_for_replies(share)
    assert told.thread_ts == share.ts
    assert sentence in words_of(told)
    assert "The transcript follows once an admin" in words_of(told)
    assert words_of(told).startswith("“Call with the customer” is on hold. ")
    assert told.text.startswith("“Call with the customer” is on hold. ")
    await pass_six_minutes(bench)
    await bench.jobs_wait(1)
    assert len(notices(slack, channel)) == 1, "once"
    mend(slack, bench.botlhale)
    [job] = await bench.ended_at_last()
    assert job.state is JobState.REPLIED
    assert "delivery on Wednesday" in words_of(await only_reply(slack, share))


async def test_of_several_recordings_in_one_conversation_one_is_told_in_an_hour(bench: Bench, slack: Slack) -> None:
    break_it("account", slack, bench.botlhale)
    await bench.start()
    channel, other = slack.channel("general"), slack.channel("other")
    shares = [await slack.share(channel, [recording()]) for _ in range(3)]
    await slack.share(other, [recording()])
    await bench.jobs_wait(4)
    for _ in range(3):
        await bench.time_passes(SIX_MINUTES)
        await bench.jobs_wait(4)
    assert len(notices(slack, channel)) == 1
    assert len(notices(slack, other)) == 1
    reactions = [set(slack.message(channel.id, share.ts).reactions) for share in shares]
    assert reactions == [{"hourglass_flowing_sand"}] * 3
    mend(slack, bench.botlhale)
    await bench.ended_at_last(4)
    await slack.quiet()
    assert [len(slack.replies(share)) for share in shares] == [1, 1, 1]
    assert not [said for said in notices(slack, channel) if "on hold" in said]


async def test_a_recording_that_is_on_hold_can_be_cancelled_there(bench: Bench, slack: Slack) -> None:
    break_it("credit", slack, bench.botlhale)
    await bench.start()
    channel = slack.channel("general")
    share = await slack.share(channel, [recording()])
    await pass_six_minutes(bench)
    [told] = await slack.wait_for_replies(share)
    await slack.press(told, CANCEL, user=slack.user("amara"))
    await bench.ended_at_last()
    await slack.quiet()
    assert silent(slack, channel)


async def test_a_provider_that_is_only_away_is_no_matter_for_people(bench: Bench, slack: Slack) -> None:
    bench.botlhale.faults.arm(TOKEN, faults.answer(503), times=1_000)
    await bench.start()
    channel = slack.channel("general")
    await slack.share(channel, [recording()])
    await pass_six_minutes(bench)
    await pass_six_minutes(bench)
    await bench.jobs_wait(1)
    assert silent(slack, channel)
