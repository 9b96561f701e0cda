"""What a person's Slack client sends for any control of a message, a modal or an App Home, as its app drew it.

`Interactions` presses what a test names; this takes what somebody has clicked, chosen or typed. The payloads are those
of https://docs.slack.dev/reference/interaction-payloads.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from sandbox.slack.options import Options
from sandbox.slack.refusal import Denied
from sandbox.slack.services import WorkspaceServices
from sandbox.slack.values import CommandAnswer, Json
from sandbox.slack.wire import channel_object, home_object, message_object

FROM_ELEMENT = frozenset(
    {
        "action_id",
        "block_id",
        "type",
        "value",
        "text",
        "placeholder",
        "confirm",
        "selected_option",
        "selected_options",
        "selected_user",
        "selected_users",
        "selected_conversation",
        "selected_channel",
        "selected_date",
        "selected_time",
    }
)
"""What an action repeats of its element, and what was chosen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InMessage:
    """A control of a message."""

    channel_id: str
    ts: str


@dataclass(frozen=True, kw_only=True, slots=True)
class InEphemeral:
    """A control of a message that only one person sees, and that is in no history."""

    channel_id: str
    ts: str
    thread_ts: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class InView:
    """A control of an open modal or of the person's App Home."""

    view_id: str


Where = InMessage | InEphemeral | InView


@dataclass(frozen=True, kw_only=True, slots=True)
class Submitted:
    """What became of a submitted modal; `errors` are sentences by block id."""

    outcome: Literal["closed", "updated", "pushed", "refused", "failed"]
    errors: Json


class Clients(Options):
    """People's clients, by default that of the user Amara. A control that is not there raises `KeyError`."""

    _services: WorkspaceServices

    async def use(
        self, where: Where, action: Json, *, values: Json | None = None, user: str | None = None
    ) -> CommandAnswer:
        """Use a control. `action` is its element with what was chosen, `values` the fields beside it."""
        state = {"values": values or {}}
        acted = {name: value for name, value in action.items() if name in FROM_ELEMENT}
        person = self._client_of(user)
        payload: Json = {
            "type": "block_actions",
            "user": person,
            "actions": [acted | {"action_ts": f"{time.time():.6f}"}],
            **self._place(where, person=person["id"], state=state),
        }
        return await self._services.interactivity.interact(payload)

    async def choose_shortcut(
        self, callback_id: str, *, message: InMessage | None = None, user: str | None = None
    ) -> CommandAnswer:
        """Choose a shortcut: of a message's menu, or a global one."""
        chosen: Json = {"callback_id": callback_id, "action_ts": f"{time.time():.6f}", "user": self._client_of(user)}
        if message is None:
            return await self._services.interactivity.interact({"type": "shortcut", **chosen})
        where = {"type": "message_action", "message_ts": message.ts, **self._message(message)}
        return await self._services.interactivity.interact(where | chosen)

    async def submit(self, view_id: str, values: Json, *, user: str | None = None) -> Submitted:
        """Submit an open modal with its fields, and do with it what the app answers."""
        dialogs = self._services.dialogs
        view = dialogs.modals[view_id]
        sent = {**self._view(view), "state": {"values": values}}
        answer = await self._services.interactivity.interact(
            {"type": "view_submission", "user": self._client_of(user), "view": sent}
        )
        said = answer.body if isinstance(answer.body, dict) else {}
        if answer.status is None:
            return Submitted(outcome="failed", errors={})
        try:
            return self._follow(said, view_id=view_id)
        except Denied:
            return Submitted(outcome="failed", errors={})

    def _follow(self, said: Json, *, view_id: str) -> Submitted:
        dialogs = self._services.dialogs
        match said.get("response_action"):
            case "errors":
                return Submitted(outcome="refused", errors=dict(said["errors"]))
            case "update":
                dialogs.keep(view_id, dialogs.check(said["view"], kind="modal"))
                return Submitted(outcome="updated", errors={})
            case "push":
                dialogs.keep(self._services.workspace.new_id("V"), dialogs.check(said["view"], kind="modal"))
                return Submitted(outcome="pushed", errors={})
            case "clear":
                dialogs.modals.clear()
            case _:
                dialogs.modals.pop(view_id, None)
        return Submitted(outcome="closed", errors={})

    async def close(self, view_id: str, *, user: str | None = None) -> None:
        """Close an open modal; its app is told if the view asks for that."""
        view = self._services.dialogs.modals.pop(view_id, None)
        self._services.signal.notify()
        if view is not None and view.get("notify_on_close"):
            told = {"type": "view_closed", "user": self._client_of(user), "view": self._view(view), "is_cleared": False}
            await self._services.interactivity.interact(told)

    def _client_of(self, user: str | None) -> Json:
        workspace = self._services.workspace
        person = user or workspace.user("amara")
        name = workspace.users[person]
        return {"id": person, "username": name, "name": name, "team_id": workspace.team_id}

    def _place(self, where: Where, *, person: str, state: Json) -> Json:
        match where:
            case InMessage():
                container = {"type": "message", "message_ts": where.ts, "channel_id": where.channel_id}
                return {"container": container | {"is_ephemeral": False}, "state": state, **self._message(where)}
            case InEphemeral():
                container = {"type": "message", "message_ts": where.ts, "channel_id": where.channel_id}
                channel = self._services.workspace.channels[where.channel_id]
                described = {"channel": channel_object(self._services.workspace, channel)}
                return {"container": container | {"is_ephemeral": True}, "state": state, **described}
            case InView():
                dialogs = self._services.dialogs
                view = dialogs.modals.get(where.view_id)
                if view is None:
                    home = dialogs.homes[person]
                    shown = home_object(self._services.workspace, home) | {"state": state}
                    return {"container": {"type": "view", "view_id": home["id"]}, "view": shown}
                return {
                    "container": {"type": "view", "view_id": where.view_id},
                    "view": {**self._view(view), "state": state},
                }

    def _message(self, place: InMessage) -> Json:
        workspace = self._services.workspace
        post = workspace.post(place.channel_id, place.ts)
        if post is None:
            raise KeyError(place.ts)
        channel = channel_object(workspace, workspace.channels[place.channel_id])
        return {"channel": channel, "message": message_object(workspace, post)}

    def _view(self, view: Json) -> Json:
        workspace = self._services.workspace
        return {**view, "team_id": workspace.team_id, "app_id": workspace.app_id, "bot_id": workspace.bot_id}
