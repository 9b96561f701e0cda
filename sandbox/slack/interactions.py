"""User interactions: press a button, choose a shortcut, submit a modal, open the App Home.

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
    """The element to press or fill in is not shown."""


class Interactions(Options):
    """User interactions, by default of the user Amara."""

    _services: WorkspaceServices

    async def press(
        self, message: Message, action_id: str, *, option: str | None = None, user: str | None = None
    ) -> CommandAnswer:
        """Press a button of a message, or choose an `option` of its menu by its text. Raises `NotThere`."""
        pressed = _pressed(_element(list(message.blocks), action_id), option=option)
        container = {"type": "message", "message_ts": message.ts, "channel_id": message.channel_id}
        return await self._services.interactivity.interact(
            {"type": "block_actions", "container": container, "actions": [pressed], **self._on(message, user=user)}
        )

    async def press_in_answer(
        self,
        answer: CommandAnswer,
        action_id: str,
        *,
        channel_id: str,
        option: str | None = None,
        number: int = 0,
        user: str | None = None,
    ) -> CommandAnswer:
        """Press a button, or choose an `option` of a menu, in the ephemeral answer to a command.

        `number` selects one of several elements with the same action id. Such a payload has no message. Raises
        `NotThere`.
        """
        said = answer.body if isinstance(answer.body, dict) else {}
        pressed = _pressed(_element(said.get("blocks", []), action_id, number=number), option=option)
        workspace = self._services.workspace
        return await self._services.interactivity.interact(
            {
                "type": "block_actions",
                "container": {
                    "type": "message",
                    "message_ts": "1.000001",
                    "channel_id": channel_id,
                    "is_ephemeral": True,
                },
                "user": self._person(user),
                "channel": channel_object(workspace, workspace.channels[channel_id]),
                "actions": [pressed],
            }
        )

    async def choose_anywhere(self, callback_id: str, *, user: str | None = None) -> CommandAnswer:
        """Choose a global shortcut. Such a payload has no channel, no message and no `response_url`.

        Source: https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload.
        """
        chosen = {"callback_id": callback_id, "action_ts": f"{time.time():.6f}", "user": self._person(user)}
        return await self._services.interactivity.interact({"type": "shortcut", **chosen})

    def open_home(self, *, user: str | None = None, tab: Literal["home", "messages"] = "home") -> None:
        """Open the App Home at one of its tabs. Its event is sent in the background (`quiet` waits for it)."""
        services = self._services
        person = user or services.workspace.user("amara")
        view = services.dialogs.homes.get(person) if tab == "home" else None
        channel_id = services.workspace.direct(person).id
        services.dispatcher.announce_opened_home(person, channel_id=channel_id, tab=tab, view=view)

    async def press_at_home(
        self,
        action_id: str,
        *,
        value: str | None = None,
        option: str | None = None,
        number: int = 0,
        user: str | None = None,
    ) -> CommandAnswer:
        """Press a button of the user's App Home, or choose an `option` of a menu by its text.

        `value` or `number` selects one of several with the same action id. Raises `NotThere`.

        Such a payload has no channel, no message and no `response_url`.
        """
        person = self._person(user)
        home = self._services.dialogs.homes.get(person["id"], {"blocks": []})
        pressed = _pressed(_element(home["blocks"], action_id, value=value, number=number), option=option)
        return await self._services.interactivity.interact(
            {
                "type": "block_actions",
                "container": {"type": "view", "view_id": home["id"]},
                "user": person,
                "actions": [pressed],
                "view": home_object(self._services.workspace, home),
            }
        )

    async def choose(self, message: Message, callback_id: str, *, user: str | None = None) -> CommandAnswer:
        """Choose a shortcut on a message."""
        return await self._services.interactivity.interact(
            {"type": "message_action", "callback_id": callback_id, **self._on(message, user=user)}
        )

    def _on(self, message: Message, *, user: str | None) -> Json:
        workspace = self._services.workspace
        post = workspace.post(message.channel_id, message.ts)
        if post is None:
            raise NotThere(message.ts)
        return {
            "user": self._person(user),
            "channel": channel_object(workspace, workspace.channels[message.channel_id]),
            "message": message_object(workspace, post),
        }

    def _person(self, user: str | None) -> Json:
        workspace = self._services.workspace
        person = user or workspace.user("amara")
        return {"id": person, "username": workspace.users[person], "team_id": workspace.team_id}

    async def send(self, view: Json, entered: Mapping[str, str], *, user: str | None = None) -> CommandAnswer:
        """Fill in an open modal and submit it. `entered` maps the labels of fields to values.

        A user is entered by id, an option by its text, several options by one line each. Of several fields with the
        same label, the second is named with `#2` at the end, and so on. Fields that are not entered keep their initial
        values; an empty required field prevents the submission. The modal is closed, updated or left open as the app
        answers. Raises `NotThere`.
        """
        dialogs = self._services.dialogs
        if view["id"] not in dialogs.modals:
            raise NotThere(view["id"])
        values = _state(view, dict(entered))
        payload = {"type": "view_submission", "user": self._person(user), "view": {**view, "state": {"values": values}}}
        answer = await self._services.interactivity.interact(payload)
        said = answer.body if isinstance(answer.body, dict) else {}
        match said.get("response_action"):
            case None if answer.status is not None and answer.status < 300:  # noqa: PLR2004
                del dialogs.modals[view["id"]]
            case "update":
                dialogs.keep(view["id"], dialogs.check(said["view"], kind="modal"))
            case _:
                pass  # the modal stays open, with the errors under its fields
        return answer


def _pressed(element: Json, *, option: str | None) -> Json:
    action = {"action_ts": str(time.time())}
    if option is None:
        return action | {name: element.get(name, "") for name in ("action_id", "block_id", "type", "value", "text")}
    chosen = next((one for one in element.get("options", []) if one["text"]["text"] == option), None)
    if chosen is None:
        raise NotThere(option)
    return (
        action
        | {name: element.get(name, "") for name in ("action_id", "block_id", "type")}
        | {"selected_option": chosen}
    )


def _element(blocks: list[Json], action_id: str, *, value: str | None = None, number: int = 0) -> Json:
    found = [
        one for one in _elements(blocks) if one.get("action_id") == action_id and value in {None, one.get("value")}
    ]
    if number >= len(found):
        raise NotThere(action_id)
    return found[number]


def _elements(blocks: list[Json]) -> Iterator[Json]:
    for block in blocks:
        yield from _elements(block.get("child_blocks", []))
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


def _offered(element: Json) -> dict[str, Json]:
    """Return the options of a field by their texts, those of groups among them."""
    groups = element.get("option_groups") or [{"options": element.get("options", [])}]
    return {option["text"]["text"]: option for group in groups for option in group["options"]}


def _field(element: Json, given: str | None, name: str) -> tuple[str, Any]:
    """Return the value of a field, with the payload's name for its kind.

    Source: https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload#view_submission
    """
    match element["type"]:
        case "users_select":
            return "selected_user", given or element.get("initial_user")
        case "radio_buttons" | "static_select":
            offered = _offered(element)
            if given is not None and given not in offered:
                raise NotThere(f"{name}: {given}")
            return "selected_option", element.get("initial_option") if given is None else offered[given]
        case "checkboxes" | "multi_static_select":
            offered = _offered(element)
            chosen = (given or "").splitlines()
            if missing := set(chosen) - set(offered):
                raise NotThere(f"{name}: {missing}")
            ticked = element.get("initial_options", []) if given is None else [offered[text] for text in chosen]
            return "selected_options", ticked
        case _:
            value = element.get("initial_value") if given is None else given
            if len(value or "") > element.get("max_length", 3_000):
                raise NotThere(f"{name}: Slack takes no more than {element['max_length']} characters")
            return "value", value or None
