"""Commands, buttons, modals and the App Home."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web

from sandbox.ports import free_port
from sandbox.slack import Slack
from sandbox.slack.interactions import NotThere
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


async def test_the_response_url_may_lead_where_nobody_is(slack: Slack, visitor: Visitor) -> None:
    slack.response_origin = f"http://127.0.0.1:{free_port()}"
    async with listening(slack, saying()):
        answered = await slack.command("/transcripts")
    with pytest.raises(aiohttp.ClientConnectorError):
        await respond(visitor, answered.response_url, text="hello")


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


async def test_whoever_opens_a_home_is_told_of_with_what_they_see(slack: Slack, visitor: Visitor) -> None:
    amara = slack.user("amara")
    async with listening(slack) as app:
        slack.open_home()
        await slack.quiet()
        await visitor.call("views.publish", user_id=amara, view={"type": "home", "blocks": [section("Hello")]})
        slack.open_home(user=amara)
        await slack.quiet()
        slack.open_home(tab="messages")
        await slack.quiet()
    first, second, third = [json.loads(heard.body)["event"] for heard in app.heard]
    assert (first["type"], first["user"], first["tab"]) == ("app_home_opened", amara, "home")
    assert first["channel"].startswith("D")
    assert "view" not in first
    assert second["view"]["blocks"] == [section("Hello")]
    assert (second["view"]["team_id"], second["view"]["app_id"]) == (slack.team_id, slack.app_id)
    assert (third["tab"], "view" in third) == ("messages", False)
    slack.subscriptions.clear()
    async with listening(slack) as app:
        slack.open_home()
        await slack.quiet()
    assert app.heard == []


async def test_a_button_in_a_home_knows_the_home_and_no_conversation(slack: Slack, visitor: Visitor) -> None:
    ben = slack.user("ben")
    text = {"type": "plain_text", "text": "Cancel"}
    buttons = [{"type": "button", "action_id": "cancel", "value": value, "text": text} for value in ("one", "two")]
    rows = [{"type": "actions", "elements": [button]} for button in buttons]
    await visitor.call("views.publish", user_id=ben, view={"type": "home", "blocks": rows})
    async with listening(slack) as app:
        await slack.press_at_home("cancel", value="two", user=ben)
    payload: Json = json.loads(form(app.heard[0])["payload"])
    assert [(action["action_id"], action["value"]) for action in payload["actions"]] == [("cancel", "two")]
    assert payload["container"] == {"type": "view", "view_id": slack.homes[ben]["id"]}
    assert payload["view"]["blocks"] == rows
    assert payload["user"]["id"] == ben
    assert not {"channel", "message", "response_url"} & set(payload)
    for value, person in (("three", ben), (None, slack.user("amara"))):
        with pytest.raises(NotThere):
            await slack.press_at_home("cancel", value=value, user=person)


async def test_a_home_is_no_modal(slack: Slack, visitor: Visitor) -> None:
    view = {"type": "home", "blocks": [section("Hello")]}
    await visitor.call("views.publish", user_id=slack.user("amara"), view=view)
    assert slack.modals == {}


@pytest.mark.parametrize("fault", [{"timestamp": "soon"}, {"format": ""}])
async def test_a_date_needs_a_moment_and_a_format(visitor: Visitor, fault: Json) -> None:
    date = {"type": "date", "timestamp": 1_795_176_000, "format": "{ago}"}

    def view(part: Json) -> Json:
        rich = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [part]}]}
        return {"type": "home", "blocks": [rich]}

    user = {"user_id": visitor.slack.user("amara")}
    assert (await visitor.call("views.publish", **user, view=view(date)))["ok"]
    assert await visitor.refused("views.publish", **user, view=view(date | fault)) == "invalid_blocks"


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


def choice(kind: str, **more: object) -> Json:
    options = [
        {"text": {"type": "plain_text", "text": name}, "value": name.lower()} for name in ("Text", "Data", "Word")
    ]
    element = {"type": kind, "action_id": "kind", "options": options, "initial_option": options[1], **more}
    return {"type": "input", "block_id": "b", "label": {"type": "plain_text", "text": "Kind"}, "element": element}


async def opened(slack: Slack, visitor: Visitor, *blocks: Json) -> Json:
    async with listening(slack) as app:
        await slack.interact({"type": "block_actions", "actions": []})
    trigger = json.loads(form(app.heard[0])["payload"])["trigger_id"]
    view: Json = (await visitor.call("views.open", trigger_id=trigger, view=modal(blocks=list(blocks))))["view"]
    return view


@pytest.mark.parametrize("kind", ["radio_buttons", "static_select"])
async def test_what_is_chosen_comes_as_the_whole_option(slack: Slack, visitor: Visitor, kind: str) -> None:
    view = await opened(slack, visitor, choice(kind))
    with pytest.raises(NotThere, match="Music"):
        await slack.send(view, {"Kind": "Music"})
    async with listening(slack) as app:
        slack.modals[view["id"]] = view
        for entered in ({}, {"Kind": "Word"}):
            slack.modals[view["id"]] = view
            await slack.send(view, entered)
    sent = [json.loads(form(heard)["payload"])["view"]["state"]["values"]["b"]["kind"] for heard in app.heard]
    assert sent == [{"type": kind, "selected_option": option} for option in view["blocks"][0]["element"]["options"][1:]]


async def test_a_field_that_must_be_filled_in_keeps_the_form_from_being_sent(slack: Slack, visitor: Visitor) -> None:
    block = choice("radio_buttons")
    del block["element"]["initial_option"]
    view = await opened(slack, visitor, block)
    with pytest.raises(NotThere, match="Kind"):
        await slack.send(view, {})


async def test_an_option_to_begin_with_must_be_one_of_them_and_explanations_are_short(visitor: Visitor) -> None:
    user = {"user_id": visitor.slack.user("amara")}
    strange = {"text": {"type": "plain_text", "text": "Music"}, "value": "music"}
    wordy = strange | {"description": {"type": "plain_text", "text": "x" * 76}}
    for block in (choice("radio_buttons", initial_option=strange), choice("static_select", options=[wordy])):
        view = {"type": "home", "blocks": [block]}
        assert await visitor.refused("views.publish", **user, view=view) == "invalid_blocks"


def menu(*names: str) -> Json:
    options = [{"text": {"type": "plain_text", "text": name}, "value": name.lower()} for name in names]
    return {"type": "overflow", "action_id": "more", "options": options}


async def test_what_is_chosen_of_a_menu_comes_as_the_whole_option(slack: Slack, visitor: Visitor) -> None:
    channel = slack.channel("general")
    row = section("A recording") | {"block_id": "row", "accessory": menu("Retry", "Delete")}
    posted = await visitor.call("chat.postMessage", channel=channel.id, text="x", blocks=[row])
    message = slack.message(channel.id, posted["ts"])
    async with listening(slack) as app:
        await slack.press(message, "more", option="Delete")
    [action] = json.loads(form(app.heard[0])["payload"])["actions"]
    assert float(action.pop("action_ts")) > 0
    chosen = {"text": {"type": "plain_text", "text": "Delete"}, "value": "delete"}
    assert action == {"type": "overflow", "action_id": "more", "block_id": "row", "selected_option": chosen}
    with pytest.raises(NotThere, match="Rename"):
        await slack.press(message, "more", option="Rename")


async def test_a_menu_in_an_answer_knows_its_conversation_and_can_be_answered(slack: Slack, visitor: Visitor) -> None:
    channel = slack.channel("general")
    rows = [section(name) | {"accessory": menu("Retry", name)} for name in ("One", "Two")]

    async def listed(_heard: Heard) -> web.Response:
        return web.json_response({"blocks": rows})

    async with listening(slack, listed) as app:
        answer = await slack.command("/transcripts", channel=channel)
        pressed = await slack.press_in_answer(answer, "more", channel_id=channel.id, option="Two", number=1)
        with pytest.raises(NotThere):
            await slack.press_in_answer(answer, "more", channel_id=channel.id, option="Two", number=2)
    payload: Json = json.loads(form(app.heard[1])["payload"])
    assert payload["actions"][0]["selected_option"]["value"] == "two"
    assert (payload["container"]["is_ephemeral"], payload["container"]["channel_id"]) == (True, channel.id)
    assert (payload["channel"]["id"], payload["user"]["id"]) == (channel.id, slack.user("amara"))
    assert (payload["team"]["id"], payload["response_url"]) == (slack.team_id, pressed.response_url)
    assert "message" not in payload  # an ephemeral message is in no history
    assert (await respond(visitor, payload["response_url"], text="done", replace_original=True))[0] == 200
    assert pressed.messages == [{"text": "done", "replace_original": True}]
    assert (await visitor.call("views.open", trigger_id=payload["trigger_id"], view=modal()))["ok"]


async def test_a_global_shortcut_knows_a_person_and_no_conversation(slack: Slack, visitor: Visitor) -> None:
    ben = slack.user("ben")
    async with listening(slack) as app:
        await slack.choose_anywhere("search", user=ben)
    payload: Json = json.loads(form(app.heard[0])["payload"])
    assert (payload["type"], payload["callback_id"]) == ("shortcut", "search")
    assert (payload["user"]["id"], payload["team"]["id"]) == (ben, slack.team_id)
    assert float(payload["action_ts"]) > 0
    assert not {"channel", "message", "response_url", "actions", "view"} & set(payload)
    assert (await visitor.call("views.open", trigger_id=payload["trigger_id"], view=modal()))["ok"]


async def test_an_option_of_a_group_can_be_chosen_and_boxes_ticked(slack: Slack, visitor: Visitor) -> None:
    options = [
        {"text": {"type": "plain_text", "text": name}, "value": name.lower()} for name in ("One", "Two", "Three")
    ]
    label = {"type": "plain_text", "text": "Turn"}
    groups = [{"label": label, "options": options[:1]}, {"label": label, "options": options[1:]}]
    select = {"type": "static_select", "action_id": "turn", "option_groups": groups}
    boxes = {"type": "checkboxes", "action_id": "keep", "options": options[:2], "initial_options": options[:1]}
    fields = [("Turn", select), ("Keep", boxes)]
    blocks = [
        {"type": "input", "block_id": name, "label": {"type": "plain_text", "text": name}, "element": element}
        for name, element in fields
    ]
    view = await opened(slack, visitor, *blocks)
    async with listening(slack) as app:
        for entered in ({"Turn": "Three"}, {"Turn": "One", "Keep": "One\nTwo"}):
            slack.modals[view["id"]] = view
            await slack.send(view, entered)
    kept, ticked = [json.loads(form(heard)["payload"])["view"]["state"]["values"] for heard in app.heard]
    assert kept["Turn"]["turn"]["selected_option"] == options[2]
    assert kept["Keep"]["keep"]["selected_options"] == options[:1]
    assert ticked["Keep"]["keep"]["selected_options"] == options[:2]
    for strange in ({"Turn": "Four"}, {"Turn": "One", "Keep": "Three"}):
        slack.modals[view["id"]] = view
        with pytest.raises(NotThere):
            await slack.send(view, strange)
