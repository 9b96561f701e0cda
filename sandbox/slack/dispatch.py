"""Event delivery: each event is sent until the app acknowledges it or the retries are exhausted.

Source: https://docs.slack.dev/apis/events-api/#retries. Slack waits 0, 60 and 300 seconds between attempts; here
`retry_delays` is used, so that a test sees all of them.
"""

from __future__ import annotations

import asyncio
import json
import random

from sandbox.slack.access import HISTORY_SCOPE
from sandbox.slack.delivery import HttpDelivery
from sandbox.slack.events import (
    envelope,
    file_deleted,
    file_shared,
    home_opened,
    message,
    message_deleted,
    message_tombstone,
    reaction_added,
)
from sandbox.slack.grants import Grants
from sandbox.slack.options import Options
from sandbox.slack.received import Received
from sandbox.slack.signals import BackgroundTasks
from sandbox.slack.sockets import Sockets
from sandbox.slack.values import Delivery, Json
from sandbox.slack.workspace import Post, Workspace


class Dispatcher:
    """Sends events over HTTP if there is a request URL, else over a WebSocket."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        options: Options,
        http: HttpDelivery,
        sockets: Sockets,
        tasks: BackgroundTasks,
        grants: Grants,
    ) -> None:
        self._grants = grants
        self.deliveries: list[Delivery] = []
        self._options = options
        self._workspace = workspace
        self._http = http
        self._sockets = sockets
        self._tasks = tasks
        self._envelopes: dict[str, Json] = {}

    async def send(self, event: Json, *, enterprise_install: bool | None = None) -> Delivery:
        """Deliver a new event and return the last attempt.

        With `enterprise_install` None, the kind of the current installation is used.
        """
        event_id = self._workspace.new_id("Ev")
        if self._options.drops_events:
            return Delivery(event_id=event_id, type=event["type"], attempt=0, status=None, mode="http")
        grants = self._grants.of(self._workspace)
        if enterprise_install is None:
            enterprise_install = bool(grants) and grants[0].enterprise is not None
        self._envelopes[event_id] = envelope(
            self._workspace, event, event_id=event_id, enterprise_install=enterprise_install
        )
        return await self._send_until_acknowledged(event_id)

    async def tell_rate_limited(self, *, at: int) -> Delivery:
        """Say that events are dropped since the minute `at`, in seconds since 1970. Nothing is repeated."""
        told: Json = {
            "token": "sandbox-verification",
            "type": "app_rate_limited",
            "team_id": self._workspace.team_id,
            "minute_rate_limited": at // 60 * 60,
            "api_app_id": self._workspace.app_id,
        }
        return self._record("", told["type"], attempt=1, received=await self._attempt(told, retry=None))

    async def redeliver(self, event_id: str) -> Delivery:
        """Deliver an event again, as if its acknowledgement was lost."""
        return await self._send_until_acknowledged(event_id, repeated=True)

    def announce(self, post: Post, *, new_upload: bool = True) -> None:
        """Send the events of a new message, concurrently and in random order."""
        due = [file_shared(post, file_id) for file_id in post.file_ids] if self._gets_file_events(post) else []
        if self._gets_message_events(post):
            due.append(message(self._workspace, post, new_upload=new_upload))
        random.shuffle(due)
        for event in due:
            self._tasks.start(self.send(event))

    def announce_reaction(self, post: Post, emoji: str, *, user: str) -> None:
        """Send `reaction_added` if it is subscribed and the bot is a member."""
        channel, options = self._workspace.channels[post.channel_id], self._options
        granted = "reaction_added" in options.subscriptions and "reactions:read" in options.scopes
        if granted and self._workspace.bot_user_id in channel.members:
            self._tasks.start(self.send(reaction_added(post, emoji, user=user)))

    def announce_deleted_file(self, file_id: str) -> None:
        """Send `file_deleted` if it is subscribed."""
        if "file_deleted" in self._options.subscriptions and self._grants.of(self._workspace):
            self._tasks.start(self.send(file_deleted(self._workspace, file_id)))

    def announce_deleted_message(self, post: Post) -> None:
        """Send `message_deleted` if messages are subscribed."""
        if self._gets_message_events(post):
            self._tasks.start(self.send(message_deleted(self._workspace, post)))

    def announce_tombstone(self, post: Post) -> None:
        """Send `message_changed` about a deleted message that has replies, if messages are subscribed."""
        if self._gets_message_events(post):
            self._tasks.start(self.send(message_tombstone(self._workspace, post)))

    def announce_opened_home(self, user_id: str, *, channel_id: str, tab: str, view: Json | None) -> None:
        """Send `app_home_opened` if it is subscribed."""
        if "app_home_opened" in self._options.subscriptions:
            event = home_opened(self._workspace, user_id, channel_id=channel_id, tab=tab, view=view)
            self._tasks.start(self.send(event))

    def _gets_file_events(self, post: Post) -> bool:
        # It is unknown whether Slack sends events for files in public channels without the bot: here it does.
        channel = self._workspace.channels[post.channel_id]
        if not self._grants.of(self._workspace):
            return False
        near = channel.kind == "public" or self._workspace.bot_user_id in channel.members
        return near and "file_shared" in self._options.subscriptions and "files:read" in self._options.scopes

    def _gets_message_events(self, post: Post) -> bool:
        channel = self._workspace.channels[post.channel_id]
        granted = HISTORY_SCOPE[channel.kind] in self._options.scopes and bool(self._grants.of(self._workspace))
        return granted and "message" in self._options.subscriptions and self._workspace.bot_user_id in channel.members

    async def _send_until_acknowledged(self, event_id: str, *, repeated: bool = False) -> Delivery:
        sent = self._envelopes[event_id]
        retry = (1, "http_timeout") if repeated else None
        attempt = 1
        for delay in (*self._options.retry_delays, None):
            received = await self._attempt(sent, retry=retry)
            delivery = self._record(event_id, sent["event"]["type"], attempt=attempt, received=received)
            if received.taken or received.no_retry or delay is None:
                return delivery
            await asyncio.sleep(delay)
            retry = (attempt, received.reason)
            attempt += 1
        raise AssertionError("the last attempt returns")

    async def _attempt(self, sent: Json, *, retry: tuple[int, str] | None) -> Received:
        if self._options.events_url is None:
            return await self._sockets.send("events_api", sent, retry=retry)
        body = json.dumps(sent).encode()
        return await self._http.post(self._options.events_url, body, content_type="application/json", retry=retry)

    def _record(self, event_id: str, kind: str, *, attempt: int, received: Received) -> Delivery:
        delivery = Delivery(
            event_id=event_id,
            type=kind,
            attempt=attempt,
            status=received.status,
            mode="socket" if self._options.events_url is None else "http",
        )
        self.deliveries.append(delivery)
        self._workspace.signal.notify()
        return delivery
