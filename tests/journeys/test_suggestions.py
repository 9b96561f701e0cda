"""Names are suggested to whoever names speakers: of people who are there, and those that were given there before.

Nothing of another conversation is, and the form opens whatever Slack does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from handlers import words
from handlers.action_ids import NAME_SPEAKERS
from sandbox import faults
from sandbox.slack import Channel, Message, Share, Slack
from storage import namings, transcripts
from tests.journeys.bench import Bench, eventually, recording, words_of
from tests.journeys.test_naming import HOSTILE, MANY, TALK

FIRST = words.suggestion_for("Speaker 1")
PEOPLE = ("amara", "thandi", "sipho")


@pytest.fixture(autouse=True)
def may_read(slack: Slack) -> None:
    slack.scopes |= {"users:read", "channels:history"}


@pytest.fixture
async def channel(bench: Bench, slack: Slack) -> Channel:
    bench.botlhale.script = TALK
    await bench.start()
    return slack.channel("general", people=PEOPLE)


async def answered(bench: Bench, channel: Channel, count: int = 1, **more: Any) -> tuple[Share, Message]:
    share = await bench.slack.share(channel, [recording()], **more)
    await bench.ended(count)
    [reply] = [message for message in bench.slack.replies(share) if message.by_bot]
    return share, reply


async def opened(slack: Slack, reply: Message, *, user: str = "amara") -> dict[str, Any]:
    slack.modals.clear()
    await slack.press(reply, NAME_SPEAKERS, user=slack.user(user))
    [form] = slack.modals.values()
    return form


def suggested(form: dict[str, Any], label: str = FIRST) -> list[tuple[str, str]]:
    """The suggestions for a speaker, and why."""
    found = [block["element"] for block in form["blocks"] if block.get("label", {}).get("text") == label]
    if not found:
        return []
    (nothing, *options) = found[0]["options"]
    assert nothing["text"]["text"] == words.NO_SUGGESTION == found[0]["placeholder"]["text"]
    assert all(option["text"]["emoji"] is False for option in options)
    return [(option["text"]["text"], option["description"]["text"]) for option in options]


async def name(bench: Bench, reply: Message, **names: str) -> None:
    """Name speakers by `Speaker_1=…` and wait until the reply shows it."""
    form = await opened(bench.slack, reply)
    entered = {words.name_of(number.replace("_", " ")): name for number, name in names.items()}
    await bench.slack.send(form, entered)
    await eventually(lambda: all(name in words_of(shown(bench.slack, reply)) for name in names.values()))


def shown(slack: Slack, reply: Message) -> Message:
    return slack.message(reply.channel_id, reply.ts)


async def test_whoever_shared_it_and_who_wrote_in_its_thread_come_first(
    bench: Bench, slack: Slack, channel: Channel
) -> None:
    share, reply = await answered(bench, channel, user=slack.user("thandi"))
    slack.say(channel, "Listen to this", user=slack.user("sipho"), thread_ts=share.ts)
    slack.say(channel, "Again", user=slack.user("thandi"), thread_ts=share.ts)
    slack.say(channel, "Elsewhere", user=slack.user("amara"))
    form = await opened(slack, reply)
    assert suggested(form) == [("thandi", words.SHARED_IT), ("sipho", words.WROTE_HERE)]


async def test_a_suggestion_is_saved_as_the_name(bench: Bench, slack: Slack, channel: Channel) -> None:
    _, reply = await answered(bench, channel, user=slack.user("thandi"))
    await slack.send(await opened(slack, reply), {words.suggestion_for("Speaker 2"): "thandi"})
    await eventually(lambda: "thandi" in words_of(shown(slack, reply)))
    assert "Speaker 1" in words_of(shown(slack, reply))
    assert "Speaker 2" not in words_of(shown(slack, reply))


async def test_what_is_typed_counts_before_a_person_and_a_person_before_a_suggestion(
    bench: Bench, slack: Slack, channel: Channel
) -> None:
    _, reply = await answered(bench, channel)
    form = await opened(slack, reply)
    assert words.which_name_counts(suggestions=True, people=True) in words_of(
        replace(reply, blocks=tuple(form["blocks"]))
    )
    entered = {
        FIRST: "amara",
        words.name_of("Speaker 1"): "Naledi",
        words.person_for("Speaker 1"): slack.user("sipho"),
        words.suggestion_for("Speaker 2"): "amara",
        words.person_for("Speaker 2"): slack.user("thandi"),
    }
    await slack.send(form, entered)
    await eventually(lambda: "Naledi" in words_of(shown(slack, reply)))
    said = words_of(shown(slack, reply))
    assert "thandi" in said
    assert "amara" not in said
    assert "sipho" not in said


async def test_a_name_that_was_there_before_gives_way_to_a_suggestion(
    bench: Bench, slack: Slack, channel: Channel
) -> None:
    """It stands in its field, but nobody has typed it now."""
    _, reply = await answered(bench, channel)
    await name(bench, reply, Speaker_1="Naledi", Speaker_2="Mpho")
    await bench.ended()
    await slack.send(await opened(slack, shown(slack, reply)), {FIRST: "amara"})
    await eventually(lambda: "amara" in words_of(shown(slack, reply)))
    assert "Naledi" not in words_of(shown(slack, reply))
    assert "Mpho" in words_of(shown(slack, reply))


async def test_names_that_were_given_there_before_are_suggested_the_newest_first(
    bench: Bench, slack: Slack, channel: Channel
) -> None:
    slack.scopes -= {"users:read", "channels:history"}
    _, first = await answered(bench, channel)
    await name(bench, first, Speaker_1="Naledi", Speaker_2="Mpho")
    _, second = await answered(bench, channel, 2)
    await name(bench, second, Speaker_1="Zola", Speaker_2="mpho")
    await bench.ended(2)
    _, third = await answered(bench, channel, 3)
    form = await opened(slack, third)
    assert suggested(form) == [(each, words.NAMED_BEFORE) for each in ("Zola", "mpho", "Naledi")]
    await slack.send(form, {words.suggestion_for("Speaker 3"): "Naledi"})
    await eventually(lambda: "Naledi" in words_of(shown(slack, third)))


async def test_nothing_of_another_conversation_is_suggested(bench: Bench, slack: Slack, channel: Channel) -> None:
    secret = slack.channel("secret", kind="private", people=("amara", "thandi"))
    slack.scopes.add("groups:history")
    share, hidden = await answered(bench, secret, user=slack.user("thandi"))
    slack.say(secret, "Hush", user=slack.user("thandi"), thread_ts=share.ts)
    await name(bench, hidden, Speaker_1="Redacted")
    await bench.ended()
    _, reply = await answered(bench, channel, 2)
    form = await opened(slack, reply)
    assert suggested(form) == [("amara", words.SHARED_IT)]
    assert "Redacted" not in str(form)


async def test_after_leaving_nothing_is_suggested_to_anybody_outside(
    bench: Bench, slack: Slack, channel: Channel
) -> None:
    _, reply = await answered(bench, channel)
    await name(bench, reply, Speaker_1="Naledi")
    await bench.ended()
    channel.members.remove(slack.user("sipho"))
    slack.modals.clear()
    answer = await slack.press(shown(slack, reply), NAME_SPEAKERS, user=slack.user("sipho"))
    assert slack.modals == {}
    assert [message["text"] for message in answer.messages] == [words.NOT_IN_CONVERSATION]


async def test_names_of_a_transcript_that_was_deleted_are_not_suggested(
    bench: Bench, slack: Slack, channel: Channel
) -> None:
    slack.subscriptions.add("file_deleted")
    share, first = await answered(bench, channel)
    await name(bench, first, Speaker_1="Naledi")
    await bench.ended()
    _, second = await answered(bench, channel, 2)
    assert ("Naledi", words.NAMED_BEFORE) in suggested(await opened(slack, second))
    slack.delete_file(share.file_ids[0])
    await slack.quiet()
    await bench.ended(2)
    assert suggested(await opened(slack, second)) == [("amara", words.SHARED_IT)]


@pytest.mark.parametrize(
    ("missing", "left"),
    [({"users:read"}, []), ({"channels:history"}, [("amara", words.SHARED_IT)])],
    ids=["people", "history"],
)
async def test_without_a_scope_the_others_are_suggested(
    bench: Bench, slack: Slack, missing: set[str], left: list[tuple[str, str]]
) -> None:
    slack.scopes -= missing
    bench.botlhale.script = TALK
    await bench.start()
    share, reply = await answered(bench, slack.channel("general", people=PEOPLE))
    slack.say(share.channel, "I was there", user=slack.user("sipho"), thread_ts=share.ts)
    assert suggested(await opened(slack, reply)) == left
    asked = [call.method for call in slack.calls]
    assert ("conversations.replies" in asked, "users.info" in asked) == (False, "users:read" not in missing)


@pytest.mark.parametrize(
    "fault", [faults.answers_late(2.5), faults.answer(503), faults.rate_limited(30)], ids=["slow", "away", "limited"]
)
@pytest.mark.parametrize("method", ["conversations.replies", "users.info"])
async def test_whatever_slack_does_the_form_opens(
    bench: Bench, slack: Slack, channel: Channel, method: str, fault: faults.Fault
) -> None:
    share, reply = await answered(bench, channel)
    slack.say(channel, "I was there", user=slack.user("sipho"), thread_ts=share.ts)
    slack.faults.arm(method, fault, times=9)
    form = await opened(slack, reply)
    assert suggested(form) == ([("amara", words.SHARED_IT)] if method == "conversations.replies" else [])
    await slack.send(form, {words.name_of("Speaker 1"): "Naledi"})
    await eventually(lambda: "Naledi" in words_of(shown(slack, reply)))


async def test_a_name_is_harmless_in_a_suggestion_and_kept_as_it_was(
    bench: Bench, slack: Slack, channel: Channel
) -> None:
    _, reply = await answered(bench, channel)
    long = "a.b" * 20
    form = await opened(slack, reply)
    entered = [HOSTILE, long, "\U0001d400" * 60]
    labels = [words.name_of(f"Speaker {number}") for number in (1, 2, 3)]
    await slack.send(form, dict(zip(labels, entered, strict=True)))
    await bench.ended()
    form = await opened(slack, shown(slack, reply))
    offered = [text for text, why in suggested(form) if why == words.NAMED_BEFORE]
    assert len(offered) == 2, "what Slack could take for more than 75 characters is left out"
    assert not set("<>*`@") & set("".join(offered))
    await slack.send(form, {words.suggestion_for("Speaker 3"): offered[1]})
    await bench.ended()
    said = words_of(shown(slack, reply))
    assert long in said
    assert "2 speakers" in said, "the second and the third have the same name now, to the letter"


async def test_the_largest_page_has_no_more_blocks_than_slack_takes(
    bench: Bench, slack: Slack, channel: Channel
) -> None:
    bench.botlhale.script = MANY
    _, reply = await answered(bench, channel)
    form = await opened(slack, reply)
    assert 95 <= len(form["blocks"]) <= 99
    labels = [block["label"]["text"] for block in form["blocks"] if "label" in block]
    assert len(labels) == len(set(labels)) == 72, "each label is there once, for whoever hears them"


async def test_a_form_of_the_release_before_names_the_voices_that_it_showed(
    bench: Bench, slack: Slack, channel: Channel
) -> None:
    """It showed 25 on a page, in two fields each, and did not write down how many."""
    bench.botlhale.script = MANY
    _, reply = await answered(bench, channel)
    [job] = await bench.jobs()
    form = await opened(slack, reply)
    before = {**form, "private_metadata": f'{{"job":"{job.id}","version":0,"made":0,"page":0}}'}
    values = {"typed:24:0.0": {"typed": {"value": "Last"}}, "picked:24:0.0": {"picked": {"selected_user": None}}}
    payload = {"type": "view_submission", "user": {"id": slack.user("amara")}}
    answer = await slack.interact({**payload, "view": {**before, "state": {"values": values}}})
    assert isinstance(answer.body, dict)
    assert answer.body["response_action"] == "update", "its next page"
    assert bench.bot is not None
    naming = await bench.bot.tools.database.read(lambda tx: namings.newest(tx, job.id))
    transcript = await bench.bot.tools.database.read(lambda tx: transcripts.get(tx, job.id))
    assert naming is not None
    assert transcript is not None
    talked = {label: 2 if number > 5 else 1 for number, label in enumerate(each.label for each in transcript.speakers)}
    shown_then = sorted(talked, key=lambda label: -talked[label])[:25]
    last = [label for label in talked if label in shown_then][-1]
    assert dict(naming.names) == {last: "Last"}
