"""The HTTP session for calls to Slack; it keeps no cookies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import aiohttp
from yarl import URL

from bot.timeouts import REQUEST_TIMEOUT


def new_session(*, api_url: str = "", on_time: Callable[[datetime], object] | None = None) -> aiohttp.ClientSession:
    """Make a session with `REQUEST_TIMEOUT` for a request and for each step of it; the caller closes it.

    `on_time` is called with the time that the server of `api_url` gives in each of its answers (`Date`).
    """
    seconds = REQUEST_TIMEOUT.total_seconds()
    timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=seconds, sock_read=seconds)
    tracing = [] if on_time is None else [_tracing(URL(api_url), on_time)]
    return aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trace_configs=tracing)


def _tracing(api: URL, on_time: Callable[[datetime], object]) -> aiohttp.TraceConfig:
    async def answered(_: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams) -> None:
        if end.url.origin() != api.origin():
            return
        moment = _date(end.response.headers.get("Date"))
        if moment is not None:
            on_time(moment)

    tracing = aiohttp.TraceConfig()
    tracing.on_request_end.append(answered)
    return tracing


def _date(header: str | None) -> datetime | None:
    """Return the moment of a `Date` header; None if it is missing, unreadable or in no known time zone."""
    try:
        moment = parsedate_to_datetime(header or "")
    except (ValueError, OverflowError):  # Overflow: a year or a time zone beyond all bounds
        return None
    return moment if moment.tzinfo is not None else None
