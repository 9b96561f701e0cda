"""Blocks and their elements at their published limits, containers, and `blocks.validate`."""

from __future__ import annotations

import pytest

from sandbox.slack import Channel, Slack
from tests.sandbox.slack_visitor import Json, Visitor, section


@pytest.fixture
def channel(slack: Slack) -> Channel:
    return slack.channel("general")


def plain(length: int = 1) -> Json:
    return {"type": "plain_text", "text": "x" * length}


def option(number: int = 0, **more: object) -> Json:
    return {"text": plain(), "value": f"{number}", **more}


def options(count: int) -> list[Json]:
    return [option(number) for number in range(count)]


def element(kind: str, **fields: object) -> Json:
    return {"type": "actions", "elements": [{"type": kind, "action_id": "a", **fields}]}


def field(kind: str, **fields: object) -> Json:
    return {"type": "input", "label": plain(), "element": {"type": kind, "action_id": "a", **fields}}


def confirm(**changed: object) -> Json:
    return {"title": plain(100), "text": plain(300), "confirm": plain(30), "deny": plain(30), **changed}


def group(count: int = 1, **more: object) -> Json:
    return {"label": plain(75), "options": options(count), **more}


def container(*inner: Json, **fields: object) -> Json:
    return {"type": "container", "title": plain(150), "child_blocks": list(inner) or [section("x")], **fields}


