"""The last step before the wire: one request to a provider, and what its answer means for the job.

The clients build requests and read bodies; here a broken connection or a status code becomes an error of
`transcription.errors`. Messages name the call, the code and the kind of break, never an address or a body.
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
"""Bytes of one decoded answer. The longest recording with a time for every word stays well below."""

ENCODINGS: Final = frozenset({"gzip", "deflate", "identity"})
"""What an answer may be compressed with: once, and by what cannot blow a block of the network up without bound."""

LONGEST_WAIT = timedelta(hours=24)
"""A provider that asks for more patience than this is asked again after it."""

FINAL: Final = {401: NotAuthorised, 402: QuotaSpent, 403: NotAuthorised}
TEMPORARY: Final = {408: TimedOut, 429: RateLimited, 503: Unavailable}


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """A provider's answer, read to the end. `headers` are looked up in any letter case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the code says that it worked."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the definition of success in RFC 9110, section 15.3


async def send(  # the one place where the providers' network is touched
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    call: str,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: Body | None = None,
) -> Response:
    """Make one request and read its answer, whatever its code.

    Redirects are never followed and nothing is added: a key or a recording goes to the address given or nowhere.
    Raises `Unavailable` if the request surely did not arrive, `TimedOut` if it may have and no answer could be read,
    `Misunderstood` if it cannot be made (no usable address or header), and what the body raises.

    The `client` has a time-out for each step: a connection, each block sent, each block received. A long body may take
    as long as it makes progress.
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
        # What a transport says may quote a header or an address, so only the kind of break is passed on.
        raise _translated(error, call=call) from None


@asynccontextmanager
async def _chunks_of(body: Body | None) -> AsyncIterator[AsyncGenerator[bytes, None] | None]:
    """Give the blocks to send; the file they are read from is closed in the end, however far the sending came."""
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
    query = urlencode(params, quote_via=quote, safe="")  # names of recordings hold / and : and *
    return address.copy_with(query=query.encode("ascii"))


async def _read(answer: httpx.Response) -> bytes:
    """Read and decode the body. Raises `httpx.DecodingError` where it is too large or compressed in an unknown way."""
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


def _translated(error: Exception, *, call: str) -> TranscriptionError:
    kind = type(error).__name__
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout() | httpx.ProxyError():
            return Unavailable(f"{call}: not reached ({kind})")
        case httpx.UnsupportedProtocol() | httpx.LocalProtocolError():
            return Misunderstood(f"{call}: cannot be asked ({kind})")
        case _:
            return TimedOut(f"{call}: no usable answer ({kind})")


def failure(answer: Response, *, call: str, uncertain: bool = False) -> TranscriptionError:
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
