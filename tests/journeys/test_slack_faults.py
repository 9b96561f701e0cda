import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox import faults
from sandbox.script import Segment
from sandbox.slack import Channel, Share, Slack, Synthetic
from storage.job import Job, JobState, Reason
from tests.journeys.bench import Bench, eventually, only_reply, recording, silent, words_of

HISTORY = {"channels:history", "groups:history", "im:history", "mpim:history"}
JSON: dict[str, Any] = {"Content_Type": "application/json"}
TROUBLES = {
    "cut before": faults.hang_up_before(),
    "429": faults.rate_limited(1),
    "500": faults.answer(500),
    "503": faults.answer(503, b"<html>over capacity</html>", Retry_After="1"),
    "html": faults.answer(200, b"<html>over capacity</html>", Content_Type="text/html"),
    "not json": faults.answer(200, b'{"ok": tru', **JSON),
    "list": faults.answer(200, b"[]", **JSON),
    "nothing": faults.answer(200, b"", **JSON),
    "no fields": faults.answer(200, b'{"ok": true}', **JSON),
    "internal": faults.answer(200, b'{"ok": false, "error": "internal_error"}', **JSON),
    "no word": faults.answer(200, b'{"ok": false}', **JSON),
    "slow": faults.slow(0.3),
}
A_LONG_TALK = [
    Segment(start=n / 10, end=(n + 1) / 10, speaker=n % 2, text=f"Sentence number {n} of a rather long meeting.")
    for n in range(400)
]


def calls(slack: Slack, method: str, *, ok: bool | None = None) -> int:
    """How often a method was called."""
    return len([call for call in slack.calls if call.method == method and ok in {None, call.ok}])


def is_duplicate(job: Job) -> bool:
    """Whether it is Slack's second event about the same sharing."""
    return job.failure is not None and job.failure.reason is Reason.DUPLICATE


async def shared(slack: Slack, **more: Any) -> Share:
    return await slack.share(slack.channel("general"), [recording(**more)])


async def answered_once(bench: Bench, slack: Slack, share: Share) -> None:
    """Wait for the end; then there is one reply, and it is the transcript."""
    (job,) = [job for job in await bench.ended_at_last() if not is_duplicate(job)]
    assert (job.state, job.failure) == (JobState.REPLIED, None)
    reply = await only_reply(slack, share)
    assert job.reply_ts == reply.ts
    assert "Botlhale AI" in words_of(reply)
    assert len(bench.botlhale.uploads) == 1


@pytest.mark.parametrize("form", ["message", "files"])
async def test_a_reply_that_lands_only_after_the_connection_broke_is_waited_for_and_not_repeated(
    bench: Bench, slack: Slack, form: str
) -> None:
    slack.scopes |= HISTORY
    method = "chat.postMessage" if form == "message" else "files.completeUploadExternal"
    if form == "files":
        bench.botlhale.script = A_LONG_TALK
    slack.faults.arm(method, faults.takes_effect_late(3))
    await bench.start()
    share = await shared(slack)
    job = await bench.waits(JobState.REPLYING)
    while job.misses == 0 and not job.attempts:  # looked for once more, in vain
        job = await bench.waits(JobState.REPLYING)
    await slack.wait_for_replies(share)
    await answered_once(bench, slack, share)
    assert calls(slack, method) == 1


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_whatever_goes_wrong_with_the_message_there_is_one_reply(
    bench: Bench, slack: Slack, trouble: str
) -> None:
    slack.scopes |= HISTORY
    slack.faults.arm("chat.postMessage", TROUBLES[trouble])
    await bench.start()
    share = await shared(slack)
    await answered_once(bench, slack, share)


@pytest.mark.long
@pytest.mark.parametrize(
    ("method", "trouble"),
    [
        ("files.info", "cut before"),
        ("files.info", "html"),
        ("files.info", "no fields"),
        ("conversations.info", "429"),
        ("conversations.info", "500"),
        ("conversations.info", "no fields"),
        ("reactions.add", "cut before"),
        ("reactions.add", "500"),
        ("reactions.remove", "429"),
        ("reactions.remove", "html"),
    ],
)
async def test_whatever_goes_wrong_on_the_way_there_is_one_reply(
    bench: Bench, slack: Slack, method: str, trouble: str
) -> None:
    slack.faults.arm(method, TROUBLES[trouble])
    await bench.start()
    share = await shared(slack)
    await answered_once(bench, slack, share)


