"""The state of a workspace: its users, conversations, messages and files."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sandbox.slack.signals import Signal
from sandbox.slack.values import Channel, FileCopy, Json, Kind, Message, Upload

PREFERRED_TEXT = 4_000
"""The maximum characters of `text` that Slack recommends."""

ID_LETTERS: MappingProxyType[Kind, str] = MappingProxyType({"public": "C", "private": "C", "im": "D", "mpim": "G"})


@dataclass(kw_only=True, eq=False)
class Post:
    """A stored message."""

    ts: str
    channel_id: str
    user: str
    by_bot: bool
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    file_ids: list[str] = field(default_factory=list)
    metadata: Json | None = None
    thread_ts: str | None = None
    reactions: dict[str, set[str]] = field(default_factory=dict)
    edited_ts: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A share of a file."""

    channel_id: str
    ts: str
    thread_ts: str | None
    user: str


@dataclass(kw_only=True, eq=False)
class StoredFile:
    """A stored file, and how its `files.info` and download behave."""

    id: str
    user: str
    upload: Upload
    created: int
    shares: list[Placed] = field(default_factory=list)
    late_shares: int = 0
    stub: bool = False
    html_instead: bool = False
    deleted: bool = False

    def copy(self) -> FileCopy:
        """Return the file as its readers get it."""
        name = self.upload.name
        return FileCopy(
            id=self.id,
            name=name,
            title=self.upload.title or name,
            mimetype=self.upload.mimetype,
            source=self.upload.content,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Ids:
    """The ids and names of a workspace and its bot; `enterprise` is the id of its organisation."""

    team: str = "T0SANDBOX"
    name: str = "Sandbox"
    bot_user: str = "U0SANDBOXBOT"
    bot: str = "B0SANDBOX"
    enterprise: str | None = None


FIRST = Ids()


class Workspace:
    """One workspace with one app."""

    app_id = "A0SANDBOX"

    def __init__(
        self, *, scopes: set[str], signal: Signal, ids: Ids = FIRST, numbers: Iterator[int] | None = None
    ) -> None:
        self.team_id = ids.team
        self.name = ids.name
        self.bot_user_id = ids.bot_user
        self.bot_id = ids.bot
        self.enterprise = ids.enterprise
        self.scopes = scopes
        self.signal = signal
        self.origin = ""
        self.elsewhere = ""
        self.users = {self.bot_user_id: "threadscribe"}
        self.admins: set[str] = set()
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, StoredFile] = {}
        self.ephemerals: list[Json] = []
        self._posts: dict[str, dict[str, Post]] = {}
        self._numbers = numbers or itertools.count(1)
        self._last_micros = 0

    def change_channel_id(self, channel: Channel) -> str:
        """Give a conversation a new id, as Slack does when it is shared with another company. Return the old one."""
        old, new = channel.id, self.new_id("C")
        self.channels[new] = self.channels.pop(old)
        channel.id = new
        self._posts[new] = self._posts.pop(old, {})
        for post in self._posts[new].values():
            post.channel_id = new
        for stored in self.files.values():
            stored.shares = [
                replace(place, channel_id=new) if place.channel_id == old else place for place in stored.shares
            ]
        return old

    def add_channel_to(self, other: Workspace, channel: Channel) -> None:
        """Show a conversation in another workspace, too: with the same messages and files, also later ones."""
        other.channels[channel.id] = channel
        other._posts[channel.id] = self._posts.setdefault(channel.id, {})
        self.files.update(other.files)
        other.files = self.files

    def new_id(self, letter: str) -> str:
        """Return a new id in Slack's format."""
        return f"{letter}0SBX{next(self._numbers):06d}"

    def stamp(self) -> str:
        """Return the next `ts`: unique, and later than all before it."""
        self._last_micros = max(self._last_micros + 1, time.time_ns() // 1_000)
        return f"{self._last_micros // 1_000_000}.{self._last_micros % 1_000_000:06d}"

    def user(self, name: str) -> str:
        """Return the id of the user with that name, who is created if new."""
        for user_id, known in self.users.items():
            if known == name:
                return user_id
        user_id = self.new_id("U")
        self.users[user_id] = name
        return user_id

    def open_channel(self, name: str, kind: Kind, *, members: set[str]) -> Channel:
        """Create a conversation."""
        channel = Channel(id=self.new_id(ID_LETTERS[kind]), name=name, kind=kind, members=members)
        self.channels[channel.id] = channel
        return channel

    def direct(self, user_id: str) -> Channel:
        """Return the bot's direct message with a user, opened if necessary."""
        pair = {self.bot_user_id, user_id}
        for channel in self.channels.values():
            if channel.kind == "im" and channel.members == pair:
                return channel
        return self.open_channel("", "im", members=pair)

    def add(self, post: Post) -> Post:
        """Add a message to its conversation."""
        self._posts.setdefault(post.channel_id, {})[post.ts] = post
        for file_id in post.file_ids:
            place = Placed(channel_id=post.channel_id, ts=post.ts, thread_ts=post.thread_ts, user=post.user)
            self.files[file_id].shares.append(place)
        self.signal.notify()
        return post

    def replace_files(self, post: Post, file_ids: list[str]) -> None:
        """Replace the files of a message."""
        for file_id in post.file_ids:
            stored = self.files[file_id]
            stored.shares = [place for place in stored.shares if place.ts != post.ts]
        post.file_ids = []
        for file_id in file_ids:
            place = Placed(channel_id=post.channel_id, ts=post.ts, thread_ts=post.thread_ts, user=post.user)
            self.files[file_id].shares.append(place)
            post.file_ids.append(file_id)

    def leave_tombstone(self, post: Post) -> None:
        """Turn a deleted message with replies into a tombstone; its thread stays."""
        self.replace_files(post, [])
        post.text, post.blocks = "This message was deleted.", []
        post.reactions.clear()
        self.signal.notify()

    def remove(self, post: Post) -> None:
        """Remove a message."""
        del self._posts[post.channel_id][post.ts]
        for file_id in post.file_ids:
            stored = self.files[file_id]
            stored.shares = [place for place in stored.shares if place.ts != post.ts]
        self.signal.notify()

    def post(self, channel_id: str, ts: str) -> Post | None:
        """Return the message with this `ts`, or None."""
        return self._posts.get(channel_id, {}).get(ts)

    def posts(self, channel_id: str) -> list[Post]:
        """Return every message of a conversation, oldest first, including replies."""
        return [post for _, post in sorted(self._posts.get(channel_id, {}).items())]

    def replies(self, channel_id: str, root_ts: str) -> list[Post]:
        """Return the replies to a root, oldest first."""
        return [post for post in self.posts(channel_id) if post.thread_ts == root_ts and post.ts != root_ts]

    def delete_file(self, stored: StoredFile) -> None:
        """Delete a file everywhere."""
        stored.deleted = True
        for place in stored.shares:
            if (post := self.post(place.channel_id, place.ts)) is not None:
                post.file_ids.remove(stored.id)
        self.signal.notify()

    def view(self, post: Post) -> Message:
        """Return a snapshot of a message."""
        return Message(
            ts=post.ts,
            channel_id=post.channel_id,
            user=post.user,
            by_bot=post.by_bot,
            text=post.text,
            blocks=tuple(post.blocks),
            files=tuple(self.files[file_id].copy() for file_id in post.file_ids),
            metadata=post.metadata,
            thread_ts=post.thread_ts,
            reactions=MappingProxyType({name: frozenset(users) for name, users in post.reactions.items()}),
            edited=post.edited_ts is not None,
            long_text=len(post.text) > PREFERRED_TEXT,
        )
