"""The messages that crossed the wire, as they were: what the demo's page shows of the stand-ins and the bot.

A stand-in whose `wire_log` is set notes each request that its server answers (`noting`) and each that it makes
(`WireLog.open`). Tokens and signatures are shortened; of a body the first bytes are kept.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from aiohttp import StreamReader, hdrs, web
from aiohttp.typedefs import Middleware

Party = Literal["slack", "bot", "botlhale", "gowajee", "system"]

KEPT_LINES = 3_000
KEPT_BYTES = 48 * 1024
"""Bytes of each body that are kept."""

READ_BYTES = 8 * 1024 * 1024
"""Request bodies up to this length are read before they are handled; of longer ones only the head is kept."""

_SECRET_HEADERS = frozenset({"authorization", "x-api-key", "x-slack-signature"})
_SHOWN = 8
_TOKENS = re.compile(
    rb"(xox[a-z.]{1,6}-|xapp-|Bearer )[\w.%-]{4,}"
    rb'|((?:[Tt]oken|TOKEN|[Ss]ignature|[Pp]olicy|ticket)(?:=|["\']?: ?["\']))[\w.+/=%~-]{9,}'
)


@dataclass(kw_only=True, slots=True)
class Half:
    """One direction: the head as text, the first bytes of the body, and how many bytes it has (None: not counted)."""

    head: str = ""
    body: bytes = b""
    total: int | None = 0
    content_type: str = ""


@dataclass(kw_only=True, slots=True, eq=False)
class WireLine:
    """One message and its answer. `status` is "" until it was answered; `took` is in seconds."""

    number: int
    at: float
    kind: str
    source: Party
    target: Party
    title: str
    about: str = ""
    status: str = ""
    good: bool = True
    took: float | None = None
    sent: Half = field(default_factory=Half)
    answered: Half = field(default_factory=Half)


class WireLog:
    """The last lines. Each of `watchers` is called with every line, when it begins and when it is answered."""

    def __init__(self) -> None:
        self.lines: deque[WireLine] = deque(maxlen=KEPT_LINES)
        self.watchers: list[Callable[[WireLine], None]] = []
        self._numbers = itertools.count(1)

    def open(
        self, kind: str, title: str, *, source: Party, target: Party, sent: Half | None = None, about: str = ""
    ) -> WireLine:
        """Add a line about a message that leaves now."""
        line = WireLine(
            number=next(self._numbers),
            at=time.time(),
            kind=kind,
            source=source,
            target=target,
            title=title,
            about=about,
            sent=sent or Half(),
        )
        self.lines.append(line)
        self._tell(line)
        return line

    def close(self, line: WireLine, status: str, *, good: bool, answered: Half | None = None) -> None:
        """Note the answer to a line."""
        line.status, line.good, line.took = status, good, time.time() - line.at
        line.answered = answered or line.answered
        self._tell(line)

    def find(self, number: int) -> WireLine | None:
        """Return the line with this number, or None."""
        return next((line for line in reversed(self.lines) if line.number == number), None)

    def _tell(self, line: WireLine) -> None:
        for watcher in self.watchers:
            watcher(line)


def half(start: str, headers: Mapping[str, str], body: bytes | None, *, total: int | None = None) -> Half:
    """Return one direction of an HTTP message; without a body only its length is known."""
    lines = [
        shortened(start.encode()).decode(),
        *(f"{name}: {_header(name, value)}" for name, value in headers.items()),
    ]
    kept = b"" if body is None else shortened(body[:KEPT_BYTES])
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    return Half(head="\n".join(lines), body=kept, total=len(body) if body is not None else total, content_type=kind)


def shortened(content: bytes) -> bytes:
    """Return `content` with its tokens cut after a few characters."""
    return _TOKENS.sub(lambda found: found[0][: len(found[1] or found[2]) + _SHOWN // 2] + "…".encode(), content)


def _header(name: str, value: str) -> str:
    if name.lower() in _SECRET_HEADERS and len(value) > _SHOWN:
        return f"{value[: _SHOWN + _SHOWN // 2]}…"
    return shortened(value.encode()).decode()


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Described = Callable[[web.Request, bytes], tuple[str, str, str]]
"""Returns a line's kind, its title and further words, for a request and its body."""


def noting(log: Callable[[], WireLog | None], party: Party, described: Described) -> Middleware:
    """Return a middleware that notes what a server of `party` answers to the bot, while there is a log."""

    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        here = log()
        if here is None or request.headers.get(hdrs.UPGRADE):  # of a WebSocket each message is a line
            return await handler(request)
        body = await _body(request)
        start = f"{request.method} {request.path_qs} HTTP/1.1"
        sent = half(start, request.headers, body, total=request.content_length)
        kind, title, about = described(request, body or b"")
        line = here.open(kind, title, source="bot", target=party, sent=sent, about=about)
        try:
            response = await handler(request)
        except BaseException:
            here.close(line, "cut off", good=False)
            raise
        answered = _answer(response)
        status, good = _outcome(response, answered.body)
        here.close(line, status, good=good, answered=answered)
        return response

    return note


async def _body(request: web.Request) -> bytes | None:
    """Return the body, which can be read once more afterwards; None if it is too long for that."""
    if request.content_length is None or request.content_length > READ_BYTES:
        return None if request.can_read_body else b""
    body = await request.read()
    again = StreamReader(request.protocol, limit=READ_BYTES, loop=asyncio.get_running_loop())
    again.feed_data(body)
    again.feed_eof()
    request._payload = again  # noqa: SLF001 - multipart bodies are parsed from here, and can be read once
    return body


def _answer(response: web.StreamResponse) -> Half:
    body = response.body if isinstance(response, web.Response) else None
    start = f"HTTP/1.1 {response.status} {response.reason or ''}".rstrip()
    return half(start, response.headers, body if isinstance(body, bytes) else None, total=response.content_length)


def _outcome(response: web.StreamResponse, body: bytes) -> tuple[str, bool]:
    """Return the outcome in a word: Slack answers 200 to what it refuses, and says why."""
    good = response.status < HTTPStatus.BAD_REQUEST
    if good and response.content_type == "application/json":
        try:
            said = json.loads(body)
        except ValueError:
            return str(response.status), good
        if isinstance(said, dict) and said.get("ok") is False:
            return str(said.get("error", "refused")), False
    return str(response.status), good
