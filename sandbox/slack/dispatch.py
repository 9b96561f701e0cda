"""Deliveries: every event is offered until the app acknowledges it or the retries are over.

https://docs.slack.dev/apis/events-api/#retries. Slack waits 0, 60 and 300 seconds between attempts; here
`retry_delays` does, so that a test sees all of them.
"""

from __future__ import annotations

import asyncio
import json
import random

from sandbox.slack.access import HISTORY_SCOPE
from sandbox.slack.delivery import HttpDelivery, Received
from sandbox.slack.events import (
    envelope,
    file_deleted,
    file_shared,
    home_opened,
    message,
    message_buried,
    message_deleted,
    reaction_added,
)
from sandbox.slack.grants import Grants
from sandbox.slack.options import Options
from sandbox.slack.signals import BackgroundTasks
from sandbox.slack.sockets import Sockets
from sandbox.slack.values import Delivery, Json
from sandbox.slack.workspace import Post, Workspace


class Dispatcher:
    """Sends over HTTP when there is a request URL, else over a socket."""

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

    async def send(self, event: Json, *, whole: bool | None = None) -> Delivery:
        """Deliver a new event and return the last attempt at it; `whole` as the app is installed, unless it is said."""
        event_id = self._workspace.new_id("Ev")
        grants = self._grants.of(self._workspace)
        if whole is None:
            whole = bool(grants) and grants[0].enterprise is not None
        self._envelopes[event_id] = envelope(self._workspace, event, event_id=event_id, whole=whole)
        return await self._offer(event_id)

    async def again(self, event_id: str) -> Delivery:
        """Deliver an event once more, as after an acknowledgement that Slack never saw."""
        return await self._offer(event_id, repeated=True)

    def announce(self, post: Post, *, new_upload: bool = True) -> None:
        """Send the events of a new message, each on its own and in no particular order."""
        due = [file_shared(post, file_id) for file_id in post.file_ids] if self._hears_files(post) else []
        if self._hears_messages(post):
            due.append(message(self._workspace, post, new_upload=new_upload))
        random.shuffle(due)
        for event in due:
            self._tasks.start(self.send(event))

    def announce_reaction(self, post: Post, emoji: str, *, user: str) -> None:
        """Send `reaction_added`, where it is subscribed and the bot is there."""
        channel, options = self._workspace.channels[post.channel_id], self._options
        granted = "reaction_added" in options.subscriptions and "reactions:read" in options.scopes
        if granted and self._workspace.bot_user_id in channel.members:
            self._tasks.start(self.send(reaction_added(post, emoji, user=user)))

    def announce_deleted_file(self, file_id: str) -> None:
        """Send `file_deleted`, where it is subscribed."""
        if "file_deleted" in self._options.subscriptions and self._grants.of(self._workspace):
            self._tasks.start(self.send(file_deleted(self._workspace, file_id)))

    def announce_deleted_message(self, post: Post) -> None:
        """Send `message_deleted`, where messages are heard."""
        if self._hears_messages(post):
            self._tasks.start(self.send(message_deleted(self._workspace, post)))

    def announce_tombstone(self, post: Post) -> None:
        """Send `message_changed` about a message that was deleted and has replies, where messages are heard."""
        if self._hears_messages(post):
            self._tasks.start(self.send(message_buried(self._workspace, post)))

    def announce_opened_home(self, user_id: str, *, channel_id: str, tab: str, view: Json | None) -> None:
        """Send `app_home_opened`, where it is subscribed."""
        if "app_home_opened" in self._options.subscriptions:
            event = home_opened(self._workspace, user_id, channel_id=channel_id, tab=tab, view=view)
            self._tasks.start(self.send(event))

    def _hears_files(self, post: Post) -> bool:
        # It is not settled whether Slack tells of files in public channels that the bot has not joined: here it does.
        channel = self._workspace.channels[post.channel_id]
        if not self._grants.of(self._workspace):
            return False
        near = channel.kind == "public" or self._workspace.bot_user_id in channel.members
        return near and "file_shared" in self._options.subscriptions and "files:read" in self._options.scopes

    def _hears_messages(self, post: Post) -> bool:
        channel = self._workspace.channels[post.channel_id]
        granted = HISTORY_SCOPE[channel.kind] in self._options.scopes and bool(self._grants.of(self._workspace))
        return granted and "message" in self._options.subscriptions and self._workspace.bot_user_id in channel.members

    async def _offer(self, event_id: str, *, repeated: bool = False) -> Delivery:
        sent = self._envelopes[event_id]
        retry = (1, "http_timeout") if repeated else None
        attempt = 1
        for delay in (*self._options.retry_delays, None):
            received = await self._attempt(sent, retry=retry)
            delivery = self._note(event_id, sent["event"]["type"], attempt=attempt, received=received)
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

    def _note(self, event_id: str, kind: str, *, attempt: int, received: Received) -> Delivery:
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
