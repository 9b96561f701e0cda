"""E: how late the event loop is while the longest honest transcript and a lie of 64 MB arrive.

The bot is in a process of its own (`benchmarks.late_bot`), the stand-ins are in this one. Botlhale answers with an
honest transcript of 400 minutes, 60,000 words with their times, and later three times with 64 MB: once with their size
announced, and twice packed. Then they are sent to the webhook, where the bot reads 50 MB of them. Meanwhile signed
events are sent every 100 ms. The same events alone are the other side.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from benchmarks.measuring import ROUNDS, Figures, Found, Goal, Result, folder, number
from sandbox import faults
from sandbox.botlhale import Botlhale
from sandbox.gowajee import Gowajee
from sandbox.slack import Slack
from tests.journeys.bench import WEBHOOK_TOKEN, botlhale_settings, gowajee_settings, recording

WORDS, MINUTES, TURNS = 60_000, 400, 4_000
LIE = 64 * 10**6
EVERY = 0.1
"""Seconds between events."""

SECONDS_FOR_SLACK = 3
PATIENCE = 60.0

LATE = Goal(
    key="E1",
    what="400 honest minutes and a lie of 64 MB arrive: ms that the event loop is late at most",
    against="the same events alone",
    most=50,
)
ACKNOWLEDGED = Goal(
    key="E1", what="the same: the slowest of the signed events, sent every 100 ms", against="Slack's 3 s", most=1
)


def measure() -> list[Found]:
    """Measure both goals."""
    rounds = [asyncio.run(_round()) for _ in range(ROUNDS)]
    more = [each["late"] - each["late alone"] for each in rounds]
    slowest = [each["slowest"] / SECONDS_FOR_SLACK for each in rounds]
    late, alone = (sorted(each[side] for each in rounds)[ROUNDS // 2] for side in ("late", "late alone"))
    told = sum(each["events"] for each in rounds)
    return [
        Result(goal=LATE, ratios=more, scale=f"{number(late)} / {number(alone)} ms"),
        Result(goal=ACKNOWLEDGED, ratios=slowest, scale=f"{told:.0f} events, all answered 200"),
    ]


def honest() -> bytes:
    """Return the longest honest result: turns with their words and times, as in the newest documentation."""
    per, words = WORDS // TURNS, list[dict[str, Any]]()
    turns = []
    for turn in range(TURNS):
        start = turn * MINUTES * 60_000 // TURNS
        words = [{"word": f"word{turn}", "start": start + 300 * at, "end": start + 300 * at + 250} for at in range(per)]
        said = " ".join(word["word"] for word in words)
        turns.append(
            {
                "start": start + 0.1,
                "end": start + 5000.3,
                "speaker": f"SPEAKER_{turn % 4:02}",
                "language": "English",
                "transcription": said,
                "transcription_no_LM": said,
                "redaction": said,
                "translation": said,
                "emotion": "neutral",
                "times": words,
            }
        )
    return json.dumps({"status": "complete", "audio_length": MINUTES * 60.0, "timestamps": turns}).encode()


async def _round() -> Figures:
    with folder() as base:
        async with Slack() as slack, Botlhale() as botlhale, Gowajee() as gowajee:
            settings = {
                **gowajee_settings(gowajee),
                **botlhale_settings(botlhale),
                "slack_bot_token": slack.bot_token,
                "slack_signing_secret": slack.signing_secret,
                "slack_api_url": slack.api_url,
                "slack_file_origins": slack.origin,
                "http_port": 0,
                "database_url": f"sqlite:///{base}/bot.db",
                "spool": str(base / "spool"),
                "soonest_look": 0.1,
            }
            async with _bot(settings) as bot:
                slack.events_url = f"http://127.0.0.1:{bot.port}/slack/events"
                events = _Events(slack, bot.port)
                await _arrive(slack, botlhale, bot, [])  # the first time everything is imported
                return await _both_sides(slack, botlhale, bot, events, gowajee)


async def _both_sides(slack: Slack, botlhale: Botlhale, bot: _Bot, events: _Events, gowajee: Gowajee) -> Figures:
    body, began = honest(), time.perf_counter()
    lie = body[:-1] + b" " * (LIE - len(body)) + b"}"
    packed = faults.answer(200, gzip.compress(lie, 1), Content_Type="application/json", Content_Encoding="gzip")

    async def arrive() -> None:
        await _arrive(slack, botlhale, bot, [_json(body)])
        await _arrive(slack, botlhale, bot, [_json(lie), packed, packed])
        hook = {"jobId": "nobody's", "webhookId": gowajee.webhook_id, "output": {"results": []}}
        told = json.dumps(hook).encode()
        await _webhook(bot.port, told + b" " * (LIE - len(told)))

    await bot.tell("mark")
    await events.sent_during(arrive)
    late, took = await bot.tell("mark"), time.perf_counter() - began
    slowest, count = max(events.took), len(events.took)
    await events.sent_during(lambda: asyncio.sleep(took))
    return {"late": late, "late alone": await bot.tell("mark"), "slowest": slowest, "events": count}


def _json(body: bytes) -> faults.Fault:
    return faults.answer(200, body, Content_Type="application/json")


async def _arrive(slack: Slack, botlhale: Botlhale, bot: _Bot, answers: list[faults.Fault]) -> None:
    """Share a recording, make it 400 minutes long, let the provider answer so, and wait for the reply."""
    botlhale.hold = True
    before = len(botlhale.uploads)
    share = await slack.share(slack.channel(f"channel-{len(slack.calls)}"), [recording()])
    async with asyncio.timeout(PATIENCE):
        while len(botlhale.uploads) == before:  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    await bot.tell("stretch", keep=True)
    for answer in answers:
        botlhale.faults.arm(botlhale.result_call, answer)
    botlhale.release()
    await slack.until(lambda: slack.replies(share), within=PATIENCE)


async def _webhook(port: int, body: bytes) -> None:
    url = f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}"
    async with aiohttp.ClientSession() as session:
        try:
            async with session.post(url, data=body, headers={"Content-Type": "application/json"}) as answer:
                await answer.read()
        except aiohttp.ClientError:
            pass  # refused in the middle of it


class _Events:
    """Signed events, sent every `EVERY` seconds, each on its own."""

    def __init__(self, slack: Slack, port: int) -> None:
        self._slack = slack
        self._url = f"http://127.0.0.1:{port}/slack/events"
        self._number = 0
        self.took: list[float] = []

    async def sent_during(self, work: Callable[[], Awaitable[None]]) -> None:
        """Send events until `work` is done and all are answered. Raises if one is not answered with 200."""
        self.took = []
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            busy = group.create_task(_done(work))
            while not busy.done():
                group.create_task(self._send(session))
                await asyncio.sleep(EVERY)

    async def _send(self, session: aiohttp.ClientSession) -> None:
        self._number += 1
        body, moment = json.dumps(self._event()).encode(), str(int(time.time()))
        secret = self._slack.signing_secret.encode()
        mark = hmac.new(secret, b"v0:%s:%s" % (moment.encode(), body), hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-Slack-Request-Timestamp": moment,
            "X-Slack-Signature": f"v0={mark}",
        }
        began = time.perf_counter()
        async with session.post(self._url, data=body, headers=headers) as answer:
            answer.raise_for_status()
        self.took.append(time.perf_counter() - began)

    def _event(self) -> Mapping[str, object]:
        file, at = f"F{self._number:010}", f"{int(time.time())}.{self._number % 10**6:06}"
        event = {"type": "file_shared", "file_id": file, "user_id": "U1", "channel_id": "C1", "event_ts": at}
        return {
            "team_id": self._slack.team_id,
            "api_app_id": self._slack.app_id,
            "type": "event_callback",
            "event": event,
            "event_id": f"Ev{self._number:010}",
            "event_time": int(time.time()),
        }


async def _done(work: Callable[[], Awaitable[None]]) -> None:
    await work()


class _Bot:
    def __init__(self, process: Process, port: int) -> None:
        self._process = process
        self.port = port
        self._kept = 0.0

    async def tell(self, command: str, *, keep: bool = False) -> float:
        """Return the longest lateness since the last command that did not `keep` it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n".encode())
        late = max(self._kept, float(await self._process.stdout.readline()))
        self._kept = late if keep else 0.0
        return late


@asynccontextmanager
async def _bot(settings: Mapping[str, object]) -> AsyncIterator[_Bot]:
    command = [sys.executable, "-m", "benchmarks.late_bot", json.dumps(settings)]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    try:
        yield _Bot(process, int(await process.stdout.readline()))
    finally:
        process.kill()
        await process.wait()
