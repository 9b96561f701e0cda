import json
import re
from typing import Any

import pytest

from handlers import words
from sandbox.slack import Channel, CommandAnswer, Share, Slack
from sandbox.slack.limits import check_blocks
from storage.job import JobState
from tests.journeys.bench import Bench, eventually, only_reply, recording, silent

IN_HTTP_MODE = {"slack_signing_secret": "sandbox-signing", "slack_app_token": None}
MODES = pytest.mark.parametrize("mode", [{}, IN_HTTP_MODE], ids=["socket", "http"])
HOSTILE = [
    "<!channel> look",
    "<@U0SANDBOXBOT> hello",
    "<https://evil.example|Open thread>",
    "*bold* _it_ ~no~ `code`",
    "&lt;!here&gt; &amp;",
    "@here @everyone",
    "\u202egnp.exe",
    "line\nbreak\r\n\t* list",
    "x" * 255,
    "🎙️" * 80,
    ">quoted",
]
INVISIBLE = ["   ", "\u200b", "\u202e\u2066", "\n", "\u00ad\ufeff"]


async def asked(slack: Slack, text: str = "", *, channel: Channel | None = None, user: str | None = None) -> str:
    """What the person reads, once it was checked that nobody else does."""
    answer = await slack.command("/transcripts", text, channel=channel, user=user)
    return said_by(slack, answer)


def said_by(slack: Slack, answer: CommandAnswer) -> str:
    assert answer.status in {200, None}
    (message,) = answer.messages
    assert message["response_type"] == "ephemeral"
    assert_fits(message)
    assert not [seen for channel in slack_channels(slack) for seen in slack.messages(channel) if is_list(seen.text)]
    return str(message["text"])


def slack_channels(slack: Slack) -> set[str]:
    return {str(call.args["channel"]) for call in slack.calls if "channel" in call.args}


def is_list(text: str) -> bool:
    return text.startswith((words.LIST_HERE, words.LIST_OWN))


def assert_fits(message: dict[str, Any]) -> None:
    """Slack's limits, and nothing in it that could mention, link or format."""
    blocks = message.get("blocks") or []
    check_blocks(blocks)
    assert len(message["text"]) <= 4000
    assert len(json.dumps(blocks)) < 13_000
    for block in blocks:
        assert block["type"] in {"header", "context", "section", "rich_text"}
        if block["type"] == "section":
            assert_harmless(block["text"])
        for element in block.get("elements", []) if block["type"] == "rich_text" else []:
            for part in element["elements"]:
                assert part["type"] in {"text", "link", "date"}
                assert part["fallback" if part["type"] == "date" else "text"]
                if part["type"] == "link":
                    assert ".slack" in part["url"] or "/archives/" in part["url"]
    assert "<!" not in message["text"]
    assert "<@" not in message["text"]


def assert_harmless(text: dict[str, Any]) -> None:
    """A row's text: the title in bold, and one date and one link of ours."""
    assert text["verbatim"] is True
    title, told = text["text"].split("\n")
    assert not re.search(r"[<>*~`@#|]|\b_|_\b", title.removeprefix("*").removesuffix("*"))
    marks = re.findall(r"<([^>]*)>", told)
    assert [mark.partition("|")[2] for mark in marks if not mark.startswith("!date^")] in ([], [words.OPEN_THREAD])
    assert all("/archives/" in mark for mark in marks if not mark.startswith("!date^"))


def code_in(answer: CommandAnswer) -> list[str]:
    """What is shown as code in the answer to a command."""
    parts = [part for block in answer.messages[0]["blocks"] for part in block["elements"][0]["elements"]]
    return [part["text"] for part in parts if part.get("style") == {"code": True}]


async def number_of(bench: Bench) -> str:
    """The id of the only job: a person finds it in the details of a recording."""
    [job] = await bench.jobs()
    return job.id


async def answered(bench: Bench, slack: Slack, channel: Channel, **more: Any) -> Share:
    user = more.pop("user", None)
    share = await slack.share(channel, [recording(**more)], user=user)
    await slack.wait_for_replies(share)
    await bench.ended()
    return share


@MODES
async def test_a_recording_is_listed_while_it_is_in_work_and_when_it_is_done(
    bench: Bench, slack: Slack, mode: dict[str, Any]
) -> None:
    bench.botlhale.hold = True
    await bench.start(**mode)
    channel = slack.channel("general")
    share = await slack.share(channel, [recording(title="Monday")])
    await bench.waits(JobState.SUBMITTED)
    said = await asked(slack, channel=channel)
    assert said.startswith("Recordings in this conversation: 1 in progress\n")
    assert "Monday: Transcribing with Botlhale AI" in said
    bench.botlhale.release()
    await only_reply(slack, share)
    await bench.ended()
    said = await asked(slack, channel=channel)
    assert said.startswith("Recordings in this conversation: 1 transcribed\n")
    assert "Monday: Transcribed by Botlhale AI" in said


