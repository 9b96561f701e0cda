"""Run the soak test."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import click

from benchmarks.soak.floods import BURST, Floods
from benchmarks.soak.load import CHANNELS, PRIVATE, TOKEN, Load, voices, words
from benchmarks.soak.process import Process
from benchmarks.soak.troubles import Troubles, faulty_calls
from benchmarks.soak.verdict import Verdict
from sandbox.botlhale import Botlhale
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.script import Heard, Segment
from sandbox.slack import Slack


async def soak(*, minutes: float, database: str | None) -> int:
    """Run the test and print the result. Return 1 if a reply was doubled, lost, misplaced or forged."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        contents, known = await voices(folder)

        def hear(heard: Heard) -> list[Segment]:
            return [Segment(start=0, end=heard.seconds, speaker=0, text=words(known[heard.sha256]))]

        slack = await stack.enter_async_context(Slack(retry_delays=(0.5, 1, 2, 4, 8, 16, 32, 64)))
        slack.scopes |= {"channels:history", "groups:history"}
        slack.subscriptions |= {"message", "channel_id_changed"}
        port = free_port()
        webhook = f"http://127.0.0.1:{port}/webhooks/gowajee?token={TOKEN}"
        botlhale = await stack.enter_async_context(Botlhale())
        gowajee = await stack.enter_async_context(Gowajee(webhook_url=webhook))
        botlhale.script = gowajee.script = hear
        slack.events_url = f"http://127.0.0.1:{port}/slack/events"
        environment = {
            **_of_slack(slack),
            **_of_providers(botlhale, gowajee),
            "PATH": os.environ["PATH"],
            "LOG_LEVEL": "warning",
            "SOONEST_LOOK": "0.5",
            "DATABASE_URL": database or "sqlite:///bot.db",
        }
        roles = (
            [("web", "web", port), ("one", "worker", 0), ("two", "worker", 0)] if database else [("bot", None, port)]
        )
        processes = [
            Process(folder / name, environment=environment | {"HTTP_PORT": str(at)}, only=only)
            for name, only, at in roles
        ]
        channels = [
            slack.channel(f"team-{number}", kind="private" if number < PRIVATE else "public")
            for number in range(CHANNELS)
        ]
        floods = Floods(slack, botlhale=botlhale, gowajee=gowajee, channels=channels, port=port)
        load = Load(slack, channels=channels, contents=contents, port=port)
        troubles = Troubles(slack, processes=processes, channels=channels)
        verdict = Verdict(slack, offered=load.offered, channels=channels)
        async with _kept(processes):
            with faulty_calls(slack, botlhale, gowajee):
                largest = await _busy(
                    minutes * 60, load=load, floods=floods, troubles=troubles, verdict=verdict, processes=processes
                )
            drained = await verdict.quiet()
        print(f"\nevents offered           {load.offered.events}\nkills                    {troubles.kills}")
        print(f"largest process          {largest / 2**20:.0f} MiB\nall answered after       {drained:.0f} s of quiet")
        print(f"ids changed              {troubles.moved}\ntimes of dropped events  {troubles.drops}")
        print(f"jumps of clocks          {troubles.jumps}\nbursts of {BURST} events     {floods.bursts}")
        print(f"answers of 64 MB         {floods.lies}\nforged webhooks          {floods.forgeries}")
        is_well = verdict.tell()
        left = [room for name, _, _ in roles for room in _rooms(folder / name)]
        print(f"{'left in the spool':25}{len(left)}")
        return int(not is_well)


def _of_slack(slack: Slack) -> dict[str, str]:
    return {
        "ALLOW_SLACK_CONNECT": "true",
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "SLACK_API_URL": slack.api_url,
        "SLACK_FILE_ORIGINS": slack.origin,
    }


def _of_providers(botlhale: Botlhale, gowajee: Gowajee) -> dict[str, str]:
    return {
        "BOTLHALE_BASE_URL": botlhale.origin,
        "BOTLHALE_ORG_ID": botlhale.org_id,
        "BOTLHALE_REFRESH_TOKEN": botlhale.refresh_token,
        "GOWAJEE_BASE_URL": gowajee.origin,
        "GOWAJEE_API_KEY": gowajee.api_key,
        "GOWAJEE_WEBHOOK_ID": gowajee.webhook_id,
        "GOWAJEE_WEBHOOK_TOKEN": TOKEN,
    }


@asynccontextmanager
async def _kept(processes: Sequence[Process]) -> AsyncIterator[None]:
    """Keep all of them running while this lasts."""
    kept = [asyncio.create_task(process.keep()) for process in processes]
    yield
    for task in kept:
        task.cancel()
    await asyncio.gather(*kept, return_exceptions=True)


async def _busy(
    seconds: float, *, load: Load, floods: Floods, troubles: Troubles, verdict: Verdict, processes: Sequence[Process]
) -> int:
    """Let all of that happen for so long; return the largest memory of a process that was seen, in bytes."""
    end = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        group.create_task(load.run(until=end))
        group.create_task(floods.run(until=end))
        group.create_task(troubles.run(until=end))
        watching = group.create_task(_watch(end, load=load, troubles=troubles, verdict=verdict, processes=processes))
    return watching.result()


async def _watch(end: float, *, load: Load, troubles: Troubles, verdict: Verdict, processes: Sequence[Process]) -> int:
    begun, largest = time.monotonic(), 0
    while time.monotonic() < end:
        await asyncio.sleep(min(30, max(0.0, end - time.monotonic()) + 0.01))
        largest = max(largest, *(process.memory for process in processes))
        elapsed, events = time.monotonic() - begun, load.offered.events
        print(
            f"{elapsed:4.0f} s: {events} events ({events / elapsed:.0f}/s), {len(load.offered.shares)} recordings, "
            f"{verdict.answered()} answered, {troubles.kills} kills",
            flush=True,
        )
    return largest


def _rooms(folder: Path) -> list[Path]:
    spool = folder / "threadscribe-spool"
    return list(spool.iterdir()) if spool.exists() else []


@click.command()
@click.option("--minutes", default=10.0, show_default=True)
@click.option("--database", help="postgresql://… of an empty database; without it SQLite.")
def main(minutes: float, database: str | None) -> None:
    """Run the soak."""
    sys.exit(asyncio.run(soak(minutes=minutes, database=database)))


if __name__ == "__main__":
    main()
