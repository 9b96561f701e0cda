"""Let a command that is stopped remove what it made: temporary files with a recording in them, a bot of the demo."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

STOPPING = (signal.SIGTERM, signal.SIGHUP)
"""SIGINT is asyncio's: it cancels the command, too."""


async def stoppable(command: Coroutine[Any, Any, int | None]) -> int | None:
    """Run a command and return its exit code; cancel it when a signal stops the process.

    Once it has put everything in order, the process ends by this signal, as its sender expects. A second one ends it
    at once. A command that handles these signals itself, such as `run`, does as it says.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    received: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        received.append(number)
        for each in STOPPING:
            loop.remove_signal_handler(each)
        if task is not None:
            task.cancel()

    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` makes it
            with suppress(NotImplementedError):
                loop.add_signal_handler(number, stop, number)
    try:
        return await command
    except asyncio.CancelledError:
        if received:
            sys.stdout.flush()
            sys.stderr.flush()
            # Not after the loop was closed: that waits for a thread that may be reading standard input.
            os.kill(os.getpid(), received[0])
        raise
