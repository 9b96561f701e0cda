"""A scripted provider behind an httpx transport: it answers each call as a test specified, and records the requests."""

from __future__ import annotations

import asyncio
import struct
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import Message
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path

import httpx

from transcription.transcriber import Audio

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


UNREACHED = httpx.ConnectError("x")
"""No connection ever stood."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is answered; `error` is raised in its place."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    error: Exception | None = None


class Partner:
    """Calls are named by method and path; the last reply written down for one is repeated."""

    def __init__(self, replies: dict[str, list[Reply]]) -> None:
        self._replies = {call: deque(script) for call, script in replies.items()}
        self.asked: dict[str, list[httpx.Request]] = defaultdict(list)
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer), trust_env=False)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        """Answer a request, whose body was read to its end."""
        await asyncio.sleep(0)  # a real answer lets others run first
        call = f"{request.method} {request.url.path}"
        self.asked[call].append(request)
        script = self._replies.get(call, deque([Reply(status=404)]))
        reply = script.popleft() if len(script) > 1 else script[0]
        if reply.error:
            raise reply.error
        return httpx.Response(reply.status, headers=reply.headers, content=reply.body)


def parts_of(request: httpx.Request) -> list[tuple[str | None, str | None, bytes]]:
    """The name, file name and content of every part of a multipart request, in order."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + request.content)
    return [(_parameter(part, "name"), part.get_filename(), _content(part)) for part in form.get_payload()]  # type: ignore[union-attr, arg-type]  # a multipart's payload is its parts


def _parameter(part: Message, name: str) -> str | None:
    value = part.get_param(name, header="content-disposition")
    return value if isinstance(value, str) else None


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def recording(folder: Path, *, seconds: float = 9.0, rate: int = 16_000, key: str = "job1") -> Audio:
    """A silent WAV (PCM, 16-bit, mono) of that length."""
    sound = b"\0\0" * int(seconds * rate)
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + len(sound), b"WAVE", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    path = folder / f"{key}.wav"
    path.write_bytes(head + struct.pack("<4sI", b"data", len(sound)) + sound)
    return Audio(key=key, path=path, duration=timedelta(seconds=seconds), sample_rate=rate)
