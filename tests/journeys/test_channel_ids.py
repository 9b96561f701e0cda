"""A private channel is shared with another company: Slack changes its id, and everything goes on under the new one."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from sandbox.slack import Channel, Share, Slack
from storage import preferences, transcripts
from storage.database import Transaction
from storage.job import JobId, JobState, Reason
from storage.preferences import Preferences, Scope
from tests.journeys.bench import Bench, eventually, only_reply, recording, silent, words_of
from transcription.transcript import Transcript

HOUR = timedelta(hours=1)


@pytest.fixture
def deal(slack: Slack) -> Channel:
    slack.subscriptions |= {"channel_id_changed", "file_deleted"}
    return slack.channel("deal", kind="private", people=("amara", "thandi"))


async def test_a_recording_in_work_is_answered_under_the_new_id(bench: Bench, slack: Slack, deal: Channel) -> None:
    bench.botlhale.hold = True
    await bench.start(allow_slack_connect=True)
    share = await slack.share(deal, [recording()])
    await bench.waits(JobState.SUBMITTED)
    await slack.change_channel_id(deal)
    bench.botlhale.release()
    [job] = await bench.ended_at_last()
    assert (job.state, job.origin.channel) == (JobState.REPLIED, deal.id)
    assert "delivery on Wednesday" in words_of(await only_reply(slack, share))
    assert set(slack.message(deal.id, share.ts).reactions) == {"white_check_mark"}


async def test_where_connect_is_off_nothing_is_posted_any_more(bench: Bench, slack: Slack, deal: Channel) -> None:
    bench.botlhale.hold = True
    await bench.start(allow_slack_connect=False)
    await slack.share(deal, [recording()])
    await bench.waits(JobState.SUBMITTED)
    await slack.change_channel_id(deal)
    bench.botlhale.release()
    [job] = await bench.ended_at_last()
    assert job.state is JobState.ABANDONED
    assert job.failure is not None
    assert job.failure.reason is Reason.SHARED_CHANNEL
    assert silent(slack, deal)


async def test_search_and_list_find_what_was_said_before(bench: Bench, slack: Slack, deal: Channel) -> None:
    await bench.start(allow_slack_connect=True)
    await slack.share(deal, [recording()], user=slack.user("amara"))
    await bench.ended()

    async def told(text: str) -> str:
        answer = await slack.command("/transcripts", text, user=slack.user("amara"), channel=deal)
        return str((await answer.wait_for_messages())[0]["text"])

    before = [await told("search delivery"), await told("")]
    await slack.change_channel_id(deal)
    after = [await told("search delivery"), await told("")]
    assert "delivery" in after[0]
    assert [text.split("\n")[0] for text in after] == [text.split("\n")[0] for text in before]


async def test_what_is_deleted_afterwards_takes_its_transcript_along(bench: Bench, slack: Slack, deal: Channel) -> None:
    await bench.start(allow_slack_connect=True)
    share = await slack.share(deal, [recording()])
    await bench.ended()
    await only_reply(slack, share)
    await slack.change_channel_id(deal)
    slack.delete_file(share.file_ids[0])
    await slack.quiet()
    await bench.ended_at_last()
    assert silent(slack, deal)


async def test_what_the_channel_likes_is_kept(bench: Bench, slack: Slack, deal: Channel) -> None:
    bot = await bench.start(allow_slack_connect=True)
    scope, now = Scope(team=slack.team_id, kind="channel", owner=deal.id), bot.tools.clock()
    await bot.tools.database.write(
        lambda tx: preferences.put(tx, scope, Preferences(automatic=False), seen=0, by="U1", now=now)
    )
    await slack.change_channel_id(deal)
    await slack.share(deal, [recording()])
    [job] = await bench.ended_at_last()
    assert job.failure is not None
    assert job.failure.reason is Reason.ON_REQUEST
    assert not bench.botlhale.uploads
    assert silent(slack, deal)


@pytest.mark.parametrize("event", ["late", "never"])
async def test_a_reply_that_finds_no_channel_waits_for_the_new_id(
    bench: Bench, slack: Slack, deal: Channel, event: str
) -> None:
    """Without the event, the file tells where the conversation is now."""
    slack.subscriptions.discard("channel_id_changed")
    bench.botlhale.hold = True
    await bench.start(allow_slack_connect=True)
    share = await slack.share(deal, [recording()])
    await bench.waits(JobState.SUBMITTED)
    old = deal.id
    await slack.change_channel_id(deal)
    if event == "late":
        slack.refuse("files.info", "file_not_found", times=2)
    bench.botlhale.release()
    if event == "late":
        await eventually(lambda: [call for call in slack.calls if call.error == "channel_not_found"])
        moved = {"type": "channel_id_changed", "old_channel_id": old, "new_channel_id": deal.id}
        await slack.deliver(moved)
    [job] = await bench.ended_at_last()
    assert (job.state, job.origin.channel) == (JobState.REPLIED, deal.id)
    await only_reply(slack, share)


async def test_a_channel_that_is_gone_is_given_up_after_an_hour(bench: Bench, slack: Slack, deal: Channel) -> None:
    bench.botlhale.hold = True
    await bench.start(allow_slack_connect=True)
    await slack.share(deal, [recording()])
    await bench.waits(JobState.SUBMITTED)
    slack.refuse("chat.postMessage", "channel_not_found", times=1_000)
    bench.botlhale.release()
    await bench.waits(JobState.REPLYING)
    await bench.jobs_wait(1)
    await bench.time_passes(2 * HOUR)
    [job] = await bench.ended_at_last()
    assert job.state is JobState.ABANDONED


async def test_the_event_twice_or_about_something_else_changes_nothing(
    bench: Bench, slack: Slack, deal: Channel
) -> None:
    await bench.start(allow_slack_connect=True)
    share = await slack.share(deal, [recording()])
    await bench.ended()
    delivery = await slack.change_channel_id(deal)
    assert delivery is not None
    await slack.redeliver(delivery.event_id)
    for wrong in ({}, {"old_channel_id": deal.id}, {"old_channel_id": deal.id, "new_channel_id": deal.id}):
        assert (await slack.deliver({"type": "channel_id_changed", **wrong})).status == 200
    [job] = await bench.ended()
    assert job.origin.channel == deal.id
    await only_reply(slack, share)


@pytest.mark.parametrize("event", ["channel_deleted", "group_deleted"])
async def test_with_a_channel_its_transcripts_go(bench: Bench, slack: Slack, deal: Channel, event: str) -> None:
    bot = await bench.start(allow_slack_connect=True)
    kept = await slack.share(slack.channel("general"), [recording()], user=slack.user("amara"))
    await slack.share(deal, [recording()], user=slack.user("amara"))
    await bench.ended(2)
    delivery = await slack.deliver({"type": event, "channel": deal.id})
    assert delivery.status == 200
    jobs = await bench.ended_at_last(2)
    of = {job.origin.channel: await bot.tools.database.read(partial(_transcript, job.id)) for job in jobs}
    assert of[deal.id] is None
    assert of[kept.channel.id] is not None


def _transcript(job: JobId, tx: Transaction) -> Transcript | None:
    return transcripts.get(tx, job)


async def shared_unheard(slack: Slack, channel: Channel, event: str) -> tuple[Share, dict[str, Any]]:
    """Share a recording of which Slack does not tell yet, and what it will tell of it, as it was at that moment."""
    slack.drops_events = True
    share = await slack.share(channel, [recording()])
    await slack.quiet()
    slack.drops_events = False
    told: dict[str, Any] = {"channel": channel.id, "ts": share.ts, "user": slack.user("amara")}
    if event == "message":
        files = [{"id": share.file_ids[0], "name": "note.m4a", "mimetype": "audio/mp4", "filetype": "m4a"}]
        return share, {"type": "message", "subtype": "file_share", "channel_type": "group", "files": files, **told}
    told = {"channel_id": channel.id, "user_id": slack.user("amara"), "event_ts": share.ts}
    return share, {"type": "file_shared", "file_id": share.file_ids[0], "file": {"id": share.file_ids[0]}, **told}


@pytest.mark.parametrize("event", ["message", "file_shared"])
async def test_a_recording_that_is_told_of_under_the_old_id_is_answered_under_the_new_one(
    bench: Bench, slack: Slack, deal: Channel, event: str
) -> None:
    """Slack repeats an event as it was, and the id may have changed meanwhile."""
    await bench.start(allow_slack_connect=True)
    share, told = await shared_unheard(slack, deal, event)
    await slack.change_channel_id(deal)
    for _ in range(2):
        assert (await slack.deliver(told)).status == 200
    await slack.wait_for_replies(share)
    jobs = await bench.ended_at_last()
    assert [job.origin.channel for job in jobs if job.state is JobState.REPLIED] == [deal.id]
    await only_reply(slack, share)
    assert [upload.received for upload in bench.botlhale.uploads.values()] == [1]


@pytest.mark.parametrize("is_told", [True, False], ids=["told of the change", "not told of it"])
@pytest.mark.parametrize("changes", [1, 2])
@pytest.mark.parametrize("event", ["message", "file_shared"])
async def test_what_was_answered_is_not_answered_again_because_it_is_told_of_under_the_old_id(
    bench: Bench, slack: Slack, deal: Channel, event: str, changes: int, *, is_told: bool
) -> None:
    """The event about the new id can come after the repeated one, too."""
    await bench.start(allow_slack_connect=True)
    share, told = await shared_unheard(slack, deal, event)
    if event == "file_shared":
        told["event_ts"] = f"{float(share.ts) - 0.25:.6f}"  # only near the message
    await slack.deliver(told)
    await slack.wait_for_replies(share)
    await bench.ended()
    if not is_told:
        slack.subscriptions.discard("channel_id_changed")
    for _ in range(changes):
        await slack.change_channel_id(deal)
    await slack.deliver(told)
    await bench.ended_at_last()
    await only_reply(slack, share)
    assert [upload.received for upload in bench.botlhale.uploads.values()] == [1]


async def test_where_connect_is_off_the_old_id_is_no_way_in(bench: Bench, slack: Slack, deal: Channel) -> None:
    await bench.start(allow_slack_connect=False)
    _, told = await shared_unheard(slack, deal, "file_shared")
    await slack.change_channel_id(deal)
    await slack.deliver(told)
    [job] = await bench.ended_at_last()
    assert job.failure is not None
    assert job.failure.reason is Reason.SHARED_CHANNEL
    assert not bench.botlhale.uploads
    assert silent(slack, deal)


async def test_a_conversation_that_does_not_let_the_bot_in_is_not_left_for_another_one_with_the_file(
    bench: Bench, slack: Slack, deal: Channel
) -> None:
    await bench.start()
    share, told = await shared_unheard(slack, slack.channel("general"), "file_shared")
    deal.members.discard(slack.bot_user_id)
    await slack.deliver(told | {"channel_id": deal.id, "event_ts": f"{float(share.ts) - 60:.6f}"})
    [job] = await bench.ended_at_last()
    assert job.state is JobState.ABANDONED
    assert silent(slack, share.channel)


async def test_an_id_that_changes_before_anything_was_said_there_changes_nothing(
    bench: Bench, slack: Slack, deal: Channel
) -> None:
    await bench.start(allow_slack_connect=True)
    await slack.change_channel_id(deal)
    share = await slack.share(deal, [recording()])
    await slack.change_channel_id(deal)
    await bench.ended_at_last()
    await only_reply(slack, share)


async def test_a_reply_that_is_deleted_after_the_change_takes_its_words_out_of_the_search(
    bench: Bench, slack: Slack, deal: Channel
) -> None:
    slack.subscriptions.add("message")
    slack.scopes.add("groups:history")
    await bench.start(allow_slack_connect=True)
    share = await slack.share(deal, [recording()], user=slack.user("amara"))
    await bench.ended_at_last()
    reply = await only_reply(slack, share)
    await slack.change_channel_id(deal)
    slack.delete_message(deal, reply.ts)
    await slack.quiet()
    await slack.change_channel_id(deal)
    answer = await slack.command("/transcripts", "search delivery", user=slack.user("amara"), channel=deal)
    assert "on Wednesday" not in str(await answer.wait_for_messages())