@pytest.mark.parametrize("trouble", ["cut before", "429", "500", "503", "slow"])
async def test_whatever_goes_wrong_with_the_download_it_is_made_again(bench: Bench, slack: Slack, trouble: str) -> None:
    slack.faults.arm("download", TROUBLES[trouble])
    await bench.start()
    share = await shared(slack)
    await answered_once(bench, slack, share)


@pytest.mark.parametrize("mode", [{}, {"slack_signing_secret": "sandbox-signing", "slack_app_token": None}])
async def test_a_reply_whose_answer_was_lost_is_found_again_where_the_thread_may_be_read(
    bench: Bench, slack: Slack, mode: dict[str, Any]
) -> None:
    slack.scopes |= HISTORY
    slack.faults.arm("chat.postMessage", faults.hang_up_after())
    await bench.start(**mode)
    share = await shared(slack)
    await answered_once(bench, slack, share)
    assert calls(slack, "chat.postMessage") == 1


async def test_it_is_found_again_where_messages_are_subscribed_to_as_well(bench: Bench, slack: Slack) -> None:
    slack.scopes |= HISTORY
    slack.subscriptions.add("message")
    slack.faults.arm("chat.postMessage", faults.hang_up_after())
    await bench.start()
    share = await shared(slack)
    await answered_once(bench, slack, share)
    assert calls(slack, "chat.postMessage") == 1


async def test_it_is_found_again_far_down_a_long_thread(bench: Bench, slack: Slack) -> None:
    slack.scopes |= HISTORY
    slack.faults.arm("chat.postMessage", faults.hang_up_after())
    channel = slack.channel("general")
    root = slack.say(channel, "Where were we?")
    for n in range(450):
        slack.say(channel, f"Remark {n}", thread_ts=root)
    await bench.start()
    share = await slack.share(channel, [recording()], thread_ts=root)
    await answered_once(bench, slack, share)


async def test_it_is_found_again_after_a_restart(bench: Bench, slack: Slack) -> None:
    slack.scopes |= HISTORY
    slack.faults.arm("chat.postMessage", faults.hang_up_after())
    await bench.start()
    share = await shared(slack)
    await slack.wait_for_replies(share)
    await bench.stop()
    await bench.start()
    await answered_once(bench, slack, share)


@pytest.mark.parametrize("trouble", ["cut before", "429", "503", "not json", "nothing", "no fields", "no word"])
async def test_a_thread_that_cannot_be_read_just_now_is_not_taken_for_an_empty_one(
    bench: Bench, slack: Slack, trouble: str
) -> None:
    slack.scopes |= HISTORY
    slack.faults.arm("chat.postMessage", faults.hang_up_after())
    slack.faults.arm("conversations.replies", TROUBLES[trouble])
    await bench.start()
    share = await shared(slack)
    await answered_once(bench, slack, share)


async def test_where_the_thread_may_not_be_read_a_lost_answer_makes_two_like_replies_at_most(
    bench: Bench, slack: Slack
) -> None:
    """The one documented exception."""
    slack.faults.arm("chat.postMessage", faults.hang_up_after())
    await bench.start()
    share = await shared(slack)
    (job,) = await bench.ended_at_last()
    await slack.quiet()
    spoken = [message for message in slack.messages(share.channel.id) if message.by_bot]
    assert job.state is JobState.REPLIED
    assert spoken == slack.replies(share)
    assert len(spoken) <= 2
    assert len({words_of(message) for message in spoken}) == 1


async def test_a_reply_that_is_too_long_after_all_goes_as_a_file(bench: Bench, slack: Slack) -> None:
    slack.refuse("chat.postMessage", "msg_blocks_too_long")
    await bench.start()
    share = await shared(slack)
    await answered_once(bench, slack, share)
    (reply,) = slack.replies(share)
    assert "delivery on Wednesday" in reply.files[0].content.decode()


FILE_METHODS = {
    "files.getUploadURLExternal": ["429", "html", "no fields"],
    "upload": ["cut before", "500"],
    "files.completeUploadExternal": ["429", "slow"],
}


