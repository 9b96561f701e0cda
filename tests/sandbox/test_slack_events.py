"""Events over HTTP: signed, retried, and each on its own."""

from __future__ import annotations

import hashlib
import hmac

from aiohttp import web

from sandbox.slack import Slack, Upload
from tests.sandbox.slack_visitor import Heard, Visitor, late, listening, saying

NOTE = Upload(content=b"sound", subtype="slack_audio")
PING = {"type": "app_home_opened", "user": "U1"}


async def test_a_share_is_announced_with_ids_only_in_a_signed_envelope(slack: Slack) -> None:
    async with listening(slack) as app:
        channel = slack.channel("partners", external=True)
        share = await slack.share(channel, [NOTE])
        await slack.quiet()
    (heard,) = app.heard
    signed = f"v0:{heard.headers['X-Slack-Request-Timestamp']}:".encode() + heard.body
    digest = hmac.new(slack.signing_secret.encode(), signed, hashlib.sha256).hexdigest()
    assert heard.headers["X-Slack-Signature"] == f"v0={digest}"
    assert "x-slack-retry-num" not in heard.headers
    assert heard.json["event"] == {
        "type": "file_shared",
        "file_id": share.file_ids[0],
        "file": {"id": share.file_ids[0]},
        "channel_id": channel.id,
        "user_id": slack.user("amara"),
        "event_ts": share.ts,
    }
    assert (heard.json["team_id"], heard.json["is_ext_shared_channel"]) == (slack.team_id, True)
    assert heard.json["authorizations"][0]["user_id"] == slack.bot_user_id
    assert [(delivery.attempt, delivery.status, delivery.mode) for delivery in slack.deliveries] == [(1, 200, "http")]


async def test_every_file_of_a_message_is_announced_by_itself(slack: Slack) -> None:
    async with listening(slack) as app:
        share = await slack.share(slack.channel("general"), [NOTE, NOTE, NOTE])
        await slack.quiet()
    assert sorted(heard.json["event"]["file_id"] for heard in app.heard) == sorted(share.file_ids)
    assert len({heard.json["event_id"] for heard in app.heard}) == 3


async def test_with_the_history_scope_and_the_subscription_the_message_comes_too(slack: Slack) -> None:
    async with listening(slack) as app:
        channel = slack.channel("general")
        slack.subscriptions.add("message")
        await slack.share(channel, [NOTE])
        await slack.quiet()
        assert [heard.json["event"]["type"] for heard in app.heard] == ["file_shared"]
        slack.scopes.add("channels:history")
        root = slack.say(channel, "root")
        share = await slack.share(channel, [NOTE], text="listen", thread_ts=root)
        await slack.share_existing(channel, share.file_ids[0])
        await slack.quiet()
    messages = [heard.json["event"] for heard in app.heard if heard.json["event"]["type"] == "message"]
    first, again = sorted((event for event in messages if "files" in event), key=lambda event: str(event["ts"]))
    assert (first["subtype"], first["text"], first["thread_ts"]) == ("file_share", "listen", root)
    assert (first["channel_type"], first["upload"], again["upload"]) == ("channel", True, False)
    assert first["files"][0]["url_private"]


async def test_a_slack_connect_message_carries_a_stub(slack: Slack) -> None:
    slack.subscriptions = {"message"}
    slack.scopes.add("groups:history")
    async with listening(slack) as app:
        await slack.share(slack.channel("partners", kind="private", external=True), [NOTE], stub=True)
        await slack.quiet()
    (heard,) = app.heard
    assert heard.json["event"]["files"][0]["file_access"] == "check_file_info"


async def test_private_conversations_without_the_bot_stay_silent(slack: Slack) -> None:
    async with listening(slack) as app:
        await slack.share(slack.channel("hidden", kind="private", member=False), [NOTE])
        await slack.share(slack.channel("open", member=False), [NOTE])
        await slack.quiet()
    assert len(app.heard) == 1


async def test_deletions_are_announced_where_they_are_subscribed(slack: Slack) -> None:
    slack.subscriptions = {"file_deleted", "message"}
    slack.scopes.add("channels:history")
    async with listening(slack) as app:
        channel = slack.channel("general")
        share = await slack.share(channel, [NOTE])
        slack.delete_file(share.file_ids[0])
        slack.delete_message(channel, share.ts)
        await slack.quiet()
    events = {event.get("subtype") or event["type"]: event for event in (heard.json["event"] for heard in app.heard)}
    assert events["file_deleted"]["file_id"] == share.file_ids[0]
    assert events["message_deleted"]["deleted_ts"] == share.ts


async def test_a_refused_event_is_offered_again_with_the_count_and_the_reason(slack: Slack) -> None:
    async with listening(slack, saying(404), saying(500)) as app:
        last = await slack.deliver(PING)
    assert (last.attempt, last.status) == (3, 200)
    assert len({heard.json["event_id"] for heard in app.heard}) == 1
    retries = [heard.headers for heard in app.heard[1:]]
    assert [headers["x-slack-retry-num"] for headers in retries] == ["1", "2"]
    assert {headers["x-slack-retry-reason"] for headers in retries} == {"http_error"}


async def test_after_three_retries_an_event_is_lost(slack: Slack) -> None:
    slack.retry_delays = (0, 0, 0)
    async with listening(slack, *[saying(500)] * 5) as app:
        last = await slack.deliver(PING)
    assert (last.attempt, last.status, len(app.heard)) == (4, 500, 4)
    assert [delivery.status for delivery in slack.deliveries] == [500] * 4


async def test_an_app_can_forbid_retries(slack: Slack) -> None:
    async with listening(slack, saying(500, x_slack_no_retry="1")) as app:
        last = await slack.deliver(PING)
    assert (last.attempt, len(app.heard)) == (1, 1)


async def test_a_late_answer_counts_as_none(slack: Slack) -> None:
    slack.ack_timeout = 0.1
    async with listening(slack, late(1)) as app:
        last = await slack.deliver(PING)
    assert [delivery.status for delivery in slack.deliveries] == [None, 200]
    assert app.heard[1].headers["x-slack-retry-reason"] == "http_timeout"
    assert last.attempt == 2


async def test_an_app_that_is_down_gets_the_event_when_it_is_back(slack: Slack) -> None:
    async with listening(slack):
        pass
    share = await slack.share(slack.channel("general"), [NOTE])
    await slack.until(lambda: slack.deliveries)
    async with listening(slack) as app:
        await slack.quiet()
    assert app.heard[0].headers["x-slack-retry-reason"] == "connection_failed"
    assert app.heard[0].json["event"]["file_id"] == share.file_ids[0]


async def test_an_acknowledged_event_can_come_again_under_its_id(slack: Slack) -> None:
    async with listening(slack) as app:
        first = await slack.deliver(PING)
        again = await slack.redeliver(first.event_id)
    assert again.event_id == first.event_id
    assert app.heard[0].json == app.heard[1].json
    assert app.heard[1].headers["x-slack-retry-num"] == "1"


async def test_a_request_url_proves_itself_by_the_challenge(slack: Slack) -> None:
    async def echo(heard: Heard) -> web.Response:
        return web.json_response({"challenge": heard.json["challenge"]})

    async with listening(slack, echo):
        assert await slack.verify_url()
        assert not await slack.verify_url()


async def test_quiet_waits_for_retries(slack: Slack, visitor: Visitor) -> None:
    async with listening(slack, saying(500), saying(500)) as app:
        await slack.share(slack.channel("general"), [NOTE])
        await slack.quiet()
    assert len(app.heard) == 3
    assert (await visitor.call("auth.test"))["ok"]
