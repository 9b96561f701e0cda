"""L2, M1, R1: from a transcript to its reply in the thread.

L2: the bot, a stand-in of Gowajee and a Slack that takes 150 ms for every answer, in one process: the time from the
provider's webhook to the reply in the thread, next to one call of `chat.postMessage`.

M1: the number of Slack calls until the transcript of a 400-minute recording can be read, next to messages of 10,000
characters each.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from slack_sdk.web.async_client import AsyncWebClient

from benchmarks.measuring import ROUNDS, Figures, Found, Goal, Result, compare, folder
from bot.rendering.reply import render
from sandbox import faults
from sandbox.botlhale import Botlhale
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.script import Segment
from sandbox.slack import Slack
from storage.database import Transaction
from storage.job import JobState
from storage.timestamps import stored
from tests.journeys.bench import WEBHOOK_TOKEN, Bench, gowajee_settings, recording
from transcription.exports import as_text
from transcription.transcript import Speaker, Transcript, Turn

SLACK_TAKES = 0.15
"""Delay of every call in seconds."""

REPLIES, PENDING = 5, 1000

L2 = Goal(key="L2", what="from the provider's call to the reply in the thread", against="one call of Slack", most=1.3)
L2_PENDING = Goal(key="L2", what=f"the same with {PENDING:,} other jobs pending", against="one call of Slack", most=1.3)
M1 = Goal(
    key="M1",
    what="calls of Slack until a 400-minute transcript can be read",
    against="messages of 10,000 characters",
    most=0.15,
)
R1 = Goal(key="R1", what="rendering a transcript of 60,000 words", against="one of 6,000", most=12)

SAID = "so what we said on Monday about the second delivery still holds and nobody has to change anything for it"


def measure() -> list[Found]:
    """Measure all goals."""
    return [*asyncio.run(_delays()), asyncio.run(_calls()), _rendering()]


async def _delays() -> list[Found]:
    alone = [{"ours": await _replies(pending=0), "slack": await _posts()} for _ in range(ROUNDS)]
    among = [{"ours": await _replies(pending=PENDING), "slack": await _posts()} for _ in range(ROUNDS)]
    return [
        compare(goal, rounds, ours="ours", theirs="slack", figure="delay", unit="ms")
        for goal, rounds in ((L2, alone), (L2_PENDING, among))
    ]


async def _posts() -> Figures:
    """Return the time of one message to the slow Slack."""
    async with Slack() as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        slack.faults.persist([faults.slow(SLACK_TAKES)], share=1.0)
        took = []
        for number in range(REPLIES + 1):
            channel = slack.channel(f"channel-{number}")
            began = time.perf_counter()
            await client.chat_postMessage(channel=channel.id, text="Here is what was said.")
            took.append(time.perf_counter() - began)
    return {"delay": statistics.median(took[1:]) * 1000}


async def _replies(*, pending: int) -> Figures:
    """Return the time of a reply from the moment at which the provider begins to send its webhook."""
    async with _line() as (bench, gowajee):
        assert bench.bot is not None
        await bench.bot.tools.database.write(lambda tx: _fill(tx, pending))
        took = [await _reply(bench, gowajee, number) for number in range(REPLIES + 1)]
    return {"delay": statistics.median(took[1:]) * 1000}


@asynccontextmanager
async def _line() -> AsyncIterator[tuple[Bench, Gowajee]]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}"
    with folder() as base:
        async with Slack() as slack, Botlhale() as botlhale, Gowajee(webhook_url=url) as gowajee:
            bench = Bench(slack, botlhale, base)
            await bench.start(**gowajee_settings(gowajee), http_port=port, soonest_look=600)
            try:
                yield bench, gowajee
            finally:
                await bench.stop()


def _fill(tx: Transaction, count: int) -> None:
    """Insert jobs that are polled within the next minutes."""
    now = datetime.now(UTC)
    for number in range(count):
        tx.run(
            "INSERT INTO jobs (id, team, channel, file, occasion, user_id, state, state_since, attempts, due_at,"
            " provider, handle, created_at) VALUES (:id, 'T1', 'C1', :id, :id, 'U1', 'submitted', :now, 0, :due,"
            " 'gowajee', :id, :now)",
            id=f"other{number}",
            now=stored(now),
            due=stored(now + timedelta(seconds=120 + number)),
        )


async def _reply(bench: Bench, gowajee: Gowajee, number: int) -> float:
    slack = bench.slack
    channel = slack.channel(f"channel-{number}")
    gowajee.hold = True
    share = await slack.share(channel, [recording()])
    await bench.waits(JobState.SUBMITTED)
    slack.faults.persist([faults.slow(SLACK_TAKES)], share=1.0)
    began = time.perf_counter()
    gowajee.release()
    await slack.wait_for_replies(share)
    took = time.perf_counter() - began
    slack.faults.clear()
    await bench.waits(JobState.REPLIED)
    return took


async def _calls() -> Found:
    """Count the calls."""
    turns = list(_talk(60_000))

    with folder() as base:
        async with Slack() as slack, Botlhale() as botlhale:
            bench = Bench(slack, botlhale, base)
            botlhale.script, botlhale.hold = [_segment(*numbered) for numbered in enumerate(turns)], True
            await bench.start()
            share = await slack.share(slack.channel("general"), [recording()])
            await bench.waits(JobState.SUBMITTED)
            assert bench.bot is not None
            length = stored(turns[-1].end)
            await bench.bot.tools.database.write(lambda tx: tx.run("UPDATE jobs SET duration = :length", length=length))
            before = len(slack.calls)
            botlhale.release()
            [reply] = await slack.wait_for_replies(share)
            made = len(slack.calls) - before
            read = b"".join(file.content for file in reply.files)
            assert all(turn.text.encode() in read for turn in turns)
            await bench.stop()
    text = as_text(Transcript(turns=tuple(turns), duration=turns[-1].end))
    messages = -(-len(text) // 10_000)
    return Result(goal=M1, ratios=[made / messages], scale=f"{made} / {messages} calls")


def _segment(number: int, turn: Turn) -> Segment:
    start, end = turn.start.total_seconds(), turn.end.total_seconds()
    return Segment(start=start, end=end, speaker=number % 4, text=turn.text)


def _rendering() -> Found:
    rounds = [rendering_round() for _ in range(ROUNDS)]
    return compare(R1, rounds, ours="long", theirs="short", figure="cpu", unit="ms")


def rendering_round() -> Mapping[str, Figures]:
    """Render a long and a short transcript several times each."""
    long, short = (_transcript(words) for words in (60_000, 6_000))
    return {"long": _rendered(long), "short": _rendered(short)}


def _rendered(transcript: Transcript) -> Figures:
    began = time.process_time()
    for _ in range(5):
        reply = render(transcript, title="Meeting", provider="Botlhale AI")
        assert reply.attachments
    return {"cpu": (time.process_time() - began) / 5 * 1000}


def _transcript(words: int) -> Transcript:
    turns = tuple(_talk(words))
    return Transcript(turns=turns, duration=turns[-1].end)


def _talk(words: int) -> Iterator[Turn]:
    """Yield turns of four alternating speakers, thirty words each, 150 words per minute."""
    said, speakers = itertools.cycle(SAID.split()), [Speaker(label=label) for label in "ABCD"]
    for number in range(words // 30):
        start = timedelta(seconds=12 * number)
        text = f"{number} " + " ".join(itertools.islice(said, 29))
        yield Turn(start=start, end=start + timedelta(seconds=11), text=text, speaker=speakers[number % 4])
