"""Each provider's stand-in also runs by itself, for trying a client by hand."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell makes what it starts in the background deaf to SIGINT, and whatever that starts in turn."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    ("module", "arguments"),
    [("sandbox.botlhale", []), ("sandbox.gowajee", ["--webhook-url", "http://127.0.0.1:9/?token=invented"])],
)
async def test_it_prints_its_coordinates_and_ends_when_interrupted(module: str, arguments: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, "--port", "0", *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode() for _ in range(3)]
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 0
    assert lines[0].startswith("origin")
    assert "http://127.0.0.1:" in lines[0]
