"""Send commands, button presses and modal submissions to the app, and accept posts to their `response_url`.

Source: https://docs.slack.dev/interactivity/implementing-slash-commands,
https://docs.slack.dev/interactivity/handling-user-interaction.
"""

from __future__ import annotations

import json
import secrets
import time
from urllib.parse import urlencode

from aiohttp import web

from sandbox.faults import Faults
from sandbox.slack.calls import CallLog
from sandbox.slack.context import Context
from sandbox.slack.delivery import HttpDelivery
from sandbox.slack.grants import Grants
from sandbox.slack.limits import check_blocks
from sandbox.slack.methods.identity import domain_of
from sandbox.slack.received import Received
from sandbox.slack.refusal import Denied
from sandbox.slack.sockets import Sockets
from sandbox.slack.values import Channel, CommandAnswer, Json
from sandbox.slack.workspace import Post

POSTS = 5
SECONDS = 30 * 60
FORM = "application/x-www-form-urlencoded"


class Interactivity:
    """Sends commands and interactions, and accepts posts to their `response_url`. Fault name: `response_url`."""

    def __init__(
        self, context: Context, *, http: HttpDelivery, sockets: Sockets, faults: Faults, log: CallLog, grants: Grants
    ) -> None:
        self._context = context
        self._grants = grants
        self._http = http
        self._sockets = sockets
        self._faults = faults
        self._log = log
        self._open: dict[str, tuple[CommandAnswer, Channel | None, float]] = {}
        self._uses: dict[str, int] = {}

    def expects(self, ticket: str) -> bool:
        """Return whether a `response_url` is of this workspace."""
        return ticket in self._open

    def _installed(self) -> tuple[str | None, bool]:
        """Return the organisation, and whether the app is an enterprise install."""
        grants = self._grants.of(self._context.workspace)
        return self._context.workspace.enterprise, bool(grants) and grants[0].enterprise is not None

    async def command(self, name: str, text: str, *, user: str, channel: Channel) -> CommandAnswer:
        """Send a slash command."""
        workspace = self._context.workspace
        enterprise, enterprise_install = self._installed()
        answer = self._new_answer(channel)
        fields = {
            "token": "sandbox-verification",
            "team_id": workspace.team_id,
            "team_domain": domain_of(workspace),
            **({"enterprise_id": enterprise, "enterprise_name": "Organisation"} if enterprise else {}),
            "channel_id": channel.id,
            "channel_name": _name_for_commands(channel),
            "user_id": user,
            "user_name": workspace.users[user],
            "command": name,
            "text": text,
            "api_app_id": workspace.app_id,
            "is_enterprise_install": str(enterprise_install).lower(),
            "response_url": answer.response_url,
            "trigger_id": self._context.dialogs.trigger(),
        }
        received = await self._deliver("slash_commands", fields, form=fields)
        self._settle(answer, received, is_command=True)
        return answer

    async def interact(self, payload: Json) -> CommandAnswer:
        """Send an interaction. The team and the trigger id are added if they are missing.

        `response_url` is added, too, except for a view and a global shortcut: they have no conversation to answer in.
        """
        workspace = self._context.workspace
        enterprise, enterprise_install = self._installed()
        channel_id = str(payload.get("channel", {}).get("id", ""))
        answer = self._new_answer(workspace.channels.get(channel_id))
        elsewhere = "view" in payload or payload.get("type") == "shortcut"
        # For a modal submission Slack does not tell an enterprise install which team it is from.
        without_team = enterprise_install and payload.get("type") == "view_submission"
        sent: Json = {
            "token": "sandbox-verification",
            "team": None if without_team else {"id": workspace.team_id, "domain": domain_of(workspace)},
            "enterprise": {"id": enterprise, "name": "Organisation"} if enterprise else None,
            "is_enterprise_install": enterprise_install,
            "api_app_id": workspace.app_id,
            "trigger_id": self._context.dialogs.trigger(),
            **({} if elsewhere else {"response_url": answer.response_url}),
            **payload,
        }
        received = await self._deliver("interactive", sent, form={"payload": json.dumps(sent)})
        self._settle(answer, received, is_command=False)
        return answer

    async def _deliver(self, kind: str, payload: Json, *, form: dict[str, str]) -> Received:
        url = self._context.options.events_url
        if url is None:
            return await self._sockets.send(kind, payload)
        return await self._http.post(url, urlencode(form).encode(), content_type=FORM)

    def _new_answer(self, channel: Channel | None) -> CommandAnswer:
        workspace = self._context.workspace
        ticket = f"{workspace.new_id('R')}{secrets.token_hex(8)}"
        origin = self._context.options.response_origin or workspace.origin
        answer = CommandAnswer(signal=workspace.signal, response_url=f"{origin}/respond/{ticket}")
        self._open[ticket] = (answer, channel, time.monotonic())
        return answer

    def _settle(self, answer: CommandAnswer, received: Received, *, is_command: bool) -> None:
        answer.status = received.status
        try:
            answer.body = json.loads(received.body) if received.body else None
        except ValueError:
            answer.body = received.body.decode()
        if not received.taken or not is_command or not answer.body:
            return
        said = answer.body if isinstance(answer.body, dict) else {"text": answer.body}
        # The app may have posted to the response_url before it acknowledged: those messages came first.
        answer.messages.append(said)
        self._context.workspace.signal.notify()

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """Accept a post to a `response_url`: at most five within thirty minutes."""
        ticket = request.match_info["ticket"]
        said = json.loads(await request.read())
        with self._log.record("response_url", said) as entry:

            async def act() -> web.StreamResponse:
                try:
                    self._accept(ticket, said)
                except Denied as denied:
                    entry.settle(ok=False, error=denied.error)
                    status = 404 if denied.error.endswith("_url") else 400
                    return web.json_response({"ok": False, "error": denied.error}, status=status)
                entry.settle(ok=True)
                return web.Response(text="ok")

            response = await self._faults.apply("response_url", request, act)
            entry.settle_unless_done(request, response)
            return response

    def _accept(self, ticket: str, said: Json) -> None:
        if ticket not in self._open:
            raise Denied("expired_url")
        answer, channel, since = self._open[ticket]
        if time.monotonic() - since > SECONDS:
            raise Denied("expired_url")
        used = self._uses.get(ticket, 0)
        if used >= POSTS:
            raise Denied("used_url")
        blocks = check_blocks(said.get("blocks"), children=self._context.options.container_children)
        if not (said.get("text") or blocks or said.get("delete_original")):
            raise Denied("no_text")
        self._uses[ticket] = used + 1
        answer.messages.append(said)
        self._context.workspace.signal.notify()
        if channel is not None and said.get("response_type") == "in_channel":
            self._post(channel, said, blocks=blocks)

    def _post(self, channel: Channel, said: Json, *, blocks: list[Json]) -> None:
        workspace = self._context.workspace
        post = Post(
            ts=workspace.stamp(),
            channel_id=channel.id,
            user=workspace.bot_user_id,
            by_bot=True,
            text=str(said.get("text", "")),
            blocks=blocks,
            thread_ts=said.get("thread_ts"),
        )
        self._context.announce(workspace.add(post))


def _name_for_commands(channel: Channel) -> str:
    """Return the channel name for a command: only public channels have their real name."""
    match channel.kind:
        case "public":
            return channel.name
        case "im":
            return "directmessage"
        case "private" | "mpim":
            return "privategroup"
