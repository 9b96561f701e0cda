"""Messages: where they may go, what may be in them, and what they look like afterwards."""

from __future__ import annotations

import pytest

from sandbox.slack import Channel, Slack
from tests.sandbox.slack_visitor import Json, Visitor, section


@pytest.fixture
def channel(slack: Slack) -> Channel:
    return slack.channel("general")


async def test_a_message_gets_an_increasing_ts_and_shows_up_as_the_bots(
    slack: Slack, visitor: Visitor, channel: Channel
) -> None:
    answers = [await visitor.call("chat.postMessage", channel=channel.id, text=f"number {n}") for n in range(20)]
    stamps = [answer["ts"] for answer in answers]
    assert stamps == sorted(set(stamps))
    assert answers[0]["message"]["bot_id"] == slack.bot_id
    shown = slack.message(channel.id, stamps[0])
    assert (shown.text, shown.user, shown.by_bot, shown.thread_ts) == ("number 0", slack.bot_user_id, True, None)


async def test_a_reply_stands_under_its_root_and_a_persons_id_means_a_direct_message(
    slack: Slack, visitor: Visitor, channel: Channel
) -> None:
    root = slack.say(channel, "listen to this")
    reply = await visitor.call("chat.postMessage", channel=channel.id, text="heard", thread_ts=root)
    assert [message.ts for message in slack.thread(channel.id, root)] == [reply["ts"]]
    assert reply["message"]["thread_ts"] == root

    direct = await visitor.call("chat.postMessage", channel=slack.user("amara"), text="psst")
    again = await visitor.call("chat.postMessage", channel=slack.user("amara"), text="psst")
    assert direct["channel"] == again["channel"] != channel.id


