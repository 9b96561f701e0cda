"""Conversations: what the bot may know of them and read in them."""

from __future__ import annotations

import pytest

from sandbox.slack import Slack
from sandbox.slack.values import Kind
from tests.sandbox.slack_visitor import Visitor


@pytest.mark.parametrize(
    ("kind", "scope"),
    [("public", "channels:read"), ("private", "groups:read"), ("im", "im:read"), ("mpim", "mpim:read")],
)
async def test_knowing_a_conversation_takes_the_scope_of_its_kind(
    slack: Slack, visitor: Visitor, kind: Kind, scope: str
) -> None:
    channel = slack.channel("somewhere", kind=kind, external=True)
    known = (await visitor.call("conversations.info", channel=channel.id))["channel"]
    assert (known["id"], known["is_private"], known["is_ext_shared"]) == (channel.id, kind != "public", True)
    assert (known["is_im"], known["is_mpim"]) == (kind == "im", kind == "mpim")
    slack.scopes.remove(scope)
    assert (await visitor.call("conversations.info", channel=channel.id))["needed"] == scope


@pytest.mark.parametrize(
    ("kind", "scope"),
    [("public", "channels:history"), ("private", "groups:history"), ("im", "im:history"), ("mpim", "mpim:history")],
)
async def test_reading_a_thread_takes_the_history_scope_of_its_kind(
    slack: Slack, visitor: Visitor, kind: Kind, scope: str
) -> None:
    channel = slack.channel("somewhere", kind=kind)
    root = slack.say(channel, "root")
    assert (await visitor.call("conversations.replies", channel=channel.id, ts=root))["error"] == "missing_scope"
    slack.scopes.add(scope)
    read = await visitor.call("conversations.replies", channel=channel.id, ts=root)
    assert [message["text"] for message in read["messages"]] == ["root"]


async def test_a_thread_is_read_root_first_and_history_without_replies(slack: Slack, visitor: Visitor) -> None:
    slack.scopes.add("channels:history")
    channel = slack.channel("general")
    root = slack.say(channel, "root")
    slack.say(channel, "reply", thread_ts=root)
    slack.say(channel, "later")
    thread = (await visitor.call("conversations.replies", channel=channel.id, ts=root))["messages"]
    history = (await visitor.call("conversations.history", channel=channel.id))["messages"]
    assert [message["text"] for message in thread] == ["root", "reply"]
    assert (thread[0]["reply_count"], thread[1]["thread_ts"]) == (1, root)
    assert [message["text"] for message in history] == ["later", "root"]
    missing = {"channel": channel.id, "ts": "1.000001"}
    assert await visitor.refused("conversations.replies", **missing) == "thread_not_found"


async def test_long_history_comes_in_pages_and_can_be_bounded(slack: Slack, visitor: Visitor) -> None:
    slack.scopes.add("channels:history")
    channel = slack.channel("general")
    stamps = [slack.say(channel, f"number {n}") for n in range(5)]
    first = await visitor.call("conversations.history", channel=channel.id, limit=3)
    cursor = first["response_metadata"]["next_cursor"]
    second = await visitor.call("conversations.history", channel=channel.id, limit=3, cursor=cursor)
    assert (len(first["messages"]), first["has_more"]) == (3, True)
    assert (len(second["messages"]), second["has_more"]) == (2, False)

    bounds = {"channel": channel.id, "oldest": stamps[1], "latest": stamps[3]}
    inner = (await visitor.call("conversations.history", **bounds))["messages"]
    outer = (await visitor.call("conversations.history", **bounds, inclusive="true"))["messages"]
    assert [message["ts"] for message in inner] == [stamps[2]]
    assert [message["ts"] for message in outer] == stamps[3:0:-1]
    assert await visitor.refused("conversations.history", channel=channel.id, cursor="?") == "invalid_cursor"
    assert await visitor.refused("conversations.history", channel=channel.id, limit="?") == "invalid_limit"


async def test_metadata_is_shown_in_a_thread_only_when_asked_for(slack: Slack, visitor: Visitor) -> None:
    slack.scopes.add("channels:history")
    channel = slack.channel("general")
    note = {"event_type": "job", "event_payload": {"id": "7"}}
    posted = await visitor.call("chat.postMessage", channel=channel.id, text="hello", metadata=note)
    at = {"channel": channel.id, "ts": posted["ts"]}
    assert "metadata" not in (await visitor.call("conversations.replies", **at))["messages"][0]
    asked = await visitor.call("conversations.replies", **at, include_all_metadata="true")
    assert asked["messages"][0]["metadata"] == note


