"""What a browser does with the demo's page, without a browser: its requests, and the stream of changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

PATIENCE = 40

State = dict[str, Any]


class PageClient:
    """A session with the page at `address`, which ends with a slash."""

    def __init__(self, address: str, session: aiohttp.ClientSession) -> None:
        self.address = address
        self.session = session

    async def ask(self, request: str, /, **given: object) -> State:
        """Send one request of the page; its answer."""
        async with self.session.post(self.address + request, json=given) as answer:
            assert answer.status == 200, await answer.text()
            said: State = await answer.json()
            return said

    async def get(self, path: str) -> State:
        async with self.session.get(self.address + path) as answer:
            assert answer.status == 200, await answer.text()
            said: State = await answer.json()
            return said

    async def share(self, channel: str, content: bytes, *, name: str, kind: str, **query: str) -> State:
        params = {"channel": channel, "name": name} | query
        headers = {"Content-Type": kind}
        async with self.session.post(f"{self.address}share", params=params, data=content, headers=headers) as answer:
            said: State = await answer.json()
            return said

    async def events(self) -> AsyncIterator[tuple[str, Any]]:
        """The stream: the name of each event and its data."""
        name = ""
        async with self.session.get(f"{self.address}events") as answer:
            async for raw in answer.content:
                line = raw.decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield name, json.loads(line.removeprefix("data: "))

    async def until(self, condition: Callable[[State], object]) -> State:
        """Wait until the page would show what `condition` looks for; the workspace then."""
        async with asyncio.timeout(PATIENCE):
            async for name, data in self.events():
                if name == "state" and condition(data):
                    return dict(data)
        raise AssertionError("the stream ended")

    async def state(self) -> State:
        return await self.until(lambda _: True)

    async def lines(self, condition: Callable[[list[State]], object] = bool) -> list[State]:
        """Wait until the lines of the wire fulfil a condition; all of them, oldest first."""
        known: dict[int, State] = {}
        async with asyncio.timeout(PATIENCE):
            async for name, data in self.events():
                if name == "wire":
                    known |= {line["number"]: line for line in data}
                    if condition(list(known.values())):
                        return list(known.values())
        raise AssertionError("the stream ended")


@asynccontextmanager
async def visiting(address: str) -> AsyncIterator[PageClient]:
    async with aiohttp.ClientSession() as session:
        yield PageClient(address, session)


def channel_named(state: State, name: str) -> str:
    [found] = [channel["id"] for channel in state["channels"] if channel["name"] == name]
    return str(found)


def replies(state: State, channel: str, ts: str) -> list[State]:
    """The bot's messages in a thread."""
    return [message for message in state["messages"][channel] if message["thread_ts"] == ts and message["bot"]]