async def test_a_thread_must_be_named_by_its_root(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    root = slack.say(channel, "root")
    reply = slack.say(channel, "reply", thread_ts=root)
    other = slack.say(slack.channel("other"), "elsewhere")
    post = {"channel": channel.id, "text": "hello"}
    assert await visitor.refused("chat.postMessage", **post, thread_ts=reply) == "cannot_reply_to_message"
    assert await visitor.refused("chat.postMessage", **post, thread_ts=other) == "thread_not_found"
    assert await visitor.refused("chat.postMessage", **post, thread_ts="1.000001") == "thread_not_found"


async def test_the_bot_may_post_only_where_it_is(slack: Slack, visitor: Visitor) -> None:
    public = slack.channel("public", member=False)
    private = slack.channel("private", kind="private", member=False)
    archived = slack.channel("archived", archived=True)
    left = slack.channel("left")
    left.members.discard(slack.bot_user_id)
    deleted = slack.channel("deleted")
    slack.delete_channel(deleted)
    words = [
        await visitor.refused("chat.postMessage", channel=channel.id, text="hello")
        for channel in (public, private, archived, left, deleted)
    ]
    assert words == ["not_in_channel", "channel_not_found", "is_archived", "not_in_channel", "channel_not_found"]
    slack.scopes.add("chat:write.public")
    assert (await visitor.call("chat.postMessage", channel=public.id, text="hello"))["ok"]


def card(kind: str, **fields: object) -> Json:
    return {"type": kind, **fields}


def plain(length: int) -> Json:
    return {"type": "plain_text", "text": "x" * length}


BUTTON = {"type": "button", "text": plain(4), "action_id": "go"}


@pytest.mark.parametrize(
    "blocks",
    [
        pytest.param([section("x" * 3_001)], id="section over 3,000"),
        pytest.param([section("")], id="empty section"),
        pytest.param([card("section")], id="section without text"),
        pytest.param([card("section", fields=[plain(1)] * 11)], id="eleven fields"),
        pytest.param([card("section", fields=[plain(2_001)])], id="field over 2,000"),
        pytest.param([card("header", text=plain(151))], id="header over 150"),
        pytest.param([card("header", text={"type": "mrkdwn", "text": "x"})], id="header in mrkdwn"),
        pytest.param([card("divider")] * 51, id="51 blocks"),
        pytest.param([card("context", elements=[plain(1)] * 11)], id="eleven context elements"),
        pytest.param([card("context", elements=[])], id="empty context"),
        pytest.param([card("actions", elements=[BUTTON, BUTTON])], id="equal action ids"),
        pytest.param([card("actions", elements=[{"type": "button", "text": plain(76)}])], id="button over 75"),
        pytest.param([card("actions", elements=[{**BUTTON, "value": "x" * 2_001}])], id="value over 2,000"),
        pytest.param([card("divider", block_id="a")] * 2, id="equal block ids"),
        pytest.param([card("divider", block_id="x" * 256)], id="block id over 255"),
        pytest.param([card("image", image_url="https://example.com/a.png")], id="image without alt text"),
        pytest.param([card("markdown", text="x" * 12_001)], id="markdown over 12,000"),
        pytest.param([card("markdown", text="x\n\n" * 51)], id="markdown of 51 paragraphs"),
        pytest.param([card("banner")], id="unknown type"),
    ],
)
async def test_invalid_blocks_are_refused(visitor: Visitor, channel: Channel, blocks: list[Json]) -> None:
    refused = await visitor.call("chat.postMessage", channel=channel.id, text="hello", blocks=blocks)
    assert refused["error"] == "invalid_blocks"
    assert refused["response_metadata"]["messages"]


@pytest.mark.parametrize(
    "blocks",
    [
        pytest.param([section("x" * 3_000)] * 4, id="sections of 3,000"),
        pytest.param([card("divider")] * 50, id="50 blocks"),
        pytest.param([card("header", text=plain(150))], id="header of 150"),
        pytest.param([card("context", elements=[plain(1)] * 10)], id="ten context elements"),
        pytest.param([card("actions", elements=[BUTTON])], id="a button"),
        pytest.param([card("section", text=plain(1), accessory=BUTTON)], id="accessory"),
        pytest.param([card("rich_text", elements=[])], id="rich text"),
    ],
)
async def test_blocks_within_their_limits_are_taken(
    slack: Slack, visitor: Visitor, channel: Channel, blocks: list[Json]
) -> None:
    answer = await visitor.call("chat.postMessage", channel=channel.id, text="hello", blocks=blocks)
    assert answer["ok"], answer
    assert list(slack.message(channel.id, answer["ts"]).blocks) == blocks


async def test_all_blocks_together_may_not_hold_too_much(visitor: Visitor, channel: Channel) -> None:
    most = [section("x" * 3_000)] * 4 + [section("x" * 1_200)]
    assert (await visitor.call("chat.postMessage", channel=channel.id, text="hello", blocks=most))["ok"]
    more = [*most, section("x")]
    word = await visitor.refused("chat.postMessage", channel=channel.id, text="hello", blocks=more)
    assert word == "msg_blocks_too_long"


async def test_blocks_that_are_no_list_are_refused(visitor: Visitor, channel: Channel) -> None:
    for blocks in ("[{", "7", '["section"]'):
        word = await visitor.refused("chat.postMessage", channel=channel.id, blocks=blocks)
        assert word == "invalid_blocks_format"


async def test_a_long_text_is_cut_and_a_longish_one_is_remarked(
    slack: Slack, visitor: Visitor, channel: Channel
) -> None:
    cut = await visitor.call("chat.postMessage", channel=channel.id, text="x" * 40_001)
    longish = await visitor.call("chat.postMessage", channel=channel.id, text="x" * 4_001)
    fine = await visitor.call("chat.postMessage", channel=channel.id, text="x" * 4_000)
    assert cut["warning"] == "message_truncated"
    assert len(slack.message(channel.id, cut["ts"]).text) == 40_000
    assert slack.message(channel.id, longish["ts"]).long_text
    assert not slack.message(channel.id, fine["ts"]).long_text


async def test_a_message_needs_something_to_say(visitor: Visitor, channel: Channel) -> None:
    assert await visitor.refused("chat.postMessage", channel=channel.id) == "no_text"
    both = {"markdown_text": "*hello*", "text": "hello"}
    assert await visitor.refused("chat.postMessage", channel=channel.id, **both) == "markdown_text_conflict"


async def test_metadata_travels_with_a_message_and_is_limited(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    note = {"event_type": "job", "event_payload": {"id": "7"}}
    posted = await visitor.call("chat.postMessage", channel=channel.id, text="hello", metadata=note)
    assert slack.message(channel.id, posted["ts"]).metadata == note
    post = {"channel": channel.id, "text": "hello"}
    big = {"event_type": "job", "event_payload": {"id": "x" * 8_192}}
    assert await visitor.refused("chat.postMessage", **post, metadata=big) == "metadata_too_large"
    assert await visitor.refused("chat.postMessage", **post, metadata={"id": 1}) == "invalid_metadata_format"
    assert await visitor.refused("chat.postMessage", **post, metadata="{") == "invalid_metadata_format"


async def test_an_own_message_can_be_changed_and_deleted(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    posted = await visitor.call("chat.postMessage", channel=channel.id, text="a", blocks=[section("a")])
    at = {"channel": channel.id, "ts": posted["ts"]}
    assert (await visitor.call("chat.update", **at, text="b", blocks=[section("b")]))["text"] == "b"
    changed = slack.message(channel.id, posted["ts"])
    assert (changed.text, changed.blocks, changed.edited) == ("b", (section("b"),), True)
    assert await visitor.refused("chat.update", **at, text="x" * 4_001) == "msg_too_long"
    assert (await visitor.call("chat.delete", **at))["ok"]
    assert await visitor.refused("chat.delete", **at) == "message_not_found"
    assert slack.messages(channel.id) == []


async def test_somebody_elses_message_can_be_neither_changed_nor_deleted(
    slack: Slack, visitor: Visitor, channel: Channel
) -> None:
    at = {"channel": channel.id, "ts": slack.say(channel, "mine")}
    assert await visitor.refused("chat.update", **at, text="yours") == "cant_update_message"
    assert await visitor.refused("chat.delete", **at) == "cant_delete_message"


async def test_an_ephemeral_message_is_for_one_member_and_leaves_no_trace(
    slack: Slack, visitor: Visitor, channel: Channel
) -> None:
    person = {"channel": channel.id, "user": slack.user("amara")}
    assert (await visitor.call("chat.postEphemeral", **person, text="only you"))["message_ts"]
    assert [(seen["user"], seen["text"]) for seen in slack.ephemerals] == [(slack.user("amara"), "only you")]
    assert slack.messages(channel.id) == []
    stranger = {"channel": channel.id, "user": slack.user("stranger")}
    assert await visitor.refused("chat.postEphemeral", **stranger, text="you?") == "user_not_in_channel"


async def test_a_permalink_names_the_thread_of_a_reply(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    root = slack.say(channel, "root")
    reply = slack.say(channel, "reply", thread_ts=root)
    links = [
        (await visitor.call("chat.getPermalink", channel=channel.id, message_ts=ts))["permalink"]
        for ts in (root, reply)
    ]
    address = f"https://sandbox.slack.invalid/archives/{channel.id}/p"
    assert links[0] == address + root.replace(".", "")
    assert links[1] == f"{address}{reply.replace('.', '')}?thread_ts={root}&cid={channel.id}"
    missing = {"channel": channel.id, "message_ts": "1.000001"}
    assert await visitor.refused("chat.getPermalink", **missing) == "message_not_found"


async def test_the_pace_per_conversation_is_enforced_when_asked_for(
    slack: Slack, visitor: Visitor, channel: Channel
) -> None:
    slack.enforce_rate = True
    other = slack.channel("other")
    assert (await visitor.call("chat.postMessage", channel=channel.id, text="one"))["ok"]
    assert await visitor.refused("chat.postMessage", channel=channel.id, text="two") == "ratelimited"
    assert (await visitor.call("chat.postMessage", channel=other.id, text="three"))["ok"]
    assert len(slack.messages(channel.id)) == 1


async def test_reactions_come_and_go_once_each(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    at = {"channel": channel.id, "timestamp": slack.say(channel, "listen"), "name": "ear"}
    assert (await visitor.call("reactions.add", **at))["ok"]
    assert slack.messages(channel.id)[0].reactions == {"ear": {slack.bot_user_id}}
    assert await visitor.refused("reactions.add", **at) == "already_reacted"
    assert (await visitor.call("reactions.remove", **at))["ok"]
    assert await visitor.refused("reactions.remove", **at) == "no_reaction"
    assert slack.messages(channel.id)[0].reactions == {}


async def test_reactions_are_refused_where_there_is_nothing_to_react_to(slack: Slack, visitor: Visitor) -> None:
    channel, closed = slack.channel("general"), slack.channel("closed", archived=True)
    far = slack.channel("far", member=False)
    ts = slack.say(channel, "listen")
    expected = {
        "message_not_found": {"channel": channel.id, "timestamp": "1.000001", "name": "ear"},
        "no_item_specified": {"channel": channel.id, "name": "ear"},
        "invalid_name": {"channel": channel.id, "timestamp": ts, "name": "an ear"},
        "is_archived": {"channel": closed.id, "timestamp": slack.say(closed, "old"), "name": "ear"},
        "not_in_channel": {"channel": far.id, "timestamp": slack.say(far, "far"), "name": "ear"},
    }
    for word, sent in expected.items():
        assert await visitor.refused("reactions.add", **sent) == word
    slack.scopes.add("reactions:read")
    await visitor.call("reactions.add", channel=channel.id, timestamp=ts, name="ear")
    got = await visitor.call("reactions.get", channel=channel.id, timestamp=ts)
    assert got["message"]["reactions"] == [{"name": "ear", "users": [slack.bot_user_id], "count": 1}]
