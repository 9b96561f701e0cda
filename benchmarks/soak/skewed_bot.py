"""Runs `threadscribe run` with a clock that is ahead or behind by the seconds in a file.

python -m benchmarks.soak.skewed_bot FILE [--only web|worker]
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import click

from bot import logs
from bot.app import open_tools, serve, stopped_by_signals, wire
from bot.clock import Clock
from bot.database import open_database
from bot.settings.loading import load

EVERY = 0.2
"""Seconds between two looks into the file."""


class SkewedTime:
    """The machine's time, set forward or back by what the file says."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = float("-inf")
        self._ahead = timedelta(0)

    def __call__(self) -> datetime:
        """Return the time."""
        if time.monotonic() - self._read_at >= EVERY:
            self._read_at = time.monotonic()
            self._ahead = timedelta(seconds=float(self._path.read_text() or 0))
        return datetime.now(UTC) + self._ahead


async def run(path: Path, only: Literal["web", "worker"] | None) -> None:
    """Run the bot until SIGTERM."""
    settings, clock = load(), Clock(wall=SkewedTime(path))
    logs.configure(settings)
    with stopped_by_signals() as stop:
        async with (
            open_database(settings, own=True) as database,
            open_tools(settings, database=database, clock=clock) as tools,
            wire(tools, clock=clock, only=only) as bot,
        ):
            await serve(bot, stop, role=only or "web and worker")


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--only", type=click.Choice(["web", "worker"]))
def main(path: Path, only: Literal["web", "worker"] | None) -> None:
    """Run the bot."""
    asyncio.run(run(path, only))


if __name__ == "__main__":
    main()