@pytest.mark.parametrize(
    ("method", "trouble"), [(method, trouble) for method, troubles in FILE_METHODS.items() for trouble in troubles]
)
async def test_whatever_goes_wrong_with_the_files_there_is_one_reply(
    bench: Bench, slack: Slack, method: str, trouble: str
) -> None:
    bench.botlhale.script = A_LONG_TALK
    slack.faults.arm(method, TROUBLES[trouble])
    await bench.start()
    share = await shared(slack)
    await answered_once(bench, slack, share)
    (reply,) = slack.replies(share)
    assert len(reply.files) == 2
    assert "Sentence number 399" in reply.files[0].content.decode()


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("trouble", ["cut before", "500", "no fields"])
async def test_a_sharing_that_did_not_take_effect_is_made_again(bench: Bench, slack: Slack, trouble: str) -> None:
    bench.botlhale.script = A_LONG_TALK
    slack.faults.arm("files.completeUploadExternal", TROUBLES[trouble])
    await bench.start()
    share = await shared(slack)
    await answered_once(bench, slack, share)


@pytest.mark.usefixtures("either_way")
async def test_files_whose_sharing_surely_had_no_effect_are_shared_at_once_and_not_handed_over_again(
    bench: Bench, slack: Slack
) -> None:
    bench.botlhale.script = A_LONG_TALK
    slack.faults.arm("files.completeUploadExternal", faults.rate_limited(1), times=2)
    await bench.start()
    share = await shared(slack)
    await bench.ended()
    await answered_once(bench, slack, share)
    (reply,) = slack.replies(share)
    assert calls(slack, "upload") == len(reply.files)


@pytest.mark.usefixtures("either_way")
async def test_files_that_slack_no_longer_has_when_they_are_shared_are_handed_over_again(
    bench: Bench, slack: Slack
) -> None:
    bench.botlhale.script = A_LONG_TALK
    slack.refuse("files.completeUploadExternal", "file_not_found")
    await bench.start()
    share = await shared(slack)
    await answered_once(bench, slack, share)


