"""What is deleted in Slack, or at its sharer's wish, is gone: the reply, its files, the stored words."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from handlers import words
from sandbox import faults
from sandbox.script import Segment
from sandbox.slack import Share, Slack
from storage import passages, reruns
from storage.job import JobState
from tests.journeys.bench import Bench, eventually, only_reply, recording, silent, words_of

LONG = [
    Segment(start=n / 100, end=(n + 1) / 100, speaker=n % 2, text=f"Sentence number {n} of a rather long meeting.")
    for n in range(400)
]


@pytest.fixture(autouse=True)
def subscribed(slack: Slack) -> None:
    slack.subscriptions.add("file_deleted")


async def shared(bench: Bench, *, user: str | None = None) -> Share:
    slack = bench.slack
    channel = slack.channel("general", people=("amara", "thandi"))
    return await slack.share(channel, [recording()], user=user or slack.user("amara"))


async def stored(bench: Bench) -> int:
    """How many transcripts there are."""
    assert bench.bot is not None
    row = await bench.bot.tools.database.read(lambda tx: tx.one("SELECT count(*) AS n FROM transcripts"))
    return int(row["n"]) if row else 0


def spoken(slack: Slack, share: Share) -> list[Any]:
    return [message for message in slack.messages(share.channel.id) if message.by_bot]


async def gone(bench: Bench, share: Share) -> None:
    """Nothing of it is left, in Slack or here."""
    await bench.ended_at_last()
    slack = bench.slack
    assert spoken(slack, share) == []
    assert slack.own_files == []
    assert await stored(bench) == 0
    assert {(job.forgotten, job.title) for job in await bench.jobs()} == {(2, None)}


@pytest.mark.parametrize("mode", ["socket", "http"])
@pytest.mark.parametrize("form", ["short", "long"])
async def test_a_deleted_file_takes_its_transcript_with_it(bench: Bench, slack: Slack, mode: str, form: str) -> None:
    way_in: dict[str, Any] = {"slack_signing_secret": slack.signing_secret} if mode == "http" else {}
    bench.botlhale.script = LONG if form == "long" else None
    await bench.start(**way_in)
    share = await shared(bench)
    await bench.ended()
    await only_reply(slack, share)
    slack.delete_file(share.file_ids[0])
    await eventually(lambda: not spoken(slack, share))
    await gone(bench, share)


def on_disk(folder: Path, *traces: str) -> dict[str, set[str]]:
    """In which files of the bot each of these is."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {trace: {path.name for path in files if trace.encode() in path.read_bytes()} for trace in traces}


async def test_of_what_is_deleted_no_byte_stays_on_the_machine(bench: Bench, slack: Slack) -> None:
    title, word = "zirconiumsaucepan", "Quarterlybudgetmeeting"
    bench.botlhale.script = [Segment(start=0, end=1, speaker=0, text=f"{word}, said somebody.")]
    await bench.start()
    channel = slack.channel("general", people=("amara",))
    share = await slack.share(channel, [recording(title=title)], user=slack.user("amara"))
    await bench.ended()
    assert all(on_disk(bench.folder, title, word).values())
    slack.delete_file(share.file_ids[0])
    await eventually(lambda: not spoken(slack, share))
    await gone(bench, share)
    assert bench.bot is not None
    await bench.bot.house.keep_often()
    assert await bench.bot.tools.database.read(passages.left) == 0
    assert on_disk(bench.folder, title, word, word.casefold()) == {title: set(), word: set(), word.casefold(): set()}


async def test_a_deleted_message_takes_the_transcript_with_it(bench: Bench, slack: Slack) -> None:
    slack.subscriptions = {"message"}  # alone: with both events the second finds its recording in hand already
    slack.scopes.add("channels:history")
    await bench.start()
    share = await shared(bench)
    await bench.ended()
    slack.delete_message(share.channel, share.ts)
    await eventually(lambda: not spoken(slack, share))
    await gone(bench, share)


async def test_a_message_that_is_deleted_while_it_is_transcribed_is_never_answered(bench: Bench, slack: Slack) -> None:
    slack.subscriptions = {"message"}
    slack.scopes.add("channels:history")
    bench.botlhale.hold = True
    await bench.start()
    share = await shared(bench)
    await bench.waits(JobState.SUBMITTED)
    slack.delete_message(share.channel, share.ts)
    [job] = await bench.ended_at_last()
    assert (job.state, job.forgotten) == (JobState.ABANDONED, 2)
    assert silent(slack, share.channel)


