from datetime import timedelta
from typing import Any

import pytest

from sandbox.script import Segment
from sandbox.slack import Slack
from storage.job import JobState, Reason
from tests.journeys.bench import Bench, eventually, only_reply, recording, silent, words_of

IN_HTTP_MODE = {"slack_signing_secret": "sandbox-signing", "slack_app_token": None}


@pytest.mark.parametrize("mode", [{}, IN_HTTP_MODE], ids=["socket", "http"])
async def test_a_shared_voice_note_is_answered_in_its_thread_with_who_said_what(
    bench: Bench, slack: Slack, mode: dict[str, Any]
) -> None:
    await bench.start(**mode)
    share = await slack.share(slack.channel("general"), [recording("dialogue", subtype="slack_audio")])
    reply = await only_reply(slack, share)
    said = words_of(reply)
    assert "Speaker 1" in said
    assert "Speaker 2" in said
    assert "The customer called this morning" in said
    assert "Transcribed by Botlhale AI" in said
    assert reply.text.startswith("Transcript: ")
    await bench.ended()
    assert list((bench.folder / "threadscribe-spool").iterdir()) == []


@pytest.mark.parametrize("kind", ["public", "private", "im", "mpim"])
async def test_it_works_in_every_kind_of_conversation(bench: Bench, slack: Slack, kind: Any) -> None:
    await bench.start()
    share = await slack.share(slack.channel("place", kind=kind), [recording()])
    assert "delivery on Wednesday" in words_of(await only_reply(slack, share))


async def test_a_recording_posted_in_a_thread_is_answered_in_that_thread(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    root = slack.say(channel, "How did it go?")
    share = await slack.share(channel, [recording()], thread_ts=root)
    reply = await only_reply(slack, share)
    assert reply.thread_ts == root


async def test_several_files_in_one_message_get_one_reply_each(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    share = await slack.share(channel, [recording("note"), recording("second_note", mimetype="audio/ogg")])
    replies = await slack.wait_for_replies(share, count=2)
    await bench.ended(2)
    assert sorted("bank" in words_of(reply) for reply in replies) == [False, True]
    assert len(slack.replies(share)) == 2


async def test_a_reaction_tells_that_it_works_and_that_it_is_done(bench: Bench, slack: Slack) -> None:
    bench.botlhale.hold = True
    await bench.start()
    channel = slack.channel("general")
    share = await slack.share(channel, [recording()])
    await slack.until(lambda: "hourglass_flowing_sand" in slack.message(channel.id, share.ts).reactions)
    await eventually(lambda: bench.botlhale.uploads)
    bench.botlhale.release()
    await only_reply(slack, share)
    await bench.ended()
    assert set(slack.message(channel.id, share.ts).reactions) == {"white_check_mark"}


async def test_without_the_scope_for_reactions_the_transcript_comes_all_the_same(bench: Bench, slack: Slack) -> None:
    slack.scopes.discard("reactions:write")
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording()])
    await only_reply(slack, share)
    assert (await bench.ended())[0].state is JobState.REPLIED


async def test_both_events_of_one_upload_make_one_reply(bench: Bench, slack: Slack) -> None:
    slack.subscriptions.add("message")
    slack.scopes.add("channels:history")
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording()])
    await only_reply(slack, share)
    await bench.ended()
    assert len(slack.replies(share)) == 1


async def test_an_event_that_slack_repeats_makes_one_reply(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording()])
    await slack.quiet()
    for delivery in list(slack.deliveries):
        await slack.redeliver(delivery.event_id)
    await only_reply(slack, share)
    await bench.ended()
    assert len(slack.replies(share)) == 1


async def test_the_same_file_shared_again_later_is_answered_there_too(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    first = await slack.share(channel, [recording()])
    await only_reply(slack, first)
    second = await slack.share_existing(channel, first.file_ids[0])
    await slack.wait_for_replies(second)
    elsewhere = await slack.share_existing(slack.channel("other"), first.file_ids[0])
    await only_reply(slack, elsewhere)
    assert [len(slack.replies(share)) for share in (first, second, elsewhere)] == [1, 1, 1]


@pytest.mark.parametrize(
    "signal",
    [
        {"mimetype": "", "filetype": "", "name": "audio_message.m4a"},
        {"mimetype": "application/octet-stream", "filetype": "binary", "name": "blob", "subtype": "slack_audio"},
        {"mimetype": "video/mp4", "filetype": "mp4", "name": "audio_message"},
        {"mimetype": "text/plain", "filetype": "m4a", "name": "x"},
        {"mimetype": "", "filetype": "", "name": "x", "extra": {"media_display_type": "audio"}},
    ],
    ids=["suffix", "subtype", "mimetype", "filetype", "display"],
)
async def test_one_signal_is_enough_whatever_the_others_say(bench: Bench, slack: Slack, signal: dict[str, Any]) -> None:
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording(**signal)])
    await only_reply(slack, share)


