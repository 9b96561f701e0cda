"""The last step before the wire: one request to a provider, and what its answer means for the job.

The clients build requests and read bodies; here a broken connection or a status code becomes an error of
`transcription.errors`. Messages name the call, the code and the kind of break, never an address or a body.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from transcription import remarks
from transcription.bodies import Body
from transcription.errors import (
    Misunderstood,
    NotAuthorised,
    QuotaSpent,
    RateLimited,
    TimedOut,
    TooLong,
    TranscriptionError,
    Unavailable,
)

LARGEST_ANSWER = 64 * 2**20
"""Bytes of one answer. The longest recording with a time for every word stays well below; more is not an answer."""

LONGEST_WAIT = timedelta(hours=24)
"""A provider that asks for more patience than this is asked again after it."""

FINAL: Final = {401: NotAuthorised, 402: QuotaSpent, 403: NotAuthorised}
TEMPORARY: Final = {408: TimedOut, 429: RateLimited, 503: Unavailable}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A provider's answer, read to the end. `headers` are looked up in any letter case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the code says that it worked."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the definition of success in RFC 9110, section 15.3


async def send(  # the one place where the providers' network is touched
    client: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    call: str,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: Body | None = None,
) -> Answer:
    """Make one request and read its answer, whatever its code.

    Redirects are never followed and nothing is added: a key or a recording goes to the address given or nowhere.
    Raises `Unavailable` if the request surely did not arrive, `TimedOut` if it may have and no answer could be read,
    `Misunderstood` if the address is none, and what the body raises.

    A long body takes long: the `client`'s total time does not count here. Its `sock_read` is the patience for each part
    of the answer, and for each part of the body.
    """
    patience = client.timeout
    sending = _Sending(body, patience=patience.sock_read) if body is not None else None
    steps = aiohttp.ClientTimeout(total=None, sock_connect=patience.sock_connect, sock_read=patience.sock_read)
    framed = {**(headers or {}), **(body.headers if body is not None else {})}
    try:
        async with asyncio.timeout(None) as limit, _opened(sending, limit) as data:
            address = _address(url, params or {})
            async with client.request(
                method, address, headers=framed, data=data, allow_redirects=False, timeout=steps
            ) as response:
                content = b"".join([chunk async for chunk in _capped(response)])
                return Answer(status=response.status, headers=response.headers, body=content)
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        if sending is not None and sending.error is not None:
            raise sending.error from error
        # What a transport says may quote a header or an address, so only the kind of break is passed on.
        raise _translated(error, call=call) from None


class _Sending:
    """A body on its way; `error` is why it could not be read to its end."""

    def __init__(self, body: Body, *, patience: float | None) -> None:
        self._body = body
        self._patience = patience
        self.error: TranscriptionError | None = None

    async def chunks(self, limit: asyncio.Timeout) -> AsyncGenerator[bytes, None]:
        """Its bytes, while each part of them leaves in time: aiohttp itself would wait for ever."""
        loop = asyncio.get_running_loop()
        try:
            async with aclosing(self._body.chunks()) as chunks:
                async for chunk in chunks:
                    limit.reschedule(loop.time() + self._patience if self._patience else None)
                    yield chunk
        except TranscriptionError as error:
            self.error = error  # the client wraps what it meets here into an error of its own
            raise
        limit.reschedule(None)


@asynccontextmanager
async def _opened(sending: _Sending | None, limit: asyncio.Timeout) -> AsyncIterator[AsyncIterator[bytes] | None]:
    """The bytes to be sent; what they are read from is closed in the end, however far they came."""
    if sending is None:
        yield None
        return
    chunks = sending.chunks(limit)
    try:
        yield chunks
    finally:
        with suppress(RuntimeError):  # it is just being read by a sending that was called off, which closes it
            await chunks.aclose()


def _address(url: str, params: Mapping[str, str]) -> URL:
    try:
        address = URL(url)
        if not params:
            return address
        query = urlencode(params, quote_via=quote, safe="")  # names of recordings hold / and : and *
        return URL.build(
            scheme=address.scheme, authority=address.raw_authority, path=address.raw_path, query_string=query,
            encoded=True,
        )  # fmt: skip
    except (ValueError, IndexError):  # the second for brackets with nothing in them
        raise aiohttp.InvalidURL("") from None


async def _capped(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    left = LARGEST_ANSWER
    async for chunk in response.content.iter_any():
        left -= len(chunk)
        if left < 0:
            raise aiohttp.ClientPayloadError("too large")
        yield chunk


def _translated(error: Exception, *, call: str) -> TranscriptionError:
    kind = type(error).__name__
    match error:
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError() | aiohttp.ClientHttpProxyError():
            return Unavailable(f"{call}: not reached ({kind})")
        case aiohttp.InvalidURL():
            return Misunderstood(f"{call}: no usable address ({kind})")
        case _:
            return TimedOut(f"{call}: no usable answer ({kind})")


def failure(answer: Answer, *, call: str, uncertain: bool = False) -> TranscriptionError:
    """Say what an answer without success means, by its code alone (RFC 9110, section 15).

    `uncertain` marks a call that carries a recording: after a server error other than 503 nobody knows whether it
    arrived, and only there does "too large" speak of it.
    """
    message = f"{call} answered {answer.status}"
    wait = retry_after(answer.headers)
    if answer.status in FINAL:
        return FINAL[answer.status](message)
    if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and uncertain:
        return TooLong(message, sentence=remarks.TOO_LARGE)
    if answer.status in TEMPORARY:
        return TEMPORARY[answer.status](message, retry_after=wait)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return (TimedOut if uncertain else Unavailable)(message, retry_after=wait)
    return Misunderstood(message, body=answer.body)


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Read `Retry-After`: seconds, or a date counted from the answer's own `Date` (RFC 9110, section 10.2.3).

    None where it is missing or unreadable. Two clocks are never compared: without `Date` a date says nothing.
    """
    text = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(timedelta(seconds=int(text)), LONGEST_WAIT)
    until, now = _moment(text), _moment(headers.get("Date", ""))
    if until is None or now is None:
        return None
    return min(max(until - now, timedelta(0)), LONGEST_WAIT)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the latter for years and zones of more digits than a machine's number has
        return None
    return moment if moment.tzinfo else None
