"""People ask for a recording: by the shortcut on its message, or by a reaction."""

from __future__ import annotations

from typing import Any

import pytest

from handlers import words
from handlers.action_ids import TRANSCRIBE
from handlers.job_actions import RERUN_FORM
from handlers.reaction_limits import PER_PERSON
from sandbox import faults
from sandbox.slack import Channel, Share, Slack, Upload
from storage import preferences
from storage.job import JobState
from storage.preferences import Preferences, Scope
from tests.journeys.bench import Bench, only_reply, recording, silent

EMOJI = "studio_microphone"
PEOPLE = ("amara", "thandi")


@pytest.fixture(autouse=True)
def subscribed(slack: Slack) -> None:
    slack.subscriptions.add("reaction_added")
    slack.scopes.add("reactions:read")


async def on_request(bench: Bench, channel: Channel) -> None:
    place = Scope(team="T0SANDBOX", kind="channel", owner=channel.id)
    assert bench.bot is not None
    tools = bench.bot.tools
    wanted = Preferences(automatic=False)
    await tools.database.write(lambda tx: preferences.put(tx, place, wanted, seen=0, by="U1", now=tools.clock()))


async def left_alone(bench: Bench) -> Share:
    """A recording in a channel in which nothing happens by itself."""
    channel = bench.slack.channel("general", people=PEOPLE)
    await on_request(bench, channel)
    share = await bench.slack.share(channel, [recording()])
    await bench.ended()
    assert silent(bench.slack, channel)
    return share


async def before_the_bot(bench: Bench, **more: Any) -> Share:
    """A recording that nobody has told the bot of."""
    slack = bench.slack
    slack.subscriptions.discard("file_shared")
    share = await slack.share(slack.channel("general", people=PEOPLE), [recording()], **more)
    await slack.quiet()
    assert await bench.jobs() == []
    return share


async def choose(slack: Slack, share: Share, *, user: str = "thandi") -> str:
    answer = await slack.choose(slack.message(share.channel.id, share.ts), TRANSCRIBE, user=slack.user(user))
    if slack.modals:
        return ""
    return str((await answer.wait_for_messages())[0]["text"])


@pytest.mark.parametrize("mode", ["socket", "http"])
@pytest.mark.parametrize("way", ["shortcut", "reaction"])
@pytest.mark.parametrize("known", [True, False])
async def test_whoever_asks_gets_the_transcript(
    bench: Bench,
    slack: Slack,
    mode: str,
    way: str,
    known: bool,  # noqa: FBT001
) -> None:
    way_in: dict[str, Any] = {"slack_signing_secret": slack.signing_secret} if mode == "http" else {}
    await bench.start(**way_in)
    share = await (left_alone(bench) if known else before_the_bot(bench))
    if way == "shortcut":
        assert await choose(slack, share) == words.ASKED_FOR
    else:
        slack.react(share.channel, share.ts, EMOJI, user=slack.user("thandi"))
        await slack.quiet()
    [job] = await bench.ended()
    await only_reply(slack, share)
    assert (job.requested_by, job.origin.user) == (slack.user("thandi"), slack.user("amara"))


async def test_a_recording_in_a_thread_is_answered_there(bench: Bench, slack: Slack) -> None:
    await bench.start()
    slack.subscriptions.discard("file_shared")
    channel = slack.channel("general", people=PEOPLE)
    root = slack.say(channel, "Listen to this")
    share = await slack.share(channel, [recording()], thread_ts=root)
    assert await choose(slack, share) == words.ASKED_FOR
    await bench.ended()
    [reply] = [message for message in slack.messages(channel.id) if message.by_bot]
    assert reply.thread_ts == root


async def test_asking_many_times_is_answered_once(bench: Bench, slack: Slack) -> None:
    bench.botlhale.hold = True
    await bench.start()
    share = await before_the_bot(bench)
    assert await choose(slack, share) == words.ASKED_FOR
    slack.react(share.channel, share.ts, EMOJI)
    assert await choose(slack, share, user="amara") == words.ALREADY_IN_WORK
    await slack.quiet()
    bench.botlhale.release()
    [job] = await bench.ended()
    await only_reply(slack, share)
    assert job.requested_by == slack.user("thandi")