def told_of(share: Share, *, event: str) -> dict[str, Any]:
    """What Slack tells of a sharing, as the event of this type."""
    [file] = share.file_ids
    if event == "file_shared":
        return {"type": event, "channel_id": share.channel.id, "file_id": file, "user_id": "U1", "event_ts": share.ts}
    described = {"id": file, "name": "note.m4a", "title": "Salaries", "mimetype": "audio/mp4", "user": "U1"}
    about = {"channel": share.channel.id, "user": "U1", "ts": share.ts, "event_ts": share.ts, "files": [described]}
    return {"type": "message", "subtype": "file_share", **about}


def told_of_deletion(share: Share, *, subtype: str) -> dict[str, Any]:
    """What Slack tells of the deletion of a message: one with replies is changed to a tombstone."""
    gone = {"deleted_ts": share.ts, "message": {"subtype": "tombstone", "ts": share.ts}}
    return {"type": "message", "subtype": subtype, "channel": share.channel.id, "ts": "9.0", "event_ts": "9.0", **gone}


@pytest.mark.parametrize("subtype", ["message_deleted", "message_changed"])
async def test_a_message_whose_deletion_is_heard_first_is_never_transcribed(
    bench: Bench, slack: Slack, subtype: str
) -> None:
    slack.subscriptions = set()
    await bench.start()
    share = await shared(bench)
    await slack.share_existing(slack.channel("elsewhere"), share.file_ids[0])  # the file itself stays
    slack.delete_message(share.channel, share.ts)
    for event in (told_of_deletion(share, subtype=subtype), told_of(share, event="message")):
        await slack.deliver(event)
    await bench.ended()
    await gone(bench, share)
    assert not bench.botlhale.uploads


async def test_a_sharing_that_turns_out_to_be_of_a_deleted_message_is_never_transcribed(
    bench: Bench, slack: Slack
) -> None:
    slack.subscriptions = set()
    await bench.start()
    share = await shared(bench)  # Slack itself shows it for a moment longer
    for event in (told_of_deletion(share, subtype="message_deleted"), told_of(share, event="file_shared")):
        await slack.deliver(event)
    await bench.ended()
    await gone(bench, share)
    assert not bench.botlhale.uploads


@pytest.mark.parametrize("event", ["message", "file_shared"])
async def test_a_file_whose_deletion_is_heard_first_is_not_asked_for(bench: Bench, slack: Slack, event: str) -> None:
    slack.subscriptions = set()
    await bench.start()
    share = await shared(bench)
    slack.delete_file(share.file_ids[0])
    await slack.deliver({"type": "file_deleted", "file_id": share.file_ids[0], "event_ts": "9.0"})
    await slack.deliver(told_of(share, event=event))
    await bench.ended()
    await gone(bench, share)
    assert "files.info" not in [call.method for call in slack.calls]


async def test_of_another_message_or_file_that_was_deleted_a_recording_takes_no_notice(
    bench: Bench, slack: Slack
) -> None:
    await bench.start()
    other = await slack.share(slack.channel("other", member=False), [recording()])
    slack.delete_file(other.file_ids[0])
    share = await shared(bench)
    for missed in (
        Share(ts="1.0", channel=share.channel, file_ids=()),
        Share(ts=share.ts, channel=other.channel, file_ids=()),
    ):
        await slack.deliver(told_of_deletion(missed, subtype="message_deleted"))
    await bench.ended()
    await only_reply(slack, share)


async def test_deletions_are_remembered_for_as_long_as_slack_repeats_events(bench: Bench, slack: Slack) -> None:
    bot = await bench.start()
    await slack.deliver({"type": "file_deleted", "file_id": "F0NOBODY", "event_ts": "9.0"})

    async def remembered() -> int:
        return len(await bot.tools.database.read(lambda tx: tx.all("SELECT item FROM deletions")))

    day = timedelta(days=1) // timedelta(milliseconds=1)
    for kept in (1, 0):
        await bot.tools.database.write(
            lambda tx: tx.run("UPDATE deletions SET deleted_at = deleted_at - :day", day=day + 1000)
        )
        await bot.house.keep_seldom()
        assert await remembered() == kept


async def test_a_file_that_is_deleted_while_it_is_transcribed_is_never_answered(bench: Bench, slack: Slack) -> None:
    bench.botlhale.hold = True
    await bench.start()
    share = await shared(bench)
    await bench.waits(JobState.SUBMITTED)
    slack.delete_file(share.file_ids[0])
    [job] = await bench.ended_at_last()
    assert job.state is JobState.ABANDONED
    bench.botlhale.release()
    await slack.quiet()
    assert silent(slack, share.channel)
    assert await stored(bench) == 0


