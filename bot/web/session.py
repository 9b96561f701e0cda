"""How the bot speaks HTTP to Slack: one session, which keeps no cookies and adds nothing."""

from __future__ import annotations

import aiohttp

from bot.timeouts import REQUEST_TIMEOUT


def new_session() -> aiohttp.ClientSession:
    """A session that ends a request, and each step of a long one, after `REQUEST_TIMEOUT`; to be closed."""
    seconds = REQUEST_TIMEOUT.total_seconds()
    timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=seconds, sock_read=seconds)
    return aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
