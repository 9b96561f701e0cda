"""What Botlhale's pages leave open, read as safely as possible: a whole bot against the stand-in.

B-1 and the like are the numbers that the ambiguities have in our notes on the provider.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import structlog

from sandbox import faults
from sandbox.botlhale import SOMEBODY_ELSES, Botlhale
from sandbox.script import Segment
from sandbox.slack import Share, Slack, Upload
from sandbox.voices import SAMPLES
from storage import transcripts
from storage.job import JobState, Reason
from tests.journeys.bench import Bench, eventually, only_reply, quiet, recording, silent, words_of
from transcription import remarks
from transcription.transcript import Transcript

SNAKE = {"botlhale_dialect": "snake", "botlhale_result_path": "/asr/async/data"}
OURS = "delivery on Wednesday"


@pytest.fixture(params=["camel", "snake"])
async def either(request: pytest.FixtureRequest, bench: Bench) -> AsyncIterator[dict[str, Any]]:
    """Settings for one generation of the documentation, with the bench's stand-in speaking it."""
    if request.param == "camel":
        yield {}
        return
    async with Botlhale(dialect="snake", token_shape="B3", result_path="data", storage_shape="sigv4") as botlhale:
        bench.botlhale = botlhale
        yield SNAKE
        await bench.stop()


async def share(slack: Slack, upload: Upload | None = None) -> Share:
    return await slack.share(slack.channel("general"), [upload or recording()])


async def transcribed(bench: Bench, slack: Slack, shared: Share) -> str:
    """Wait for the end; then there is one reply, it is our transcript, and it was sent for once. Gives its words."""
    (job,) = await bench.ended_at_last()
    assert (job.state, job.failure) == (JobState.REPLIED, None)
    said = words_of(await only_reply(slack, shared))
    assert OURS in said
    assert SOMEBODY_ELSES not in said
    assert [uploaded.received for uploaded in bench.botlhale.uploads.values()] == [1]
    return said


def asked(bench: Bench, call: str) -> int:
    return len([seen for seen in bench.botlhale.requests if seen.call == call])


async def kept(bench: Bench) -> Transcript:
    """The one transcript."""
    assert bench.bot is not None
    (job,) = await bench.jobs()
    found = await bench.bot.tools.database.read(lambda tx: transcripts.get(tx, job.id))
    assert found is not None
    return found


# Answers are ours


@pytest.mark.parametrize("form", ["published", "bare", "asterisks", "none"])
async def test_a_result_is_known_as_ours_in_every_published_spelling(
    bench: Bench, slack: Slack, either: dict[str, Any], form: Any
) -> None:
    bench.botlhale.name_form = form
    await bench.start(**either)
    await transcribed(bench, slack, await share(slack))


async def test_another_recordings_result_is_asked_for_again_and_never_published(
    bench: Bench, slack: Slack, either: dict[str, Any]
) -> None:
    bench.botlhale.strange_results = 3
    await bench.start(**either)
    await transcribed(bench, slack, await share(slack))
    assert asked(bench, bench.botlhale.result_call) == 4


async def test_another_recordings_result_for_ever_ends_at_the_deadline_without_it(bench: Bench, slack: Slack) -> None:
    bench.botlhale.strange_results = 10_000
    await bench.start()
    shared = await share(slack)
    await eventually(lambda: asked(bench, bench.botlhale.result_call) > 2)
    await bench.waits(JobState.SUBMITTED)
    await bench.works_for(timedelta(minutes=31))
    (job,) = await bench.ended_at_last()
    assert job.failure is not None
    assert job.failure.reason is Reason.TOO_SLOW
    assert SOMEBODY_ELSES not in words_of(await only_reply(slack, shared))


async def test_a_status_about_another_recording_alone_is_asked_for_again(bench: Bench, slack: Slack) -> None:
    bench.botlhale.strange_statuses = 3
    await bench.start()
    await transcribed(bench, slack, await share(slack))
    assert asked(bench, "GET /asr/async/status") == 4


@pytest.mark.parametrize("strangers", [("failed",), ("failed", "running", "complete")])
@pytest.mark.parametrize("twins", [(), ("failed",), ("running", "failed", "brewing")])
async def test_of_many_entries_in_a_status_the_furthest_of_ours_decides(
    bench: Bench, slack: Slack, twins: tuple[str, ...], strangers: tuple[str, ...]
) -> None:
    bench.botlhale.duplicate_entries, bench.botlhale.foreign_entries = twins, strangers
    await bench.start()
    await transcribed(bench, slack, await share(slack))


async def test_the_oldest_status_is_a_transcript_itself(bench: Bench, slack: Slack) -> None:
    bench.botlhale.status_shape = "whole"
    await bench.start()
    await transcribed(bench, slack, await share(slack))
    assert asked(bench, bench.botlhale.result_call) == 0


# Answers are whole


@pytest.mark.parametrize("length", ["text", "seconds", "number", "milliseconds", "clock", "long clock"])
async def test_a_length_in_any_form_squeezes_nothing(bench: Bench, slack: Slack, length: Any) -> None:
    bench.botlhale.audio_length = length
    await bench.start()
    said = await transcribed(bench, slack, await share(slack))
    assert remarks.TIMES_ARE_WRONG not in said
    transcript = await kept(bench)
    true = SAMPLES["note"].lines[-1]
    assert abs(transcript.turns[-1].start - timedelta(seconds=true.start)) < timedelta(seconds=0.1)
    assert abs(transcript.turns[-1].end - timedelta(seconds=true.end)) < timedelta(seconds=0.1)


