"""The bot as a process of its own, which can be killed and started again. What it writes is noted line by line."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from sandbox.wire_log import Half, WireLog

PATIENCE = 60
"""Seconds until the bot must be ready."""

STOPS_WITHIN = 15
"""Seconds that a bot has to end by itself."""

LONGEST_LINE = 2**20

TOLD = 6
"""The last lines of a bot that did not start are told."""

BotState = Literal["starting", "running", "killed", "stopped"]


class BotProcess:
    """Runs `command` in `folder` with this environment and nothing of ours. It is ready when it logs `ready`."""

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: WireLog) -> None:
        self.state: BotState = "stopped"
        self.kills = 0
        self._command = command
        self._environment = dict(environment)
        self._folder = folder
        self._log = log
        self._watchers: list[Callable[[], None]] = []
        self._process: asyncio.subprocess.Process | None = None
        self._ready = asyncio.Event()
        self._last: deque[str] = deque(maxlen=TOLD)
        self._reading: asyncio.Task[None] | None = None

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` whenever its state changes."""
        self._watchers.append(watcher)

    @property
    def pid(self) -> int | None:
        """Return the id of the running process."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it and wait until it is ready. Raises OSError if it ends before, or takes too long."""
        self._ready.clear()
        self._move("starting")
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            env=self._environment,
            cwd=self._folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            start_new_session=True,  # Ctrl-C is for the page, which then stops the bot
        )
        self._reading = asyncio.create_task(self._read(self._process))
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait({ready, self._reading}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if not self._ready.is_set():
            raise OSError("\n".join(["the bot ended before it was ready", *self._last]))
        self._move("running")

    async def kill(self) -> int | None:
        """Kill its own process and none that it started; return the id of the process that was."""
        process = self._process
        if process is None or process.returncode is not None:
            return None
        line = self._log.open("process", "SIGKILL", source="system", target="bot", about=f"process {process.pid}")
        process.kill()
        code = await process.wait()
        self.kills += 1
        self._log.close(line, "dead", good=True, answered=Half(head=f"exit status {code}"))
        self._move("killed")
        return process.pid

    async def stop(self) -> None:
        """Stop it as an operating system does."""
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(STOPS_WITHIN):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._reading is not None:
            await self._reading
        self._move("stopped")

    def _move(self, state: BotState) -> None:
        self.state = state
        for watcher in self._watchers:
            watcher()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None  # noqa: S101 - it is a pipe
        while raw := await process.stderr.readline():
            self._note(raw, pid=process.pid)
        await process.wait()
        if self.state == "running" and process is self._process:
            self._move("stopped")

    def _note(self, raw: bytes, *, pid: int) -> None:
        self._last.append(raw.decode(errors="replace").rstrip())
        try:
            said = json.loads(raw)
        except ValueError:
            said = {"event": raw.decode(errors="replace").strip()}
        if not isinstance(said, dict):
            return
        event = str(said.get("event", ""))
        if event == "ready":
            self._ready.set()
        moved = event == "job_state_changed"
        title, about = (str(said.get("state")), str(said.get("job"))) if moved else (event, f"process {pid}")
        good = said.get("level") in {"info", "debug", None}
        sent = Half(head=f"log line of process {pid}", body=raw, total=len(raw), content_type="application/json")
        line = self._log.open("job" if moved else "log", title, source="bot", target="system", sent=sent, about=about)
        note = str(said.get("note") or "") if moved else ""
        self._log.close(line, note if good else str(said.get("level")), good=good)