async def test_what_is_done_can_be_done_in_another_way(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await slack.share(slack.channel("general", people=PEOPLE), [recording()])
    await bench.ended()
    slack.react(share.channel, share.ts, EMOJI)
    await slack.quiet()
    await bench.ended()
    await only_reply(slack, share)
    assert await choose(slack, share, user="amara") == ""
    assert [form["callback_id"] for form in slack.modals.values()] == [RERUN_FORM]
    slack.modals.clear()
    assert await choose(slack, share) == words.NOT_YOURS_TO_CHANGE


async def test_a_message_without_a_recording_is_said_to_have_none(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general", people=PEOPLE)
    notes = Upload(content=b"some notes", name="notes.txt", filetype="text", mimetype="text/plain")
    share = await slack.share(channel, [notes])
    await bench.ended()
    assert await choose(slack, share) == words.NO_RECORDING
    slack.react(channel, share.ts, EMOJI)
    slack.react(channel, slack.say(channel, "Hello"), EMOJI)
    await slack.quiet()
    assert len(await bench.jobs()) == 1


async def test_other_reactions_ask_for_nothing(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await left_alone(bench)
    slack.react(share.channel, share.ts, "thumbsup")
    slack.react(share.channel, share.ts, EMOJI, user=slack.bot_user_id)
    await slack.quiet()
    assert (await bench.jobs())[0].state is JobState.ABANDONED


@pytest.mark.parametrize("written", ["memo", ":memo:", ":memo::skin-tone-2:"])
async def test_the_emoji_is_a_setting(bench: Bench, slack: Slack, written: str) -> None:
    await bench.start(reaction_request=written)
    share = await left_alone(bench)
    slack.react(share.channel, share.ts, EMOJI)
    await slack.quiet()
    assert (await bench.jobs())[0].state is JobState.ABANDONED
    slack.react(share.channel, share.ts, "memo::skin-tone-3")
    await slack.quiet()
    await bench.ended()
    await only_reply(slack, share)


async def test_a_reaction_that_comes_while_slack_is_away_is_told_again(bench: Bench, slack: Slack) -> None:
    slack.retry_delays = (0.1,) * 10
    await bench.start()
    share = await before_the_bot(bench)
    slack.faults.arm("reactions.get", faults.answer(503), times=2)
    slack.react(share.channel, share.ts, EMOJI)
    await slack.quiet()
    await bench.ended()
    await only_reply(slack, share)


def looked_up(slack: Slack) -> int:
    return [call.method for call in slack.calls].count("reactions.get")


async def test_a_reaction_that_is_repeated_costs_one_call(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general", people=PEOPLE)
    ts = slack.say(channel, "Hello")
    for _ in range(5):
        slack.react(channel, ts, EMOJI)
        await slack.quiet()
    assert looked_up(slack) == 1
    slack.react(channel, ts, EMOJI, user=slack.user("thandi"))
    await slack.quiet()
    assert looked_up(slack) == 2


async def test_a_person_who_reacts_to_everything_does_not_use_up_everybodys_calls(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await left_alone(bench)
    for number in range(PER_PERSON + 10):
        slack.react(share.channel, slack.say(share.channel, f"Message {number}"), EMOJI)
    await slack.quiet()
    assert looked_up(slack) == PER_PERSON
    slack.react(share.channel, share.ts, EMOJI, user=slack.user("thandi"))
    await slack.quiet()
    await bench.ended()
    await only_reply(slack, share)


async def test_where_the_bot_is_not_one_is_told_to_invite_it(bench: Bench, slack: Slack) -> None:
    await bench.start()
    slack.subscriptions.discard("file_shared")
    share = await slack.share(slack.channel("elsewhere", people=PEOPLE, member=False), [recording()])
    assert await choose(slack, share) == words.INVITE_FIRST
    private = await slack.share(slack.channel("secret", kind="private", people=PEOPLE, member=False), [recording()])
    assert await choose(slack, private) == words.INVITE_FIRST
    assert await bench.jobs() == []


async def test_a_channel_of_two_companies_is_turned_on_first(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await slack.share(slack.channel("partners", people=PEOPLE, external=True), [recording()])
    await bench.ended()
    assert await choose(slack, share) == words.LEFT_TO_ITSELF
    slack.react(share.channel, share.ts, EMOJI)
    await slack.quiet()
    await bench.ended()
    assert silent(slack, share.channel)


@pytest.mark.parametrize("change", ["team", "message", "file"])
async def test_a_payload_that_was_changed_opens_nothing_of_others(bench: Bench, slack: Slack, change: str) -> None:
    await bench.start()
    share = await left_alone(bench)
    other = slack.channel("secret", kind="private", people=("thandi",), member=False)
    secret = await slack.share(other, [recording("meeting")], user=slack.user("thandi"))
    files = [{"id": secret.file_ids[0] if change == "file" else share.file_ids[0], "mimetype": "audio/mp4"}]
    payload: dict[str, Any] = {
        "type": "message_action",
        "callback_id": TRANSCRIBE,
        "user": {"id": slack.user("amara")},
        "channel": {"id": share.channel.id},
        "message": {"ts": "x" if change == "message" else share.ts, "user": slack.user("amara"), "files": files},
    }
    if change == "team":
        payload["team"] = {"id": "T0ELSEWHERE", "domain": "x"}
    await slack.interact(payload)
    await bench.ended_at_last()
    assert silent(slack, share.channel)
    assert silent(slack, other)
    assert bench.botlhale.uploads == {}


async def test_asking_for_what_is_in_work_or_was_cancelled_gives_nobody_more_rights(bench: Bench, slack: Slack) -> None:
    bench.botlhale.hold = True
    await bench.start()
    share = await slack.share(slack.channel("general", people=PEOPLE), [recording()])
    job = await bench.waits(JobState.SUBMITTED)
    assert await choose(slack, share) == words.ALREADY_IN_WORK
    for user, answered in (("thandi", words.NOT_YOURS_TO_CHANGE), ("amara", words.CANCELLED)):
        command = await slack.command("/transcripts", f"cancel {job.id}", channel=share.channel, user=slack.user(user))
        assert command.messages[0]["text"] == answered
    await bench.ended()
    assert await choose(slack, share) == words.NOT_YOURS_TO_CHANGE
    slack.react(share.channel, share.ts, EMOJI, user=slack.user("thandi"))
    await slack.quiet()
    assert (await bench.jobs())[0].state is JobState.ABANDONED
    assert await choose(slack, share, user="amara") == words.ASKED_FOR


async def test_what_one_asked_for_is_in_ones_list(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await before_the_bot(bench)
    assert await choose(slack, share) == words.ASKED_FOR
    await bench.ended()
    listed = await slack.command("/transcripts", "", user=slack.user("thandi"))
    assert "Your recordings: 1 transcribed" in listed.messages[0]["text"]
