"""A minimal Slack app for tests of the Slack stand-in: it sends and receives with plain aiohttp."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from sandbox.slack import Slack

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Calls the Web API with the bot's token."""

    slack: Slack
    session: aiohttp.ClientSession

    async def call(self, method: str, **args: object) -> Json:
        """Call a method as slack_sdk does: a form, lists and objects as JSON."""
        form = {
            name: json.dumps(value) if isinstance(value, list | dict) else str(value) for name, value in args.items()
        }
        headers = {"Authorization": f"Bearer {self.slack.bot_token}"}
        async with self.session.post(f"{self.slack.api_url}{method}", data=form, headers=headers) as answer:
            body: Json = await answer.json()
            return body

    async def refused(self, method: str, **args: object) -> str:
        """Call a method that must be refused, and return Slack's word for it."""
        answer = await self.call(method, **args)
        assert answer["ok"] is False, answer
        return str(answer["error"])

    async def download(self, url: str, *, token: str | None = None) -> tuple[str, bytes]:
        """Return the media type and the body of a file."""
        headers = {"Authorization": f"Bearer {token or self.slack.bot_token}"}
        async with self.session.get(url, headers=headers) as answer:
            return answer.content_type, await answer.read()


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One request that the app got."""

    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        """The body of an event."""
        parsed: Json = json.loads(self.body)
        return parsed


Reaction = Callable[[Heard], Awaitable[web.Response]]


@dataclass(kw_only=True)
class App:
    """Listens at a request URL and answers each request as told, 200 by default."""

    reactions: list[Reaction] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)

    async def hear(self, request: web.Request) -> web.Response:
        """Note a request; the reactions are used up in order."""
        heard = Heard(headers=dict(request.headers), body=await request.read())
        self.heard.append(heard)
        return await self.reactions.pop(0)(heard) if self.reactions else web.Response()


@asynccontextmanager
async def listening(slack: Slack, *reactions: Reaction) -> AsyncIterator[App]:
    """Run an app as the stand-in's request URL."""
    app = App(reactions=list(reactions))
    served = web.Application()
    served.router.add_post("/slack/events", app.hear)
    runner = web.AppRunner(served, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        slack.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        yield app
    finally:
        await runner.cleanup()


def saying(status: int = 200, *, text: str = "", **headers: str) -> Reaction:
    """React with this."""

    async def react(_heard: Heard) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=text, headers=named)

    return react


def late(seconds: float) -> Reaction:
    """React too late."""

    async def react(_heard: Heard) -> web.Response:
        await asyncio.sleep(seconds)
        return web.Response()

    return react


def section(text: str) -> Json:
    """Return a section block."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
