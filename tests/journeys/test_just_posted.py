"""A button is pressed at the very moment its message appears, before anybody has stored where it is."""

from __future__ import annotations

from typing import Any

import pytest

from handlers import words
from handlers.action_ids import EXPORT, NAME_SPEAKERS, RERUN, RETRY
from sandbox import faults
from sandbox.script import Segment
from sandbox.slack import CommandAnswer, Message, Slack
from storage.job import JobState
from tests.journeys.bench import Bench, press_control, recording, words_of

SOON = 0.6
"""Seconds that Slack takes to answer a post that is already there."""


async def just_posted(bench: Bench, *, after: float = SOON, **more: Any) -> Message:
    """A reply that people see, and whose timestamp the bot learns only `after` so many seconds."""
    slack = bench.slack
    await bench.start(**more)
    slack.faults.arm("chat.postMessage", faults.answers_late(after))
    share = await slack.share(slack.channel("general"), [recording()])
    [reply] = await slack.wait_for_replies(share)
    [job] = await bench.jobs()
    assert (job.state, job.reply_ts) == (JobState.REPLYING, None)
    return reply


def said(answer: CommandAnswer) -> list[str]:
    return [str(message["text"]) for message in answer.messages]


@pytest.mark.parametrize("mode", ["socket", "http"])
@pytest.mark.parametrize("action", [EXPORT, NAME_SPEAKERS, RERUN])
async def test_a_button_of_the_transcript_opens_its_form(bench: Bench, slack: Slack, mode: str, action: str) -> None:
    way_in: dict[str, Any] = {"slack_signing_secret": slack.signing_secret} if mode == "http" else {}
    reply = await just_posted(bench, **way_in)
    answer = await press_control(slack, reply, action)
    assert (said(answer), len(slack.modals)) == ([], 1)
    assert answer.status == 200


async def test_retry_under_a_failure_is_done(bench: Bench, slack: Slack) -> None:
    bench.botlhale.fail_next()
    reply = await just_posted(bench)
    assert said(await slack.press(reply, RETRY)) == [words.RERUN_STARTED]


@pytest.mark.parametrize("action", [EXPORT, NAME_SPEAKERS])
@pytest.mark.parametrize("on", ["recording", "reply"])
async def test_a_shortcut_opens_its_form(bench: Bench, slack: Slack, action: str, on: str) -> None:
    reply = await just_posted(bench)
    assert reply.thread_ts is not None
    message = reply if on == "reply" else slack.message(reply.channel_id, reply.thread_ts)
    answer = await slack.choose(message, action)
    assert (said(answer), len(slack.modals)) == ([], 1)


@pytest.mark.parametrize("action", [EXPORT, NAME_SPEAKERS, RERUN])
async def test_after_two_seconds_it_is_said_that_it_is_still_in_work(bench: Bench, slack: Slack, action: str) -> None:
    reply = await just_posted(bench, after=6)
    answer = await press_control(slack, reply, action)
    assert (said(answer), slack.modals) == ([words.STILL_IN_WORK], {})
    assert answer.status == 200, "Slack waits three seconds"


async def test_an_edited_reply_is_waited_for_too(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording()])
    await bench.ended()
    [reply] = slack.replies(share)
    slack.faults.arm("chat.update", faults.answers_late(SOON))
    bench.botlhale.script = [Segment(start=0, end=1, speaker=0, text="Something else entirely.")]
    await press_control(slack, reply, RERUN)
    [form] = slack.modals.values()
    await slack.send(form, {words.CHOOSE_SPEAKERS: "2"})
    await slack.until(lambda: "Something else" in words_of(slack.replies(share)[0]))
    assert (await bench.jobs())[0].state is JobState.REPLYING
    assert (said(await slack.press(reply, EXPORT)), len(slack.modals)) == ([], 1)


async def test_a_button_in_another_conversation_is_refused_at_once(bench: Bench, slack: Slack) -> None:
    reply = await just_posted(bench, after=6)
    [job] = await bench.jobs()
    payload = {
        "type": "block_actions",
        "user": {"id": slack.user("amara")},
        "channel": {"id": slack.channel("other").id},
        "message": {"ts": reply.ts},
        "actions": [{"action_id": EXPORT, "type": "button", "value": job.id}],
    }
    assert said(await slack.interact(payload)) == [words.NOT_HERE]
    assert (await bench.jobs())[0].reply_ts is None, "nobody has waited"