@pytest.mark.usefixtures("either_way")
async def test_files_are_not_shared_twice_when_slack_is_asked_too_often_about_them(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = A_LONG_TALK
    slack.share_delay = 1.0
    await bench.start()
    share = await shared(slack)
    await slack.until(lambda: calls(slack, "files.completeUploadExternal"))
    slack.faults.arm("files.info", faults.rate_limited(1))
    await slack.wait_for_replies(share)
    await bench.ended()
    await answered_once(bench, slack, share)
    assert calls(slack, "files.completeUploadExternal") == 1


@pytest.mark.usefixtures("either_way")
async def test_shared_files_whose_answer_was_lost_are_found_again(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = A_LONG_TALK
    slack.faults.arm("files.completeUploadExternal", faults.hang_up_after())
    await bench.start()
    share = await shared(slack)
    await answered_once(bench, slack, share)
    assert calls(slack, "files.completeUploadExternal") == 1


@pytest.mark.usefixtures("either_way")
async def test_files_that_are_shared_late_are_waited_for_and_not_shared_twice(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = A_LONG_TALK
    slack.share_delay = 1.0
    slack.faults.arm("files.completeUploadExternal", faults.hang_up_after())
    await bench.start()
    share = await shared(slack)
    await slack.wait_for_replies(share)
    await answered_once(bench, slack, share)
    assert len(slack.replies(share)) == 1


@pytest.mark.usefixtures("either_way")
async def test_files_that_slack_loses_are_shared_once_more(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = A_LONG_TALK
    slack.lost_shares = 1
    await bench.start()
    share = await shared(slack)
    await _pass_until(bench, slack, share)
    await answered_once(bench, slack, share)
    assert len(slack.replies(share)[0].files) == 2


@pytest.mark.usefixtures("either_way")
async def test_where_slack_loses_files_again_and_again_the_message_comes_without_them(
    bench: Bench, slack: Slack
) -> None:
    bench.botlhale.script = A_LONG_TALK
    slack.lost_shares = 99
    await bench.start()
    share = await shared(slack)
    await answered_once(bench, slack, share)
    (reply,) = slack.replies(share)
    assert reply.files == ()
    assert "Sentence number 0 of" in words_of(reply)
    assert calls(slack, "files.completeUploadExternal") == 2


async def _pass_until(bench: Bench, slack: Slack, share: Share) -> None:
    """Let time pass by the half minute until something is said, so that what Slack shares late has its time."""
    async with asyncio.timeout(20):
        while not slack.replies(share):
            await asyncio.sleep(0.1)
            await bench.time_passes(timedelta(seconds=30))


def _archive(_slack: Slack, channel: Channel) -> None:
    channel.archived = True


def _delete(slack: Slack, channel: Channel) -> None:
    slack.delete_channel(channel)


def _remove_bot(slack: Slack, channel: Channel) -> None:
    channel.members.discard(slack.bot_user_id)


def _delete_message(slack: Slack, channel: Channel) -> None:
    slack.delete_message(channel, next(message.ts for message in slack.messages(channel.id) if message.files))


@pytest.mark.parametrize("talk", [None, A_LONG_TALK], ids=["message", "files"])
@pytest.mark.parametrize("happening", [_archive, _delete, _remove_bot, _delete_message])
async def test_a_conversation_that_is_closed_meanwhile_ends_the_job_without_a_word(
    bench: Bench, slack: Slack, happening: Callable[[Slack, Channel], None], talk: Any
) -> None:
    bench.botlhale.script, bench.botlhale.hold = talk, True
    await bench.start()
    channel = slack.channel("general")
    await slack.share(channel, [recording()])
    await bench.waits(JobState.SUBMITTED)
    happening(slack, channel)
    bench.botlhale.release()
    (job,) = await bench.ended_at_last()
    await slack.quiet()
    assert job.state is JobState.ABANDONED
    assert job.failure is not None
    assert await _kept_words(bench) == 0
    assert silent(slack, channel)
    assert list((bench.folder / "threadscribe-spool").iterdir()) == []


async def _kept_words(bench: Bench) -> int:
    """How many transcripts, and parts of them that a search finds, are stored."""
    assert bench.bot is not None
    kept = "SELECT job_id FROM transcripts UNION ALL SELECT job_id FROM passages"
    return len(await bench.bot.tools.database.read(lambda tx: tx.all(kept)))


@pytest.mark.parametrize("happening", [_archive, _delete, _remove_bot])
async def test_a_conversation_that_is_closed_before_it_is_looked_at_is_left_alone(
    bench: Bench, slack: Slack, happening: Callable[[Slack, Channel], None]
) -> None:
    await bench.start()
    slack.faults.arm("files.info", faults.slow(0.3))
    channel = slack.channel("general")
    await slack.share(channel, [recording()])
    await slack.until(lambda: slack.deliveries)
    happening(slack, channel)
    (job,) = await bench.ended_at_last()
    assert job.state is JobState.ABANDONED
    assert silent(slack, channel)
    assert not bench.botlhale.uploads


async def test_a_thread_that_was_locked_ends_the_job_with_a_reaction(bench: Bench, slack: Slack) -> None:
    slack.refuse("chat.postMessage", "restricted_action_thread_locked", times=9)
    await bench.start()
    share = await shared(slack)
    (job,) = await bench.ended_at_last()
    assert job.failure is not None
    assert job.failure.reason is Reason.NOWHERE_TO_REPLY
    assert await _kept_words(bench) == 0
    assert silent(slack, share.channel)
    assert set(slack.message(share.channel.id, share.ts).reactions) == {"warning"}


async def test_a_recording_deleted_before_it_is_looked_at_is_forgotten(bench: Bench, slack: Slack) -> None:
    slack.faults.arm("files.info", faults.slow(0.3))
    await bench.start()
    share = await shared(slack)
    await slack.until(lambda: slack.deliveries)
    slack.delete_file(share.file_ids[0])
    (job,) = await bench.ended_at_last()
    assert job.failure is not None
    assert job.failure.reason is Reason.FILE_GONE
    assert silent(slack, share.channel)


async def test_a_recording_deleted_before_it_is_fetched_is_told_of_once_at_most(bench: Bench, slack: Slack) -> None:
    slack.faults.arm("conversations.info", faults.slow(0.3))
    await bench.start()
    share = await shared(slack)
    await slack.until(lambda: calls(slack, "files.info"))
    slack.delete_file(share.file_ids[0])
    await bench.ended_at_last()
    await slack.quiet()
    assert len(slack.replies(share)) <= 1
    assert len([message for message in slack.messages(share.channel.id) if message.by_bot]) <= 1
    assert not bench.botlhale.uploads


async def test_a_recording_deleted_while_it_is_transcribed_comes_to_an_end_and_leaves_nothing(
    bench: Bench, slack: Slack
) -> None:
    bench.botlhale.hold = True
    await bench.start()
    share = await shared(slack)
    await bench.waits(JobState.SUBMITTED)
    slack.delete_file(share.file_ids[0])
    bench.botlhale.release()
    (job,) = await bench.ended_at_last()
    assert not job.state.is_open
    assert len([message for message in slack.messages(share.channel.id) if message.by_bot]) <= 1
    assert list((bench.folder / "threadscribe-spool").iterdir()) == []


async def test_a_download_that_is_cut_midway_is_made_again(bench: Bench, slack: Slack) -> None:
    slack.faults.arm("download", faults.hang_up_after(), times=2)
    await bench.start()
    share = await shared(slack)
    await answered_once(bench, slack, share)
    assert calls(slack, "download") == 3


async def test_a_download_that_is_always_cut_is_given_up_in_the_thread(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await shared(slack, cut_at=1000)
    await slack.until(lambda: calls(slack, "download"))
    await bench.waits(JobState.RECEIVED)
    await bench.time_passes(timedelta(hours=25))
    await bench.ended_at_last()
    reply = await only_reply(slack, share)
    assert set(slack.message(share.channel.id, share.ts).reactions) == {"warning"}
    assert not bench.botlhale.requests
    assert "Slack didn't let Threadscribe download it." in reply.text


async def test_a_scope_that_is_taken_away_waits_for_the_operator(bench: Bench, slack: Slack) -> None:
    slack.faults.arm("files.info", faults.slow(0.3))
    await bench.start()
    share = await shared(slack)
    await slack.until(lambda: slack.deliveries)
    slack.scopes.discard("files:read")
    await slack.until(lambda: calls(slack, "files.info", ok=False))
    await bench.waits(JobState.RECEIVED)
    assert silent(slack, share.channel)
    slack.scopes.add("files:read")
    await answered_once(bench, slack, share)


async def test_a_sign_in_page_in_place_of_the_recording_is_told_in_the_thread_in_the_end(
    bench: Bench, slack: Slack
) -> None:
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording()], html_instead=True)
    await slack.until(lambda: calls(slack, "download"))
    await bench.waits(JobState.RECEIVED)
    assert silent(slack, share.channel)
    await bench.time_passes(timedelta(hours=25))
    (job,) = await bench.ended_at_last()
    reply = await only_reply(slack, share)
    assert job.failure is not None
    assert job.failure.reason is Reason.NO_DOWNLOAD
    assert "Slack didn't let Threadscribe download it." in reply.text
    assert set(slack.message(share.channel.id, share.ts).reactions) == {"warning"}
    assert not bench.botlhale.requests


async def test_a_redirect_within_slack_is_followed(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await shared(slack, redirect="same")
    await answered_once(bench, slack, share)


async def test_a_redirect_to_another_host_is_not_followed_and_no_token_leaks(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await shared(slack, redirect="elsewhere")
    reply = await only_reply(slack, share)
    await bench.ended_at_last()
    assert "can't read" in reply.text
    assert slack.leaked == []
    assert not bench.botlhale.requests


@pytest.mark.parametrize(
    "lie",
    [
        {"content": Synthetic(size=300_000)},
        {"content": Synthetic(size=300_000), "declared_size": 10},
        {"content": Synthetic(size=300_000), "declared_size": 0},
        {"declared_size": 10**12},
    ],
    ids=["true", "said smaller", "said empty", "said larger"],
)
async def test_a_file_that_is_too_large_is_refused_in_the_thread(
    bench: Bench, slack: Slack, lie: dict[str, Any]
) -> None:
    await bench.start(largest_file=200_000)
    share = await shared(slack, **lie)
    reply = await only_reply(slack, share)
    (job,) = await bench.ended_at_last()
    assert job.failure is not None
    assert "larger than" in reply.text
    assert set(slack.message(share.channel.id, share.ts).reactions) == {"warning"}
    assert not bench.botlhale.requests
    assert list((bench.folder / "threadscribe-spool").iterdir()) == []


@pytest.mark.parametrize("kind", ["public", "private", "im", "mpim"])
async def test_without_the_scope_to_look_at_conversations_nothing_leaves_slack_until_it_is_granted(
    bench: Bench, slack: Slack, kind: Any
) -> None:
    scopes = {"channels:read", "groups:read", "im:read", "mpim:read"}
    slack.scopes -= scopes
    await bench.start()
    share = await slack.share(slack.channel("place", kind=kind), [recording()])
    await eventually(lambda: calls(slack, "conversations.info"))
    await bench.waits(JobState.RECEIVED)
    assert not calls(slack, "download")
    assert not bench.botlhale.requests
    slack.scopes |= scopes
    await answered_once(bench, slack, share)


@pytest.mark.parametrize(
    ("method", "word"),
    [("files.info", "token_revoked"), ("conversations.info", "invalid_auth"), ("chat.postMessage", "account_inactive")],
)
async def test_a_token_that_is_revoked_in_the_middle_delays_the_reply_until_there_is_one_again(
    bench: Bench, slack: Slack, method: str, word: str
) -> None:
    slack.refuse(method, word, times=2)
    await bench.start()
    share = await shared(slack)
    await answered_once(bench, slack, share)


async def _let_go(bench: Bench) -> Job:
    """The job, once it is in nobody's hands."""
    async with asyncio.timeout(20):
        while True:
            (job,) = await bench.jobs()
            if job.lease is None:
                return job
            await asyncio.sleep(0.01)


async def _tried(slack: Slack, times: int) -> None:
    await eventually(lambda: calls(slack, "chat.postMessage") >= times)


async def test_a_reply_that_slack_will_not_take_is_tried_less_and_less_often(bench: Bench, slack: Slack) -> None:
    slack.faults.arm("chat.postMessage", faults.answer(429), times=999)
    await bench.start()
    await shared(slack)
    for tries in range(1, 6):
        await _tried(slack, tries)
        job = await _let_go(bench)
        assert job.due_at is not None
        await bench.time_passes(job.due_at - datetime.now(UTC))
    await _tried(slack, 6)
    job = await _let_go(bench)
    assert job.due_at is not None
    assert job.due_at - datetime.now(UTC) > timedelta(seconds=5)


async def test_a_reply_that_slack_never_takes_comes_to_an_end(bench: Bench, slack: Slack) -> None:
    slack.refuse("chat.postMessage", "token_revoked", times=999)
    await bench.start()
    share = await shared(slack)
    await _tried(slack, 1)
    await _let_go(bench)
    await bench.time_passes(timedelta(hours=25))
    (job,) = await bench.ended_at_last()
    assert job.state is JobState.ABANDONED
    assert silent(slack, share.channel)


async def test_a_slack_that_is_away_for_an_hour_delays_the_reply_and_doubles_nothing(
    bench: Bench, slack: Slack
) -> None:
    bench.botlhale.hold = True
    await bench.start()
    share = await shared(slack)
    await bench.waits(JobState.SUBMITTED)
    for method in ("chat.postMessage", "conversations.replies", "reactions.add", "reactions.remove", "files.info"):
        slack.faults.arm(method, faults.answer(503), times=12)
    slack.scopes |= HISTORY
    bench.botlhale.release()
    await answered_once(bench, slack, share)


async def test_a_restart_while_slack_is_away_delays_the_reply_and_doubles_nothing(bench: Bench, slack: Slack) -> None:
    slack.faults.arm("chat.postMessage", faults.rate_limited(60))
    await bench.start()
    share = await shared(slack)
    await eventually(lambda: calls(slack, "chat.postMessage"))
    await bench.stop()
    await bench.start()
    await answered_once(bench, slack, share)


@pytest.mark.parametrize("held", ["download", "files.info", "chat.postMessage", "files.completeUploadExternal"])
async def test_a_stop_in_the_middle_of_a_call_is_waited_for_and_nothing_is_done_twice(
    bench: Bench, slack: Slack, held: str
) -> None:
    bench.botlhale.script = A_LONG_TALK if held.endswith("External") else None
    slack.faults.arm(held, faults.slow(0.4))
    await bench.start()
    share = await shared(slack)
    before = {"download": "conversations.info", "files.info": "auth.test"}.get(held, "files.info")
    await slack.until(lambda: calls(slack, before))
    await bench.stop()
    await bench.start()
    await answered_once(bench, slack, share)


async def test_a_slack_that_is_away_when_we_start_is_waited_for(bench: Bench, slack: Slack) -> None:
    slack.faults.arm("auth.test", faults.answer(503), times=2)
    await bench.start()
    share = await shared(slack)
    await answered_once(bench, slack, share)


async def test_many_recordings_in_one_channel_are_answered_at_the_pace_that_slack_allows(
    bench: Bench, slack: Slack
) -> None:
    slack.enforce_rate = True
    await bench.start()
    channel = slack.channel("general")
    shares = [await slack.share(channel, [recording("second_note", mimetype="audio/ogg")]) for _ in range(3)]
    await bench.ended(3)
    assert [len(slack.replies(share)) for share in shares] == [1, 1, 1]
