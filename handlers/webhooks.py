"""Receive provider webhooks: authenticate, store the body in the inbox, wake the job. The worker interprets the body.

The request is authenticated before its body is read, so a stranger cannot make the bot read 20 MB. A body for an
unknown job is stored as well: the response to our own submission may still be on its way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import structlog
from aiohttp import web

from storage import forgetting, inbox, jobs
from storage.database import Database, StorageUnavailable, Transaction
from transcription.bounds import LONGEST_RECORDING, most_bytes
from transcription.errors import BadSignature, Misunderstood
from transcription.transcriber import Callback, CallsBack

LARGEST_BODY = most_bytes(LONGEST_RECORDING)
"""Bytes of a webhook about the longest recording of any provider. Which one it is about only the body tells."""

SMALL = 256 * 1024

PATIENCE = timedelta(seconds=60)
"""Time limit to receive a body: half a megabyte per second is fast enough."""

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
    """Serve `POST /webhooks/{provider}`. A body may have `largest` bytes and must arrive within `patience`.

    Status codes: 200 stored or not understood, 400 broken encoding, 401 bad signature, 404 unknown provider, 408 too
    slow, 413 too large, 503 no database.
    """

    async def receive(request: web.Request) -> web.StreamResponse:
        name = request.match_info["provider"]
        provider = providers.get(name)
        if provider is None:
            return web.Response(status=404)
        body, digest = b"", ""
        try:
            provider.authenticate(query=request.query, headers=request.headers)
            async with asyncio.timeout(patience.total_seconds()):
                body = await _read(request, largest)
            digest = await _digest(body)
            callback = Callback(query=request.query, headers=request.headers, body=body)
            handle = provider.admit(callback)
        except BadSignature:
            _log.warning("webhook_rejected", provider=name)
            return web.Response(status=401)
        except TimeoutError:
            return web.Response(status=408)
        except web.RequestPayloadError:  # compression or chunking is not as the headers say
            return web.Response(status=400)
        except Misunderstood:
            # Answer 200: a retry would bring the same body. The next poll of the status finds the real result.
            _log.warning("webhook_invalid", provider=name, size=len(body))
            return web.json_response(data=True)

        def keep(tx: Transaction) -> None:
            if forgetting.is_unwanted(tx, provider=name, handle=handle):
                return
            length = jobs.length_of(tx, provider=name, handle=handle)
            most = None if length is None else most_bytes(length)  # of a job that is not known it is seen later
            if inbox.keep(tx, provider=name, handle=handle, body=body, now=clock(), digest=digest, most=most):
                jobs.wake(tx, provider=name, handle=handle, now=clock())

        await database.write(keep)
        _log.info("webhook_stored", provider=name)
        return web.json_response(data=True)  # the response body that the vendor documents

    app.router.add_post("/webhooks/{provider}", _or_unavailable(receive))


async def _digest(body: bytes) -> str:
    """Return the body's digest; of a large one made in a thread, which holds up nobody."""
    return inbox.digest_of(body) if len(body) < SMALL else await asyncio.to_thread(inbox.digest_of, body)


async def _read(request: web.Request, largest: int) -> bytes:
    """Return the whole body. The limit is above the server's usual one, since the sender is authenticated."""
    blocks, left = list[bytes](), largest
    async for block in request.content.iter_any():
        left -= len(block)
        if left < 0:
            raise web.HTTPRequestEntityTooLarge(max_size=largest, actual_size=largest - left)
        blocks.append(block)
    return b"".join(blocks)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _or_unavailable(handler: Handler) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except StorageUnavailable:
            return web.Response(status=503, headers={"Retry-After": "30"})

    return answer
