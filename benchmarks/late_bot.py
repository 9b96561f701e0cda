"""A bot in a process that measures how late its event loop is, for `benchmarks.large_answers`.

    python -m benchmarks.late_bot SETTINGS

It prints its port. Each line on its stdin is a command: `mark` prints the longest lateness since the last `mark`, in
milliseconds, and `stretch` makes all recordings 400 minutes long. With `TRACE` set, a thread prints where the loop is.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
import time
import traceback
from datetime import timedelta

import structlog

from bot.app import open_bot, serve
from bot.settings.model import Settings
from storage.database import Transaction
from storage.timestamps import stored

PERIOD = 0.01
NOTABLE = 0.05
LENGTH = timedelta(minutes=400)


class Lateness:
    """The longest time by which a sleep of the event loop ended too late, in seconds."""

    def __init__(self) -> None:
        self.worst = 0.0
        self.last = time.perf_counter()

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            self.last = time.perf_counter()
            await asyncio.sleep(PERIOD)
            self.worst = max(self.worst, time.perf_counter() - self.last - PERIOD)

    def trace(self) -> None:
        """Print the main thread's stack whenever the loop is late."""
        loop = threading.main_thread().ident
        while True:
            time.sleep(PERIOD)
            late = time.perf_counter() - self.last - PERIOD
            if late > NOTABLE and loop is not None:
                lines = traceback.format_stack(sys._current_frames()[loop])[-6:]  # noqa: SLF001 - documented so
                print(f"late {late * 1000:.0f} ms\n{''.join(lines)}", file=sys.stderr, flush=True)


def _stretch(tx: Transaction) -> None:
    tx.run("UPDATE jobs SET duration = :length", length=stored(LENGTH))


async def main(settings: Settings) -> None:
    """Run the bot and answer commands until the end of stdin."""
    lateness, stop = Lateness(), asyncio.Event()
    async with open_bot(settings) as bot:
        print(bot.listening.port, flush=True)
        tasks = [asyncio.create_task(serve(bot, stop, role="benchmark")), asyncio.create_task(lateness.run())]
        if os.environ.get("TRACE"):
            threading.Thread(target=lateness.trace, daemon=True).start()
        while command := await asyncio.to_thread(sys.stdin.readline):
            if command == "stretch\n":
                await bot.tools.database.write(_stretch)
            print(lateness.worst * 1000, flush=True)
            lateness.worst = 0.0
        stop.set()
        tasks.pop().cancel()
        await asyncio.gather(*tasks)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    asyncio.run(main(Settings(_env_file=None, **json.loads(sys.argv[1]))))
