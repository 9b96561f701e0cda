"""The troubles of the soak test: faulty calls, kills, ids that change, and events that Slack drops."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus

from benchmarks.soak.process import Process
from sandbox import faults
from sandbox.botlhale import Botlhale
from sandbox.gowajee import Gowajee
from sandbox.slack import Channel, Slack

FAULTY = 0.05
"""The share of calls that fail."""

ANOTHER_ID = (5.0, 15.0)
"""Seconds between two changes of an id."""

DROPPING, DROPPED_FOR = (40.0, 80.0), 5.0
"""Seconds between two times in which Slack drops events, and their length."""

AHEAD = (-3600.0, -61.0, 61.0, 2700.0, 86_400.0, 365 * 86_400.0)
"""Seconds by which a clock is wrong when it jumps."""

JUMPS = (10.0, 20.0)
"""Seconds between two jumps of a clock; every other one is back to the right time."""

LIFE = (5.0, 25.0)
"""Minimum and maximum seconds between two kills."""

JSON = "application/json"
SLACK_FAULTS = (
    faults.hang_up_before(),
    faults.hang_up_after(),
    faults.rate_limited(1),
    faults.answer(500),
    faults.slow(2),
    faults.answer(503, b"<html>over capacity</html>", Retry_After="2"),
    faults.answer(200, b"[]", Content_Type=JSON),
    faults.answer(200, b"<html>over capacity</html>", Content_Type="text/html"),
    faults.answer(200, b'{"ok": tru', Content_Type=JSON),
    faults.answer(200, b'{"ok": false, "error": "internal_error"}', Content_Type=JSON),
)
PROVIDER_FAULTS = (
    faults.hang_up_before(),
    faults.hang_up_after(),
    faults.rate_limited(1),
    faults.answer(500),
    faults.slow(2),
    faults.answer(503, Retry_After="2"),
    faults.answer(200, b"<html>", Content_Type="text/html"),
    faults.answer(502, act=True),
)


@contextmanager
def faulty_calls(slack: Slack, *providers: Botlhale | Gowajee) -> Iterator[None]:
    """Let some of all calls fail while this lasts."""
    slack.faults.persist(SLACK_FAULTS, share=FAULTY)
    for provider in providers:
        provider.faults.persist(PROVIDER_FAULTS, share=FAULTY)
    yield
    for stand_in in (slack, *providers):
        stand_in.faults.clear()


class Troubles:
    """Kills the processes, sets their clocks, gives private channels new ids, and lets Slack drop events."""

    def __init__(self, slack: Slack, *, processes: Sequence[Process], channels: Sequence[Channel]) -> None:
        self.kills = self.moved = self.drops = self.jumps = 0
        self._slack = slack
        self._processes = processes
        self._private = [channel for channel in channels if channel.kind == "private"]

    async def run(self, *, until: float) -> None:
        """Make them until then, by `time.monotonic`."""
        async with asyncio.TaskGroup() as group:
            for trouble in (self._kill, self._jump, self._move, self._drop):
                group.create_task(trouble(until))

    async def _kill(self, until: float) -> None:
        while time.monotonic() < until:
            await asyncio.sleep(random.uniform(*LIFE))
            random.choice(self._processes).kill()
            self.kills += 1

    async def _jump(self, until: float) -> None:
        while time.monotonic() < until:
            await asyncio.sleep(random.uniform(*JUMPS))
            self.jumps += 1
            right = self.jumps % 2 == 0
            for process in self._processes:
                process.set_clock(0 if right else random.choice(AHEAD))
        for process in self._processes:
            process.set_clock(0)

    async def _move(self, until: float) -> None:
        while time.monotonic() < until:
            await asyncio.sleep(random.uniform(*ANOTHER_ID))
            self.moved += 1
            await self._slack.change_channel_id(random.choice(self._private))

    async def _drop(self, until: float) -> None:
        while time.monotonic() < until:
            await asyncio.sleep(random.uniform(*DROPPING))
            self.drops += 1
            self._slack.drops_events = True
            while (await self._slack.limit_events()).status != HTTPStatus.OK:  # noqa: ASYNC110 - until it is heard
                await asyncio.sleep(0.5)
            await asyncio.sleep(DROPPED_FOR)
            self._slack.drops_events = False
