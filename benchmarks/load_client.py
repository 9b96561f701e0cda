"""An HTTP load client: send requests over many keep-alive connections as fast as they are answered, and time them.

The requests are prebuilt bytes, so that the server is measured and not this client.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from functools import partial


class LoadConnection(asyncio.Protocol):
    """One connection. It sends the next request as soon as the last one is answered."""

    def __init__(self, requests: Iterator[bytes], *, took: list[float], done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._took = took
        self._done = done
        self._answer = b""
        self._began = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        assert self._transport is not None
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            if not self._done.done():
                self._done.set_result(None)
            return
        self._began = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Send the next request after a complete answer."""
        self._answer += data
        head, separator, body = self._answer.partition(b"\r\n\r\n")
        if not separator or len(body) < _length(head):
            return
        if not head.startswith(b"HTTP/1.1 200"):
            self._fail(ValueError(f"answered {head[:40]!r}"))
            return
        self._took.append(time.perf_counter() - self._began)
        self._answer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail if there were more requests to send."""
        self._fail(exc or ConnectionResetError("the server hung up"))

    def _fail(self, error: Exception) -> None:
        if not self._done.done():
            self._done.set_exception(error)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def send_all(port: int, requests: Sequence[bytes], *, connections: int) -> list[float]:
    """Send all requests and return the seconds that each took. Raises if one is not answered with 200."""
    loop, waiting, took = asyncio.get_running_loop(), iter(requests), list[float]()
    ends = [loop.create_future() for _ in range(connections)]
    for end in ends:
        await loop.create_connection(partial(LoadConnection, waiting, took=took, done=end), "127.0.0.1", port)
    await asyncio.gather(*ends)
    return took
