"""A command that is stopped cleans up first; nobody has to wait for that who cannot."""

from __future__ import annotations

import asyncio
import signal
import sys

import pytest

from tests.bot.processes import environment

COMMAND = """
import asyncio
from bot.cli.stopping import stoppable
async def command():
    try:
        print("begun", flush=True)
        await asyncio.sleep(600)
    finally:
        print("cleaning up", flush=True)
        await asyncio.sleep({seconds})
        print("clean")
asyncio.run(stoppable(command()))
"""

STOPPED_BY = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)


async def begun(*, seconds: int) -> asyncio.subprocess.Process:
    """A command that takes so long to clean up."""
    script = COMMAND.format(seconds=seconds)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, env=environment(), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"begun\n"
    return process


@STOPPED_BY
async def test_it_cleans_up_says_what_it_has_to_say_and_ends_by_the_signal(number: signal.Signals) -> None:
    process = await begun(seconds=0)
    process.send_signal(number)
    out, _ = await process.communicate()
    assert (process.returncode, out) == (-number, b"cleaning up\nclean\n")


@STOPPED_BY
async def test_a_second_signal_ends_it_at_once(number: signal.Signals) -> None:
    process = await begun(seconds=600)
    process.send_signal(number)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"cleaning up\n"
    process.send_signal(number)
    async with asyncio.timeout(60):
        assert await process.wait() == -number
