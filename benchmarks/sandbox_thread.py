"""Run a sandbox Slack in a thread, for benchmarks that start processes and have no event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sandbox.slack import Slack


@dataclass(frozen=True, slots=True)
class SandboxThread:
    """A running sandbox Slack."""

    slack: Slack

    def settings(self) -> dict[str, str]:
        """Return the settings of a bot in HTTP mode that uses it."""
        return {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "SLACK_API_URL": self.slack.api_url,
            "SLACK_FILE_ORIGINS": self.slack.origin,
        }


@contextmanager
def sandbox_slack() -> Iterator[SandboxThread]:
    """Run the sandbox inside the block."""
    loop, there = asyncio.new_event_loop(), threading.Event()
    found: list[Slack] = []

    async def serve() -> None:
        async with Slack() as slack:
            found.append(slack)
            there.set()
            await over.wait()

    over = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    there.wait()
    try:
        yield SandboxThread(found[0])
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
