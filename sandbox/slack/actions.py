"""What users and Slack itself do in the workspace, as methods for tests."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence

from sandbox.faults import Faults, answer
from sandbox.slack.options import Options
from sandbox.slack.services import WorkspaceServices
from sandbox.slack.socket_faults import Moment, SocketFault
from sandbox.slack.values import Channel, CommandAnswer, Delivery, Json, Kind, Message, Share, Upload
from sandbox.slack.workspace import Post, StoredFile


class Actions(Options):
    """Share files, send commands and events, and cause faults of sockets."""

    faults: Faults
    _services: WorkspaceServices

    def refuse(self, method: str, error: str, *, times: int = 1) -> None:
        """Answer the next `times` calls of a method with an error code of Slack (`restricted_action`, …)."""
        body = json.dumps({"ok": False, "error": error}).encode()
        self.faults.arm(method, answer(200, body, Content_Type="application/json"), times=times)

    def user(self, name: str) -> str:
        """Return the id of the user with that name, who is created if new."""
        return self._services.workspace.user(name)

    def channel(
        self,
        name: str,
        *,
        kind: Kind = "public",
        member: bool = True,
        external: bool = False,
        archived: bool = False,
        people: Sequence[str] = ("amara",),
    ) -> Channel:
        """Create a conversation with the named people; `member` says whether the bot is a member."""
        workspace = self._services.workspace
        members = {workspace.user(person) for person in people} | ({workspace.bot_user_id} if member else set())
        channel = workspace.open_channel(name, kind, members=members)
        channel.external, channel.archived = external, archived
        return channel

    def add_channel_to(self, other: Actions, channel: Channel, *, people: Sequence[str] = ("sipho",)) -> None:
        """Add a conversation to another workspace, of the same organisation or of another one, with people of it.

        Slack does not document which workspace its payloads name then. Here an event names the workspace in which it is
        caused, and an interaction that of the person.
        """
        theirs = other._services.workspace
        self._services.workspace.add_channel_to(theirs, channel)
        channel.members |= {theirs.bot_user_id, *(theirs.user(person) for person in people)}

    def delete_channel(self, channel: Channel) -> None:
        """Delete a conversation and everything in it."""
        del self._services.workspace.channels[channel.id]

    def say(self, channel: Channel, text: str, *, user: str | None = None, thread_ts: str | None = None) -> str:
        """Post a user's plain message and return its `ts`."""
        return self._post(channel, text, user=user, thread_ts=thread_ts, file_ids=[]).ts

    async def share(
        self,
        channel: Channel,
        uploads: Sequence[Upload],
        *,
        user: str | None = None,
        thread_ts: str | None = None,
        text: str = "",
        late_shares: int = 0,
        stub: bool = False,
        html_instead: bool = False,
    ) -> Share:
        """Share new files in one message. Its events are sent in the background (`quiet` waits for them).

        The first `late_shares` answers of `files.info` about each file lack its type and its shares. With `stub`,
        events show the files as Slack Connect does. With `html_instead`, their download returns the sign-in page.
        """
        workspace = self._services.workspace
        sharer = user or workspace.user("amara")
        file_ids = [workspace.new_id("F") for _ in uploads]
        for file_id, upload in zip(file_ids, uploads, strict=True):
            workspace.files[file_id] = StoredFile(
                id=file_id,
                user=sharer,
                upload=upload,
                created=int(time.time()) - upload.waited,
                late_shares=late_shares,
                stub=stub,
                html_instead=html_instead,
            )
        post = self._post(channel, text, user=sharer, thread_ts=thread_ts, file_ids=file_ids)
        return Share(ts=post.ts, channel=channel, file_ids=tuple(file_ids), thread_ts=thread_ts)

    def rewrite(self, message: Message, blocks: list[Json]) -> Message:
        """Show a message as an earlier release of the app has posted it. Raises KeyError when it is not there."""
        post = self._services.workspace.post(message.channel_id, message.ts)
        if post is None:
            raise KeyError(message.ts)
        post.blocks = blocks
        return self._services.workspace.view(post)

    async def share_existing(
        self, channel: Channel, file_id: str, *, user: str | None = None, thread_ts: str | None = None
    ) -> Share:
        """Share an existing file again."""
        post = self._post(channel, "", user=user, thread_ts=thread_ts, file_ids=[file_id], new_upload=False)
        return Share(ts=post.ts, channel=channel, file_ids=(file_id,), thread_ts=thread_ts)

    def _post(
        self,
        channel: Channel,
        text: str,
        *,
        user: str | None,
        thread_ts: str | None,
        file_ids: list[str],
        new_upload: bool = True,
    ) -> Post:
        workspace = self._services.workspace
        post = Post(
            ts=workspace.stamp(),
            channel_id=channel.id,
            user=user or workspace.user("amara"),
            by_bot=False,
            text=text,
            file_ids=file_ids,
            thread_ts=thread_ts,
        )
        self._services.dispatcher.announce(workspace.add(post), new_upload=new_upload)
        return post

    def react(self, channel: Channel, ts: str, emoji: str, *, user: str | None = None) -> None:
        """Add a user's reaction to a message. Raises KeyError if there is no such message."""
        workspace = self._services.workspace
        post = workspace.post(channel.id, ts)
        if post is None:
            raise KeyError(ts)
        person = user or workspace.user("amara")
        post.reactions.setdefault(emoji, set()).add(person)
        self._services.dispatcher.announce_reaction(post, emoji, user=person)

    async def change_channel_id(self, channel: Channel, *, external: bool = True) -> Delivery | None:
        """Share a private channel with another company: it gets a new id, and everything in it goes along.

        Return the delivery of `channel_id_changed`, None if that is not subscribed. `channel` has the new id then.
        """
        old = self._services.workspace.change_channel_id(channel)
        channel.external = external
        if "channel_id_changed" not in self.subscriptions:
            return None
        stamp = self._services.workspace.stamp()
        event = {"type": "channel_id_changed", "old_channel_id": old, "new_channel_id": channel.id, "event_ts": stamp}
        return await self._services.dispatcher.send(event)

    def delete_file(self, file_id: str) -> None:
        """Delete a file everywhere, as its owner may."""
        self._services.workspace.delete_file(self._services.workspace.files[file_id])
        self._services.dispatcher.announce_deleted_file(file_id)

    def delete_message(self, channel: Channel, ts: str) -> None:
        """Delete a message, as its author may.

        One with replies becomes a tombstone. Raises KeyError if there is none.
        """
        workspace = self._services.workspace
        post = workspace.post(channel.id, ts)
        if post is None:
            raise KeyError(ts)
        if workspace.replies(channel.id, ts):
            workspace.leave_tombstone(post)
            self._services.dispatcher.announce_tombstone(post)
        else:
            workspace.remove(post)
            self._services.dispatcher.announce_deleted_message(post)

    def expire_tokens(self) -> None:
        """Expire the rotating tokens for this workspace."""
        self._services.shared.grants.expire([self._services.workspace])

    async def uninstall(self) -> list[Delivery]:
        """Uninstall the app, an enterprise install from the whole organisation, and send the events about it."""
        grants = self._services.shared.grants
        found = grants.of(self._services.workspace)
        events: list[Json] = [
            {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [self._services.workspace.bot_user_id]}},
            {"type": "app_uninstalled"},
        ]
        enterprise_install = found[0].enterprise is not None
        for grant in found[:1]:
            grants.revoke(grant.place)
        return [await self._services.dispatcher.send(event, enterprise_install=enterprise_install) for event in events]

    async def deliver(self, event: Json) -> Delivery:
        """Deliver any event. Return the last attempt."""
        return await self._services.dispatcher.send(event)

    async def post_signed(self, payload: Json) -> int | None:
        """Post anything to the request URL, signed as Slack does. Return the status."""
        if self.events_url is None:
            return None
        body = json.dumps(payload).encode()
        return (await self._services.http.post(self.events_url, body, content_type="application/json")).status

    async def limit_events(self) -> Delivery:
        """Drop events from now on, until `drops_events` is False again, and tell the app.

        Source: https://docs.slack.dev/apis/events-api/#rate-limiting
        """
        self.drops_events = True
        return await self._services.dispatcher.tell_rate_limited(at=int(time.time()))

    async def redeliver(self, event_id: str) -> Delivery:
        """Deliver an event again under the same id, as a retry. Return the last attempt."""
        return await self._services.dispatcher.redeliver(event_id)

    async def command(
        self, name: str, text: str = "", *, user: str | None = None, channel: Channel | None = None
    ) -> CommandAnswer:
        """Send a slash command; by default from Amara in her direct message with the bot."""
        workspace = self._services.workspace
        person = user or workspace.user("amara")
        return await self._services.interactivity.command(
            name, text, user=person, channel=channel or workspace.direct(person)
        )

    async def interact(self, payload: Json) -> CommandAnswer:
        """Send an interaction (`block_actions`, `view_submission`, `message_action`, …)."""
        return await self._services.interactivity.interact(payload)

    async def verify_url(self) -> bool:
        """Verify the request URL, as Slack does when it is configured."""
        challenge = secrets.token_hex(8)
        asked = {"type": "url_verification", "token": "sandbox-verification", "challenge": challenge}
        if self.events_url is None:
            return False
        received = await self._services.http.post(
            self.events_url, json.dumps(asked).encode(), content_type="application/json"
        )
        return received.taken and challenge in received.body.decode()

    async def drop_sockets(self) -> None:
        """Cut every WebSocket without a close frame."""
        await self._services.sockets.drop()

    async def refresh_sockets(self, *, reason: str = "refresh_requested", grace: float = 0.1) -> None:
        """Announce the end of the open WebSockets, and close them `grace` seconds later."""
        await self._services.sockets.disconnect(reason, grace=grace)

    def arm_socket_fault(self, moment: Moment, socket_fault: SocketFault, *, times: int = 1) -> None:
        """Arm a fault for the next `times` WebSockets that reach `moment`."""
        self._services.sockets.socket_faults.arm(moment, socket_fault, times=times)
