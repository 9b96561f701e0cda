"""A provider's answer that is far larger than the recording can have, or as large as an honest one can be."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from handlers import words
from sandbox import faults
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.script import Segment
from sandbox.slack import Share, Slack
from storage import search
from storage.database import Transaction
from storage.job import Job, JobState, Reason
from storage.ngrams import terms
from storage.timestamps import stored as stored_span
from tests.journeys.bench import WEBHOOK_TOKEN, Bench, gowajee_settings, only_reply, recording, words_of
from transcription.bounds import most_bytes
from transcription.errors import EVIDENCE

MEGABYTE = 10**6
LIES = {
    "8 MB in one turn": [("a " * (4 * MEGABYTE), 0)],
    "10,000 turns": [("a", 0)] * 10_000,
    "500 speakers": [("a", number) for number in range(500)],
}
"""Turns, each with its text and the number of its speaker."""

JSON: dict[str, Any] = {"Content_Type": "application/json"}
TRIES = 3


def botlhale(turns: list[tuple[str, int]]) -> bytes:
    told = [{"start": 0, "end": 900, "transcription": text, "speaker": f"speaker_{speaker}"} for text, speaker in turns]
    return json.dumps({"status": "complete", "audio_length": "2.0", "timestamps": told}).encode()


def gowajee(turns: list[tuple[str, int]], **ids: str) -> bytes:
    told = [
        {"startTime": 0, "endTime": 0.9, "transcript": text, "speaker": f"SPEAKER_{speaker}"} for text, speaker in turns
    ]
    return json.dumps({**ids, "output": {"results": told, "duration": 2.0, "version": "2"}}).encode()


def padded(body: bytes, size: int) -> bytes:
    """The body with so many bytes: JSON allows any white space at its end."""
    return body + b" " * (size - len(body))


async def told_that_it_is_too_much(bench: Bench, share: Share) -> Job:
    """Wait for the end: one reply, which says so, and nothing of the answer anywhere."""
    (job,) = await bench.ended_at_last()
    assert job.failure is not None
    assert (job.failure.reason, job.failure.sentence) == (Reason.PROVIDER_FAILED, words.ANSWER_TOO_LARGE)
    assert words.ANSWER_TOO_LARGE in words_of(await only_reply(bench.slack, share))
    assert await stored(bench, "SELECT coalesce(sum(length(body)), 0) AS n FROM transcripts") == 0
    assert await stored(bench, "SELECT coalesce(max(length(body)), 0) AS n FROM inbox") <= EVIDENCE
    return job


async def stored(bench: Bench, counted: str) -> int:
    def work(tx: Transaction) -> int:
        row = tx.one(counted)
        assert row is not None
        return int(row["n"])

    assert bench.bot is not None
    return await bench.bot.tools.database.read(work)


# --- polling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lie", LIES)
async def test_botlhale_answers_too_much(bench: Bench, slack: Slack, lie: str) -> None:
    result = bench.botlhale.result_call
    bench.botlhale.faults.arm(result, faults.answer(200, botlhale(LIES[lie]), **JSON), times=99)
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording()])
    await told_that_it_is_too_much(bench, share)
    assert sum(seen.call == result for seen in bench.botlhale.requests) == TRIES


async def test_botlhale_answers_64_megabytes(bench: Bench, slack: Slack) -> None:
    lie = faults.answer(200, padded(botlhale([]), 64 * MEGABYTE), **JSON)
    bench.botlhale.faults.arm("GET /asr/async/status", lie, times=99)
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording()])
    await told_that_it_is_too_much(bench, share)


async def test_a_lie_or_two_cost_nothing_but_time(bench: Bench, slack: Slack) -> None:
    lie = faults.answer(200, botlhale(LIES["8 MB in one turn"]), **JSON)
    bench.botlhale.faults.arm(bench.botlhale.result_call, lie, times=TRIES - 1)
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording()])
    (job,) = await bench.ended_at_last()
    assert (job.state, job.failure) == (JobState.REPLIED, None)
    assert "delivery on Wednesday" in words_of(await only_reply(slack, share))


async def test_other_failures_before_do_not_shorten_the_tries(bench: Bench, slack: Slack) -> None:
    lie = faults.answer(200, botlhale(LIES["500 speakers"]), **JSON)
    for fault in (faults.answer(500), faults.answer(503), faults.answer(500), lie, faults.answer(500), lie):
        bench.botlhale.faults.arm(bench.botlhale.result_call, fault)
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording()])
    (job,) = await bench.ended_at_last()
    assert (job.state, job.failure) == (JobState.REPLIED, None)
    assert "delivery on Wednesday" in words_of(await only_reply(slack, share))


# --- Gowajee ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def at_gowajee(bench: Bench, **more: Any) -> AsyncIterator[Gowajee]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}"
    async with Gowajee(webhook_url=url, **more) as running:
        await bench.start(**gowajee_settings(running), http_port=port)
        try:
            yield running
        finally:
            await bench.stop()


@pytest.mark.parametrize("lie", LIES)
async def test_gowajee_answers_too_much_when_it_is_asked(bench: Bench, slack: Slack, lie: str) -> None:
    async with at_gowajee(bench, webhook_mode="never") as provider:
        provider.faults.arm("GET job/status", faults.answer(200, gowajee(LIES[lie]), **JSON), times=99)
        share = await slack.share(slack.channel("general"), [recording()])
        await told_that_it_is_too_much(bench, share)
        assert sum(seen.call == "GET job/status" for seen in provider.requests) == TRIES


@pytest.mark.parametrize("size", [0, 10 * MEGABYTE], ids=["as it is", "larger than anything about it"])
@pytest.mark.parametrize("lie", LIES)
async def test_gowajee_sends_too_much_where_it_cannot_be_asked(bench: Bench, slack: Slack, lie: str, size: int) -> None:
    async with at_gowajee(bench, webhook_mode="never", status_path="none") as provider:
        share = await slack.share(slack.channel("general"), [recording()])
        job = await bench.waits(JobState.SUBMITTED)
        body = padded(gowajee(LIES[lie], jobId=job.handle or "", webhookId=provider.webhook_id), size)
        assert await provider.call_back(job.handle or "", body) == 200
        await told_that_it_is_too_much(bench, share)


async def test_a_webhook_of_64_megabytes_is_not_taken_and_one_of_the_largest_size_is_cut(
    bench: Bench, slack: Slack
) -> None:
    async with at_gowajee(bench, webhook_mode="never") as provider:
        provider.hold = True
        share = await slack.share(slack.channel("general"), [recording()])
        job = await bench.waits(JobState.SUBMITTED)
        genuine = gowajee([("Hello.", 0)], jobId=job.handle or "", webhookId=provider.webhook_id)
        assert await provider.call_back(job.handle or "", padded(genuine, 64 * MEGABYTE)) in {413, None}
        assert await provider.call_back(job.handle or "", padded(genuine, most_bytes(None))) == 200
        assert await stored(bench, "SELECT max(length(body)) AS n FROM inbox") == EVIDENCE
        provider.release()
        await bench.ended_at_last()
        assert "delivery on Wednesday" in words_of(await only_reply(slack, share))


async def test_an_honest_webhook_behind_one_that_is_too_large_counts(bench: Bench, slack: Slack) -> None:
    async with at_gowajee(bench, webhook_mode="never", status_path="none") as provider:
        provider.hold = True
        share = await slack.share(slack.channel("general"), [recording()])
        job = await bench.waits(JobState.SUBMITTED)
        ids = {"jobId": job.handle or "", "webhookId": provider.webhook_id}
        assert await provider.call_back(job.handle or "", gowajee(LIES["8 MB in one turn"], **ids)) == 200
        assert await provider.call_back(job.handle or "", gowajee([("Honest words.", 0)], **ids)) == 200
        await bench.ended_at_last()
        assert "Honest words." in words_of(await only_reply(slack, share))


# --- honest ones -----------------------------------------------------------------------------------------------------

MINUTES, TURNS = 400, 2000
SAID = "so what we said on Monday about the second delivery still holds and nobody has to change anything for it ok"


def honest(number: int) -> Segment:
    """One of thirty words, every twelve seconds: 60,000 words in 400 minutes."""
    text = f"{number} {SAID} and once more {SAID[:40]}"
    return Segment(start=12 * number, end=12 * number + 11, speaker=number % 4, text=text)


@pytest.mark.long
@pytest.mark.parametrize("way", ["Botlhale", "Gowajee, asked", "Gowajee, by webhook alone"])
async def test_an_honest_transcript_of_400_minutes_is_posted_and_found(bench: Bench, slack: Slack, way: str) -> None:
    script = [honest(number) for number in range(TURNS)]
    if way == "Botlhale":
        bench.botlhale.script, bench.botlhale.hold = script, True
        await bench.start()
        await goes_through(bench, slack, release=bench.botlhale.release)
        return
    mode: dict[str, Any] = {"status_path": "none"} if way.endswith("alone") else {"webhook_mode": "never"}
    async with at_gowajee(bench, **mode) as running:
        running.script, running.hold = script, True
        await goes_through(bench, slack, release=running.release)


async def goes_through(bench: Bench, slack: Slack, *, release: Callable[[], None]) -> None:
    """Share a recording that counts as one of 400 minutes, and let the provider answer."""
    share = await slack.share(slack.channel("general"), [recording()])
    await bench.waits(JobState.SUBMITTED)
    assert bench.bot is not None
    database = bench.bot.tools.database
    length = stored_span(timedelta(minutes=MINUTES))
    await database.write(lambda tx: tx.run("UPDATE jobs SET duration = :length", length=length))
    release()
    async with asyncio.timeout(240):
        await slack.wait_for_replies(share)
    (job,) = await bench.ended_at_last()
    assert (job.state, job.failure) == (JobState.REPLIED, None)
    reply = await only_reply(slack, share)
    read = b"".join(file.content for file in reply.files)
    assert all(honest(number).text.encode() in read for number in range(TURNS))
    asked: Callable[[Transaction], list[search.SearchHit]] = lambda tx: search.find(  # noqa: E731 - typed
        tx, team=job.origin.team, channels=[job.origin.channel], terms=terms(f'"{TURNS - 1} so what"'), limit=2
    )
    (hit,) = await database.read(asked)
    assert (hit.job.id, hit.turn) == (job.id, TURNS - 1)
