"""What a person's client sends for the controls of a message, a modal and the App Home, and does with the answers."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from aiohttp import web

from sandbox.page.ephemerals import Ephemerals
from sandbox.slack import Channel, Slack
from sandbox.slack.clients import InEphemeral, InMessage, InView
from tests.sandbox.slack_visitor import Heard, Json, Reaction, Visitor, late, listening, saying, section
from tests.sandbox.test_slack_people import form

OPTION = {"text": {"type": "plain_text", "text": "Delete"}, "value": "delete"}
MENU: Json = {"type": "overflow", "action_id": "more", "options": [OPTION]}


def a_view(title: str = "Settings", **more: Any) -> Json:
    return {"type": "modal", "title": {"type": "plain_text", "text": title}, "blocks": [section("x")], **more}


def answering(**said: object) -> Reaction:
    async def react(_heard: Heard) -> web.Response:
        return web.json_response(said)

    return react


async def posted(slack: Slack, visitor: Visitor) -> tuple[Channel, InMessage]:
    channel = slack.channel("general")
    blocks = [section("x"), {"type": "actions", "block_id": "b", "elements": [MENU]}]
    message = await visitor.call("chat.postMessage", channel=channel.id, text="x", blocks=blocks)
    return channel, InMessage(channel_id=channel.id, ts=message["ts"])


async def opened(slack: Slack, visitor: Visitor, view: Json) -> str:
    channel = slack.channel("general")
    async with listening(slack) as app:
        await slack.command("/transcripts", channel=channel)
    answer = await visitor.call("views.open", trigger_id=form(app.heard[0])["trigger_id"], view=view)
    return str(answer["view"]["id"])


async def test_an_option_of_a_menu_comes_with_its_message_and_a_response_url(slack: Slack, visitor: Visitor) -> None:
    channel, where = await posted(slack, visitor)
    async with listening(slack) as app:
        await slack.use(where, {"block_id": "b", **MENU, "selected_option": OPTION}, user=slack.user("naledi"))
    sent = json.loads(form(app.heard[0])["payload"])
    [action] = sent["actions"]
    assert (action["type"], action["action_id"], action["selected_option"]) == ("overflow", "more", OPTION)
    assert "options" not in action
    assert (sent["user"]["id"], sent["channel"]["id"]) == (slack.user("naledi"), channel.id)
    assert (sent["message"]["ts"], sent["container"]["is_ephemeral"]) == (where.ts, False)
    assert sent["response_url"].startswith(slack.origin)


async def test_a_control_of_a_view_comes_with_its_fields_and_no_response_url(slack: Slack, visitor: Visitor) -> None:
    view_id = await opened(slack, visitor, a_view())
    values = {"b": {"a": {"type": "plain_text_input", "value": "words"}}}
    async with listening(slack) as app:
        await slack.use(InView(view_id=view_id), {"type": "button", "action_id": "add"}, values=values)
    sent = json.loads(form(app.heard[0])["payload"])
    assert (sent["container"]["view_id"], sent["view"]["state"]["values"]) == (view_id, values)
    assert "response_url" not in sent
    assert "channel" not in sent


async def test_a_control_of_the_home_is_one_of_a_view(slack: Slack, visitor: Visitor) -> None:
    person = slack.user("amara")
    home = {"type": "home", "blocks": [section("x")]}
    view_id = (await visitor.call("views.publish", user_id=person, view=home))["view"]["id"]
    async with listening(slack) as app:
        await slack.use(InView(view_id=view_id), {"type": "button", "action_id": "add"})
    sent = json.loads(form(app.heard[0])["payload"])
    assert (sent["view"]["type"], sent["container"]) == ("home", {"type": "view", "view_id": view_id})


async def test_what_is_not_there_cannot_be_used(slack: Slack) -> None:
    channel = slack.channel("general")
    with pytest.raises(KeyError):
        await slack.use(InMessage(channel_id=channel.id, ts="1.0"), MENU)
    with pytest.raises(KeyError):
        await slack.use(InView(view_id="V404"), MENU)
    with pytest.raises(KeyError):
        await slack.submit("V404", {})


@pytest.mark.parametrize(
    ("said", "outcome", "titles"),
    [
        ({}, "closed", []),
        ({"response_action": "clear"}, "closed", []),
        ({"response_action": "errors", "errors": {"b": "Enter a number."}}, "refused", ["Settings"]),
        ({"response_action": "update", "view": a_view("Saved")}, "updated", ["Saved"]),
        ({"response_action": "push", "view": a_view("More")}, "pushed", ["Settings", "More"]),
        ({"response_action": "update", "view": {"type": "modal"}}, "failed", ["Settings"]),
    ],
)
async def test_a_modal_does_what_is_answered_to_its_submission(
    slack: Slack, visitor: Visitor, said: Json, outcome: str, titles: list[str]
) -> None:
    view_id = await opened(slack, visitor, a_view())
    async with listening(slack, answering(**said)):
        submitted = await slack.submit(view_id, {})
    assert (submitted.outcome, submitted.errors) == (outcome, said.get("errors", {}))
    assert [view["title"]["text"] for view in slack.modals.values()] == titles


async def test_a_submission_that_nobody_acknowledges_leaves_the_modal_open(slack: Slack, visitor: Visitor) -> None:
    view_id = await opened(slack, visitor, a_view())
    slack.ack_timeout = 0.05
    async with listening(slack, late(1)):
        assert (await slack.submit(view_id, {})).outcome == "failed"
    assert list(slack.modals) == [view_id]


@pytest.mark.parametrize("asked", [True, False])
async def test_that_a_modal_was_closed_is_told_where_it_asks_for_that(
    slack: Slack, visitor: Visitor, *, asked: bool
) -> None:
    view_id = await opened(slack, visitor, a_view(notify_on_close=asked))
    async with listening(slack) as app:
        await slack.close(view_id)
        await slack.close(view_id)
    told = [json.loads(form(heard)["payload"])["type"] for heard in app.heard]
    assert told == (["view_closed"] if asked else [])
    assert not slack.modals


async def test_shortcuts_of_a_message_and_global_ones(slack: Slack, visitor: Visitor) -> None:
    _, where = await posted(slack, visitor)
    async with listening(slack) as app:
        await slack.choose_shortcut("transcribe", message=where)
        await slack.choose_shortcut("search")
    sent = [json.loads(form(heard)["payload"]) for heard in app.heard]
    assert [(one["type"], one["callback_id"]) for one in sent] == [
        ("message_action", "transcribe"),
        ("shortcut", "search"),
    ]
    assert sent[0]["message"]["ts"] == where.ts
    assert "message" not in sent[1]


async def test_an_answer_is_seen_by_the_person_alone_and_may_replace_the_one_that_was_used(
    slack: Slack, visitor: Visitor
) -> None:
    channel, person = slack.channel("general"), slack.user("amara")
    ephemerals = Ephemerals(slack, person=person)
    async with listening(slack, saying(text="First")) as app:
        ephemerals.follow(await slack.command("/transcripts", channel=channel), channel_id=channel.id)
        [first] = ephemerals.shown()
        assert (first.text, first.channel_id) == ("First", channel.id)
        where = InEphemeral(channel_id=channel.id, ts=first.ts)
        answer = await slack.use(where, {"type": "button", "action_id": "next"})
        assert json.loads(form(app.heard[-1])["payload"])["container"]["is_ephemeral"] is True
    ephemerals.follow(answer, channel_id=channel.id, pressed=first)
    async with visitor.session.post(answer.response_url, json={"text": "Second", "replace_original": True}):
        pass
    assert [shown.text for shown in ephemerals.shown()] == ["Second"]
    await visitor.call("chat.postEphemeral", channel=channel.id, user=person, text="Third")
    await visitor.call("chat.postEphemeral", channel=channel.id, user=slack.user("sipho"), text="For another")
    shown = ephemerals.shown()
    assert [one.text for one in shown] == ["Second", "Third"]
    assert float(shown[-1].ts) <= time.time() + 1
    ephemerals.dismiss(shown[0].ts)
    assert [one.text for one in ephemerals.shown()] == ["Third"]
    with pytest.raises(KeyError):
        ephemerals.find(shown[0].ts)