DESCRIBED = option(0, description=plain(75)) | {"text": plain(75), "value": "x" * 150}
BOLD = {"type": "mrkdwn", "text": "*Bold*"}
LINE = {"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}
RICH = {"type": "rich_text", "elements": []}

TAKEN = [
    pytest.param(element("overflow", options=options(5), confirm=confirm()), id="a menu of five"),
    pytest.param(element("overflow", options=[DESCRIBED]), id="a menu of one, with the longest texts"),
    pytest.param(section("x") | {"accessory": element("overflow", options=options(2))["elements"][0]}, id="beside"),
    pytest.param(element("button", text=plain(75), style="primary"), id="a primary button"),
    pytest.param(element("button", text=plain(75), style="danger", confirm=confirm(style="danger")), id="danger"),
    pytest.param({"type": "section", "text": BOLD | {"verbatim": True}}, id="verbatim"),
    pytest.param({"type": "section", "text": plain() | {"emoji": False}}, id="without emoji"),
    pytest.param(field("radio_buttons", options=[DESCRIBED, option(1) | {"text": BOLD}]), id="radio buttons"),
    pytest.param(field("static_select", options=options(100), placeholder=plain(150)), id="a hundred options"),
    pytest.param(field("static_select", option_groups=[group(100)] + [group()] * 99), id="a hundred groups"),
    pytest.param(field("static_select", option_groups=[group(2)], initial_option=option(1)), id="chosen of a group"),
    pytest.param(RICH | {"elements": [LINE, LINE]}, id="two lines close together"),
    pytest.param(field("checkboxes", options=options(10), initial_options=options(2)), id="checkboxes"),
    pytest.param(field("plain_text_input", max_length=3_000, initial_value="x" * 3_000), id="a long answer"),
]

REFUSED = [
    pytest.param(element("overflow", options=options(6)), id="a menu of six"),
    pytest.param(element("overflow", options=[]), id="an empty menu"),
    pytest.param(element("overflow", options=options(2), initial_option=option(0)), id="a menu with a choice"),
    pytest.param(element("overflow", options=[option() | {"text": plain(76)}]), id="option over 75"),
    pytest.param(element("overflow", options=[option() | {"text": BOLD}]), id="a menu in mrkdwn"),
    pytest.param(element("overflow", options=[option() | {"value": "x" * 151}]), id="value over 150"),
    pytest.param(element("overflow", options=[option(description=plain(76))]), id="description over 75"),
    pytest.param(element("overflow", options=options(2), confirm={}), id="an empty question"),
    pytest.param(element("button", text=plain(), style="default"), id="no such style"),
    pytest.param(element("button", text=BOLD), id="a button in mrkdwn"),
    pytest.param(element("button", text=plain(), confirm=confirm(title=plain(101))), id="title over 100"),
    pytest.param(element("button", text=plain(), confirm=confirm(text=plain(301))), id="question over 300"),
    pytest.param(element("button", text=plain(), confirm=confirm(deny=plain(31))), id="deny over 30"),
    pytest.param(element("button", text=plain(), confirm=confirm(style="bold")), id="a question's style"),
    pytest.param({"type": "section", "text": plain() | {"verbatim": True}}, id="verbatim plain text"),
    pytest.param({"type": "section", "text": BOLD | {"emoji": False}}, id="emoji in mrkdwn"),
    pytest.param({"type": "section", "text": BOLD | {"verbatim": "yes"}}, id="verbatim is a boolean"),
    pytest.param(section("x") | {"accessory": {"type": "overflow", "options": options(6)}}, id="beside a section"),
    pytest.param(field("radio_buttons", options=options(11)), id="eleven radio buttons"),
    pytest.param(field("checkboxes", options=options(1), initial_options=[option(1)]), id="ticked, not offered"),
    pytest.param(field("static_select", options=options(101)), id="101 options"),
    pytest.param(field("static_select", option_groups=[group()] * 101), id="101 groups"),
    pytest.param(field("static_select", option_groups=[group(101)]), id="101 options in a group"),
    pytest.param(field("static_select", option_groups=[group(label=plain(76))]), id="label over 75"),
    pytest.param(field("static_select", option_groups=["x"]), id="a group is an object"),
    pytest.param(field("static_select", option_groups=[group()], initial_option=option(7)), id="not in a group"),
    pytest.param(field("static_select", options=options(1), option_groups=[group()]), id="options and groups"),
    pytest.param(field("static_select"), id="neither"),
    pytest.param(field("static_select", options=options(1), placeholder=plain(151)), id="placeholder over 150"),
    pytest.param(field("plain_text_input", max_length=3_001), id="max_length over 3,000"),
    pytest.param(field("plain_text_input", max_length=5, min_length=6), id="min over max"),
    pytest.param(field("plain_text_input", max_length=5, initial_value="x" * 6), id="longer than it may be"),
    pytest.param(field("overflow", options=options(1)), id="a menu is no field"),
    pytest.param(element("plain_text_input"), id="a field is no button"),
    pytest.param(element("switch"), id="no such element"),
    pytest.param({"type": "rich_text", "elements": [{"type": "rich_text_table"}]}, id="no such rich text"),
    pytest.param(RICH | {"elements": [LINE | {"elements": [{"type": "text", "text": ""}]}]}, id="empty rich text"),
]


@pytest.mark.parametrize("block", TAKEN)
async def test_what_is_within_its_limits_is_taken(visitor: Visitor, channel: Channel, block: Json) -> None:
    assert (await visitor.call("blocks.validate", blocks=[block]))["ok"]
    assert (await visitor.call("chat.postMessage", channel=channel.id, text="x", blocks=[block]))["ok"]


@pytest.mark.parametrize("block", REFUSED)
async def test_what_is_not_is_refused_wherever_it_is_sent(
    slack: Slack, visitor: Visitor, channel: Channel, block: Json
) -> None:
    home = {"type": "home", "blocks": [block]}
    assert await visitor.refused("blocks.validate", blocks=[block]) == "invalid_blocks"
    assert await visitor.refused("chat.postMessage", channel=channel.id, text="x", blocks=[block]) == "invalid_blocks"
    assert await visitor.refused("views.publish", user_id=slack.user("amara"), view=home) == "invalid_blocks"


FOLDED = container(section("x"), RICH, is_collapsible=True, default_collapsed=True, subtitle=plain(150))


async def test_a_workspace_without_containers_refuses_each(slack: Slack, visitor: Visitor, channel: Channel) -> None:
    posted = await visitor.call("chat.postMessage", channel=channel.id, text="x")
    there = {"channel": channel.id, "text": "x", "blocks": [FOLDED]}
    for taken in (False, True):
        slack.takes_containers = taken
        answers = [
            await visitor.call("blocks.validate", blocks=[FOLDED]),
            await visitor.call("chat.postMessage", **there),
            await visitor.call("chat.update", ts=posted["ts"], **there),
            await visitor.call("chat.postEphemeral", user=slack.user("amara"), **there),
        ]
        assert [answer.get("error") for answer in answers] == [None if taken else "invalid_blocks"] * 4
    assert slack.message(channel.id, posted["ts"]).blocks == (FOLDED,)


async def test_files_may_come_with_a_container_where_it_is_taken(
    slack: Slack, visitor: Visitor, channel: Channel
) -> None:
    for taken, error in ((False, "invalid_blocks"), (True, None)):
        slack.takes_containers = taken
        upload = await visitor.call("files.getUploadURLExternal", filename="a.txt", length=1)
        async with visitor.session.post(upload["upload_url"], data=b"x") as sent:
            assert sent.status == 200
        answer = await visitor.call(
            "files.completeUploadExternal", files=[{"id": upload["file_id"]}], channel_id=channel.id, blocks=[FOLDED]
        )
        assert answer.get("error") == error


async def test_a_workspace_may_refuse_a_kind_of_child_that_is_published(slack: Slack, visitor: Visitor) -> None:
    slack.takes_containers, slack.container_refuses = True, {"rich_text"}
    assert await visitor.refused("blocks.validate", blocks=[FOLDED]) == "invalid_blocks"
    assert (await visitor.call("blocks.validate", blocks=[container(section("x"))]))["ok"]


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(container() | {"rich_text_title": RICH}, id="both titles"),
        pytest.param(container(*[section("x")] * 10), id="ten children"),
        pytest.param(container(has_header_divider=True, width="full"), id="a line beneath its title"),
        pytest.param(container(element("button", text=plain())), id="a button inside"),
    ],
)
async def test_containers_within_their_limits_are_taken(slack: Slack, visitor: Visitor, block: Json) -> None:
    slack.takes_containers = True
    assert (await visitor.call("blocks.validate", blocks=[block]))["ok"]