async def test_what_the_bot_is_not_in_it_cannot_read_and_private_ones_it_cannot_see(
    slack: Slack, visitor: Visitor
) -> None:
    slack.scopes.update({"channels:history", "groups:history"})
    public, private = slack.channel("a", member=False), slack.channel("b", kind="private", member=False)
    root = slack.say(public, "root")
    assert await visitor.refused("conversations.replies", channel=public.id, ts=root) == "not_in_channel"
    assert await visitor.refused("conversations.info", channel=private.id) == "channel_not_found"
    assert not (await visitor.call("conversations.info", channel=public.id))["channel"]["is_member"]


async def test_conversations_and_their_members_can_be_listed(slack: Slack, visitor: Visitor) -> None:
    public, private = slack.channel("a"), slack.channel("b", kind="private")
    slack.channel("c", kind="private", member=False)
    listed = await visitor.call("conversations.list", types="public_channel,private_channel")
    assert [channel["id"] for channel in listed["channels"]] == [public.id, private.id]
    assert await visitor.refused("conversations.list", types="clubs") == "invalid_types"
    members = (await visitor.call("conversations.members", channel=public.id))["members"]
    assert set(members) == {slack.user("amara"), slack.bot_user_id}


ALL = "public_channel,private_channel,mpim,im"


async def test_the_conversations_that_the_bot_shares_with_a_person_are_listed(slack: Slack, visitor: Visitor) -> None:
    amara, ben = slack.user("amara"), slack.user("ben")
    both = slack.channel("a", people=("amara", "ben"))
    private = slack.channel("b", kind="private", people=("amara",))
    direct = slack.channel("", kind="im", people=("ben",))
    slack.channel("c", member=False, people=("amara", "ben"))
    for user, shared in ((amara, [both, private]), (ben, [both, direct])):
        listed = (await visitor.call("users.conversations", user=user, types=ALL, team_id=slack.team_id))["channels"]
        assert [channel["id"] for channel in listed] == [channel.id for channel in shared]
        assert not [channel for channel in listed if "is_member" in channel]
    assert len((await visitor.call("users.conversations", user=amara))["channels"]) == 1
    both.members.remove(amara)
    assert (await visitor.call("users.conversations", user=amara))["channels"] == []
    assert await visitor.refused("users.conversations", user="U0NOBODY") == "user_not_found"
    assert await visitor.refused("users.conversations", user=amara, types="clubs") == "invalid_types"
    slack.scopes.remove("im:read")
    assert (await visitor.call("users.conversations", user=amara, types=ALL))["needed"] == "im:read"


async def test_many_conversations_of_a_person_come_in_pages(slack: Slack, visitor: Visitor) -> None:
    channels = [slack.channel(f"channel-{number}") for number in range(5)]
    wanted = {"user": slack.user("amara"), "limit": 2}
    pages, cursor = list[list[str]](), ""
    while not pages or cursor:
        page = await visitor.call("users.conversations", **wanted, cursor=cursor)
        pages.append([channel["id"] for channel in page["channels"]])
        cursor = page["response_metadata"]["next_cursor"]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [channel for page in pages for channel in page] == [channel.id for channel in channels]
    assert await visitor.refused("users.conversations", **wanted, cursor="?") == "invalid_cursor"
    for limit in (0, 1000, "?"):
        assert await visitor.refused("users.conversations", limit=limit) == "invalid_limit"


async def test_a_direct_conversation_is_opened_once_per_person(slack: Slack, visitor: Visitor) -> None:
    slack.scopes.update({"im:write", "users:read", "team:read"})
    amara = slack.user("amara")
    opened = [(await visitor.call("conversations.open", users=amara))["channel"]["id"] for _ in range(2)]
    assert opened[0] == opened[1]
    assert (await visitor.call("conversations.info", channel=opened[0]))["channel"]["user"] == amara
    assert (await visitor.call("users.info", user=amara))["user"]["name"] == "amara"
    assert (await visitor.call("team.info"))["team"]["id"] == slack.team_id
    assert await visitor.refused("users.info", user="U0NOBODY") == "user_not_found"
    assert await visitor.refused("conversations.open", users="U0NOBODY") == "user_not_found"
