"""The HTTP side: Slack's requests (in HTTP mode), the providers' webhooks, hosted recordings, health."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp

LARGEST_REQUEST = 1024 * 1024
"""Bytes that anybody may send us before it is known who it is. Slack's events are some kilobytes."""


def make_server() -> web.Application:
    """An application without routes yet."""
    return web.Application(client_max_size=LARGEST_REQUEST)


def serve_slack(server: web.Application, app: AsyncApp) -> None:
    """Serve events, commands and interactivity at one address."""

    async def receive(request: web.Request) -> web.StreamResponse:
        # Bolt verifies the signature, and takes for granted that the headers are of the right kind.
        if not _could_be_signed(request.headers):
            return web.Response(status=401)
        try:
            bolt_request = await to_bolt_request(request)
        except (UnicodeDecodeError, LookupError):
            return web.Response(status=400)
        return await to_aiohttp_response(await app.async_dispatch(bolt_request))

    server.router.add_post("/slack/events", receive)


def _could_be_signed(headers: Mapping[str, str]) -> bool:
    signature, moment = headers.get("X-Slack-Signature", ""), headers.get("X-Slack-Request-Timestamp", "")
    return signature.isascii() and signature.startswith("v0=") and moment.isascii() and moment.isdigit()


class Listening:
    """A running server; `port` is the real one where 0 was asked for."""

    def __init__(self, runner: web.AppRunner, port: int) -> None:
        self._runner = runner
        self.port = port

    @classmethod
    async def start(cls, server: web.Application, *, host: str, port: int) -> Listening:
        """Listen. Raises `OSError` when the port is taken."""
        # No access log: addresses carry webhook tokens in their query.
        runner = web.AppRunner(server, access_log=None, handle_signals=False)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        return cls(runner, int(runner.addresses[0][1]))

    async def stop(self) -> None:
        """Finish the requests in hand and close."""
        await self._runner.cleanup()
