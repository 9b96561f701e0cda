"""What a test or the demo sees of the stand-in: what it shares, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from sandbox.slack.signals import Signal

Json = dict[str, Any]
"""One object as it crosses the wire."""

Kind = Literal["public", "private", "im", "mpim"]
"""What a conversation is; the first letter of its id does not tell."""

CHUNK = 64 * 1024
"""Bytes handed out at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Synthetic:
    """A recording of `size` bytes which is never held in memory; every chunk repeats `pattern`."""

    size: int
    pattern: bytes = b"\0"


Content = bytes | Path | Synthetic


def size_of(content: Content) -> int:
    """How many bytes `content` has."""
    match content:
        case bytes():
            return len(content)
        case Path():
            return content.stat().st_size
        case Synthetic():
            return content.size


def chunks_of(content: Content) -> Iterator[bytes]:
    """Yield the bytes of `content` a chunk at a time."""
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
    """One file as a person shares it, and how its download behaves.

    `redirect` answers the download with a 302 to this origin or to another one; `pace` is bytes per second; `cut_at`
    cuts the connection after so many bytes; `declared_size` is what the file object claims and `declared_length` what
    the download's `Content-Length` does. `extra` goes into the file object as it is (`transcription`, `vtt`,
    `media_display_type`, …).
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
    declared_size: int | None = None
    declared_length: int | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(kw_only=True, eq=False)
class Channel:
    """A conversation. Change it as the workspace's people would: archive it, remove the bot from `members`."""

    id: str
    name: str
    kind: Kind
    members: set[str]
    external: bool = False
    archived: bool = False
    creator: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """One sharing of files: the message that carries them."""

    ts: str
    channel: Channel
    file_ids: tuple[str, ...]
    thread_ts: str | None = None

    @property
    def root_ts(self) -> str:
        """The message under which replies belong."""
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
        """The whole file, read now."""
        return b"".join(chunks_of(self.source))


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A message as it stands at the moment of asking."""

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
    """The text went over the 4,000 characters that Slack asks apps to keep to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One use of the Web API, of a download (`download`) or of an upload URL (`upload`).

    `error` is Slack's word for the refusal; `http_429` and the like or `hung_up` when an armed fault kept the call
    from taking effect.
    """

    method: str
    args: Json
    ok: bool
    error: str | None
    at: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One attempt to hand something to the app; `attempt` counts from 1, `status` is None when nothing came back."""

    event_id: str
    type: str
    attempt: int
    status: int | None
    mode: Literal["http", "socket"]


@dataclass(kw_only=True, eq=False)
class CommandAnswer:
    """What the app said to a command or an interaction.

    `messages` starts with the immediate answer, when that was a message, and grows with each post to `response_url`.
    """

    signal: Signal = field(repr=False)
    response_url: str
    status: int | None = None
    body: Json | str | None = None
    messages: list[Json] = field(default_factory=list)

    async def wait_for_messages(self, count: int = 1, *, within: float = 10) -> list[Json]:
        """Wait until the person has seen `count` messages; TimeoutError after `within` seconds."""
        await self.signal.until(lambda: len(self.messages) >= count, within=within)
        return self.messages
