"""A process of the bot that is kept running, and killed."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from contextlib import suppress
from pathlib import Path


class Process:
    """One `threadscribe run` that is restarted whenever it ends, on a machine whose clock can be set."""

    def __init__(self, folder: Path, *, environment: dict[str, str], only: str | None = None) -> None:
        self._folder = folder
        self._clock = folder / "seconds-ahead"
        self._environment = environment | {"PYTHONPATH": str(Path(__file__).parents[2])}
        self._arguments = ["--only", only] if only else []
        self.running: asyncio.subprocess.Process | None = None

    async def keep(self) -> None:
        """Keep it running until cancelled; each start chooses a provider at random."""
        self._folder.mkdir(exist_ok=True)
        self.set_clock(0)
        with (self._folder / "bot.log").open("ab") as log:
            while True:
                chosen = {"TRANSCRIBER": random.choice(["botlhale", "gowajee"])}
                self.running = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "benchmarks.soak.skewed_bot",
                    str(self._clock),
                    *self._arguments,
                    cwd=self._folder,
                    env=self._environment | chosen,
                    stderr=log,
                )
                try:
                    await self.running.wait()
                finally:
                    if self.running.returncode is None:
                        self.running.terminate()
                        await self.running.wait()

    def kill(self) -> None:
        """Kill it with SIGKILL, like a power cut."""
        if self.running is not None and self.running.returncode is None:
            self.running.send_signal(signal.SIGKILL)

    def set_clock(self, ahead: float) -> None:
        """Set its clock so many seconds ahead of the right time, or behind it."""
        another = self._clock.with_suffix(".new")
        another.write_text(str(ahead))
        another.replace(self._clock)

    @property
    def memory(self) -> int:
        """Return its resident memory in bytes; 0 if the system does not tell."""
        if self.running is None or self.running.returncode is not None:
            return 0
        with suppress(OSError):
            pages = int(Path(f"/proc/{self.running.pid}/statm").read_text().split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE")
        return 0
