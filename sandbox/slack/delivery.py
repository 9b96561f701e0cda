"""Deliver requests to the app over HTTP."""

from __future__ import annotations

import hashlib
import hmac
import time

import aiohttp

from sandbox.slack.options import Options
from sandbox.slack.received import Received
from sandbox.slack.wire_lines import noted_delivery, payload_of
from sandbox.wire_log import half


def signature(secret: str, *, timestamp: str, body: bytes) -> str:
    """Sign a request (https://docs.slack.dev/authentication/verifying-requests-from-slack)."""
    digest = hmac.new(secret.encode(), f"v0:{timestamp}:".encode() + body, hashlib.sha256).hexdigest()
    return f"v0={digest}"


class HttpDelivery:
    """Posts to the app, which has `ack_timeout` seconds to answer."""

    def __init__(self, options: Options, *, signing_secret: str) -> None:
        self._options = options
        self._secret = signing_secret
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, *, content_type: str, retry: tuple[int, str] | None = None) -> Received:
        """Send one signed request; `retry` is the number and the reason of a retry."""
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._secret, timestamp=timestamp, body=body),
        }
        if retry is not None:
            headers |= {"x-slack-retry-num": str(retry[0]), "x-slack-retry-reason": retry[1]}
        return await noted_delivery(
            self._options.wire_log,
            sent=lambda: (half(f"POST {url} HTTP/1.1", headers, body), payload_of(body, content_type=content_type)),
            send=lambda: self._try(url, body, headers=headers),
        )

    async def _try(self, url: str, body: bytes, *, headers: dict[str, str]) -> Received:
        try:
            return await self._send(url, body, headers=headers)
        except TimeoutError:
            return Received(status=None, reason="http_timeout")
        except aiohttp.ClientError:
            return Received(status=None, reason="connection_failed")

    async def _send(self, url: str, body: bytes, *, headers: dict[str, str]) -> Received:
        if self._session is None:
            # A new connection for each request: one that the app closed while idle would look like a failed attempt.
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True))
        limit = aiohttp.ClientTimeout(total=self._options.ack_timeout)
        async with self._session.post(url, data=body, headers=headers, timeout=limit, allow_redirects=False) as answer:
            content = await answer.read()
            no_retry = answer.headers.get("x-slack-no-retry") == "1"
            return Received(status=answer.status, body=content, reason="http_error", no_retry=no_retry)

    async def close(self) -> None:
        """Close the HTTP session."""
        if self._session is not None:
            await self._session.close()
