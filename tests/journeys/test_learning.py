"""The bot learns how long a provider takes, and looks when the transcript is likely to be there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.slack import Slack
from storage import speeds
from storage.job import JobState
from storage.speeds import ENOUGH, Speed
from tests.journeys.bench import WEBHOOK_TOKEN, Bench, gowajee_settings, only_reply, recording

STATUS = "GET /asr/async/status"

USUAL = 0.5
"""What the provider takes, as a share of a recording and half a minute."""


async def speed_of(bench: Bench, *, provider: str = "botlhale", model: str = "") -> Speed:
    assert bench.bot is not None
    return await bench.bot.tools.database.read(lambda tx: speeds.speed_of(tx, provider=provider, model=model))


async def teach(bench: Bench, *, provider: str = "botlhale", model: str = "") -> None:
    """As after some recordings of an hour."""
    assert bench.bot is not None
    hour, took = timedelta(hours=1), USUAL * timedelta(hours=1, seconds=30)
    for _ in range(ENOUGH):
        await bench.bot.tools.database.write(
            lambda tx: speeds.learn(tx, provider=provider, model=model, length=hour, time_taken=took)
        )


async def test_every_transcript_teaches_how_long_the_provider_takes(bench: Bench, slack: Slack) -> None:
    await bench.start()
    for _ in range(2):
        await slack.share(slack.channel("general"), [recording()])
    await bench.ended(2)

    speed = await speed_of(bench)
    assert speed.jobs == 2
    assert timedelta(0) < speed.expected(timedelta(seconds=12)) < timedelta(seconds=30)


async def test_a_recording_that_fails_teaches_nothing(bench: Bench, slack: Slack) -> None:
    await bench.start()
    bench.botlhale.fail_next()
    await slack.share(slack.channel("general"), [recording()])
    await bench.ended()

    assert (await speed_of(bench)).jobs == 0


async def test_the_first_look_comes_when_the_fastest_transcripts_are_there(bench: Bench, slack: Slack) -> None:
    await bench.start()
    await teach(bench)
    share = await slack.share(slack.channel("general"), [recording()])
    job = await bench.waits(JobState.SUBMITTED)

    assert job.duration is not None
    assert job.due_at is not None
    expected = USUAL * (job.duration + timedelta(seconds=30))
    assert 0.8 * expected < job.due_at - job.state_since < expected
    assert STATUS not in [seen.call for seen in bench.botlhale.requests]
    await bench.ended_at_last()
    await only_reply(slack, share)
    assert STATUS in [seen.call for seen in bench.botlhale.requests]


@pytest.mark.parametrize("webhook", ["normal", "never"])
async def test_where_the_provider_calls_the_first_look_is_for_a_call_that_got_lost(
    bench: Bench, slack: Slack, webhook: Any
) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}"
    async with Gowajee(webhook_url=url) as gowajee:
        gowajee.hold, gowajee.webhook_mode = True, webhook
        bot = await bench.start(**gowajee_settings(gowajee), http_port=port)
        model = bot.tools.transcribers["gowajee"].capabilities.model
        await teach(bench, provider="gowajee", model=model)
        share = await slack.share(slack.channel("general"), [recording()])
        job = await bench.waits(JobState.SUBMITTED)
        assert job.duration is not None
        assert job.due_at is not None
        expected = USUAL * (job.duration + timedelta(seconds=30))
        assert expected < job.due_at - job.state_since < 1.3 * expected

        gowajee.release()
        await (bench.ended() if webhook == "normal" else bench.ended_at_last())
        await only_reply(slack, share)
        assert (await speed_of(bench, provider="gowajee", model=model)).jobs == ENOUGH + 1
        await bench.stop()
