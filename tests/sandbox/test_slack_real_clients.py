"""The stand-in against Slack's own libraries, which know the real wire: they must not notice a difference."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.faults import hang_up_after, rate_limited
from sandbox.slack import Slack, Upload

NOTE = Upload(content=b"sound", subtype="slack_audio")


@pytest.fixture
def client(slack: Slack) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])


@pytest.fixture
def app(slack: Slack, client: AsyncWebClient) -> AsyncApp:
    """Answer every recording with its name, and `/transcripts` twice."""
    bolt = AsyncApp(client=client, signing_secret=slack.signing_secret, process_before_response=True)

    @bolt.event("file_shared")
    async def reply(event: dict[str, Any], client: AsyncWebClient) -> None:
        file = (await client.files_info(file=event["file_id"]))["file"]
        place = file["shares"]["public"][event["channel_id"]][0]
        root = place.get("thread_ts", place["ts"])
        await client.chat_postMessage(channel=event["channel_id"], thread_ts=root, text=f"Heard {file['name']}")

    @bolt.command("/transcripts")
    async def transcripts(ack: AsyncAck, respond: AsyncRespond) -> None:
        await respond("One moment")
        await ack("Here is help")

    @bolt.action("name")
    async def name(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        title = {"type": "plain_text", "text": "Speakers"}
        await client.views_open(trigger_id=body["trigger_id"], view={"type": "modal", "title": title, "blocks": []})

    return bolt


@asynccontextmanager
async def over_http(slack: Slack, app: AsyncApp) -> AsyncIterator[None]:
    runner = web.AppRunner(app.server(port=0, path="/slack/events").web_app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        slack.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def over_sockets(slack: Slack, app: AsyncApp) -> AsyncIterator[None]:
    handler = AsyncSocketModeHandler(app, app_token=slack.app_token, ping_interval=0.5)
    await handler.connect_async()  # type: ignore[no-untyped-call]  # not annotated there
    try:
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # not annotated there


WAYS = [pytest.param(over_http, id="http"), pytest.param(over_sockets, id="sockets")]


@pytest.mark.parametrize("way", WAYS)
async def test_bolt_answers_a_recording_in_its_thread_once(slack: Slack, app: AsyncApp, way: Any) -> None:
    async with way(slack, app):
        share = await slack.share(slack.channel("general"), [NOTE])
        (reply,) = await slack.wait_for_replies(share)
        await slack.quiet()
    assert reply.text == "Heard audio_message.m4a"
    assert [delivery.status for delivery in slack.deliveries] == [200]


@pytest.mark.parametrize("way", WAYS)
async def test_bolt_answers_a_command_and_a_button(slack: Slack, app: AsyncApp, way: Any) -> None:
    async with way(slack, app):
        answered = await slack.command("/transcripts")
        said = await answered.wait_for_messages(2)
        pressed = await slack.interact(
            {
                "type": "block_actions",
                "user": {"id": slack.user("amara")},
                "actions": [{"type": "button", "action_id": "name", "block_id": "b"}],
            }
        )
    assert sorted(message["text"] for message in said) == ["Here is help", "One moment"]
    assert pressed.status == 200
    assert len(slack.modals) == 1


async def test_bolt_proves_its_request_url_and_refuses_an_unheard_event(slack: Slack, app: AsyncApp) -> None:
    slack.retry_delays = (0,)
    async with over_http(slack, app):
        assert await slack.verify_url()
        last = await slack.deliver({"type": "app_home_opened", "user": slack.user("amara")})
    assert (last.attempt, last.status) == (2, 404)


async def test_bolt_filters_the_bots_own_files(slack: Slack, app: AsyncApp, client: AsyncWebClient) -> None:
    channel = slack.channel("general")
    async with over_http(slack, app):
        await client.files_upload_v2(filename="a.txt", content="words", channel=channel.id, initial_comment="Here")
        await slack.quiet()
    assert [message.text for message in slack.messages(channel.id)] == ["Here"]
    assert [delivery.status for delivery in slack.deliveries] == [200]


async def test_a_lost_event_over_a_socket_reaches_bolt_on_its_next_connection(slack: Slack, app: AsyncApp) -> None:
    slack.retry_delays = (1, 1, 1)
    async with over_sockets(slack, app):
        await slack.until(lambda: slack.open_sockets)
        await slack.drop_sockets()
        share = await slack.share(slack.channel("general"), [NOTE])
        assert await slack.wait_for_replies(share)
        await slack.quiet()


async def test_bolt_follows_a_refresh_of_its_connection(slack: Slack, app: AsyncApp) -> None:
    async with over_sockets(slack, app):
        await slack.until(lambda: slack.open_sockets)
        await slack.refresh_sockets()
        share = await slack.share(slack.channel("general"), [NOTE])
        assert await slack.wait_for_replies(share)
        await slack.quiet()
    assert sum(call.method == "apps.connections.open" for call in slack.calls) == 2


async def test_slack_sdk_reads_a_refusal_a_rate_limit_and_the_scopes(slack: Slack, client: AsyncWebClient) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel="C0NOWHERE", text="hello")
    assert refused.value.response["error"] == "channel_not_found"
    slack.faults.arm("auth.test", rate_limited(3))
    with pytest.raises(SlackApiError) as limited:
        await client.auth_test()
    assert (limited.value.response.status_code, limited.value.response.headers["Retry-After"]) == (429, "3")
    assert set((await client.auth_test()).headers["x-oauth-scopes"].split(",")) == slack.scopes


async def test_slack_sdk_does_not_repeat_a_post_cut_after_its_effect(slack: Slack, client: AsyncWebClient) -> None:
    channel = slack.channel("general")
    slack.faults.arm("chat.postMessage", hang_up_after())
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.chat_postMessage(channel=channel.id, text="hello")
    assert len(slack.messages(channel.id)) == 1


async def test_slack_sdk_uploads_in_three_steps_into_a_thread(slack: Slack, client: AsyncWebClient) -> None:
    slack.subscriptions.clear()
    share = await slack.share(slack.channel("general"), [NOTE])
    await client.files_upload_v2(
        file_uploads=[{"filename": "a.txt", "content": "words"}, {"filename": "a.srt", "content": "1"}],
        channel=share.channel.id,
        thread_ts=share.root_ts,
    )
    (reply,) = await slack.wait_for_replies(share)
    assert [(file.name, file.content) for file in reply.files] == [("a.txt", b"words"), ("a.srt", b"1")]
