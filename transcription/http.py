"""The last step before the wire: one request to a provider, and what its answer means for the job.

The clients build requests and read bodies; here a broken connection or a status code becomes an error of
`transcription.errors`. Messages name the call, the code and the kind of break, never an address or a body.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

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
    headers: httpx.Headers
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
) -> Answer:
    """Make one request and read its answer, whatever its code.

    Redirects are never followed and nothing is added: a key or a recording goes to the address given or nowhere.
    Raises `Unavailable` if the request surely did not arrive, `TimedOut` if it may have and no answer could be read,
    `Misunderstood` if the address is none.
    """
    try:
        if body is None:
            return await _exchange(client, client.build_request(method, url, params=params, headers=headers))
        async with aclosing(body.chunks()) as chunks:
            framed = {**(headers or {}), **body.headers}
            request = client.build_request(method, url, params=params, headers=framed, content=chunks)
            return await _exchange(client, request)
    except (httpx.RequestError, httpx.InvalidURL) as error:
        # What a transport says may quote a header or an address, so only the kind of break is passed on.
        raise _translated(error, call=call) from None


async def _exchange(client: httpx.AsyncClient, request: httpx.Request) -> Answer:
    response = await client.send(request, stream=True, auth=None, follow_redirects=False)
    try:
        content = b"".join([chunk async for chunk in _capped(response)])
    finally:
        await response.aclose()
    return Answer(status=response.status_code, headers=response.headers, body=content)


async def _capped(response: httpx.Response) -> AsyncIterator[bytes]:
    left = LARGEST_ANSWER
    async for chunk in response.aiter_bytes():
        left -= len(chunk)
        if left < 0:
            raise httpx.DecodingError("too large")
        yield chunk


def _translated(error: httpx.RequestError | httpx.InvalidURL, *, call: str) -> TranscriptionError:
    kind = type(error).__name__
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout() | httpx.ProxyError():
            return Unavailable(f"{call}: not reached ({kind})")
        case httpx.UnsupportedProtocol() | httpx.InvalidURL():
            return Misunderstood(f"{call}: no usable address ({kind})")
        case _:
            return TimedOut(f"{call}: no usable answer ({kind})")


def failure(answer: Answer, *, call: str, uncertain: bool = False) -> TranscriptionError:
    """Say what an answer without success means, by its code alone (RFC 9110, section 15).

    `uncertain` marks a call with an effect: after a server error other than 503 nobody knows whether it happened.
    """
    message = f"{call} answered {answer.status}"
    wait = retry_after(answer.headers)
    if answer.status in FINAL:
        return FINAL[answer.status](message)
    if answer.status == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
        return TooLong(message, sentence="This recording is too large to be transcribed. Share a shorter part of it.")
    if answer.status in TEMPORARY:
        return TEMPORARY[answer.status](message, retry_after=wait)
    if answer.status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return (TimedOut if uncertain else Unavailable)(message, retry_after=wait)
    return Misunderstood(message, body=answer.body)


def retry_after(headers: httpx.Headers) -> timedelta | None:
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
