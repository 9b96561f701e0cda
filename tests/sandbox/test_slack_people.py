"""Commands, buttons, modals and the App Home."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from aiohttp import web

from sandbox.slack import Slack
from tests.sandbox.slack_visitor import Heard, Json, Visitor, late, listening, saying, section


def form(heard: Heard) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(heard.body.decode(), keep_blank_values=True).items()}


async def respond(visitor: Visitor, url: str, **said: object) -> tuple[int, str]:
    async with visitor.session.post(url, json=said) as answered:
        return answered.status, await answered.text()


async def test_a_command_is_a_signed_form_and_its_text_answer_a_message(slack: Slack) -> None:
    channel = slack.channel("general")
    async with listening(slack, saying(text="Here is help")) as app:
        answered = await slack.command("/transcripts", "help me", user=slack.user("thabo"), channel=channel)
    sent = form(app.heard[0])
    assert (sent["command"], sent["text"], sent["channel_id"]) == ("/transcripts", "help me", channel.id)
    assert (sent["user_id"], sent["team_id"]) == (slack.user("thabo"), slack.team_id)
    assert app.heard[0].headers["X-Slack-Signature"].startswith("v0=")
    assert (answered.status, answered.messages) == (200, [{"text": "Here is help"}])


async def test_an_empty_answer_is_no_message_and_a_json_one_is(slack: Slack) -> None:
    async def cards(_heard: Heard) -> web.Response:
        return web.json_response({"text": "Yours", "response_type": "ephemeral"})

    async with listening(slack, saying(), cards, saying(500, text="oops")):
        silent, said, broken = [await slack.command("/transcripts") for _ in range(3)]
    assert silent.messages == []
    assert said.messages == [{"text": "Yours", "response_type": "ephemeral"}]
    assert (broken.status, broken.messages, broken.body) == (500, [], "oops")


async def test_a_command_unanswered_in_time_is_not_repeated(slack: Slack) -> None:
    slack.ack_timeout = 0.05
    async with listening(slack, late(1)) as app:
        answered = await slack.command("/transcripts")
    assert (answered.status, len(app.heard)) == (None, 1)


async def test_five_posts_may_follow_at_the_response_url(slack: Slack, visitor: Visitor) -> None:
    async with listening(slack):
        answered = await slack.command("/transcripts")
    for number in range(5):
        assert (await respond(visitor, answered.response_url, text=f"number {number}"))[0] == 200
    assert (await respond(visitor, answered.response_url, text="six"))[0] == 404
    assert [message["text"] for message in await answered.wait_for_messages(5)] == [f"number {n}" for n in range(5)]


async def test_a_response_url_refuses_what_a_channel_would(slack: Slack, visitor: Visitor) -> None:
    async with listening(slack):
        answered = await slack.command("/transcripts")
    assert "no_text" in (await respond(visitor, answered.response_url))[1]
    assert "invalid_blocks" in (await respond(visitor, answered.response_url, blocks=[section("")]))[1]
    assert (await respond(visitor, f"{slack.origin}/respond/nothing", text="hello"))[0] == 404
    assert answered.messages == []


async def test_a_response_for_the_channel_is_posted_there(slack: Slack, visitor: Visitor) -> None:
    channel = slack.channel("general")
    async with listening(slack):
        answered = await slack.command("/transcripts", channel=channel)
    await respond(visitor, answered.response_url, text="for me")
    await respond(visitor, answered.response_url, text="for all", response_type="in_channel")
    assert [message.text for message in slack.messages(channel.id)] == ["for all"]


def modal(**fields: object) -> Json:
    return {"type": "modal", "title": {"type": "plain_text", "text": "Speakers"}, "blocks": [section("Who?")], **fields}


async def test_a_button_can_open_a_modal_once_and_the_modal_can_change(slack: Slack, visitor: Visitor) -> None:
    channel = slack.channel("general")
    press = {"type": "block_actions", "channel": {"id": channel.id}, "actions": [{"action_id": "name"}]}
    async with listening(slack) as app:
        pressed = await slack.interact(press)
    payload: Json = json.loads(form(app.heard[0])["payload"])
    assert (pressed.status, payload["actions"], payload["team"]["id"]) == (200, press["actions"], slack.team_id)
    trigger = payload["trigger_id"]
    opened = (await visitor.call("views.open", trigger_id=trigger, view=modal()))["view"]
    assert await visitor.refused("views.open", trigger_id=trigger, view=modal()) == "exchanged_trigger_id"
    changed = await visitor.call("views.update", view_id=opened["id"], view=modal(callback_id="again"))
    assert slack.modals[opened["id"]]["callback_id"] == changed["view"]["callback_id"] == "again"
    stale = {"view_id": opened["id"], "hash": opened["hash"], "view": modal()}
    assert await visitor.refused("views.update", **stale) == "hash_conflict"


async def test_the_answer_to_a_modal_is_not_a_message(slack: Slack) -> None:
    async def errors(_heard: Heard) -> web.Response:
        return web.json_response({"response_action": "errors", "errors": {"name": "Say a name"}})

    async with listening(slack, errors):
        answered = await slack.interact({"type": "view_submission", "view": {}})
    assert answered.body == {"response_action": "errors", "errors": {"name": "Say a name"}}
    assert answered.messages == []


async def test_a_home_is_published_per_person_and_guarded_by_its_hash(slack: Slack, visitor: Visitor) -> None:
    amara = slack.user("amara")
    home = {"type": "home", "blocks": [section("Your recordings")]}
    first = (await visitor.call("views.publish", user_id=amara, view=home))["view"]
    assert (await visitor.call("views.publish", user_id=amara, view=home, hash=first["hash"]))["ok"]
    stale = {"user_id": amara, "view": home, "hash": first["hash"]}
    assert await visitor.refused("views.publish", **stale) == "hash_conflict"
    assert slack.homes[amara]["blocks"] == home["blocks"]


async def test_views_have_limits_of_their_own(visitor: Visitor) -> None:
    user = {"user_id": visitor.slack.user("amara")}
    divider = {"type": "divider"}
    home: Json = {"type": "home", "blocks": [divider] * 100}
    assert (await visitor.call("views.publish", **user, view=home))["ok"]
    crowded = {"type": "home", "blocks": [divider] * 101}
    heavy = {"type": "home", "blocks": [section("x" * 3_000)] * 90}
    secretive = {**home, "private_metadata": "x" * 3_001}
    assert await visitor.refused("views.publish", **user, view=crowded) == "invalid_blocks"
    assert await visitor.refused("views.publish", **user, view=heavy) == "view_too_large"
    assert await visitor.refused("views.publish", **user, view=secretive) == "invalid_arguments"
    assert await visitor.refused("views.publish", **user, view=modal()) == "invalid_arguments"
    assert await visitor.refused("views.publish", user_id="U0NOBODY", view=home) == "user_not_found"
    assert await visitor.refused("views.open", trigger_id="made up", view=modal()) == "invalid_trigger_id"
    assert await visitor.refused("views.update", view_id="V0NOTHING", view=modal()) == "not_found"