@pytest.mark.parametrize(
    "block",
    [
        pytest.param({"type": "container", "child_blocks": [section("x")]}, id="no title"),
        pytest.param(container(title=plain(151)), id="title over 150"),
        pytest.param(container(title=BOLD), id="title in mrkdwn"),
        pytest.param(container(rich_text_title={}), id="no rich text"),
        pytest.param(container(subtitle=plain(151)), id="subtitle over 150"),
        pytest.param(container(child_blocks=[]), id="no children"),
        pytest.param({"type": "container", "title": plain()}, id="children left out"),
        pytest.param(container(*[section("x")] * 11), id="eleven children"),
        pytest.param(container(section("")), id="an invalid child"),
        pytest.param(container({"type": "markdown", "text": "x"}), id="markdown inside"),
        pytest.param(container(container()), id="a container inside"),
        pytest.param(container(has_header_divider=True, is_collapsible=True), id="a line where it folds"),
        pytest.param(container(default_collapsed=True), id="folded without folding"),
        pytest.param(container(width="huge"), id="width"),
        pytest.param(container(block_id="x" * 256), id="block id over 255"),
    ],
)
async def test_containers_beyond_them_are_refused(slack: Slack, visitor: Visitor, block: Json) -> None:
    slack.takes_containers = True
    assert await visitor.refused("blocks.validate", blocks=[block]) == "invalid_blocks"


async def test_ids_are_unique_inside_of_containers_too(slack: Slack, visitor: Visitor) -> None:
    slack.takes_containers = True
    twice = [section("x") | {"block_id": "a"}, container(section("x") | {"block_id": "a"})]
    assert await visitor.refused("blocks.validate", blocks=twice) == "invalid_blocks"


async def test_validating_needs_no_scope_and_says_where_each_fault_is(slack: Slack, visitor: Visitor) -> None:
    slack.scopes.clear()
    answer = await visitor.call("blocks.validate", blocks=[section("x"), section(""), {"type": "banner"}])
    assert answer["errors"] == [
        {"pointer": "/blocks/1", "code": "failed_constraint", "message": "must be more than 0 characters"},
        {"pointer": "/blocks/2", "code": "failed_constraint", "message": "unsupported type: banner"},
    ]


async def test_a_message_or_a_view_can_be_validated_whole(visitor: Visitor) -> None:
    view = {"type": "modal", "title": plain(24), "submit": plain(24), "close": plain(24)}
    whole = view | {"blocks": [section("x")] * 100}
    assert (await visitor.call("blocks.validate", view=whole))["ok"]
    assert (await visitor.call("blocks.validate", message={"blocks": [section("x")] * 50}))["ok"]
    assert await visitor.refused("blocks.validate", message={"blocks": [section("x")] * 51}) == "invalid_message"
    assert await visitor.refused("blocks.validate", message="[]") == "invalid_message"
    assert await visitor.refused("blocks.validate", view=view | {"blocks": [section("x")] * 101}) == "invalid_view"
    for name in ("title", "submit", "close"):
        assert await visitor.refused("blocks.validate", view=whole | {name: plain(25)}) == "invalid_view"


async def test_exactly_one_thing_is_validated(visitor: Visitor) -> None:
    assert await visitor.refused("blocks.validate") == "invalid_arguments"
    assert await visitor.refused("blocks.validate", blocks=[], message={}) == "invalid_arguments"
    assert await visitor.refused("blocks.validate", blocks="[") == "invalid_arguments"
