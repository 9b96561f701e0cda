"""Send one HTTP request to a provider, and turn a broken connection or a status code into an error.

The provider clients build requests and parse bodies. Messages contain the call, the status code and the kind of
failure, never an address or a body.
"""

from __future__ import annotations

import asyncio
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
from transcription.connection_faults import connection_fault
from transcription.encodings import beginning, whole
from transcription.errors import (
    EVIDENCE,
    AnswerTooLarge,
    Misunderstood,
    NotAuthorised,
    QuotaSpent,
    RateLimited,
    TimedOut,
    TooLong,
    TranscriptionError,
    Unavailable,
)

SHORT = EVIDENCE
"""Maximum bytes that are read of an answer that is no result, or no success."""

READING = 600.0
"""Seconds in which an answer must have come whole: some bytes now and then would hold up a job for weeks."""

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
    largest: int | None = None,
) -> Response:
    """Send one request and read the answer, whatever its status code.

    `largest`: the maximum bytes of a successful answer, decoded; beyond, `AnswerTooLarge` is raised. Without it, and of
    any other answer, no more than the first `SHORT` bytes are read.

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
                async with asyncio.timeout(READING):
                    body_read = await _read(answer, largest=largest if answer.is_success else None, call=call)
                return Response(status=answer.status_code, headers=answer.headers, body=body_read)
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


async def _read(answer: httpx.Response, *, largest: int | None, call: str) -> bytes:
    """Read the body, or the beginning of it if there is no `largest`. Raises `AnswerTooLarge`."""
    if largest is None:
        return await beginning(answer, most=SHORT)
    said = answer.headers.get("Content-Length", "")
    if not (re.fullmatch(r"[0-9]{1,18}", said) and int(said) > largest):
        read = await whole(answer, most=largest)
        if read is not None:
            return read
    raise AnswerTooLarge(f"{call} answered more than {largest} bytes")


def _error_for(error: Exception, *, call: str) -> TranscriptionError:
    kind = type(error).__name__
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout() | httpx.ProxyError():
            fault = connection_fault(error)
            return Unavailable(f"{call}: not reached ({fault or kind})", fault=fault)
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
