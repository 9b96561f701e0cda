"""Downloads a recording from Slack: the token goes to Slack's hosts only, and the bytes go to disk as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import aiohttp

from bot.slack.errors import SlackNotAuthorised, SlackUnavailable, retry_after
from bot.slack.pauses import Pauses
from bot.slack.tokens import BotToken
from handlers import words
from transcription.connection_faults import connection_fault
from transcription.errors import Refused, TooLong

SLACK_HOSTS = ("slack.com", "slack-edge.com", "slack-files.com")
"""Hosts that may receive the token, with their subdomains."""

REDIRECTS = 5
_CHUNK = 1024 * 1024
_READ_AHEAD = 2**18
"""Bytes that may wait to be written; with aiohttp's default of 64 kB reading takes five times as long."""

_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=20, sock_read=30)
_REDIRECT_CODES = frozenset({301, 302, 303, 307, 308})
_OK, _TOO_MANY, _UNAUTHORISED, _SERVER = frozenset({200, 206}), 429, frozenset({401, 403}), 500

_Receive = Callable[[aiohttp.ClientResponse], Awaitable[None]]


class Downloads:
    """Downloads with the bot's token of one workspace. `origins` are extra origins that may receive the token."""

    def __init__(self, *, session: aiohttp.ClientSession, token: BotToken, origins: tuple[str, ...] = ()) -> None:
        self._session = session
        self._token = token
        self._origins = frozenset(origins)
        self._pauses = Pauses()

    async def fetch(self, address: str, target: Path, *, largest: int) -> None:
        """Write the file at `address` to `target`, at most `largest` bytes.

        Raises `SlackNotAuthorised` (e.g. Slack sent a sign-in page: the scope `files:read` is missing),
        `SlackUnavailable`, `Refused` (the host is not Slack's, or the file is gone), `TooLong` (above `largest`), and
        `OSError` of the disk.
        """

        async def write(response: aiohttp.ClientResponse) -> None:
            await _write(response.content.iter_any(), target, largest)

        await self._get(address, receive=write)

    async def begin(self, address: str, *, size: int) -> bytes:
        """Return the first `size` bytes of the file at `address`, or all if it has fewer; no more are read.

        Raises as `fetch` does, but for the disk.
        """
        head = bytearray()

        async def read(response: aiohttp.ClientResponse) -> None:
            async for chunk in response.content.iter_any():
                head.extend(chunk)
                if len(head) >= size:
                    response.close()  # whoever ignores the range would send everything
                    return

        await self._get(address, receive=read, headers={"Range": f"bytes=0-{size - 1}"})
        return bytes(head[:size])

    async def _get(self, address: str, *, receive: _Receive, headers: Mapping[str, str] | None = None) -> None:
        try:
            with self._pauses.kept("download"):
                await self._follow(address, receive, headers or {})
        except (TimeoutError, aiohttp.ClientError) as error:
            fault = connection_fault(error) if isinstance(error, aiohttp.ClientConnectorError) else None
            raise SlackUnavailable(
                f"download: {fault or type(error).__name__}", maybe_done=False, fault=fault
            ) from None

    async def _follow(self, address: str, receive: _Receive, headers: Mapping[str, str]) -> None:
        token = (await self._token.current()).get_secret_value()
        for _ in range(REDIRECTS + 1):
            if not is_slacks(address, origins=self._origins):
                raise Refused("download: not Slack's host", sentence=words.KEPT_ELSEWHERE)
            async with self._session.get(
                address,
                headers={"Authorization": f"Bearer {token}", **headers},
                allow_redirects=False,
                timeout=_TIMEOUT,
                read_bufsize=_READ_AHEAD,
            ) as response:
                if response.status not in _REDIRECT_CODES:
                    _check(response)
                    await receive(response)
                    return
                # aiohttp must not follow redirects: each new host is checked before it gets the token.
                address = _joined(address, response.headers.get("Location", ""))
        raise SlackUnavailable("download: too many redirects", maybe_done=False)


def is_slacks(address: str, *, origins: Collection[str] = (), names: Collection[str] = SLACK_HOSTS) -> bool:
    """Return whether an address is at one of `origins`, or is https at a host of `names` or a subdomain of one."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    if f"{parts.scheme}://{parts.netloc}" in origins:
        return True
    host = (parts.hostname or "").lower()
    ours = any(host == name or host.endswith("." + name) for name in names)
    return parts.scheme == "https" and ours and port in {None, 443} and "@" not in parts.netloc


def _joined(address: str, location: str) -> str:
    try:
        return urljoin(address, location)
    except ValueError:
        return ""  # an invalid address is then refused


def _check(response: aiohttp.ClientResponse) -> None:
    if response.status in _UNAUTHORISED:
        raise SlackNotAuthorised(f"download: {response.status}")
    if response.status == _TOO_MANY or response.status >= _SERVER:
        wait = retry_after(response.headers)
        raise SlackUnavailable(f"download: {response.status}", retry_after=wait, maybe_done=False)
    if response.status not in _OK:
        raise Refused(f"download: {response.status}", sentence=words.NO_LONGER_THERE)
    if response.content_type == "text/html":
        raise SlackNotAuthorised("download: a sign-in page came, so files:read is missing: reinstall the app")


async def _write(chunks: AsyncIterator[bytes], target: Path, largest: int) -> None:
    received, waiting, weight = 0, list[bytes](), 0
    with await asyncio.to_thread(target.open, "wb") as file:
        async for chunk in chunks:
            received += len(chunk)
            if received > largest:
                raise too_large(largest)
            waiting.append(chunk)
            weight += len(chunk)
            if weight >= _CHUNK:
                await asyncio.to_thread(file.writelines, waiting)  # not joined: joining copies them
                waiting, weight = [], 0
        await asyncio.to_thread(file.writelines, waiting)


def too_large(largest: int) -> TooLong:
    """Return the error for a file above `largest` bytes."""
    return TooLong("larger than allowed", sentence=words.larger_than(f"{largest // (1024 * 1024):,} MB"))