async def test_a_recording_that_could_not_be_transcribed_is_listed_with_the_reason(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    bench.botlhale.fail_next()
    await answered(bench, slack, channel, title="Broken")
    await answered(bench, slack, channel, title="Whole")
    said = await asked(slack, channel=channel)
    counts, first, second = said.split("\n")
    assert counts.endswith(": 1 needs attention · 1 transcribed")
    assert first.startswith("Broken: Couldn't transcribe: Botlhale AI couldn't process it")
    assert second.startswith("Whole: Transcribed by")


async def test_the_list_begins_with_the_newest(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    for title in ("First", "Second", "Third"):
        await answered(bench, slack, channel, title=title)
    said = await asked(slack, "list", channel=channel)
    assert "3 transcribed" in said
    assert said.index("Third") < said.index("Second") < said.index("First")


async def test_only_the_recordings_of_this_conversation_are_listed(bench: Bench, slack: Slack) -> None:
    await bench.start()
    here, there = slack.channel("here"), slack.channel("there", kind="private")
    await answered(bench, slack, here, title="Ours")
    await answered(bench, slack, there, title="Secret")
    said = await asked(slack, channel=here)
    assert "Ours" in said
    assert "Secret" not in said
    nowhere = await asked(slack, channel=slack.channel("empty"))
    assert "No recordings here yet" in nowhere


async def test_in_a_direct_message_one_sees_what_one_shared_oneself_wherever_it_was(bench: Bench, slack: Slack) -> None:
    await bench.start()
    amara, ben = slack.user("amara"), slack.user("ben")
    one, other = slack.channel("one", people=("amara", "ben")), slack.channel("other", people=("amara", "ben"))
    await answered(bench, slack, one, title="Mine", user=amara)
    await answered(bench, slack, other, title="Mine too", user=amara)
    await answered(bench, slack, one, title="Ben's", user=ben)
    said = await asked(slack, user=amara)
    assert said.startswith("Your recordings: 2 transcribed\n")
    assert "Mine too" in said
    assert "Ben" not in said
    assert "1 transcribed" in await asked(slack, user=ben)
    assert "No recordings here yet" in await asked(slack, user=slack.user("carol"))


@MODES
async def test_the_number_of_a_recording_tells_what_happened_to_it(
    bench: Bench, slack: Slack, mode: dict[str, Any]
) -> None:
    await bench.start(**mode)
    channel = slack.channel("general")
    await answered(bench, slack, channel, title="Monday")
    number = await number_of(bench)
    said = await asked(slack, f"status {number}", channel=channel)
    steps = ["Waiting", "Sending", "Transcribing", "Posting the transcript", "Posted in its thread"]
    assert said.count("Posting the transcript") == 1
    places = [said.index(step) for step in steps]
    assert places == sorted(places)
    assert await asked(slack, f"  status   {number.upper()} ", channel=channel) == said


async def test_the_number_also_works_in_a_direct_message_of_who_shared_it_and_of_nobody_else(
    bench: Bench, slack: Slack
) -> None:
    await bench.start()
    amara, ben = slack.user("amara"), slack.user("ben")
    channel = slack.channel("general", people=("amara", "ben"))
    await answered(bench, slack, channel, title="Monday", user=amara)
    number = await number_of(bench)
    assert "Monday" in await asked(slack, f"status {number}", user=amara)
    said = await asked(slack, f"status {number}", user=ben)
    assert said == words.NO_SUCH_RECORDING


async def test_a_number_of_another_conversation_is_as_unknown_as_one_that_was_made_up(
    bench: Bench, slack: Slack
) -> None:
    await bench.start()
    here, there = slack.channel("here"), slack.channel("there")
    await answered(bench, slack, there, title="Secret")
    number = await number_of(bench)
    made_up = "a" * len(number)
    refused = await asked(slack, f"status {number}", channel=here)
    assert "Secret" not in refused
    assert refused == await asked(slack, f"status {made_up}", channel=here)


@pytest.mark.parametrize("made_up", [text.replace("\n", " ") for text in HOSTILE if text.split()] + ["'; DROP TABLE"])
async def test_a_number_that_is_none_is_not_repeated(bench: Bench, slack: Slack, made_up: str) -> None:
    await bench.start()
    answer = await slack.command(
        "/transcripts", f"status {made_up.split(maxsplit=1)[0]}", channel=slack.channel("general")
    )
    assert said_by(slack, answer) == words.NO_SUCH_RECORDING


@pytest.mark.parametrize("word", ["help", "  help "])
async def test_help_says_how_to_use_it(bench: Bench, slack: Slack, word: str) -> None:
    await bench.start()
    channel = slack.channel("general")
    answer = await slack.command("/transcripts", word, channel=channel)
    said = said_by(slack, answer)
    assert said.startswith("Share a voice note")
    assert " ID" not in said
    typed = code_in(answer)
    assert typed == [
        "/transcripts",
        "/transcripts search",
        "/transcripts settings",
        "/transcripts where",
        "/invite @Threadscribe",
    ]
    for command in ("search", "where"):
        assert await asked(slack, command, channel=channel) != words.NOT_UNDERSTOOD


@pytest.mark.parametrize(
    "text", ["statsu", "status a b", "remove everything", "<!channel>", "x" * 4000, "\u202e", "list all"]
)
async def test_a_word_that_it_does_not_know_is_answered_with_where_to_find_help(
    bench: Bench, slack: Slack, text: str
) -> None:
    await bench.start()
    answer = await slack.command("/transcripts", text, channel=slack.channel("general"))
    assert said_by(slack, answer) == words.NOT_UNDERSTOOD
    assert code_in(answer) == ["/transcripts help"]


@pytest.mark.parametrize("word", ["status", "cancel", "retry", "delete", " RETRY "])
async def test_what_needs_a_number_and_has_none_is_answered_with_the_list(
    bench: Bench, slack: Slack, word: str
) -> None:
    await bench.start()
    channel = slack.channel("general")
    assert "No recordings here yet" in await asked(slack, word, channel=channel)
    await answered(bench, slack, channel, title="Monday")
    said = await asked(slack, word, channel=channel)
    assert said == await asked(slack, channel=channel)
    assert "Monday: Transcribed" in said
    assert (await bench.jobs())[0].state is JobState.REPLIED, "nothing was done"


async def test_a_title_can_neither_mention_nor_link_nor_format(bench: Bench, slack: Slack) -> None:
    await bench.start()
    shares = [await slack.share(slack.channel("general"), [recording(title=title)]) for title in HOSTILE]
    await bench.ended(len(shares))
    for share, title in zip(shares, HOSTILE, strict=True):
        said = await asked(slack, channel=share.channel)
        assert said.count("\n") == 1, title
        assert said.split("\n")[1].count(" · just now") == 1, title
        [reply] = slack.replies(share)
        for shown in (said, reply.text):
            assert not any(part in shown for part in ("<!", "<@", "<http", "\u202e")), title


@pytest.mark.parametrize("title", INVISIBLE)
async def test_a_title_that_cannot_be_seen_is_called_untitled(bench: Bench, slack: Slack, title: str) -> None:
    await bench.start()
    channel = slack.channel("general")
    await answered(bench, slack, channel, title=title)
    assert "Untitled recording: Transcribed by" in await asked(slack, channel=channel)


async def test_what_is_no_recording_is_not_listed_where_messages_are_subscribed_to(bench: Bench, slack: Slack) -> None:
    slack.subscriptions.add("message")
    slack.scopes.add("channels:history")
    await bench.start()
    channel = slack.channel("general")
    picture = {"content": b"\x89PNG\r\n\x1a\n", "mimetype": "image/png", "filetype": "png"}
    await slack.share(channel, [recording(name="plan.png", **picture)])
    await slack.quiet()
    await bench.ended()
    assert "No recordings here yet" in await asked(slack, channel=channel)


async def test_a_long_list_with_long_titles_keeps_to_the_limits(bench: Bench, slack: Slack) -> None:
    bench.botlhale.hold = True
    await bench.start(concurrency=32)
    channel = slack.channel("general")
    for n in range(20):
        await slack.share(channel, [recording("second_note", title=f"{n} " + "<&>" * 80, mimetype="audio/ogg")])
    await eventually(lambda: len(bench.botlhale.uploads) == 20)
    said = await asked(slack, channel=channel)
    assert "20 in progress" in said
    assert "5 more aren't shown here." in said


async def test_where_the_bot_is_not_a_member_the_list_says_how_to_change_that(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("not-ours", member=False)
    await slack.share(channel, [recording(title="Monday")])
    await slack.quiet()
    await bench.ended()
    said = await asked(slack, channel=channel)
    assert "Monday: Skipped: Threadscribe wasn't in this conversation; invite it" in said
    assert silent(slack, channel)


async def test_a_command_is_answered_while_every_hand_is_busy(bench: Bench, slack: Slack) -> None:
    bench.botlhale.hold = True
    await bench.start(concurrency=1)
    channel = slack.channel("general")
    await slack.share(channel, [recording(title="Monday")])
    assert "ecording" in await asked(slack, channel=channel)
    assert not [message for message in slack.messages(channel.id) if message.by_bot]