async def test_times_that_reach_far_beyond_the_recording_are_remarked(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = [Segment(start=0, end=4000, speaker=0, text=OURS)]
    await bench.start()
    assert remarks.TIMES_ARE_WRONG in await transcribed(bench, slack, await share(slack))


@pytest.mark.parametrize("lacking", ["end", "speaker", "language"])
async def test_a_segment_without_its_end_or_less_costs_no_words(bench: Bench, slack: Slack, lacking: str) -> None:
    bench.botlhale.script = [
        Segment(start=0.5, end=2, speaker=0, text="The first words."),
        Segment(start=2, end=4, speaker=1, text=OURS),
    ]
    bench.botlhale.first_segment_lacks = (lacking,)
    await bench.start()
    said = await transcribed(bench, slack, await share(slack))
    assert "The first words." in said
    assert remarks.PARTS_ARE_MISSING not in said


@pytest.mark.parametrize("lacking", ["start", "transcription"])
async def test_a_segment_that_cannot_be_placed_or_read_costs_itself_alone(
    bench: Bench, slack: Slack, lacking: str
) -> None:
    bench.botlhale.script = [
        Segment(start=0.5, end=2, speaker=0, text="The first words."),
        Segment(start=2, end=4, speaker=1, text=OURS),
    ]
    bench.botlhale.first_segment_lacks = (lacking,)
    await bench.start()
    said = await transcribed(bench, slack, await share(slack))
    assert "The first words." not in said
    assert remarks.PARTS_ARE_MISSING in said


# The ambiguities of the pages


@pytest.mark.parametrize("sample", ["note", "meeting", "clip"])
async def test_b14_whatever_is_shared_botlhale_gets_a_mono_wav_of_sixteen_thousand_hertz(
    bench: Bench, slack: Slack, sample: str
) -> None:
    await bench.start()
    await share(slack, recording(sample))
    (job,) = await bench.ended_at_last()
    assert job.failure is None
    (uploaded,) = bench.botlhale.uploads.values()
    assert (uploaded.sample_rate, uploaded.channels) == (16_000, 1)
    # Two bytes for each sample of PCM, behind a short header.
    assert abs(uploaded.length - 2 * 16_000 * uploaded.seconds) < 100
    assert [key.endswith(".wav") for key in bench.botlhale.uploads] == [True]


async def test_b19_a_word_that_nobody_documented_waits_and_is_logged_once(bench: Bench, slack: Slack) -> None:
    bench.botlhale.hold, bench.botlhale.running_word = True, "brewing"
    await bench.start()
    with structlog.testing.capture_logs() as logged:
        shared = await share(slack)
        await eventually(lambda: asked(bench, "GET /asr/async/status") > 2)
        assert silent(slack, shared.channel)
        bench.botlhale.release()
        await transcribed(bench, slack, shared)
    assert [line["word"] for line in logged if line["event"] == "provider_status_unknown"] == ["brewing"]


@pytest.mark.parametrize("early", ["absent_asks", "lacking_asks"])
async def test_b20_a_result_that_comes_after_its_word_is_waited_for(
    bench: Bench, slack: Slack, either: dict[str, Any], early: str
) -> None:
    setattr(bench.botlhale, early, 3)
    await bench.start(**either)
    await transcribed(bench, slack, await share(slack))


async def test_b20_a_result_is_not_asked_for_while_the_work_goes_on(bench: Bench, slack: Slack) -> None:
    bench.botlhale.hold = True
    await bench.start()
    await share(slack)
    await eventually(lambda: asked(bench, "GET /asr/async/status") > 2)
    assert asked(bench, bench.botlhale.result_call) == 0


@pytest.mark.parametrize(("minutes", "still", "over"), [(1, 29, 31), (15, 44, 46)])
async def test_b25_the_deadline_is_the_larger_of_half_an_hour_and_three_times_the_length(
    bench: Bench, slack: Slack, minutes: int, still: int, over: int
) -> None:
    bench.botlhale.hold = True
    await bench.start(soonest_look=600.0)
    await share(slack, quiet(60 * minutes))
    await bench.waits(JobState.SUBMITTED)
    looked = asked(bench, "GET /asr/async/status")
    await bench.time_passes(timedelta(minutes=still))
    await eventually(lambda: asked(bench, "GET /asr/async/status") > looked)
    await bench.waits(JobState.SUBMITTED)
    await bench.time_passes(timedelta(minutes=over - still))
    (job,) = await bench.ended_at_last()
    assert job.failure is not None
    assert job.failure.reason is Reason.TOO_SLOW


# Odd answers after the upload


@pytest.mark.parametrize("asks", [1, 3])
async def test_a_status_that_refuses_the_question_right_after_the_upload_is_asked_again(
    bench: Bench, slack: Slack, either: dict[str, Any], asks: int
) -> None:
    bench.botlhale.refused_asks = asks
    await bench.start(**either)
    await transcribed(bench, slack, await share(slack))


MAINTENANCE = {
    "page": faults.answer(200, b"<html>maintenance</html>", Content_Type="text/html"),
    "redirect": faults.answer(302, Location="http://127.0.0.1:9/maintenance"),
    "too large": faults.answer(413),
}


@pytest.mark.parametrize("trouble", MAINTENANCE)
@pytest.mark.parametrize("call", ["status", "result"])
async def test_a_page_of_somebody_in_between_is_no_end(bench: Bench, slack: Slack, call: str, trouble: str) -> None:
    name = "GET /asr/async/status" if call == "status" else bench.botlhale.result_call
    bench.botlhale.faults.arm(name, MAINTENANCE[trouble], times=2)
    await bench.start()
    await transcribed(bench, slack, await share(slack))
