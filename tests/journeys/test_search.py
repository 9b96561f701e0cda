"""People find what was said in the conversations that they are in at that moment, and nothing of any other."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from handlers import words
from handlers.action_ids import NAME_SPEAKERS
from handlers.search import SHOWN
from sandbox import faults
from sandbox.script import Segment
from sandbox.slack import Channel, Share, Slack
from storage.database import Transaction
from tests.journeys.bench import Bench, eventually, recording
from tests.journeys.test_command import MODES, answered, asked
from tests.storage.test_search import keep

TALK = [
    Segment(start=0, end=4, speaker=0, text="Good morning, shall we begin?"),
    Segment(start=4, end=6, speaker=1, text="Yes, the second delivery is on Wednesday. AI did it."),
    Segment(start=6, end=9, speaker=0, text="เรามีประชุมเรื่องการส่งมอบในวันพุธ"),
    Segment(start=9, end=11, speaker=1, text="<!channel> *bold* <https://evil.example|delivery> evil.com :tada: <@U1>"),
]


async def begun(bench: Bench, **more: Any) -> None:
    bench.botlhale.script = TALK
    await bench.start(**more)


async def blocks_of(slack: Slack, text: str, channel: Channel) -> list[dict[str, Any]]:
    answer = await slack.command("/transcripts", text, channel=channel)
    return list(answer.messages[0]["blocks"])


@MODES
async def test_what_was_said_is_found_with_who_when_and_a_link(
    bench: Bench, slack: Slack, mode: dict[str, Any]
) -> None:
    await begun(bench, **mode)
    channel = slack.channel("general")
    share = await answered(bench, slack, channel, title="Monday")
    said = await asked(slack, "search  SECOND deliv", channel=channel)
    assert said.splitlines() == [
        "1 recording mentions “SECOND deliv”",
        "Monday · just now · Open thread",
        "Speaker 2 at 0 04: Yes, the second delivery is on Wednesday. AI did it.",
    ]
    _, found = await blocks_of(slack, "search SECOND deliv", channel)
    [link] = [one for one in found["elements"][0]["elements"] if one["type"] == "link"]
    assert f"archives/{channel.id}/p{share.ts.replace('.', '')}" in link["url"]
    bold = [one["text"] for one in found["elements"][0]["elements"] if one.get("style", {}).get("bold")]
    assert bold == ["Monday", "second", "deliv"]


FOUND = {
    "ประชุม": "Speaker 1 at 0 06: เรามีประชุม",
    "พุธ": "ประชุม",
    "ai": "AI did it",
    "“delivery is”": "Speaker 2 at 0 04",
    "begin": "Speaker 1 at 0 00: Good morning",
    "delivery": "Also said once more in this recording.",
}


async def test_in_any_language_by_words_parts_of_words_and_phrases(bench: Bench, slack: Slack) -> None:
    await begun(bench)
    channel = slack.channel("general")
    await answered(bench, slack, channel)
    for typed, shown in FOUND.items():
        assert shown in await asked(slack, f"search {typed}", channel=channel)


async def test_speakers_are_called_as_people_named_them(bench: Bench, slack: Slack) -> None:
    await begun(bench)
    channel = slack.channel("general")
    share = await answered(bench, slack, channel)
    [reply] = slack.replies(share)
    await slack.press(reply, NAME_SPEAKERS)
    [form] = slack.modals.values()
    await slack.send(form, {"Name of Speaker 2": "Thandi *M*"})
    assert "Thandi M at 0 04: Yes" in await asked(slack, "search second", channel=channel)


async def test_only_where_one_is_at_that_moment(bench: Bench, slack: Slack) -> None:
    await begun(bench)
    amara, ben = slack.user("amara"), slack.user("ben")
    general = slack.channel("general", people=("amara", "ben"))
    secret = slack.channel("secret", kind="private", people=("amara",))
    for channel, title in ((general, "Public"), (secret, "Secret")):
        await answered(bench, slack, channel, title=title, user=amara)
    both = await asked(slack, "search delivery", channel=general, user=amara)
    assert "Public" in both
    assert "Secret" in both
    bens = await asked(slack, "search delivery", channel=general, user=ben)
    assert "Public" in bens
    assert "Secret" not in bens
    assert "1 recording mentions “delivery”" in bens

    general.members.remove(ben)
    secret.members.add(ben)
    assert "Public" not in await asked(slack, "search delivery", channel=secret, user=ben)
    secret.members.remove(ben)
    assert await asked(slack, "search delivery", user=ben) == words.nothing_found("delivery")
    assert await asked(slack, "search delivery", user=slack.user("carol")) == words.nothing_found("delivery")


async def test_what_one_shared_with_the_bot_alone_is_found_by_nobody_else(bench: Bench, slack: Slack) -> None:
    await begun(bench)
    amara = slack.user("amara")
    general = slack.channel("general", people=("amara", "ben"))
    await answered(bench, slack, slack.channel("", kind="im", people=("amara",)), title="Mine", user=amara)
    for where in (general, None):
        assert "Mine" in await asked(slack, "search delivery", channel=where, user=amara)
    assert await asked(slack, "search delivery", channel=general, user=slack.user("ben")) == words.nothing_found(
        "delivery"
    )


async def test_of_another_workspace_nothing_is_found(bench: Bench, slack: Slack) -> None:
    await begun(bench)
    assert bench.bot is not None
    channel = slack.channel("general")
    now = datetime.now(UTC)

    def work(tx: Transaction) -> None:
        keep(tx, "the second delivery", now=now, team="T0OTHER", channel=channel.id, user=slack.user("amara"))
        keep(tx, "the second delivery", now=now, team="T0OTHER", channel="D0OTHER", user=slack.user("amara"), file="F2")

    await bench.bot.tools.database.write(work)
    assert await asked(slack, "search delivery", channel=channel) == words.nothing_found("delivery")


async def test_what_is_deleted_is_not_found(bench: Bench, slack: Slack) -> None:
    slack.subscriptions |= {"file_deleted", "message"}
    slack.scopes.add("channels:history")
    await begun(bench)
    channel = slack.channel("general")
    shares = {way: await answered(bench, slack, channel, title=way) for way in ("message", "file", "command")}
    for way, share in shares.items():
        assert way in await asked(slack, "search second", channel=channel)
        match way:
            case "message":
                slack.delete_message(channel, share.ts)
            case "file":
                slack.delete_file(share.file_ids[0])
            case _:
                [job] = [job for job in await bench.jobs() if job.title == way]
                await slack.command("/transcripts", f"delete {job.id}", channel=channel)
        await eventually(partial(_without_replies, slack, share))
        assert way not in await asked(slack, "search second", channel=channel)
    assert await asked(slack, "search second", channel=channel) == words.nothing_found("second")


async def test_what_could_not_be_answered_is_not_found(bench: Bench, slack: Slack) -> None:
    slack.refuse("chat.postMessage", "restricted_action_thread_locked", times=9)
    await begun(bench)
    channel = slack.channel("general")
    await slack.share(channel, [recording()])
    await bench.ended_at_last()
    assert await asked(slack, "search second", channel=channel) == words.nothing_found("second")


def _without_replies(slack: Slack, share: Share) -> bool:
    return not slack.replies(share)


async def test_nothing_that_was_said_can_mention_link_or_format(bench: Bench, slack: Slack) -> None:
    await begun(bench)
    channel = slack.channel("general")
    await answered(bench, slack, channel, title="<!here> *x*")
    for typed in ("bold", "channel", "evil", "tada", "com", "example delivery", "U1"):
        said = await asked(slack, f"search {typed}", channel=channel)
        assert "1 recording mentions" in said
        assert not any(sign in said for sign in ("<", "*", "evil.com", ":tada", "://", "@"))
        [shown] = (await blocks_of(slack, f"search {typed}", channel))[1:]
        read = "".join(one.get("text", "") for one in shown["elements"][0]["elements"])
        assert "delivery> evil.com :tada: <@U1>" in read  # in elements that Slack does not parse


TOLD = {
    "": words.SEARCH_FOR_WHAT,
    '"" * - <': words.SEARCH_FOR_WHAT,
    "one two three four five six seven eight nine ten eleven": words.SEARCH_TOO_LONG,
    "x" * 3000: words.SEARCH_TOO_LONG,
    "nobody": words.nothing_found("nobody"),
    "“Nobody here”": words.nothing_found("Nobody here"),
    "R&amp;D": words.nothing_found("R&amp;D"),
    "delivery OR nobody": words.nothing_found("delivery OR nobody"),
    "NEAR(second delivery)": words.nothing_found("NEAR(second delivery)"),
    "text:delivery": words.nothing_found("text delivery"),
    "'; DROP TABLE passages; --": words.nothing_found("; DROP TABLE passages; --"),
}


async def test_whatever_is_typed_is_answered_with_a_sentence(bench: Bench, slack: Slack) -> None:
    await begun(bench)
    channel = slack.channel("general")
    await answered(bench, slack, channel)
    for typed, told in TOLD.items():
        assert await asked(slack, f"search {typed}", channel=channel) == told
    assert "second" in await asked(slack, "search second", channel=channel)


async def test_where_slack_does_not_say_who_is_where_nothing_is_told(bench: Bench, slack: Slack) -> None:
    await begun(bench)
    channel = slack.channel("general")
    await answered(bench, slack, channel)
    slack.refuse("users.conversations", "internal_error")
    assert await asked(slack, "search second", channel=channel) == words.NOT_NOW
    slack.faults.arm("users.conversations", faults.slow(5))
    assert await asked(slack, "search second", channel=channel) == words.NOT_NOW
    slack.faults.arm("users.conversations", faults.answer(429, Retry_After="1"))
    assert await asked(slack, "search second", channel=channel) == words.NOT_NOW


async def test_whoever_is_in_very_many_conversations_is_told_that_not_all_were_searched(
    bench: Bench, slack: Slack
) -> None:
    await begun(bench)
    first = slack.channel("first")
    await answered(bench, slack, first)
    for number in range(2000):
        slack.channel(f"channel-{number}")
    said = await asked(slack, "search second", channel=first)
    assert "Speaker 2 at 0 04" in said
    assert said.endswith(words.NOT_ALL_SEARCHED)
    assert [call.method for call in slack.calls].count("users.conversations") == 4


async def test_what_is_found_often_is_shown_newest_first_within_slacks_limits(bench: Bench, slack: Slack) -> None:
    await begun(bench)
    assert bench.bot is not None
    channel = slack.channel("general")
    now = datetime.now(UTC) - timedelta(days=30)

    def work(tx: Transaction) -> None:
        for day in range(SHOWN + 2):
            said = f"Day{day} {'<&> much was said before ' * 40} the delivery {'and after & it ' * 400}"
            job = keep(tx, said, now=now + timedelta(days=day), file=f"F{day}", team=slack.team_id, channel=channel.id)
            tx.run("UPDATE jobs SET title = :title WHERE id = :id", id=job.id, title=f"Day {day} {'<long title>' * 20}")

    await bench.bot.tools.database.write(work)
    answer = await slack.command("/transcripts", "search delivery", channel=channel)
    lines = answer.messages[0]["text"].splitlines()
    assert lines[0] == f"The {SHOWN} newest recordings that mention “delivery”"
    assert [line.split(" ", 2)[1] for line in lines if line.startswith("Day")] == [
        str(day) for day in reversed(range(2, SHOWN + 2))
    ]
    assert len(answer.messages[0]["blocks"]) <= 50


async def test_transcripts_of_an_earlier_release_can_be_found_after_a_start(bench: Bench, slack: Slack) -> None:
    await begun(bench)
    assert bench.bot is not None
    channel = slack.channel("general")
    await answered(bench, slack, channel, title="Old")

    def as_before(tx: Transaction) -> None:
        tx.run("DELETE FROM passages")
        tx.run("UPDATE transcripts SET searchable = 0")

    await bench.bot.tools.database.write(as_before)
    assert await asked(slack, "search begin", channel=channel) == words.nothing_found("begin")
    await bench.stop()
    bot = await bench.start()

    database = bot.tools.database

    async def left() -> bool:
        return (
            await database.read(lambda tx: tx.one("SELECT 1 FROM transcripts WHERE searchable <> created_at"))
            is not None
        )

    async with asyncio.timeout(10):
        while await left():  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.02)
    said = await asked(slack, "search begin", channel=channel)
    assert "Old" in said


async def test_a_transcript_whose_reply_was_deleted_is_not_found_also_under_a_new_id_of_its_channel(
    bench: Bench, slack: Slack
) -> None:
    slack.subscriptions |= {"message", "channel_id_changed"}
    slack.scopes |= {"channels:history", "groups:history"}
    await begun(bench, allow_slack_connect=True)
    channel = slack.channel("deal", kind="private", people=("amara", "thandi"))
    share = await answered(bench, slack, channel, title="Monday")
    assert "1 recording mentions “delivery”" in await asked(slack, "search delivery", channel=channel)
    [reply] = slack.replies(share)
    slack.delete_message(channel, reply.ts)
    await slack.quiet()
    assert "Monday" not in await asked(slack, "search delivery", channel=channel)
    await slack.change_channel_id(channel)
    assert "Monday" not in await asked(slack, "search delivery", channel=channel)


async def test_while_others_search_whoever_has_to_wait_is_told_and_everything_else_is_answered(
    bench: Bench, slack: Slack
) -> None:
    await begun(bench)
    channel = slack.channel("general")
    await answered(bench, slack, channel, title="Monday")
    assert bench.bot is not None
    go_on = threading.Event()
    others = [asyncio.create_task(bench.bot.tools.database.search(lambda _: go_on.wait(60))) for _ in range(10)]
    search = asyncio.create_task(asked(slack, "search delivery", channel=channel))
    assert "Monday" in await asked(slack, "list", channel=channel)
    assert await search == words.SEARCH_SLOW
    go_on.set()
    assert await asyncio.gather(*others) == [True] * len(others)
    assert "1 recording mentions “delivery”" in await asked(slack, "search delivery", channel=channel)
