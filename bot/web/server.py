"""The HTTP server: Slack's requests (in HTTP mode), the providers' webhooks, hosted recordings, health."""

from __future__ import annotations

import asyncio
import json
import re
import time
from datetime import timedelta

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from bot.metrics import Metrics
from bot.slack.bolt_app import BoltApp
from bot.web.connections import LIMITS, ConnectionLimits, Connections

LARGEST_REQUEST = 1024 * 1024
"""Bytes that a sender may send before it is authenticated. Slack's events are some kilobytes."""

PATIENCE = timedelta(seconds=10)
"""Timeout for the body of such a request. Slack itself gives up after three seconds."""

IDLE = timedelta(seconds=150)
"""How long a connection may stay open without a complete request: a little longer than usual proxies keep theirs."""

_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_MOMENT = re.compile(r"[0-9]{1,12}")


def make_server() -> web.Application:
    """Make a server that has no routes yet."""
    return web.Application(client_max_size=LARGEST_REQUEST)


def serve_slack(
    server: web.Application, app: BoltApp, *, signing_secret: str, metrics: Metrics, patience: timedelta = PATIENCE
) -> None:
    """Serve events, commands and interactivity at one address, for requests signed with the secret.

    The signature is verified here, because Bolt reads a body before it checks the signature.
    """
    verifier = SignatureVerifier(signing_secret)

    async def receive(request: web.Request) -> web.StreamResponse:
        began = time.perf_counter()
        try:
            body = await _signed_body(request, verifier, patience)
        except web.HTTPException as refusal:
            metrics.acknowledged("other", status=refusal.status, after=time.perf_counter() - began)
            raise
        try:
            payload = json.loads(body) if request.content_type == "application/json" else None
            if listener := app.listener(payload):
                return web.Response(status=await app.dispatch_directly(listener, payload))
            asked = AsyncBoltRequest(body=body, query=request.query_string, headers=dict(request.headers))
        except (ValueError, AttributeError, TypeError, RecursionError):
            # Signed, but not a JSON object, which Bolt takes for granted.
            raise web.HTTPBadRequest from None
        return await to_aiohttp_response(await app.async_dispatch(asked))

    server.router.add_post("/slack/events", receive)


async def _signed_body(request: web.Request, verifier: SignatureVerifier, patience: timedelta) -> str:
    signature = request.headers.get("X-Slack-Signature", "")
    moment = request.headers.get("X-Slack-Request-Timestamp", "")
    # Checked first, so that a sender without these headers cannot make us wait for a body.
    if not (_SIGNATURE.fullmatch(signature) and _MOMENT.fullmatch(moment)):
        raise web.HTTPUnauthorized
    try:
        body = (await _body(request, patience)).decode()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (UnicodeDecodeError, web.RequestPayloadError):
        raise web.HTTPBadRequest from None
    if not verifier.is_valid(body, moment, signature):
        raise web.HTTPUnauthorized
    return body


async def _body(request: web.Request, patience: timedelta) -> bytes:
    if request.content.is_eof():  # usually it came with the headers, and a timer costs as much as the signature check
        return await request.read()
    async with asyncio.timeout(patience.total_seconds()):
        return await request.read()


def timed_webhooks(metrics: Metrics) -> Middleware:
    """Make a middleware that times the answer to every webhook."""

    @web.middleware
    async def timed(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/webhooks/"):
            return await handler(request)
        began, status = time.perf_counter(), 500
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as refusal:
            status = refusal.status
            raise
        finally:
            metrics.acknowledged("webhook", status=status, after=time.perf_counter() - began)
        return response

    return timed


class Listening:
    """A running server; `port` is the real port, also if 0 was asked for."""

    def __init__(self, runner: web.AppRunner, port: int, *, bounding: asyncio.Task[None]) -> None:
        self._runner = runner
        self._bounding = bounding
        self.port = port

    @classmethod
    async def start(
        cls, server: web.Application, *, host: str, port: int, idle: timedelta = IDLE, limits: ConnectionLimits = LIMITS
    ) -> Listening:
        """Start to listen. Raises `OSError` if the port is taken."""
        connections = Connections(limits)
        connections.note(server)
        # No access log: addresses carry webhook tokens in their query.
        runner = web.AppRunner(server, access_log=None, handle_signals=False, keepalive_timeout=idle.total_seconds())
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        bounding = asyncio.create_task(connections.run(runner), name="connections")
        return cls(runner, int(runner.addresses[0][1]), bounding=bounding)

    async def stop(self) -> None:
        """Finish the pending requests and close."""
        self._bounding.cancel()
        await self._runner.cleanup()