async def test_a_file_that_slack_has_not_looked_at_yet_is_waited_for(bench: Bench, slack: Slack) -> None:
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording()], late_shares=3)
    await only_reply(slack, share)


async def test_everything_else_is_left_alone_without_a_word(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    picture = recording(content=b"\x89PNG\r\n\x1a\n", name="plan.png", mimetype="image/png", filetype="png")
    await slack.share(channel, [picture])
    ended = await bench.ended()
    assert [job.failure.reason for job in ended if job.failure] == [Reason.NOT_AUDIO]
    assert silent(slack, channel)
    assert not [call for call in slack.calls if call.method == "download"]


async def test_a_video_without_sound_is_left_alone(bench: Bench, slack: Slack, silent_video: bytes) -> None:
    await bench.start()
    channel = slack.channel("general")
    video = recording(content=silent_video, name="screen.mp4", mimetype="video/mp4", filetype="mp4")
    share = await slack.share(channel, [video])
    ended = await bench.ended()
    assert [job.failure.reason for job in ended if job.failure] == [Reason.NO_SOUND]
    assert silent(slack, channel)
    assert not slack.message(channel.id, share.ts).reactions


async def test_a_conversation_shared_with_another_company_is_left_alone_unless_allowed(
    bench: Bench, slack: Slack
) -> None:
    await bench.start()
    channel = slack.channel("with-partner", external=True)
    await slack.share(channel, [recording()], stub=True)
    ended = await bench.ended()
    assert [job.failure.reason for job in ended if job.failure] == [Reason.SHARED_CHANNEL]
    assert silent(slack, channel)
    assert not [call for call in slack.calls if call.method == "download"]
    await bench.stop()
    await bench.start(allow_slack_connect=True)
    share = await slack.share(channel, [recording()], stub=True)
    await only_reply(slack, share)


async def test_where_the_bot_is_not_a_member_nothing_is_read_or_said(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("not-ours", member=False)
    await slack.share(channel, [recording()])
    await slack.quiet()
    await bench.ended(0)
    assert silent(slack, channel)
    assert not [call for call in slack.calls if call.method == "download"]


async def test_a_long_transcript_is_one_reply_with_its_opening_and_two_files(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = [
        Segment(
            start=n / 10,
            end=(n + 1) / 10,
            speaker=n % 2,
            text=f"Sentence number {n} of a rather long meeting.",
            language="en-ZA",
        )
        for n in range(400)
    ]
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording("meeting", mimetype="audio/ogg", title="Weekly")])
    reply = await only_reply(slack, share)
    names = [file.name for file in reply.files]
    assert names == ["Weekly.txt", "Weekly.vtt"]
    text = reply.files[0].content.decode()
    assert all(f"Sentence number {n} of" in text for n in range(400))
    assert "Sentence number 0 of" in words_of(reply)
    assert (await bench.ended())[0].reply_ts == reply.ts


@pytest.mark.parametrize(("off", "after"), [(600, 6), (400_000, 61)])
async def test_an_event_that_is_far_from_its_message_is_answered_once_no_nearer_one_turns_up(
    bench: Bench, slack: Slack, off: int, after: int
) -> None:
    slack.subscriptions.clear()
    await bench.start()
    channel = slack.channel("general")
    share = await slack.share(channel, [recording()])
    event = {
        "type": "file_shared",
        "file_id": share.file_ids[0],
        "channel_id": channel.id,
        "user_id": slack.user("amara"),
        "event_ts": str(float(share.ts) - off),
    }
    await slack.deliver(event)
    await slack.until(lambda: any(call.method == "files.info" for call in slack.calls))
    await bench.waits(JobState.RECEIVED)
    assert silent(slack, channel)
    await bench.time_passes(timedelta(seconds=after))
    await only_reply(slack, share)
