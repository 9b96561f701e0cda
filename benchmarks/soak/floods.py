"""The floods of the soak test: bursts of events, answers of a provider that are far too large, forged webhooks."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress

import aiohttp

from benchmarks.soak.load import TOKEN
from sandbox import faults
from sandbox.botlhale import Botlhale
from sandbox.gowajee import Gowajee
from sandbox.slack import Channel, Slack

BURST, BURSTS = 300, (20.0, 40.0)
"""Events at once, and seconds between two bursts."""

LIE, LIES = 64 * 2**20, (10.0, 30.0)
"""Bytes of a pretended transcript, and seconds between two of them."""

FORGERIES = 5.0
"""Per second: some with the right token, about recordings that are in work."""

FORGED = "Nobody ever said this"


class Floods:
    """What strangers and a broken provider send; `port` is where the bot listens."""

    def __init__(
        self, slack: Slack, *, botlhale: Botlhale, gowajee: Gowajee, channels: Sequence[Channel], port: int
    ) -> None:
        self.bursts = self.lies = self.forgeries = 0
        self._slack = slack
        self._botlhale = botlhale
        self._gowajee = gowajee
        self._channels = channels
        self._webhook = f"http://127.0.0.1:{port}/webhooks/gowajee"
        said = b'"' + b"so " * (LIE // 3) + b'"'
        as_json = "application/json"
        self._too_large = {
            botlhale.result_call: faults.answer(
                200, b'{"status": "complete", "transcript": %s}' % said, Content_Type=as_json
            ),
            "GET job/status": faults.answer(
                200, b'{"status": "COMPLETED", "results": [{"transcript": %s}]}' % said, Content_Type=as_json
            ),
        }

    async def run(self, *, until: float) -> None:
        """Send them until then, by `time.monotonic`."""
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            group.create_task(self._burst(until))
            group.create_task(self._lie(until))
            group.create_task(self._forge(session, until))

    async def _burst(self, until: float) -> None:
        while time.monotonic() < until:
            await asyncio.sleep(random.uniform(*BURSTS))
            self.bursts += 1
            for _ in range(BURST):
                self._slack.say(random.choice(self._channels), "All of us at once.")

    async def _lie(self, until: float) -> None:
        while time.monotonic() < until:
            await asyncio.sleep(random.uniform(*LIES))
            self.lies += 1
            call, lie = random.choice(list(self._too_large.items()))
            (self._botlhale if "asr" in call else self._gowajee).faults.arm(call, lie)

    async def _forge(self, session: aiohttp.ClientSession, until: float) -> None:
        while time.monotonic() < until:
            await asyncio.sleep(1 / FORGERIES)
            self.forgeries += 1
            job = random.choice(list(self._gowajee.jobs)[-20:] or ["made-up"])
            results = [{"transcript": FORGED, "startTime": 0, "endTime": 1.5}]
            body = {
                "type": "ASR_PULSE",
                "webhookId": self._gowajee.webhook_id,
                "jobId": job,
                "output": {"results": results, "duration": 1.5, "version": "0"},
            }
            token = random.choice([TOKEN, "forged", ""])
            with suppress(aiohttp.ClientError):
                async with session.post(self._webhook, params={"token": token}, json=body) as answer:
                    await answer.read()
