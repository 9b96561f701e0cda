"""What people do with what they see: press a button, choose a shortcut, fill in a form, open the app's own page.

The payloads are those of https://docs.slack.dev/reference/interaction-payloads.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from sandbox.slack.options import Options
from sandbox.slack.services import WorkspaceServices
from sandbox.slack.values import CommandAnswer, Json, Message
from sandbox.slack.wire import channel_object, home_object, message_object


class NotThere(Exception):
    """Nobody can press or fill in what is not on the screen."""


class Interactions(Options):
    """By default they are Amara's."""

    _behind: WorkspaceServices

    async def press(self, message: Message, action_id: str, *, user: str | None = None) -> CommandAnswer:
        """Press a button of a message. Raises `NotThere`."""
        button = next((one for one in _elements(list(message.blocks)) if one.get("action_id") == action_id), None)
        if button is None:
            raise NotThere(action_id)
        container = {"type": "message", "message_ts": message.ts, "channel_id": message.channel_id}
        return await self._behind.people.interact(
            {
                "type": "block_actions",
                "container": container,
                "actions": [_pressed(button)],
                **self._on(message, user=user),
            }
        )

    def open_home(self, *, user: str | None = None, tab: Literal["home", "messages"] = "home") -> None:
        """Open the app's own page at one of its tabs; its event goes out on its own (`quiet` waits for it)."""
        behind = self._behind
        person = user or behind.workspace.user("amara")
        view = behind.dialogs.homes.get(person) if tab == "home" else None
        channel_id = behind.workspace.direct(person).id
        behind.dispatcher.announce_opened_home(person, channel_id=channel_id, tab=tab, view=view)

    async def press_at_home(
        self, action_id: str, *, value: str | None = None, user: str | None = None
    ) -> CommandAnswer:
        """Press a button of one's App Home, of several that ask for the same that with `value`. Raises `NotThere`.

        Such a payload knows no channel, no message and no `response_url`.
        """
        person = self._person(user)
        home = self._behind.dialogs.homes.get(person["id"], {"blocks": []})
        found = (one for one in _elements(home["blocks"]) if one.get("action_id") == action_id)
        button = next((one for one in found if value in {None, one.get("value")}), None)
        if button is None:
            raise NotThere(action_id)
        return await self._behind.people.interact(
            {
                "type": "block_actions",
                "container": {"type": "view", "view_id": home["id"]},
                "user": person,
                "actions": [_pressed(button)],
                "view": home_object(self._behind.workspace, home),
            }
        )

    async def choose(self, message: Message, callback_id: str, *, user: str | None = None) -> CommandAnswer:
        """Choose a shortcut on a message."""
        return await self._behind.people.interact(
            {"type": "message_action", "callback_id": callback_id, **self._on(message, user=user)}
        )

    def _on(self, message: Message, *, user: str | None) -> Json:
        workspace = self._behind.workspace
        post = workspace.post(message.channel_id, message.ts)
        if post is None:
            raise NotThere(message.ts)
        return {
            "user": self._person(user),
            "channel": channel_object(workspace, workspace.channels[message.channel_id]),
            "message": message_object(workspace, post),
        }

    def _person(self, user: str | None) -> Json:
        workspace = self._behind.workspace
        person = user or workspace.user("amara")
        return {"id": person, "username": workspace.users[person], "team_id": workspace.team_id}

    async def send(self, view: Json, entered: Mapping[str, str], *, user: str | None = None) -> CommandAnswer:
        """Fill in a form that is open and send it: what is entered by the label of its field.

        A person is entered by their id, an option by what it says. Of fields with one label the second is named with
        `#2` behind, and so on. What is not entered stays as the form shows it; a field that must be filled in and is
        not keeps the form from being sent. The form closes, changes or keeps open as the app answers. Raises
        `NotThere`.
        """
        dialogs = self._behind.dialogs
        if view["id"] not in dialogs.modals:
            raise NotThere(view["id"])
        values = _state(view, dict(entered))
        payload = {"type": "view_submission", "user": self._person(user), "view": {**view, "state": {"values": values}}}
        answer = await self._behind.people.interact(payload)
        said = answer.body if isinstance(answer.body, dict) else {}
        match said.get("response_action"):
            case None if answer.status is not None and answer.status < 300:  # noqa: PLR2004
                del dialogs.modals[view["id"]]
            case "update":
                dialogs.keep(view["id"], dialogs.check(said["view"], kind="modal"))
            case _:
                pass  # it stays open, with the errors under its fields
        return answer


def _pressed(button: Json) -> Json:
    action = {name: button.get(name, "") for name in ("action_id", "block_id", "type", "value", "text")}
    return action | {"action_ts": str(time.time())}


def _elements(blocks: list[Json]) -> Iterator[Json]:
    for block in blocks:
        for element in [*block.get("elements", []), block.get("accessory") or {}]:
            if isinstance(element, dict):
                yield {"block_id": block.get("block_id", ""), **element}


def _state(view: Json, entered: dict[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    seen: dict[str, int] = {}
    for block in view["blocks"]:
        if block.get("type") != "input":
            continue
        label, element = block["label"]["text"], block["element"]
        seen[label] = seen.get(label, 0) + 1
        name = label if seen[label] == 1 else f"{label}#{seen[label]}"
        kind, value = _field(element, entered.pop(name, None), name)
        if not value and not block.get("optional"):
            raise NotThere(f"{name}: to be filled in")
        values[block["block_id"]] = {element["action_id"]: {"type": element["type"], kind: value}}
    if entered:
        raise NotThere(", ".join(entered))
    return values


def _field(element: Json, given: str | None, name: str) -> tuple[str, Any]:
    """What is in a field, under the name that its kind has for it.

    https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload#view_submission
    """
    match element["type"]:
        case "users_select":
            return "selected_user", given or element.get("initial_user")
        case "radio_buttons" | "static_select":
            offered = {option["text"]["text"]: option for option in element["options"]}
            if given is not None and given not in offered:
                raise NotThere(f"{name}: {given}")
            return "selected_option", element.get("initial_option") if given is None else offered[given]
        case _:
            value = element.get("initial_value") if given is None else given
            if len(value or "") > element.get("max_length", 3_000):
                raise NotThere(f"{name}: Slack takes no more than {element['max_length']} characters")
            return "value", value or None
