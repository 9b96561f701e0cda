"""The three steps of an upload, and the share that follows them."""

from __future__ import annotations

import aiohttp
import pytest

from sandbox.faults import answer, hang_up_after
from sandbox.slack import Channel, Slack
from tests.sandbox.slack_visitor import Json, Visitor, listening, section

WORDS = b"who said what"


@pytest.fixture
def channel(slack: Slack) -> Channel:
    # Nobody listens in most of these tests.
    slack.subscriptions.clear()
    return slack.channel("general")


async def begin(visitor: Visitor, *, name: str = "transcript.txt") -> Json:
    asked = await visitor.call("files.getUploadURLExternal", filename=name, length=len(WORDS))
    assert asked["ok"], asked
    return asked


async def uploaded(visitor: Visitor) -> str:
    asked = await begin(visitor)
    async with visitor.session.post(asked["upload_url"], data=WORDS) as taken:
        assert (taken.status, taken.content_type) == (200, "text/plain")
    return str(asked["file_id"])


async def shares(visitor: Visitor, file_id: str) -> Json:
    found: Json = (await visitor.call("files.info", file=file_id))["file"]["shares"]
    return found


async def test_a_completed_upload_becomes_one_message_a_little_later(
    slack: Slack, visitor: Visitor, channel: Channel
) -> None:
    root = slack.say(channel, "root")
    files = [{"id": await uploaded(visitor), "title": "Transcript"}, {"id": await uploaded(visitor)}]
    sent = {"files": files, "channel_id": channel.id, "thread_ts": root, "blocks": [section("Here it is")]}
    completed = await visitor.call("files.completeUploadExternal", **sent)
    assert [file["id"] for file in completed["files"]] == [file["id"] for file in files]
    assert await shares(visitor, files[0]["id"]) == {}
    await slack.quiet()
    (reply,) = slack.thread(channel.id, root)
    assert (reply.text, reply.blocks, reply.by_bot) == ("", (section("Here it is"),), True)
    assert [(file.name, file.title, file.content) for file in reply.files] == [
        ("transcript.txt", "Transcript", WORDS),
        ("transcript.txt", "transcript.txt", WORDS),
    ]
    (place,) = (await shares(visitor, files[0]["id"]))["public"][channel.id]
    assert (place["ts"], place["thread_ts"]) == (reply.ts, root)


