"""TCP proxies that can hold back traffic, so that a machine is stopped at an exact moment."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

CHUNK = 1 << 16

Part = Literal["request", "answer"]


@dataclass(kw_only=True, eq=False)
class Held:
    """The next `times` requests whose first line starts with `begins`, or the answers to them, until they are let go.

    A request whose answer is `caught` has done its work at the other end.
    """

    begins: str
    part: Part
    times: int
    wanted: int = 0
    caught: int = 0
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    def wants(self, chunk: bytes) -> bool:
        """Whether this is the beginning of such a request."""
        return self.wanted < self.times and chunk.startswith(self.begins.encode())

    async def keep(self) -> None:
        """Keep one in the wire until it is let go."""
        self.caught += 1
        await self.let_go.wait()

    async def came(self) -> None:
        """Wait until all of them are in the wire."""
        async with asyncio.timeout(30):
            while self.caught < self.times:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.01)


class Wire:
    """A loopback address from which everything goes on to one of `origins`, to each in turn that is there.

    Where an answer names such an origin, the wire's own address stands in its place, so that what follows goes over the
    wire too.
    """

    def __init__(self, *origins: str) -> None:
        self._far = [origin.encode() for origin in origins]
        self._ends = [(parts.hostname, parts.port) for parts in map(urlsplit, origins)]
        self._turns = itertools.count()
        self._held: list[Held] = []
        self._connections: set[asyncio.Task[None]] = set()
        self.origin = ""

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[Wire]:
        """In use while this lasts."""
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    def hold(self, begins: str, part: Part, *, times: int = 1) -> Held:
        """Keep something in the wire."""
        held = Held(begins=begins, part=part, times=times)
        self._held.append(held)
        return held

    def let_go(self) -> None:
        """Keep nothing any more."""
        for held in self._held:
            held.let_go.set()
        self._held.clear()

    def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._carry(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kept: list[Held] = []
        async with _closing(writer):
            with suppress(ConnectionError):
                far_reader, far_writer = await self._reach()
                async with _closing(far_writer), asyncio.TaskGroup() as ways:
                    ways.create_task(self._there(reader, far_writer, kept))
                    ways.create_task(self._back(far_reader, writer, kept))

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for _ in self._ends:
            with suppress(ConnectionRefusedError):
                return await asyncio.open_connection(*self._ends[next(self._turns) % len(self._ends)])
        raise ConnectionRefusedError

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: list[Held]) -> None:
        with suppress(OSError):  # one of the ends is gone
            while chunk := await reader.read(CHUNK):
                for held in [held for held in self._held if held.wants(chunk)]:
                    held.wanted += 1
                    if held.part == "answer":
                        kept.append(held)
                    else:
                        await held.keep()
                writer.write(chunk)
                await writer.drain()
            writer.write_eof()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: list[Held]) -> None:
        with suppress(OSError):  # one of the ends is gone
            while chunk := await reader.read(CHUNK):
                while kept:
                    await kept.pop().keep()
                writer.write(self._readdressed(chunk))
                await writer.drain()
            writer.write_eof()

    def _readdressed(self, chunk: bytes) -> bytes:
        for far in self._far:
            if far in chunk:
                # The answer has said how long it is.
                assert len(far) == len(self.origin)
                chunk = chunk.replace(far, self.origin.encode())
        return chunk


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
