"""B: 2,000 recordings in 20 channels at once: who is acknowledged, who is answered first, and the memory.

One bot in a process of its own, in HTTP mode, as it is set up by default; Slack and the provider are the sandbox's. In
nineteen channels recordings are shared by the hundred, and in the last one a single recording, after all others. It is
watched until that one and one in ten of all are answered.

    python -m benchmarks.flooding [--recordings 2000]
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress

import aiohttp
import click

from benchmarks.acknowledging import signed_request
from benchmarks.load_client import send_all
from benchmarks.measuring import Found, Goal, Result, cpu_of, folder, memory_of, number
from benchmarks.soak.process import Process
from sandbox.botlhale import Botlhale
from sandbox.ports import free_port
from sandbox.slack import Share, Slack, Upload
from tests.journeys.machine_faults import plain

RECORDINGS, CHANNELS = 2000, 20
WITHIN = 900.0
"""Seconds; what is not answered by then is not waited for."""

SLACK_WAITS = 3.0

SLOWEST = Goal(
    key="B1",
    what=f"{RECORDINGS:,} recordings at once, each on its own connection: the slowest acknowledgement",
    against="Slack's 3 s",
    most=1,
)
MEMORY = Goal(key="B2", what="the same: MB of memory more than before, at most", against="an idle bot", most=50)
FAIR = Goal(
    key="B3",
    what="the same: place among all answers of the one recording that is alone in its channel",
    against=f"{RECORDINGS:,} answers",
    most=0.05,
)


def measure() -> list[Found]:
    """Measure all goals, once: it takes minutes."""
    return asyncio.run(flood(RECORDINGS))


async def flood(recordings: int) -> list[Found]:
    """Share so many at once."""
    async with AsyncExitStack() as stack:
        base = stack.enter_context(folder())
        slack = await stack.enter_async_context(Slack(retry_delays=()))
        botlhale = await stack.enter_async_context(Botlhale())
        port = free_port()
        bot = Process(base / "bot", environment=_environment(slack, botlhale, port))
        stack.push_async_callback(_ended, asyncio.create_task(bot.keep()))
        await _ready(port)
        slack.subscriptions.clear()  # what Slack tells is sent below, all of it at once
        assert bot.running is not None
        pid = bot.running.pid
        others, single = await _share(slack, recordings)
        requests = [_event(slack, share) for share in (*others, single)]
        before, spent, began = memory_of(pid), cpu_of(pid), time.perf_counter()
        took = await send_all(port, requests, connections=recordings)
        spent = cpu_of(pid) - spent
        place, answered = await _watch(slack, others, single, enough=recordings // 10)
        grown = (memory_of(pid, "VmHWM") - before) / 1e6
        passed = time.perf_counter() - began
    return [
        Result(
            goal=SLOWEST,
            ratios=[max(took) / SLACK_WAITS],
            scale=f"{number(max(took))} s, of which the bot had a processor for {number(spent)} s",
        ),
        Result(goal=MEMORY, ratios=[grown], scale=f"MB; {number(before / 1e6)} MB before"),
        Result(
            goal=FAIR,
            ratios=[place / recordings],
            scale=f"no later than the {place}th; {answered:,} answered in {number(passed)} s",
        ),
    ]


def _environment(slack: Slack, botlhale: Botlhale, port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LOG_LEVEL": "warning",
        "HTTP_PORT": str(port),
        "DATABASE_URL": "sqlite:///bot.db",
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "SLACK_API_URL": slack.api_url,
        "SLACK_FILE_ORIGINS": slack.origin,
        "TRANSCRIBER": "botlhale",
        "BOTLHALE_BASE_URL": botlhale.origin,
        "BOTLHALE_ORG_ID": botlhale.org_id,
        "BOTLHALE_REFRESH_TOKEN": botlhale.refresh_token,
    }


async def _ready(port: int) -> None:
    async with aiohttp.ClientSession() as session:
        while True:
            with suppress(aiohttp.ClientError):
                async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:  # noqa: PLR2004 - HTTP's
                        return
            await asyncio.sleep(0.1)


async def _ended(keeping: asyncio.Task[None]) -> None:
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping


async def _share(slack: Slack, recordings: int) -> tuple[Sequence[Share], Share]:
    """Share them all; the last one is alone in its channel."""
    busy = [slack.channel(f"busy-{each}") for each in range(CHANNELS - 1)]
    quiet = slack.channel("quiet")
    others = [await slack.share(busy[each % len(busy)], [Upload(**plain(each))]) for each in range(recordings - 1)]
    return others, await slack.share(quiet, [Upload(**plain(recordings))])


def _event(slack: Slack, share: Share) -> bytes:
    """Return the request by which Slack tells of it."""
    about = {
        "type": "file_shared",
        "file_id": share.file_ids[0],
        "channel_id": share.channel.id,
        "user_id": slack.user("amara"),
        "event_ts": share.ts,
    }
    told = {
        "type": "event_callback",
        "team_id": slack.team_id,
        "api_app_id": slack.app_id,
        "event_id": f"Ev{share.file_ids[0]}",
        "event_time": int(float(share.ts)),
        "event": about,
        "authorizations": [],
    }
    return signed_request(json.dumps(told).encode(), secret=slack.signing_secret)


async def _watch(slack: Slack, others: Sequence[Share], single: Share, *, enough: int) -> tuple[int, int]:
    """Return the place of the single one, and how many were answered, once both can be said."""
    place, until = 0, time.monotonic() + WITHIN
    while True:
        answered = sum(bool(slack.replies(share)) for share in others)
        if not place and slack.replies(single):
            place = answered + 1
        if (place and answered >= enough) or time.monotonic() > until:
            return place or len(others) + 1, answered
        await asyncio.sleep(0.5)


@click.command()
@click.option("--recordings", default=RECORDINGS, show_default=True)
def main(recordings: int) -> None:
    """Share so many at once, and print what was measured."""
    for found in asyncio.run(flood(recordings)):
        print(found)


if __name__ == "__main__":
    main()
