"""What can be seen in the workspace: messages, calls, deliveries, screens."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.slack.connection import Connection
from sandbox.slack.services import WorkspaceServices
from sandbox.slack.values import Call, Delivery, Json, Message, Share


class Inspection:
    """Looks, and waits for what is to be seen."""

    _behind: WorkspaceServices

    @property
    def calls(self) -> list[Call]:
        """Every call that has ended, in that order."""
        return self._behind.log.calls

    @property
    def deliveries(self) -> list[Delivery]:
        """Every attempt that has ended, in that order."""
        return self._behind.dispatcher.deliveries

    @property
    def leaked(self) -> list[str]:
        """The paths at which a host that is not Slack's was shown an `Authorization` header."""
        return self._behind.downloads.leaked

    @property
    def admins(self) -> set[str]:
        """The ids of the people who look after the workspace; add to them as you like."""
        return self._behind.workspace.admins

    @property
    def ephemerals(self) -> list[Json]:
        """Messages shown to one person: channel, user, text, blocks, thread_ts."""
        return self._behind.workspace.ephemerals

    @property
    def modals(self) -> dict[str, Json]:
        """Views by id, as they were opened or last updated."""
        return self._behind.dialogs.modals

    @property
    def homes(self) -> dict[str, Json]:
        """App Homes by user id."""
        return self._behind.dialogs.homes

    @property
    def own_files(self) -> list[str]:
        """The ids of the bot's files that were completed and not deleted, on a message or not."""
        workspace = self._behind.workspace
        own = [stored for stored in workspace.files.values() if stored.user == workspace.bot_user_id]
        return [stored.id for stored in own if not stored.deleted]

    @property
    def hidden_files(self) -> list[str]:
        """Those of them that are on no message."""
        return [file_id for file_id in self.own_files if not self._behind.workspace.files[file_id].shares]

    @property
    def open_sockets(self) -> int:
        """How many WebSockets are open."""
        return len(self._behind.sockets.connections)

    @property
    def sockets(self) -> list[Connection]:
        """The WebSockets that are open, oldest first."""
        return list(self._behind.sockets.connections)

    @property
    def tickets(self) -> list[str]:
        """The ticket of every attempt to open a WebSocket, in that order."""
        return list(self._behind.sockets.shown)

    @property
    def socket_faults_left(self) -> int:
        """How many of those armed by `trip` have not happened yet."""
        return self._behind.sockets.socket_faults.left

    def message(self, channel_id: str, ts: str) -> Message:
        """Return one message; KeyError when it is not there."""
        post = self._behind.workspace.post(channel_id, ts)
        if post is None:
            raise KeyError(ts)
        return self._behind.workspace.view(post)

    def messages(self, channel_id: str) -> list[Message]:
        """Return every message of a conversation, oldest first, threads included."""
        workspace = self._behind.workspace
        return [workspace.view(post) for post in workspace.posts(channel_id)]

    def thread(self, channel_id: str, root_ts: str) -> list[Message]:
        """Return the replies under a root, oldest first."""
        workspace = self._behind.workspace
        return [workspace.view(post) for post in workspace.replies(channel_id, root_ts)]

    def root(self, share: Share) -> Message:
        """Return the root of the thread a share belongs to: the share itself unless it was made in a thread."""
        return self.message(share.channel.id, share.root_ts)

    def replies(self, share: Share) -> list[Message]:
        """Return what the bot said in the thread of a share."""
        return [message for message in self.thread(share.channel.id, share.root_ts) if message.by_bot]

    async def wait_for_replies(self, share: Share, count: int = 1, timeout: float = 30) -> list[Message]:  # noqa: ASYNC109 - a test's patience is an argument
        """Wait until the bot has said `count` things in the thread; TimeoutError after `timeout` seconds."""
        await self.until(lambda: len(self.replies(share)) >= count, within=timeout)
        return self.replies(share)

    async def until(self, condition: Callable[[], object], *, within: float = 30) -> None:
        """Wait until something that can be seen here is true; TimeoutError after `within` seconds."""
        await self._behind.signal.until(condition, within=within)

    async def quiet(self) -> None:
        """Wait until no event, retry or late share is under way.

        Without anybody to hear an event that takes until its retries are over.
        """
        await self._behind.tasks.quiet()
