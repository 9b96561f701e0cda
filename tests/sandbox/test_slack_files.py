"""Files: what `files.info` says of them and when, and how their downloads behave."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from sandbox.faults import answer, hang_up_after, hang_up_before
from sandbox.slack import Channel, Share, Slack, Synthetic, Upload
from tests.sandbox.slack_visitor import Json, Visitor

SOUND = bytes(range(256)) * 1_000


@pytest.fixture
def channel(slack: Slack) -> Channel:
    return slack.channel("general")


async def described(visitor: Visitor, share: Share) -> Json:
    file: Json = (await visitor.call("files.info", file=share.file_ids[0]))["file"]
    return file


async def test_a_file_tells_its_type_its_size_and_where_it_was_shared(
    slack: Slack, visitor: Visitor, channel: Channel
) -> None:
    share = await slack.share(channel, [Upload(content=SOUND, subtype="slack_audio", duration_ms=1500)])
    file = await described(visitor, share)
    assert (file["mimetype"], file["filetype"], file["size"]) == ("audio/mp4", "m4a", len(SOUND))
    assert (file["subtype"], file["duration_ms"]) == ("slack_audio", 1500)
    assert [place["ts"] for place in file["shares"]["public"][channel.id]] == [share.ts]
    assert (file["channels"], file["groups"], file["user"]) == ([channel.id], [], slack.user("amara"))


async def test_a_file_shared_in_a_thread_names_the_root(slack: Slack, visitor: Visitor) -> None:
    channel = slack.channel("staff", kind="private")
    root = slack.say(channel, "minutes, please")
    share = await slack.share(channel, [Upload(content=SOUND)], thread_ts=root)
    place = (await described(visitor, share))["shares"]["private"][channel.id][0]
    assert (place["ts"], place["thread_ts"]) == (share.ts, root)
    assert share.root_ts == slack.root(share).ts == root


async def test_a_file_shared_again_has_two_places(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    other = slack.channel("other")
    first = await slack.share(channel, [Upload(content=SOUND)])
    second = await slack.share_existing(other, first.file_ids[0])
    shares = (await described(visitor, first))["shares"]["public"]
    assert {place: [one["ts"] for one in ones] for place, ones in shares.items()} == {
        channel.id: [first.ts],
        other.id: [second.ts],
    }


async def test_type_and_shares_may_come_late(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    share = await slack.share(channel, [Upload(content=SOUND)], late_shares=2)
    early = [await described(visitor, share) for _ in range(2)]
    then = await described(visitor, share)
    assert [(file["mimetype"], file["shares"]) for file in early] == [("", {})] * 2
    assert then["mimetype"] == "audio/mp4"
    assert channel.id in then["shares"]["public"]


async def test_a_stub_in_events_is_a_whole_file_to_those_who_ask(slack: Slack, visitor: Visitor) -> None:
    slack.scopes.add("channels:history")
    channel = slack.channel("partners", external=True)
    share = await slack.share(channel, [Upload(content=SOUND)], stub=True)
    message = (await visitor.call("conversations.history", channel=channel.id))["messages"][0]
    assert message["files"][0]["file_access"] == "check_file_info"
    assert "url_private" not in message["files"][0]
    assert (await described(visitor, share))["url_private"]


async def test_files_out_of_sight_or_deleted_are_refused(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    hidden = await slack.share(slack.channel("hidden", kind="private", member=False), [Upload(content=SOUND)])
    gone = await slack.share(channel, [Upload(content=SOUND)])
    url = (await described(visitor, gone))["url_private"]
    slack.delete_file(gone.file_ids[0])
    assert await visitor.refused("files.info", file=hidden.file_ids[0]) == "file_not_found"
    assert await visitor.refused("files.info", file="F0NOTHING") == "file_not_found"
    assert await visitor.refused("files.info", file=gone.file_ids[0]) == "file_deleted"
    async with visitor.session.get(url, headers={"Authorization": f"Bearer {slack.bot_token}"}) as answered:
        assert answered.status == 404
    assert slack.message(channel.id, gone.ts).files == ()


async def test_files_can_be_listed_and_only_own_ones_deleted(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    share = await slack.share(channel, [Upload(content=SOUND), Upload(content=SOUND, name="second.mp3")])
    listed = (await visitor.call("files.list", channel=channel.id))["files"]
    assert [file["id"] for file in listed] == list(reversed(share.file_ids))
    assert await visitor.refused("files.delete", file=share.file_ids[0]) == "cant_delete_file"


async def test_a_file_is_downloaded_with_the_bots_token(
    slack: Slack, visitor: Visitor, channel: Channel, tmp_path: Path
) -> None:
    recording = tmp_path / "long.wav"
    recording.write_bytes(SOUND)
    for content in (SOUND, recording, Synthetic(size=len(SOUND), pattern=bytes(range(256))), b""):
        share = await slack.share(channel, [Upload(content=content)])
        file = await described(visitor, share)
        for url in (file["url_private"], file["url_private_download"]):
            assert await visitor.download(url) == ("audio/mp4", SOUND if content else b"")
        assert slack.root(share).files[0].content == (SOUND if content else b"")


async def test_a_clip_may_come_without_any_type(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    share = await slack.share(channel, [Upload(content=SOUND, mimetype="", filetype="", subtype="slack_audio")])
    file = await described(visitor, share)
    assert (file["mimetype"], file["filetype"], file["subtype"]) == ("", "", "slack_audio")
    assert await visitor.download(file["url_private"]) == ("application/octet-stream", SOUND)


async def test_without_the_token_or_the_scope_the_answer_is_a_sign_in_page(
    slack: Slack, visitor: Visitor, channel: Channel
) -> None:
    share = await slack.share(channel, [Upload(content=SOUND)])
    odd = await slack.share(channel, [Upload(content=SOUND)], html_instead=True)
    url, odd_url = [(await described(visitor, one))["url_private"] for one in (share, odd)]
    kind, page = await visitor.download(url, token="xoxb-somebody-else")
    assert (kind, page[:15]) == ("text/html", b"<!DOCTYPE html>")
    assert (await visitor.download(odd_url))[0] == "text/html"
    slack.scopes.remove("files:read")
    assert (await visitor.download(url))[0] == "text/html"
    assert [call.ok for call in slack.calls if call.method == "download"] == [False] * 3


async def test_a_redirect_within_slack_still_wants_the_token(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    share = await slack.share(channel, [Upload(content=SOUND, redirect="same")])
    url = (await described(visitor, share))["url_private"]
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    async with visitor.session.get(url, headers=headers, allow_redirects=False) as moved:
        assert moved.status == 302
        target = moved.headers["Location"]
    assert target.startswith(slack.origin)
    assert await visitor.download(target) == ("audio/mp4", SOUND)
    assert (await visitor.download(target, token="xoxb-somebody-else"))[0] == "text/html"


async def test_a_redirect_elsewhere_notes_a_leaked_token(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    share = await slack.share(channel, [Upload(content=SOUND, redirect="elsewhere")])
    url = (await described(visitor, share))["url_private"]
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    async with visitor.session.get(url, headers=headers, allow_redirects=False) as moved:
        target = moved.headers["Location"]
    assert target.startswith(slack.elsewhere)
    async with visitor.session.get(target) as served:
        assert await served.read() == SOUND
    assert slack.leaked == []
    await visitor.download(target)
    assert len(slack.leaked) == 1


@pytest.mark.parametrize(
    "upload",
    [
        pytest.param(Upload(content=SOUND, cut_at=100_000), id="cut at a place"),
        pytest.param(Upload(content=SOUND, declared_length=len(SOUND) + 1), id="shorter than declared"),
    ],
)
async def test_a_download_may_break_off(slack: Slack, visitor: Visitor, channel: Channel, upload: Upload) -> None:
    share = await slack.share(channel, [upload])
    url = (await described(visitor, share))["url_private"]
    with pytest.raises(aiohttp.ClientPayloadError):
        await visitor.download(url)


async def test_a_download_may_end_sooner_than_the_file(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    share = await slack.share(channel, [Upload(content=SOUND, declared_length=1_000, declared_size=5)])
    file = await described(visitor, share)
    assert file["size"] == 5
    assert await visitor.download(file["url_private"]) == ("audio/mp4", SOUND[:1_000])


async def test_an_armed_cut_falls_in_the_middle_once(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    share = await slack.share(channel, [Upload(content=SOUND)])
    url = (await described(visitor, share))["url_private"]
    slack.faults.arm("download", hang_up_after())
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    async with visitor.session.get(url, headers=headers) as answered:
        assert await answered.content.readany()
        with pytest.raises(aiohttp.ClientError):
            await answered.read()
    assert await visitor.download(url) == ("audio/mp4", SOUND)


async def test_a_download_may_fail_from_the_start(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    share = await slack.share(channel, [Upload(content=SOUND)])
    url = (await described(visitor, share))["url_private"]
    slack.faults.arm("download", answer(503))
    # aiohttp's client repeats a GET by itself once when a connection it had kept is cut.
    slack.faults.arm("download", hang_up_before(), times=2)
    assert await visitor.download(url) == ("application/octet-stream", b"")
    with pytest.raises(aiohttp.ClientError):
        await visitor.download(url)
    assert [call.error for call in slack.calls if call.method == "download"] == ["http_503", "hung_up", "hung_up"]


async def test_a_slow_download_takes_its_time(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    share = await slack.share(channel, [Upload(content=SOUND[:1_000], pace=10_000)])
    url = (await described(visitor, share))["url_private"]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(visitor.download(url), 0.05)
    assert await visitor.download(url) == ("audio/mp4", SOUND[:1_000])


async def test_a_reader_may_leave_in_the_middle(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    share = await slack.share(channel, [Upload(content=Synthetic(size=200_000_000))])
    url = (await described(visitor, share))["url_private"]
    async with visitor.session.get(url, headers={"Authorization": f"Bearer {slack.bot_token}"}) as answered:
        assert answered.content_length == 200_000_000
        await answered.content.readany()
    await slack.until(lambda: any(call.method == "download" for call in slack.calls))
