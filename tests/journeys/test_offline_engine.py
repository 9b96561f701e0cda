"""Without an account: what somebody says is in their thread, written by the model on this machine."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.scoring import words
from sandbox.slack import Slack, Upload
from storage.job import JobState
from tests.corpus.processes import needs_proc, started
from tests.journeys.bench import Bench, only_reply, quiet, silent, words_of
from tests.transcription.embedded.test_embedded import ENGINE
from tests.transcription.offline_model import PEOPLE, SENTENCES, real_model

OFFLINE: dict[str, Any] = {"transcriber": "embedded", "botlhale_org_id": None, "botlhale_refresh_token": None}


def person(number: int = 1) -> Upload:
    path: Path = PEOPLE / f"sense_and_sensibility_{number}.flac"
    return Upload(content=path.read_bytes(), name=path.name, filetype="flac")


async def test_a_person_is_answered_by_whisper_with_what_to_expect(bench: Bench, slack: Slack) -> None:
    real_model(bench.folder)  # skips where there is none
    await bench.start(**OFFLINE, embedded_model="tiny.en")
    reply = await only_reply(slack, await slack.share(slack.channel("general"), [person()]))
    told = words_of(reply)
    assert len(set(words(SENTENCES["sense_and_sensibility_1"])) - set(words(told))) <= 2
    assert "on this server. Expect about 5 wrong words in 100 of clear English" in told
    assert "transcribed as English" in told


async def test_a_language_that_the_model_lacks_is_refused_with_what_has_it(bench: Bench, slack: Slack) -> None:
    real_model(bench.folder)
    await bench.start(**OFFLINE, embedded_model="tiny.en", embedded_language="zu-ZA")
    reply = await only_reply(slack, await slack.share(slack.channel("general"), [person()]))
    assert "doesn't understand isiZulu. Botlhale AI does." in words_of(reply)


async def test_where_nobody_speaks_it_says_so(bench: Bench, slack: Slack) -> None:
    real_model(bench.folder)
    await bench.start(**OFFLINE, embedded_model="tiny.en")
    reply = await only_reply(slack, await slack.share(slack.channel("general"), [quiet(3)]))
    assert "speech" in words_of(reply)


async def test_a_model_that_was_chosen_and_is_missing_delays_and_answers_once_it_is_there(
    bench: Bench, slack: Slack
) -> None:
    real_model(bench.folder)
    channel = slack.channel("general")
    await bench.start(**OFFLINE, embedded_model="small", embedded_models_directory=bench.folder / "none")
    share = await slack.share(channel, [person(2)])
    job = await bench.waits(JobState.RECEIVED)
    assert job.failure is None
    assert silent(slack, channel)
    await bench.stop()
    await bench.start(**OFFLINE, embedded_model="tiny.en")
    await bench.ended_at_last()
    assert "respectable" in words_of(await only_reply(slack, share))


@pytest.mark.parametrize(
    "spoil",
    [lambda whole: whole[:-1], lambda whole: bytes([whole[0] ^ 1]) + whole[1:]],
    ids=["a byte short", "a bit changed"],
)
async def test_a_model_that_is_damaged_delays_and_answers_once_it_is_whole(
    bench: Bench, slack: Slack, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[bytes], bytes]
) -> None:
    model = await real_model(bench.folder).find()
    assert model is not None
    models = bench.folder / "models"
    shutil.copytree(model.folder, models / "tiny.en")
    vocabulary = models / "tiny.en" / "vocabulary.txt"
    whole = vocabulary.read_bytes()
    vocabulary.write_bytes(spoil(whole))
    monkeypatch.setattr("transcription.models.packages.installed", lambda *_, **__: None)
    await bench.start(**OFFLINE, embedded_model="tiny.en", embedded_models_directory=models)
    share = await slack.share(slack.channel("general"), [person(2)])
    assert (await bench.waits(JobState.RECEIVED)).failure is None
    assert silent(slack, slack.channel("general"))
    await bench.stop()
    vocabulary.write_bytes(whole)
    await bench.start(**OFFLINE, embedded_model="tiny.en", embedded_models_directory=models)
    await bench.ended_at_last()
    assert "respectable" in words_of(await only_reply(slack, share))


async def test_a_model_of_ones_own_that_cannot_be_opened_delays_and_answers_once_it_is_whole(
    bench: Bench, slack: Slack
) -> None:
    model = await real_model(bench.folder).find()
    assert model is not None
    mine = bench.folder / "mine"
    shutil.copytree(model.folder, mine)
    whole = (mine / "model.bin").read_bytes()
    (mine / "model.bin").write_bytes(whole[:1_000_000])
    await bench.start(**OFFLINE, embedded_model=str(mine))
    share = await slack.share(slack.channel("general"), [person(2)])
    job = await bench.waits(JobState.RECEIVED)
    assert job.failure is None
    assert silent(slack, slack.channel("general"))
    (mine / "model.bin").write_bytes(whole)
    await bench.ended_at_last()
    assert "respectable" in words_of(await only_reply(slack, share))


@needs_proc
async def test_an_engine_that_is_killed_outright_is_told(bench: Bench, slack: Slack) -> None:
    """As by a system that ran out of memory: the recording may be the reason, so it is not tried without end."""
    real_model(bench.folder)
    await bench.start(**OFFLINE, embedded_model="tiny.en")
    share = await slack.share(slack.channel("general"), [person()])
    os.kill(await started(os.getpid(), module=ENGINE), signal.SIGKILL)
    reply = await only_reply(slack, share)
    assert "the offline engine" in words_of(reply).lower()
    (job,) = await bench.ended()
    assert job.failure is not None


@needs_proc
async def test_an_engine_that_is_taken_away_begins_again(bench: Bench, slack: Slack) -> None:
    """By somebody who tidies up, or by a machine that shuts down."""
    real_model(bench.folder)
    await bench.start(**OFFLINE, embedded_model="tiny.en")
    share = await slack.share(slack.channel("general"), [person()])
    os.kill(await started(os.getpid(), module=ENGINE), signal.SIGTERM)
    assert "leisure" in words_of(await only_reply(slack, share))


async def test_an_engine_that_does_not_come_to_an_end_is_stopped_and_told(
    bench: Bench, slack: Slack, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_model(bench.folder)
    monkeypatch.setattr("transcription.embedded.transcriber._EXTRA_TIME", timedelta(milliseconds=1))
    monkeypatch.setattr("transcription.embedded.transcriber._TIME_FACTOR", 0)
    await bench.start(**OFFLINE, embedded_model="tiny.en")
    reply = await only_reply(slack, await slack.share(slack.channel("general"), [person()]))
    assert "the offline engine" in reply.text.lower()
    (job,) = await bench.ended()
    assert job.failure is not None
