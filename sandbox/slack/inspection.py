"""What a test can observe in the workspace: messages, calls, deliveries, views."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.slack.connection import Connection
from sandbox.slack.services import WorkspaceServices
from sandbox.slack.values import Call, Channel, Delivery, Json, Message, Share, Upload


class Inspection:
    """Properties of the workspace, and methods that wait for them."""

    _services: WorkspaceServices

    @property
    def calls(self) -> list[Call]:
        """Return every finished call, in the order in which they ended."""
        return self._services.log.calls

    @property
    def deliveries(self) -> list[Delivery]:
        """Return every finished delivery attempt, in the order in which they ended."""
        return self._services.dispatcher.deliveries

    @property
    def leaked(self) -> list[str]:
        """Return the paths at which a host other than Slack's received an `Authorization` header."""
        return self._services.downloads.leaked

    @property
    def admins(self) -> set[str]:
        """Return the ids of the workspace's admins; tests may add to them."""
        return self._services.workspace.admins

    @property
    def users(self) -> dict[str, str]:
        """Return the names of everybody in the workspace, the bot among them, by id."""
        return dict(self._services.workspace.users)

    @property
    def channels(self) -> list[Channel]:
        """Return every conversation, oldest first."""
        return list(self._services.workspace.channels.values())

    def upload_of(self, file_id: str) -> Upload:
        """Return what was uploaded as a file. Raises KeyError if there is none or it was deleted."""
        stored = self._services.workspace.files[file_id]
        if stored.deleted:
            raise KeyError(file_id)
        return stored.upload

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` whenever anything has changed."""
        self._services.signal.watchers.append(watcher)

    @property
    def ephemerals(self) -> list[Json]:
        """Return the ephemeral messages: channel, user, text, blocks, thread_ts."""
        return self._services.workspace.ephemerals

    @property
    def modals(self) -> dict[str, Json]:
        """Return the open modals by id, as opened or last updated."""
        return self._services.dialogs.modals

    @property
    def homes(self) -> dict[str, Json]:
        """Return the App Homes by user id."""
        return self._services.dialogs.homes

    @property
    def own_files(self) -> list[str]:
        """Return the ids of the bot's completed and not deleted files, attached to a message or not."""
        workspace = self._services.workspace
        own = [stored for stored in workspace.files.values() if stored.user == workspace.bot_user_id]
        return [stored.id for stored in own if not stored.deleted]

    @property
    def hidden_files(self) -> list[str]:
        """Return the ids of the bot's files that are attached to no message."""
        return [file_id for file_id in self.own_files if not self._services.workspace.files[file_id].shares]

    @property
    def open_sockets(self) -> int:
        """Return the number of open WebSockets."""
        return len(self._services.sockets.connections)

    @property
    def sockets(self) -> list[Connection]:
        """Return the open WebSockets, oldest first."""
        return list(self._services.sockets.connections)

    @property
    def tickets(self) -> list[str]:
        """Return the ticket of every attempt to open a WebSocket, in order."""
        return list(self._services.sockets.used_tickets)

    @property
    def socket_faults_left(self) -> int:
        """Return how many faults armed by `arm_socket_fault` have not happened yet."""
        return self._services.sockets.socket_faults.left

    def message(self, channel_id: str, ts: str) -> Message:
        """Return one message. Raises KeyError if there is none."""
        post = self._services.workspace.post(channel_id, ts)
        if post is None:
            raise KeyError(ts)
        return self._services.workspace.view(post)

    def messages(self, channel_id: str) -> list[Message]:
        """Return every message of a conversation, oldest first, including replies."""
        workspace = self._services.workspace
        return [workspace.view(post) for post in workspace.posts(channel_id)]

    def thread(self, channel_id: str, root_ts: str) -> list[Message]:
        """Return the replies in a thread, oldest first."""
        workspace = self._services.workspace
        return [workspace.view(post) for post in workspace.replies(channel_id, root_ts)]

    def root(self, share: Share) -> Message:
        """Return the root of the thread that a share belongs to: the share itself unless it was made in a thread."""
        return self.message(share.channel.id, share.root_ts)

    def replies(self, share: Share) -> list[Message]:
        """Return the bot's replies in the thread of a share."""
        return [message for message in self.thread(share.channel.id, share.root_ts) if message.by_bot]

    async def wait_for_replies(self, share: Share, count: int = 1, timeout: float = 30) -> list[Message]:  # noqa: ASYNC109 - tests pass their time-out
        """Wait until the bot has posted `count` replies in the thread. Raises TimeoutError after `timeout` seconds."""
        await self.until(lambda: len(self.replies(share)) >= count, within=timeout)
        return self.replies(share)

    async def until(self, condition: Callable[[], object], *, within: float = 30) -> None:
        """Wait until a condition is true. Raises TimeoutError after `within` seconds."""
        await self._services.signal.until(condition, within=within)

    async def quiet(self) -> None:
        """Wait until no event, retry or late share is pending.

        If no app receives an event, this takes until its retries are exhausted.
        """
        await self._services.tasks.quiet()
