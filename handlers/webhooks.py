"""A provider's webhook: let in, kept as it came, answered, and the job woken. Nothing is decided here.

The address is checked before the body is read, so that a stranger cannot make us read 20 MB. A body about a job that
we do not know (yet) is kept as well: the answer to our own submission may still be on its way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import structlog
from aiohttp import web

from storage import forgetting, inbox, jobs
from storage.database import Database, StorageUnavailable, Transaction
from transcription.errors import BadSignature, Misunderstood
from transcription.transcriber import Callback, CallsBack

LARGEST_BODY = 32 * 1024 * 1024
"""Bytes; a five-hour transcript with word times is some ten megabytes."""

PATIENCE = timedelta(seconds=60)
"""For a body; half a megabyte a second is enough."""

_log = structlog.get_logger()


def register(
    app: web.Application,
    *,
    providers: Mapping[str, CallsBack],
    database: Database,
    clock: Callable[[], datetime],
    largest: int = LARGEST_BODY,
    patience: timedelta = PATIENCE,
) -> None:
    """Serve `POST /webhooks/{provider}`, with bodies of at most `largest` bytes that come within `patience`."""

    async def receive(request: web.Request) -> web.StreamResponse:
        name = request.match_info["provider"]
        provider = providers.get(name)
        if provider is None:
            return web.Response(status=404)
        body = b""
        try:
            provider.authenticate(query=request.query, headers=request.headers)
            async with asyncio.timeout(patience.total_seconds()):
                body = await _read(request, largest)
            callback = Callback(query=request.query, headers=request.headers, body=body)
            handle = provider.admit(callback)
        except BadSignature:
            _log.warning("webhook_rejected", provider=name)
            return web.Response(status=401)
        except TimeoutError:
            return web.Response(status=408)
        except web.RequestPayloadError:  # not compressed as its headers say, or not in the pieces that they say
            return web.Response(status=400)
        except Misunderstood:
            # Answered 200: the same nonsense would come again. The status call finds out what is true.
            _log.warning("webhook_invalid", provider=name, size=len(body))
            return web.json_response(data=True)

        def keep(tx: Transaction) -> None:
            if forgetting.is_unwanted(tx, provider=name, handle=handle):
                return
            if inbox.keep(tx, provider=name, handle=handle, body=body, now=clock()):
                jobs.wake(tx, provider=name, handle=handle, now=clock())

        await database.write(keep)
        _log.info("webhook_stored", provider=name)
        return web.json_response(data=True)  # as on the vendor's page

    app.router.add_post("/webhooks/{provider}", _or_unavailable(receive))


async def _read(request: web.Request, largest: int) -> bytes:
    """The whole body; larger than the server takes elsewhere, since the address has shown who sends it."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > largest:
            raise web.HTTPRequestEntityTooLarge(max_size=largest, actual_size=len(body))
    return bytes(body)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _or_unavailable(handler: Handler) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except StorageUnavailable:
            return web.Response(status=503, headers={"Retry-After": "30"})

    return answer