async def test_blocks_are_ignored_beside_a_comment(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    sent = {"files": [{"id": await uploaded(visitor)}], "channel_id": channel.id}
    await visitor.call("files.completeUploadExternal", **sent, initial_comment="Here", blocks=[section("no")])
    await slack.quiet()
    assert [(message.text, message.blocks) for message in slack.messages(channel.id)] == [("Here", ())]


async def test_the_bots_own_file_is_announced_to_it(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    slack.subscriptions.add("file_shared")
    async with listening(slack) as app:
        file_id = await uploaded(visitor)
        await visitor.call("files.completeUploadExternal", files=[{"id": file_id}], channel_id=channel.id)
        await slack.quiet()
        (heard,) = app.heard
    event = heard.json["event"]
    assert (event["type"], event["file_id"], event["user_id"]) == ("file_shared", file_id, slack.bot_user_id)


async def test_without_a_channel_the_file_stays_unshared(slack: Slack, visitor: Visitor) -> None:
    file_id = await uploaded(visitor)
    assert (await visitor.call("files.completeUploadExternal", files=[{"id": file_id}]))["ok"]
    await slack.quiet()
    assert await shares(visitor, file_id) == {}
    assert (await visitor.call("files.delete", file=file_id))["ok"]
    assert await visitor.refused("files.info", file=file_id) == "file_deleted"


async def test_a_file_that_was_handed_over_and_not_completed_is_known_or_not(
    slack: Slack, visitor: Visitor, channel: Channel
) -> None:
    begun, file_id = await begin(visitor), await uploaded(visitor)
    assert await visitor.refused("files.info", file=file_id) == "file_not_found"
    slack.knows_unfinished_files = True
    assert await shares(visitor, file_id) == {}
    assert await visitor.refused("files.info", file=begun["file_id"]) == "file_not_found"
    assert slack.own_files == []
    sent: Json = {"files": [{"id": file_id}], "channel_id": channel.id}
    assert (await visitor.call("files.completeUploadExternal", **sent))["ok"]
    await slack.quiet()
    assert list((await shares(visitor, file_id))["public"]) == [channel.id]


async def test_an_upload_that_is_deleted_before_its_completion_cannot_be_completed(
    slack: Slack, visitor: Visitor
) -> None:
    slack.knows_unfinished_files = True
    file_id = await uploaded(visitor)
    assert (await visitor.call("files.delete", file=file_id))["ok"]
    assert await visitor.refused("files.completeUploadExternal", files=[{"id": file_id}]) == "file_not_found"


async def test_a_completion_may_answer_ok_and_never_share(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    slack.lost_shares = 1
    sent: Json = {"files": [{"id": await uploaded(visitor)}], "channel_id": channel.id}
    assert (await visitor.call("files.completeUploadExternal", **sent))["ok"]
    await slack.quiet()
    assert slack.messages(channel.id) == []
    assert (await visitor.call("files.completeUploadExternal", **sent))["ok"]
    await slack.quiet()
    assert len(slack.messages(channel.id)) == 1


async def test_bytes_may_come_as_multipart(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    asked = await begin(visitor)
    form = aiohttp.FormData()
    form.add_field("file", WORDS, filename="transcript.txt")
    async with visitor.session.post(asked["upload_url"], data=form) as taken:
        assert taken.status == 200
    await visitor.call("files.completeUploadExternal", files=[{"id": asked["file_id"]}], channel_id=channel.id)
    await slack.quiet()
    assert slack.messages(channel.id)[0].files[0].content == WORDS


async def test_an_upload_that_is_not_as_announced_is_refused(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    asked = await begin(visitor)
    async with visitor.session.post(asked["upload_url"], data=WORDS + b"!") as refused:
        assert refused.status == 400
    async with visitor.session.post(f"{slack.origin}/upload/v1/nothing", data=WORDS) as unknown:
        assert unknown.status == 404
    sent = {"files": [{"id": asked["file_id"]}], "channel_id": channel.id}
    assert await visitor.refused("files.completeUploadExternal", **sent) == "file_not_found"
    assert await visitor.refused("files.completeUploadExternal", files=[]) == "invalid_arguments"
    assert await visitor.refused("files.completeUploadExternal", files="{") == "invalid_arguments"
    assert await visitor.refused("files.getUploadURLExternal", filename="a.txt") == "invalid_arguments"
    assert await visitor.refused("files.getUploadURLExternal", filename="a.txt", length=0) == "invalid_arguments"


async def test_a_share_is_refused_where_a_message_would_be(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    files = [{"id": await uploaded(visitor)}]
    reply = slack.say(channel, "reply", thread_ts=slack.say(channel, "root"))
    far, closed = slack.channel("far", member=False), slack.channel("closed", archived=True)
    words = [
        await visitor.refused("files.completeUploadExternal", files=files, **place)
        for place in (
            {"channel_id": channel.id, "thread_ts": reply},
            {"channel_id": far.id},
            {"channel_id": closed.id},
            {"channel_id": slack.user("amara")},
            {"channel_id": channel.id, "blocks": [{"type": "banner"}]},
        )
    ]
    assert words == ["cannot_reply_to_message", "not_in_channel", "is_archived", "invalid_arguments", "invalid_blocks"]


async def test_a_cut_after_completion_has_shared_the_file(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    files = [{"id": await uploaded(visitor)}]
    slack.faults.arm("files.completeUploadExternal", hang_up_after())
    with pytest.raises(aiohttp.ClientError):
        await visitor.call("files.completeUploadExternal", files=files, channel_id=channel.id)
    await slack.quiet()
    assert len(slack.messages(channel.id)) == 1


async def test_the_upload_of_bytes_can_go_wrong(slack: Slack, visitor: Visitor) -> None:
    asked = await begin(visitor)
    slack.faults.arm("upload", answer(500))
    async with visitor.session.post(asked["upload_url"], data=WORDS) as failed:
        assert failed.status == 500
    async with visitor.session.post(asked["upload_url"], data=WORDS) as taken:
        assert taken.status == 200
    assert [(call.ok, call.error) for call in slack.calls if call.method == "upload"] == [
        (False, "http_500"),
        (True, None),
    ]