async def test_a_file_that_is_deleted_while_slack_is_away_is_forgotten_later(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await shared(bench)
    await bench.ended()
    slack.faults.arm("chat.delete", faults.answer(503), times=2)
    slack.faults.arm("chat.delete", faults.hang_up_after())
    slack.delete_file(share.file_ids[0])
    await eventually(lambda: "chat.delete" in [call.method for call in slack.calls])
    await gone(bench, share)


async def test_a_reply_that_slack_will_not_delete_stays_and_the_words_here_do_not(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await shared(bench)
    await bench.ended()
    slack.refuse("chat.delete", "cant_delete_message")
    slack.delete_file(share.file_ids[0])
    await eventually(lambda: "chat.delete" in [call.method for call in slack.calls])
    [job] = await bench.ended_at_last()
    assert job.forgotten == 2
    assert await stored(bench) == 0
    assert len(spoken(slack, share)) == 1


async def test_the_sharer_deletes_by_command_and_the_reactions_go_too(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await shared(bench)
    [job] = await bench.ended()
    answer = await slack.command("/transcripts", f"delete {job.id}", channel=share.channel)
    assert answer.messages[0]["text"] == words.DELETED
    await eventually(lambda: not spoken(slack, share))
    await gone(bench, share)
    assert slack.message(share.channel.id, share.ts).reactions == {}
    again = await slack.command("/transcripts", f"delete {job.id}", channel=share.channel)
    assert again.messages[0]["text"] == words.DELETED_BEFORE


@pytest.mark.parametrize("action", ["delete", "cancel"])
async def test_nobody_else_may(bench: Bench, slack: Slack, action: str) -> None:
    await bench.start()
    share = await shared(bench)
    [job] = await bench.ended()
    thandi = slack.user("thandi")
    answer = await slack.command("/transcripts", f"{action} {job.id}", channel=share.channel, user=thandi)
    refusal = words.NOT_YOURS if action == "delete" else words.NOT_YOURS_TO_CHANGE
    assert answer.messages[0]["text"] == refusal
    elsewhere = await slack.command("/transcripts", f"{action} {job.id}", channel=slack.channel("other"))
    assert elsewhere.messages[0]["text"] == words.NO_SUCH_RECORDING
    await only_reply(slack, share)


async def test_the_sharer_cancels_what_is_in_work(bench: Bench, slack: Slack) -> None:
    bench.botlhale.hold = True
    await bench.start()
    share = await shared(bench)
    job = await bench.waits(JobState.SUBMITTED)
    answer = await slack.command("/transcripts", f"cancel {job.id}", channel=share.channel)
    assert answer.messages[0]["text"] == words.CANCELLED
    [ended] = await bench.ended_at_last()
    assert ended.state is JobState.ABANDONED
    assert silent(slack, share.channel)
    assert slack.message(share.channel.id, share.ts).reactions == {}
    late = await slack.command("/transcripts", f"cancel {job.id}", channel=share.channel)
    assert late.messages[0]["text"] == words.TOO_LATE_TO_CANCEL


async def test_an_event_that_comes_twice_and_one_of_strangers_change_nothing(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await shared(bench)
    await bench.ended()
    for event in ({"type": "file_deleted", "file_id": "F0NOBODY"}, {"type": "file_deleted"}):
        delivery = await slack.deliver({**event, "event_ts": "1.0"})
        assert delivery.status in {200, None}
    assert len(spoken(slack, share)) == 1


@pytest.mark.parametrize("event", [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"bot": ["U0"]}}])
async def test_a_workspace_that_removed_the_app_is_forgotten_a_day_later(
    bench: Bench, slack: Slack, event: dict[str, Any]
) -> None:
    bot = await bench.start()
    await shared(bench)
    await bench.ended()
    await slack.deliver(event)
    slack.refuse("auth.test", "account_inactive", times=100)
    await bot.house.keep_seldom()
    assert len(await bench.jobs()) == 1
    await bot.tools.database.write(lambda tx: tx.run("UPDATE presence SET heard_at = heard_at - 90000000"))
    await bot.house.keep_seldom()
    assert await bench.jobs() == []
    assert await stored(bench) == 0


async def test_a_token_that_was_only_changed_forgets_nothing(bench: Bench, slack: Slack) -> None:
    bot = await bench.start()
    await shared(bench)
    await bench.ended()
    await slack.deliver({"type": "tokens_revoked", "tokens": {"bot": ["U0"]}})
    await bot.tools.database.write(lambda tx: tx.run("UPDATE presence SET heard_at = heard_at - 90000000"))
    await bot.house.keep_seldom()
    slack.refuse("auth.test", "account_inactive", times=100)
    await bot.house.keep_seldom()
    assert len(await bench.jobs()) == 1


async def test_words_go_at_once_even_if_slack_will_not_have_us_any_more(bench: Bench, slack: Slack) -> None:
    await bench.start()
    slack.refuse("chat.postMessage", "internal_error")
    share = await shared(bench)
    job = await bench.waits(JobState.REPLYING)
    for method in ("chat.postMessage", "chat.delete", "reactions.remove"):
        slack.refuse(method, "missing_scope", times=1000)
    slack.delete_file(share.file_ids[0])
    async with asyncio.timeout(30):
        while await stored(bench):
            await bench.time_passes(timedelta(minutes=6))
            await asyncio.sleep(0.05)
    assert silent(slack, share.channel)
    assert job.state is JobState.REPLYING


async def test_what_is_deleted_while_slack_takes_no_message_is_never_posted(bench: Bench, slack: Slack) -> None:
    await bench.start()
    slack.faults.arm("chat.postMessage", faults.answer(503))
    share = await shared(bench)
    await bench.waits(JobState.REPLYING)
    slack.delete_file(share.file_ids[0])
    [job] = await bench.ended_at_last()
    assert job.state is JobState.ABANDONED
    assert job.forgotten == 2
    assert [call.ok for call in slack.calls if call.method == "chat.postMessage"] == [False]
    assert await stored(bench) == 0


async def test_the_files_go_even_if_the_message_may_not_be_deleted(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = LONG
    await bench.start()
    share = await shared(bench)
    await bench.ended()
    slack.refuse("chat.delete", "cant_delete_message")
    slack.delete_file(share.file_ids[0])
    await eventually(lambda: not slack.own_files)
    [job] = await bench.ended_at_last()
    assert job.forgotten == 2


async def test_files_that_slack_never_showed_go_as_well(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = LONG
    slack.lost_shares = 1
    await bench.start()
    share = await shared(bench)
    await bench.ended_at_last()
    assert len(slack.own_files) == 4
    slack.delete_file(share.file_ids[0])
    await eventually(lambda: not slack.own_files)
    await gone(bench, share)


async def test_another_recording_of_the_same_message_keeps_its_reaction(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    share = await slack.share(channel, [recording(), recording("meeting")])
    await bench.ended(2)
    slack.delete_file(share.file_ids[0])
    await eventually(lambda: len(slack.replies(share)) == 1)
    await bench.ended_at_last(2)
    assert set(slack.message(channel.id, share.ts).reactions) == {"white_check_mark"}


async def test_a_deleted_one_is_listed_as_removed_and_cannot_be_started_again(bench: Bench, slack: Slack) -> None:
    bot = await bench.start()
    share = await shared(bench)
    await bench.ended()
    slack.delete_file(share.file_ids[0])
    await gone_from(slack, share)
    [job] = await bench.ended_at_last()
    answer = await slack.command("/transcripts", channel=share.channel)
    assert words.REMOVED in answer.messages[0]["text"]
    assert await bot.tools.database.write(lambda tx: reruns.retry(tx, job, now=bot.tools.clock())) is None


async def gone_from(slack: Slack, share: Share) -> None:
    await eventually(lambda: not spoken(slack, share))


async def test_a_person_who_takes_a_consent_back_is_not_the_whole_workspace(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await shared(bench)
    await bench.ended()
    await slack.deliver({"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}})
    assert len(await bench.jobs()) == 1


async def test_what_is_older_than_the_retention_is_forgotten_here_and_stays_in_its_thread(
    bench: Bench, slack: Slack
) -> None:
    await bench.start()
    share = await shared(bench)
    await bench.ended()
    assert bench.bot is not None
    await bench.bot.tools.database.write(
        lambda tx: tx.run("UPDATE transcripts SET created_at = :old", old=int(timedelta(days=1).total_seconds()))
    )
    await bench.stop()
    await bench.start(retention_days=30)

    async with asyncio.timeout(30):
        while await stored(bench):  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.02)
    reply = await only_reply(slack, share)
    assert "Wednesday" in words_of(reply)
