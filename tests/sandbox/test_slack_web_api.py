"""The door of the Web API: tokens, scopes, encodings and the record of calls."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from sandbox.faults import answer, answers_late, hang_up_after, hang_up_before, rate_limited
from sandbox.slack import Slack
from tests.sandbox.slack_visitor import Json, Visitor


async def test_a_good_token_learns_whose_it_is_and_which_scopes_it_has(slack: Slack, visitor: Visitor) -> None:
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    async with visitor.session.post(f"{slack.api_url}auth.test", headers=headers) as answered:
        body = await answered.json()
        assert body["ok"]
        assert (body["team_id"], body["user_id"], body["bot_id"]) == (slack.team_id, slack.bot_user_id, slack.bot_id)
        assert set(answered.headers["x-oauth-scopes"].split(",")) == slack.scopes


async def test_scopes_that_it_does_not_tell_are_granted_all_the_same(slack: Slack, visitor: Visitor) -> None:
    slack.tells_scopes = False
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    async with visitor.session.post(f"{slack.api_url}auth.test", headers=headers) as answered:
        assert (await answered.json())["ok"]
        assert "x-oauth-scopes" not in answered.headers
    slack.scopes.discard("files:read")
    assert await visitor.refused("files.info", file="F1") == "missing_scope"


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, "not_authed"),
        ({"Authorization": "Bearer xoxb-somebody-else"}, "invalid_auth"),
        ({"Authorization": "Bearer xapp-sandbox-app"}, "not_allowed_token_type"),
    ],
)
async def test_a_bad_token_is_refused_with_slacks_word_for_it(
    slack: Slack, visitor: Visitor, headers: dict[str, str], error: str
) -> None:
    async with visitor.session.post(f"{slack.api_url}auth.test", headers=headers) as answered:
        assert answered.status == 200
        assert (await answered.json())["error"] == error


async def test_a_token_may_come_as_a_form_field_but_not_inside_json(slack: Slack, visitor: Visitor) -> None:
    async with visitor.session.post(f"{slack.api_url}auth.test", data={"token": slack.bot_token}) as answered:
        assert (await answered.json())["ok"]
    async with visitor.session.post(f"{slack.api_url}auth.test", json={"token": slack.bot_token}) as answered:
        assert (await answered.json())["error"] == "not_authed"


async def test_arguments_may_come_as_query_form_multipart_or_json(slack: Slack, visitor: Visitor) -> None:
    channel = slack.channel("general")
    args = {"channel": channel.id, "text": "hello"}
    multipart = aiohttp.FormData(default_to_multipart=True)
    for name, value in args.items():
        multipart.add_field(name, value)
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    url = f"{slack.api_url}chat.postMessage"
    for sending in (
        visitor.session.post(url, params=args, headers=headers),
        visitor.session.post(url, data=args, headers=headers),
        visitor.session.post(url, data=multipart, headers=headers),
        visitor.session.post(url, json=args, headers=headers),
        visitor.session.get(url, params=args, headers=headers),
    ):
        async with sending as answered:
            assert (await answered.json())["ok"]
    assert [message.text for message in slack.messages(channel.id)] == ["hello"] * 5


async def test_a_missing_scope_is_named_beside_what_was_granted(slack: Slack, visitor: Visitor) -> None:
    slack.scopes.remove("files:read")
    refused = await visitor.call("files.info", file="F1")
    assert (refused["error"], refused["needed"]) == ("missing_scope", "files:read")
    assert "chat:write" in refused["provided"].split(",")


@pytest.mark.parametrize(
    ("method", "scope"),
    [
        ("chat.postMessage", "chat:write"),
        ("reactions.add", "reactions:write"),
        ("files.getUploadURLExternal", "files:write"),
        ("files.completeUploadExternal", "files:write"),
        ("users.info", "users:read"),
        ("team.info", "team:read"),
        ("conversations.open", "im:write"),
    ],
)
async def test_each_method_asks_for_its_scope(slack: Slack, visitor: Visitor, method: str, scope: str) -> None:
    slack.scopes.discard(scope)
    assert (await visitor.call(method))["needed"] == scope


async def test_an_unknown_method_is_refused(visitor: Visitor) -> None:
    assert await visitor.refused("chat.shout") == "unknown_method"


async def test_calls_are_recorded_without_the_token(slack: Slack, visitor: Visitor) -> None:
    channel = slack.channel("general")
    await visitor.call("chat.postMessage", channel=channel.id, text="hello", token=slack.bot_token)
    await visitor.call("chat.postMessage", channel="C0NOWHERE", text="hello")
    assert [(call.method, call.ok, call.error) for call in slack.calls] == [
        ("chat.postMessage", True, None),
        ("chat.postMessage", False, "channel_not_found"),
    ]
    assert slack.calls[0].args == {"channel": channel.id, "text": "hello"}


async def test_a_cut_connection_after_posting_leaves_exactly_one_message(slack: Slack, visitor: Visitor) -> None:
    channel = slack.channel("general")
    slack.faults.arm("chat.postMessage", hang_up_after())
    with pytest.raises(aiohttp.ClientError):
        await visitor.call("chat.postMessage", channel=channel.id, text="hello")
    assert len(slack.messages(channel.id)) == 1


async def test_a_late_answer_comes_after_the_message_is_there(slack: Slack, visitor: Visitor) -> None:
    channel = slack.channel("general")
    slack.faults.arm("chat.postMessage", answers_late(0.3))
    call = asyncio.create_task(visitor.call("chat.postMessage", channel=channel.id, text="hello"))
    await slack.until(lambda: slack.messages(channel.id))
    assert not call.done()
    assert (await call)["ok"]


async def test_a_cut_connection_before_posting_leaves_nothing(slack: Slack, visitor: Visitor) -> None:
    channel = slack.channel("general")
    slack.faults.arm("chat.postMessage", hang_up_before())
    with pytest.raises(aiohttp.ClientError):
        await visitor.call("chat.postMessage", channel=channel.id, text="hello")
    assert slack.messages(channel.id) == []
    assert [(call.ok, call.error) for call in slack.calls] == [(False, "hung_up")]


async def test_a_rate_limit_says_when_to_come_back_and_does_nothing(slack: Slack, visitor: Visitor) -> None:
    channel = slack.channel("general")
    slack.faults.arm("chat.postMessage", rate_limited(7))
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    args: Json = {"channel": channel.id, "text": "hello"}
    async with visitor.session.post(f"{slack.api_url}chat.postMessage", data=args, headers=headers) as answered:
        assert (answered.status, answered.headers["Retry-After"]) == (429, "7")
    assert slack.messages(channel.id) == []
    assert slack.calls[0].error == "http_429"


async def test_any_word_of_refusal_can_be_had(slack: Slack, visitor: Visitor) -> None:
    channel = slack.channel("general")
    slack.refuse("chat.postMessage", "restricted_action_thread_locked")
    sent = {"channel": channel.id, "text": "hello"}
    assert await visitor.refused("chat.postMessage", **sent) == "restricted_action_thread_locked"
    assert (await visitor.call("chat.postMessage", **sent))["ok"]
    assert len(slack.messages(channel.id)) == 1


async def test_an_outage_is_answered_with_its_status_and_then_is_over(slack: Slack, visitor: Visitor) -> None:
    slack.faults.arm("auth.test", answer(503, b'{"ok":false}', Content_Type="application/json"))
    assert not (await visitor.call("auth.test"))["ok"]
    assert (await visitor.call("auth.test"))["ok"]
