"""Stream one download: its speed, its declared length, and where it is cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

from aiohttp import web

from sandbox.slack.values import CHUNK, Upload, chunks_of, size_of


class Stream:
    """A body that is sent in two halves, so that a fault can happen between them."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._response: web.StreamResponse | None = None
        self._rest: AsyncIterator[bytes] | None = None

    async def first_half(self, upload: Upload) -> web.StreamResponse:
        """Send the headers and half of the body."""
        size = size_of(upload.content)
        claimed = size if upload.declared_length is None else upload.declared_length
        headers, status = {"Content-Type": upload.mimetype or "application/octet-stream"}, 200
        asked = self._request.http_range.stop
        if asked is not None and not upload.ignores_range:  # only the first bytes are ever asked for
            headers["Content-Range"], status = f"bytes 0-{min(asked, size) - 1}/{size}", 206
            size = claimed = min(asked, size)
        response = web.StreamResponse(status=status, headers={"Content-Length": str(claimed), **headers})
        await response.prepare(self._request)
        self._response, self._rest = response, self._body(upload, size=size, claimed=claimed)
        await self._send(until=size // 2)
        return response

    async def second_half(self, response: web.StreamResponse) -> None:
        """Send the rest, unless another response was sent instead."""
        if response is self._response:
            await self._send(until=None)

    async def _send(self, *, until: int | None) -> None:
        if self._response is None or self._rest is None:
            return
        sent = 0
        # The client may close the connection early.
        with suppress(ConnectionError):
            async for piece in self._rest:
                await self._response.write(piece)
                sent += len(piece)
                if until is not None and sent >= until:
                    return

    async def _body(self, upload: Upload, *, size: int, claimed: int) -> AsyncIterator[bytes]:
        end = size if upload.cut_at is None else min(size, upload.cut_at)
        step = min(CHUNK, size // 2 + 1, upload.pace // 10 + 1 if upload.pace else CHUNK)
        at = 0
        for piece in _pieces(upload, step=step):
            if at >= end:
                break
            yield piece[: end - at]
            at += len(piece)
            if upload.pace:
                await asyncio.sleep(len(piece) / upload.pace)
        if end < claimed and self._request.transport is not None:
            self._request.transport.close()


def _pieces(upload: Upload, *, step: int) -> Iterator[bytes]:
    for chunk in chunks_of(upload.content):
        for start in range(0, len(chunk), step):
            yield chunk[start : start + step]
