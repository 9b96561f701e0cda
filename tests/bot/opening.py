"""Open a bot's tools with wrappers around them, so that tests can observe and interrupt its calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot.app import Bot, check_settings, open_tools, wire
from bot.clock import Clock
from bot.database import open_database
from bot.settings.model import Settings
from bot.slack.socket_mode.timings import TIMINGS, Timings
from bot.worker.tools import Tools

Around = Callable[[Tools], Tools]
"""Returns the tools that the bot shall use in place of its own."""


def as_they_are(tools: Tools) -> Tools:
    return tools


@asynccontextmanager
async def opened(
    settings: Settings, *, around: Around = as_they_are, timings: Timings = TIMINGS, clock: Clock | None = None
) -> AsyncIterator[Bot]:
    """As `open_bot` opens it."""
    await check_settings(settings)
    clock = clock or Clock()
    async with (
        open_database(settings, own=True) as database,
        open_tools(settings, database=database, clock=clock) as tools,
        wire(around(tools), clock=clock, timings=timings) as bot,
    ):
        yield bot
