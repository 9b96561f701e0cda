"""The stand-in run by itself, as `python -m sandbox.slack`."""

from __future__ import annotations

import asyncio
import sys

import aiohttp


async def test_it_says_where_it_is_and_with_which_token() -> None:
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox.slack", "--port", "0", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert running.stdout is not None
        lines = [(await running.stdout.readline()).decode().strip() for _ in range(4)]
        said = dict(line.split("=", 1) for line in lines)
        headers = {"Authorization": f"Bearer {said['SLACK_BOT_TOKEN']}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{said['SLACK_API_URL']}auth.test", headers=headers) as answered,
        ):
            assert (await answered.json())["ok"]
    finally:
        running.terminate()
        await running.wait()
    assert set(said) == {"SLACK_API_URL", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"}
