"""The HTTP client for the providers: one httpx client, which keeps no cookies.

Imported only where a provider is set up (`bot.catalog`): httpx takes six megabytes.
"""

from __future__ import annotations

import ssl
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from bot.timeouts import REQUEST_TIMEOUT

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=15)
"""Connections, and the seconds for which an idle one is kept."""


def new_client() -> httpx.AsyncClient:
    """Make a client with `REQUEST_TIMEOUT` for each step of a request; the caller closes it.

    It takes no proxy and no password from the environment, and follows no redirects.
    """
    return httpx.AsyncClient(
        timeout=REQUEST_TIMEOUT.total_seconds(),
        trust_env=False,
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=())),
        transport=new_transport(),
    )


def new_transport() -> httpx.AsyncBaseTransport:
    """Make the transport of all requests to providers; tests replace it by an `httpx.MockTransport`.

    Certificates are verified against those of the system, as OpenSSL finds them (SSL_CERT_FILE, SSL_CERT_DIR).
    """
    return httpx.AsyncHTTPTransport(verify=_certificates(), trust_env=False, limits=LIMITS)


@cache
def _certificates() -> ssl.SSLContext:
    """Load the system's certificates once: it takes some hundredths of a second."""
    return ssl.create_default_context()
