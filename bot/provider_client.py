"""How the bot speaks HTTP to the providers: one httpx client, which keeps no cookies and adds nothing.

Imported only where a provider is set up (`bot.catalog`): httpx brings six megabytes.
"""

from __future__ import annotations

import ssl
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from bot.timeouts import REQUEST_TIMEOUT

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=15)
"""Connections, and for how many seconds an idle one is kept for the next request."""


def new_client() -> httpx.AsyncClient:
    """A client that ends each step of a request after `REQUEST_TIMEOUT`; to be closed.

    It takes no proxy and no password from the environment. Redirects are not followed.
    """
    return httpx.AsyncClient(
        timeout=REQUEST_TIMEOUT.total_seconds(),
        trust_env=False,
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=())),
        transport=new_transport(),
    )


def new_transport() -> httpx.AsyncBaseTransport:
    """What carries every request to a provider; tests put an `httpx.MockTransport` in its place.

    Certificates are checked against those of the system, as OpenSSL finds them (SSL_CERT_FILE, SSL_CERT_DIR).
    """
    return httpx.AsyncHTTPTransport(verify=_certificates(), trust_env=False, limits=LIMITS)


@cache
def _certificates() -> ssl.SSLContext:
    """The system's, read once: that takes some hundredths of a second."""
    return ssl.create_default_context()
