"""The HTTP session for calls to Slack; it keeps no cookies."""

from __future__ import annotations

import aiohttp

from bot.timeouts import REQUEST_TIMEOUT


def new_session() -> aiohttp.ClientSession:
    """Make a session with `REQUEST_TIMEOUT` for a request and for each step of it; the caller closes it."""
    seconds = REQUEST_TIMEOUT.total_seconds()
    timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=seconds, sock_read=seconds)
    return aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
