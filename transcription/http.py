"""Send one HTTP request to a provider, and turn a broken connection or a status code into an error.

The provider clients build requests and parse bodies. Messages contain the call, the status code and the kind of
failure, never an address or a body.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode

import httpx

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
"""Maximum bytes of one decoded answer. The longest recording with word times stays well below."""

ENCODINGS: Final = frozenset({"gzip", "deflate", "identity"})
"""Accepted Content-Encodings, and only one of them per answer.

None of them can expand a network block without bound.
"""

LONGEST_WAIT = timedelta(hours=24)
"""The maximum of `Retry-After` that is respected."""

FINAL: Final = {401: NotAuthorised, 402: QuotaSpent, 403: NotAuthorised}
TEMPORARY: Final = {408: TimedOut, 429: RateLimited, 503: Unavailable}


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """A provider's complete answer. Header names are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Return whether the status code means success."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the definition of success in RFC 9110, section 15.3


async def send(  # the only place that accesses the providers' network
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    call: str,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: Body | None = None,
) -> Response:
    """Send one request and read the answer, whatever its status code.

    Redirects are never followed and nothing is added: a key or a recording goes to the given address or nowhere. Raises
    `Unavailable` if the request certainly did not arrive, `TimedOut` if it may have arrived and no answer could be
    read, `Misunderstood` if it cannot be sent (unusable address or header), and what the body raises.

    The `client` has a time-out per step: for the connection, for each block sent and for each block received. A long
    body may take as long as it makes progress.
    """
    framed = httpx.Headers({**(headers or {}), **(body.headers if body is not None else {})}, encoding="utf-8")
    try:
        address = _address(url, params or {})
    except (httpx.InvalidURL, ValueError):
        raise Misunderstood(f"{call}: no usable address") from None
    try:
        async with _chunks_of(body) as content:
            request = client.build_request(method, address, headers=framed, content=content)
            answer = await client.send(request, stream=True, auth=None, follow_redirects=False)
            try:
                return Response(status=answer.status_code, headers=answer.headers, body=await _read(answer))
            finally:
                await answer.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        # A transport's message may quote a header or an address, so only the kind of failure is passed on.
        raise _error_for(error, call=call) from None


@asynccontextmanager
async def _chunks_of(body: Body | None) -> AsyncIterator[AsyncGenerator[bytes, None] | None]:
    """Yield the blocks to send, and close the file behind them at the end, even after an aborted request."""
    if body is None:
        yield None
        return
    chunks = body.chunks()
    try:
        yield chunks
    finally:
        await chunks.aclose()


def _address(url: str, params: Mapping[str, str]) -> httpx.URL:
    address = httpx.URL(url)
    if not params:
        return address
    query = urlencode(params, quote_via=quote, safe="")  # names of recordings contain / and : and *
    return address.copy_with(query=query.encode("ascii"))


async def _read(answer: httpx.Response) -> bytes:
    """Read and decode the body. Raises `httpx.DecodingError` if it is too large or has an unexpected encoding."""
    encodings = answer.headers.get_list("Content-Encoding", split_commas=True)
    if len(encodings) > 1 or not ENCODINGS.issuperset(name.lower() for name in encodings):
        raise httpx.DecodingError("encoded in a way that was not asked for")
    blocks: list[bytes] = []
    left = LARGEST_ANSWER
    async for block in answer.aiter_bytes():
        left -= len(block)
        if left < 0:
            raise httpx.DecodingError("too large")
        blocks.append(block)
    return b"".join(blocks)


def _error_for(error: Exception, *, call: str) -> TranscriptionError:
    kind = type(error).__name__
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout() | httpx.ProxyError():
            return Unavailable(f"{call}: not reached ({kind})")
        case httpx.UnsupportedProtocol() | httpx.LocalProtocolError():
            return Misunderstood(f"{call}: cannot be asked ({kind})")
        case _:
            return TimedOut(f"{call}: no usable answer ({kind})")


def failure(answer: Response, *, call: str, uncertain: bool = False) -> TranscriptionError:
    """Return the error for an unsuccessful answer, by its status code alone (RFC 9110, section 15).

    `uncertain` marks a call that carries a recording: after a server error other than 503 it is unknown whether the
    recording arrived, and only there does 413 mean that the recording is too large.
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
    """Parse `Retry-After`: seconds, or a date relative to the answer's own `Date` (RFC 9110, section 10.2.3).

    Return None if it is missing or unreadable. A date without a `Date` header is ignored, because the clocks of two
    machines are never compared.
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
    except (ValueError, OverflowError):  # OverflowError: numbers that do not fit into a machine integer
        return None
    return moment if moment.tzinfo else None
