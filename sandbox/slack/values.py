"""Public values of the Slack stand-in: what tests and the demo share, and what they get back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from sandbox.slack.signals import Signal

Json = dict[str, Any]
"""A JSON object."""

Kind = Literal["public", "private", "im", "mpim"]
"""The kind of a conversation. The first letter of its id does not identify it."""

CHUNK = 64 * 1024
"""Bytes per chunk of a download."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Synthetic:
    """A recording of `size` bytes that is never completely in memory; every chunk repeats `pattern`."""

    size: int
    pattern: bytes = b"\0"


Content = bytes | Path | Synthetic


def size_of(content: Content) -> int:
    """Return the number of bytes of `content`."""
    match content:
        case bytes():
            return len(content)
        case Path():
            return content.stat().st_size
        case Synthetic():
            return content.size


def chunks_of(content: Content) -> Iterator[bytes]:
    """Yield the bytes of `content` chunk by chunk."""
    match content:
        case bytes():
            for start in range(0, len(content), CHUNK):
                yield content[start : start + CHUNK]
        case Path():
            with content.open("rb") as opened:
                while chunk := opened.read(CHUNK):
                    yield chunk
        case Synthetic():
            block = (content.pattern * (CHUNK // len(content.pattern) + 1))[:CHUNK]
            for start in range(0, content.size, CHUNK):
                yield block[: content.size - start]


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """One file to share, and how its download behaves.

    `redirect` answers the download with a 302 to the same or to another origin. `pace` is bytes per second. `cut_at`
    cuts the connection after so many bytes. With `ignores_range` all bytes come, whichever were asked for.
    `declared_size` is the size in the file object, `declared_length` the download's `Content-Length`. `extra` is added
    to the file object unchanged (`transcription`, `vtt`, `media_display_type`, …). `waited` is how many seconds before
    its message the file was uploaded.
    """

    content: Content
    name: str = "audio_message.m4a"
    mimetype: str = "audio/mp4"
    filetype: str = "m4a"
    subtype: str | None = None
    duration_ms: int | None = None
    title: str | None = None
    redirect: Literal["same", "elsewhere"] | None = None
    pace: int | None = None
    cut_at: int | None = None
    ignores_range: bool = False
    declared_size: int | None = None
    declared_length: int | None = None
    waited: int = 0
    extra: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(kw_only=True, eq=False)
class Channel:
    """A conversation. Tests may change it: archive it, remove the bot from `members`."""

    id: str
    name: str
    kind: Kind
    members: set[str]
    external: bool = False
    archived: bool = False
    creator: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """The message with which files were shared."""

    ts: str
    channel: Channel
    file_ids: tuple[str, ...]
    thread_ts: str | None = None

    @property
    def root_ts(self) -> str:
        """Return the `ts` of the message to reply to."""
        return self.thread_ts or self.ts


@dataclass(frozen=True, kw_only=True, slots=True)
class FileCopy:
    """A file on a message."""

    id: str
    name: str
    title: str
    mimetype: str
    source: Content

    @property
    def content(self) -> bytes:
        """Return the whole file."""
        return b"".join(chunks_of(self.source))


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A snapshot of a message."""

    ts: str
    channel_id: str
    user: str
    by_bot: bool
    text: str
    blocks: tuple[Json, ...]
    files: tuple[FileCopy, ...]
    metadata: Json | None
    thread_ts: str | None
    reactions: Mapping[str, frozenset[str]]
    edited: bool
    long_text: bool
    """Whether the text exceeds the 4,000 characters that Slack recommends as a maximum."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call of the Web API, of a download (`download`) or of an upload URL (`upload`).

    `error` is Slack's error code. If an armed fault prevented the call from taking effect, it is `http_429` and the
    like, or `hung_up`.
    """

    method: str
    args: Json
    ok: bool
    error: str | None
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One delivery attempt to the app; `attempt` counts from 1, `status` is None if there was no answer."""

    event_id: str
    type: str
    attempt: int
    status: int | None
    mode: Literal["http", "socket"]


@dataclass(kw_only=True, eq=False)
class CommandAnswer:
    """The app's answer to a command or an interaction.

    `messages` contains the immediate answer, if that was a message, and each post to `response_url`.
    """

    signal: Signal = field(repr=False)
    response_url: str
    status: int | None = None
    body: Json | str | None = None
    messages: list[Json] = field(default_factory=list)

    async def wait_for_messages(self, count: int = 1, *, within: float = 10) -> list[Json]:
        """Wait until the user has received `count` messages. Raises TimeoutError after `within` seconds."""
        await self.signal.until(lambda: len(self.messages) >= count, within=within)
        return self.messages
