import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import structlog

from sandbox import faults
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.script import Heard, Segment
from sandbox.slack import Share, Slack, Upload
from storage.job import JobState, Reason
from tests.journeys.bench import (
    WEBHOOK_TOKEN,
    Bench,
    eventually,
    gowajee_settings,
    only_reply,
    recording,
    silent,
    tone,
    words_of,
)
from transcription.transcript import Report

SUBMIT, STATUS = "POST transcribe/async", "GET job/status"
NEVER_LOOK = 600.0
"""Seconds: so rarely that only the webhook can have brought the news."""

IN_HTTP_MODE = {"slack_signing_secret": "sandbox-signing", "slack_app_token": None}
MODES = pytest.mark.parametrize("mode", [{}, IN_HTTP_MODE], ids=["socket", "http"])


class Line:
    """The bench with Gowajee at the other end of the bot's own port."""

    def __init__(self, bench: Bench, slack: Slack, port: int) -> None:
        self.bench = bench
        self.slack = slack
        self.origin = f"http://127.0.0.1:{port}"
        self.gowajee = Gowajee(webhook_url=f"{self.origin}/webhooks/gowajee?token={WEBHOOK_TOKEN}")
        self._port = port

    @asynccontextmanager
    async def without_status_call(self) -> AsyncIterator[None]:
        """Let a Gowajee that does just what its page says be at the other end."""
        async with Gowajee(
            webhook_url=f"{self.origin}/webhooks/gowajee?token={WEBHOOK_TOKEN}", status_path="none"
        ) as self.gowajee:
            yield

    def asked_for_status(self) -> int:
        """How often the status call was made."""
        return sum(request.path.endswith("job/status") for request in self.gowajee.requests)

    async def start(self, **more: Any) -> None:
        await self.bench.start(**(gowajee_settings(self.gowajee) | {"http_port": self._port} | more))

    async def share(self, **more: Any) -> Share:
        return await self.slack.share(self.slack.channel("general"), [recording(**more)])

    async def sent(self, count: int = 1) -> None:
        """Wait until Gowajee has taken so many recordings."""
        await eventually(lambda: len(self.gowajee.jobs) >= count)

    async def post(self, body: bytes, *, token: str | None = WEBHOOK_TOKEN) -> int:
        """Call the bot's webhook as anybody can."""
        query = {} if token is None else {"token": token}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.origin}/webhooks/gowajee", params=query, data=io.BytesIO(body)) as answer,
        ):
            return answer.status


@pytest.fixture
async def line(bench: Bench, slack: Slack) -> AsyncIterator[Line]:
    line = Line(bench, slack, free_port())
    async with line.gowajee:
        yield line
        await bench.stop()


@MODES
@pytest.mark.parametrize("webhook", ["normal", "early", "twice", "late"])
async def test_the_webhook_brings_the_transcript_whenever_and_however_often_it_comes(
    line: Line, slack: Slack, mode: dict[str, Any], webhook: Any
) -> None:
    line.gowajee.webhook_mode, line.gowajee.late_by = webhook, 0.2
    await line.start(soonest_look=NEVER_LOOK, **mode)
    share = await line.share()
    reply = await only_reply(slack, share)
    await line.bench.ended()
    await line.gowajee.settled()
    await line.bench.ended()
    assert "delivery on Wednesday" in words_of(reply)
    assert "Transcribed by Gowajee" in words_of(reply)
    assert len(slack.replies(share)) == 1
    deliveries = [delivery.status for job in line.gowajee.jobs.values() for delivery in job.deliveries]
    assert deliveries == [200] * (2 if webhook == "twice" else 1)
    assert set(slack.message(share.channel.id, share.ts).reactions) == {"white_check_mark"}


async def test_without_any_webhook_the_status_call_brings_the_transcript(line: Line, slack: Slack) -> None:
    line.gowajee.webhook_mode = "never"
    await line.start()
    share = await line.share()
    await line.bench.ended_at_last()
    assert "delivery on Wednesday" in words_of(await only_reply(slack, share))
    assert len(line.gowajee.jobs) == 1


async def test_a_webhook_that_comes_after_the_reply_changes_nothing(line: Line, slack: Slack) -> None:
    line.gowajee.webhook_mode = "never"
    await line.start()
    share = await line.share()
    await line.bench.ended_at_last()
    await only_reply(slack, share)
    assert await line.gowajee.call_back(next(iter(line.gowajee.jobs))) == 200
    await line.bench.ended()
    await only_reply(slack, share)


async def test_the_status_call_is_found_where_the_other_page_of_the_documentation_has_it(
    line: Line, slack: Slack
) -> None:
    url = f"{line.origin}/webhooks/gowajee?token={WEBHOOK_TOKEN}"
    async with Gowajee(webhook_url=url, status_path="model") as line.gowajee:
        await line.start(soonest_look=NEVER_LOOK)
        share = await line.share()
        await only_reply(slack, share)
        await line.bench.stop()


async def test_a_failed_transcription_is_told_in_the_thread_once(line: Line, slack: Slack) -> None:
    line.gowajee.fail_next("<!channel> the model fell over")
    await line.start(soonest_look=NEVER_LOOK)
    share = await line.share()
    reply = await only_reply(slack, share)
    (job,) = await line.bench.ended()
    assert "Gowajee couldn't process it." in reply.text + words_of(reply)
    assert "fell over" not in reply.text + words_of(reply)
    assert job.failure is not None
    assert job.failure.reason is Reason.PROVIDER_FAILED
    assert set(slack.message(share.channel.id, share.ts).reactions) == {"warning"}
    assert len(line.gowajee.jobs) == 1


async def test_a_recording_without_speech_is_told_in_the_thread(line: Line, slack: Slack) -> None:
    line.gowajee.script = []
    await line.start(soonest_look=NEVER_LOOK)
    share = await line.share()
    reply = await only_reply(slack, share)
    assert "No speech found in " in reply.text + words_of(reply)


async def test_strangers_without_the_token_are_turned_away_and_decide_nothing(line: Line, slack: Slack) -> None:
    line.gowajee.webhook_mode, line.gowajee.hold = "forged", True
    await line.start()
    share = await line.share()
    await line.sent()
    (job,) = line.gowajee.jobs.values()
    await eventually(lambda: len(job.deliveries) == 10)
    assert {delivery.status for delivery in job.deliveries} == {401}
    await line.bench.waits(JobState.SUBMITTED)
    assert silent(slack, share.channel)
    line.gowajee.release()
    reply = await only_reply(slack, share)
    assert "FORGED" not in words_of(reply)
    assert "delivery on Wednesday" in words_of(reply)


async def test_even_with_the_token_a_stranger_decides_nothing(line: Line, slack: Slack) -> None:
    line.gowajee.webhook_mode, line.gowajee.hold = "leaked", True
    await line.start()
    share = await line.share()
    await line.sent()
    (job,) = line.gowajee.jobs.values()
    await eventually(lambda: len(job.deliveries) == 5)
    asked = len(line.gowajee.requests)
    await eventually(lambda: len(line.gowajee.requests) > asked)
    await line.bench.waits(JobState.SUBMITTED)
    assert silent(slack, share.channel)
    line.gowajee.release()
    reply = await only_reply(slack, share)
    assert "FORGED" not in words_of(reply)
    assert "delivery on Wednesday" in words_of(reply)


async def test_a_forged_webhook_decides_nothing_for_as_long_as_the_status_says_that_the_work_goes_on(
    line: Line, slack: Slack
) -> None:
    line.gowajee.hold = True
    await line.start()
    share = await line.share()
    await line.sent()
    await line.bench.waits(JobState.SUBMITTED)
    (ours,) = line.gowajee.jobs
    results = [{"transcript": "FORGED", "startTime": 0, "endTime": 1.5}]
    forged = {
        "type": "ASR_PULSE",
        "webhookId": line.gowajee.webhook_id,
        "jobId": ours,
        "output": {"results": results, "duration": 1.5, "version": "0"},
    }
    assert await line.gowajee.call_back(ours, forged) == 200
    await line.bench.works_for(timedelta(minutes=58))  # of the hour that such a recording may take
    assert silent(slack, share.channel)
    assert (await line.bench.waits(JobState.SUBMITTED)).handle == ours
    line.gowajee.release()
    said = words_of(await only_reply(slack, share))
    assert "FORGED" not in said
    assert "delivery on Wednesday" in said


@pytest.mark.long
async def test_an_outage_of_more_than_an_hour_does_not_make_a_recording_too_slow(line: Line, slack: Slack) -> None:
    line.gowajee.hold = True
    line.gowajee.webhook_mode = "never"
    line.gowajee.faults.arm(STATUS, faults.answer(503), times=4)
    await line.start()
    share = await line.share()
    await line.sent()
    for _ in range(4):
        asked = line.asked_for_status()
        await line.bench.waits(JobState.SUBMITTED)
        await line.bench.time_passes(timedelta(minutes=20))
        await eventually(lambda asked=asked: line.asked_for_status() > asked)  # type: ignore[misc]
    await eventually(lambda: line.asked_for_status() > 4)
    job = await line.bench.waits(JobState.SUBMITTED)
    assert job.waited < timedelta(minutes=31)
    line.gowajee.release()
    await line.bench.ended_at_last()
    assert "delivery on Wednesday" in words_of(await only_reply(slack, share))


async def test_a_webhook_about_another_job_decides_nothing_about_ours(line: Line, slack: Slack) -> None:
    line.gowajee.hold = True
    await line.start(soonest_look=NEVER_LOOK)
    share = await line.share()
    await line.sent()
    (ours,) = line.gowajee.jobs
    await line.bench.waits(JobState.SUBMITTED)
    results = [{"transcript": "FORGED", "startTime": 0, "endTime": 1.5}]
    body = {
        "type": "ASR_PULSE",
        "webhookId": line.gowajee.webhook_id,
        "jobId": "another-job",
        "output": {"results": results, "duration": 1.5, "version": "0"},
    }
    assert await line.gowajee.call_back(ours, body) == 200
    assert await line.gowajee.call_back(ours, body | {"status": "FAILED"}) == 200
    assert await line.gowajee.call_back(ours, body | {"webhookId": "another-registration"}) == 401
    assert (await line.bench.waits(JobState.SUBMITTED)).handle == ours
    assert silent(slack, share.channel)
    line.gowajee.release()
    assert "FORGED" not in words_of(await only_reply(slack, share))


@pytest.mark.parametrize(
    ("body", "token", "status"),
    [
        (b"{}", None, 401),
        (b"{}", "", 401),
        (b"{}", WEBHOOK_TOKEN[:-1], 401),
        (b"{}", "ü" * 40, 401),
        (b"", WEBHOOK_TOKEN, 200),
        (b"{}", WEBHOOK_TOKEN, 200),
        (b"[1, 2", WEBHOOK_TOKEN, 200),
        (b"\xff\xfe\x00", WEBHOOK_TOKEN, 200),
        (b'{"jobId": 5, "webhookId": []}', WEBHOOK_TOKEN, 200),
        (b"[" * 100_000, WEBHOOK_TOKEN, 200),
    ],
    ids=["no token", "empty token", "short", "foreign", "empty", "object", "cut", "bytes", "types", "deep"],
)
async def test_nonsense_at_the_webhook_is_answered_and_does_no_harm(
    line: Line, slack: Slack, body: bytes, token: str | None, status: int
) -> None:
    await line.start(soonest_look=NEVER_LOOK)
    assert await line.post(body, token=token) == status
    await only_reply(slack, await line.share())


async def test_while_the_token_is_rotated_both_are_accepted(line: Line, slack: Slack) -> None:
    await line.start(soonest_look=NEVER_LOOK, gowajee_webhook_token=f"the-new-token, {WEBHOOK_TOKEN}")
    await only_reply(slack, await line.share())
    assert await line.post(b"{}", token="the-new-token") == 200


async def test_g2_while_the_registration_is_changed_webhooks_of_both_are_taken_and_the_first_is_sent(
    line: Line, slack: Slack
) -> None:
    ids = f"{line.gowajee.webhook_id}, the-registration-before"
    await line.start(soonest_look=NEVER_LOOK, gowajee_webhook_id=ids)
    share = await line.share()
    await only_reply(slack, share)
    (job,) = line.gowajee.jobs
    late = {"status": "FAILED", "jobId": job, "webhookId": "the-registration-before", "message": "late"}
    assert await line.gowajee.call_back(job, late) == 200
    assert await line.gowajee.call_back(job, late | {"webhookId": "a-strange-registration"}) == 401


async def test_g5_the_message_of_a_failure_is_for_the_operator_alone(line: Line, slack: Slack) -> None:
    async with line.without_status_call():
        line.gowajee.fail_next("<!channel> the model fell over")
        await line.start(soonest_look=NEVER_LOOK)
        reply = await only_reply(slack, await line.share())
        (job,) = await line.bench.ended()
        assert "Gowajee couldn't process it." in reply.text + words_of(reply)
        assert "fell over" not in reply.text + words_of(reply)
        assert job.report == Report(message="<!channel> the model fell over")
        await line.bench.stop()


async def test_g6_a_lost_webhook_is_made_good_by_asking_and_a_recording_in_a_queue_is_not_given_up(
    line: Line, slack: Slack
) -> None:
    line.gowajee.webhook_mode, line.gowajee.hold, line.gowajee.held_as = "never", True, "IN_QUEUE"
    await line.start()
    share = await line.share()
    await line.sent()
    await line.bench.waits(JobState.SUBMITTED)
    await line.bench.works_for(timedelta(minutes=45))
    line.gowajee.release()
    await line.bench.ended_at_last()
    assert "delivery on Wednesday" in words_of(await only_reply(slack, share))


async def test_g21_a_webhook_of_twenty_megabytes_is_taken_from_whoever_shows_the_token(line: Line) -> None:
    await line.start(soonest_look=NEVER_LOOK)
    body = json.dumps(
        {"jobId": "of-nobody", "webhookId": line.gowajee.webhook_id, "filling": "x" * 20_000_000}
    ).encode()
    assert await line.post(body) == 200
    assert await line.post(body, token="wrong") == 401


async def test_g23_what_gowajee_says_that_it_counted_is_kept_and_shown_to_nobody_in_slack(
    line: Line, slack: Slack
) -> None:
    await line.start(soonest_look=NEVER_LOOK)
    reply = await only_reply(slack, await line.share())
    (job,) = await line.bench.ended()
    assert job.report is not None
    assert job.report.kind == "ASR_PULSE_WITH_DIARIZE"
    assert job.report.amount == next(iter(line.gowajee.jobs.values())).seconds
    assert str(job.report.amount) not in words_of(reply)
    assert job.duration is not None  # what limits count is our own measure
    assert abs(job.duration.total_seconds() - job.report.amount) < 1


async def test_a_key_that_the_status_refuses_is_told_to_the_operator_and_the_webhook_decides(
    line: Line, slack: Slack
) -> None:
    line.gowajee.faults.arm(STATUS, faults.answer(401), times=99)
    with structlog.testing.capture_logs() as logged:
        await line.start(soonest_look=NEVER_LOOK)
        share = await line.share()
        await eventually(lambda: any(one["log_level"] == "error" and "401" in str(one) for one in logged))
        assert silent(slack, share.channel)
        await line.bench.waits(JobState.SUBMITTED)
        await line.bench.time_passes(timedelta(minutes=6))
        said = words_of(await only_reply(slack, share))
    assert "delivery on Wednesday" in said
    assert "unconfirmed" in said


@pytest.mark.parametrize(
    "fault",
    [
        faults.hang_up_before(),
        faults.hang_up_after(),
        faults.answer(500),
        faults.answer(502, b"<html>bad gateway</html>"),
        faults.answer(503, Retry_After="1"),
        faults.rate_limited(1),
        faults.answer(200, b"<html>maintenance</html>"),
        faults.answer(200, b'{"status": "COMPLETED"}'),
        faults.answer(200, b'{"status": "UNKNOWN"}'),
        faults.answer(200, b'{"status": "BREWING"}'),
        faults.answer(404),
        faults.slow(0.3),
    ],
    ids=[
        "cut before",
        "cut after",
        "500",
        "502",
        "503",
        "429",
        "html",
        "no results",
        "unknown",
        "new word",
        "404",
        "slow",
    ],
)
async def test_a_status_call_that_goes_wrong_is_made_again(line: Line, slack: Slack, fault: faults.Fault) -> None:
    line.gowajee.webhook_mode = "never"
    line.gowajee.faults.arm(STATUS, fault, times=2)
    await line.start()
    share = await line.share()
    await line.bench.ended_at_last()
    assert "delivery on Wednesday" in words_of(await only_reply(slack, share))
    assert len(line.gowajee.jobs) == 1


@pytest.mark.parametrize(
    "fault",
    [
        faults.hang_up_before(),
        faults.answer(503),
        faults.rate_limited(1),
        faults.answer(401),
        faults.answer(402),
        faults.answer(400, b'{"message": "no"}'),
        faults.answer(500),
    ],
    ids=["cut", "503", "429", "401", "402", "400", "500"],
)
async def test_a_submission_that_did_not_arrive_is_made_again(line: Line, slack: Slack, fault: faults.Fault) -> None:
    line.gowajee.faults.arm(SUBMIT, fault)
    await line.start()
    share = await line.share()
    (job,) = await line.bench.ended_at_last()
    assert "delivery on Wednesday" in words_of(await only_reply(slack, share))
    assert len(line.gowajee.jobs) == 1
    assert job.sendings <= 2


@pytest.mark.parametrize(
    "fault",
    [faults.hang_up_after(), faults.answer(500, act=True), faults.answer(200, b"<html>", act=True)],
    ids=["cut", "500", "nonsense"],
)
async def test_a_submission_whose_answer_was_lost_is_known_again_by_its_webhook(
    line: Line, slack: Slack, fault: faults.Fault
) -> None:
    line.gowajee.faults.arm(SUBMIT, fault)
    await line.start(soonest_look=NEVER_LOOK)
    share = await line.share()
    reply = await only_reply(slack, share)
    await line.bench.ended()
    assert "delivery on Wednesday" in words_of(reply)
    assert len(line.gowajee.jobs) == 1


async def test_a_recording_is_never_submitted_more_than_twice(line: Line, slack: Slack) -> None:
    line.gowajee.webhook_mode = "never"
    line.gowajee.faults.arm(SUBMIT, faults.hang_up_after(), times=9)
    await line.start()
    share = await line.share()
    (job,) = await line.bench.ended_at_last()
    reply = await only_reply(slack, share)
    assert len(line.gowajee.jobs) == 2
    assert job.failure is not None
    assert "Gowajee couldn't be reached." in reply.text + words_of(reply)


async def test_two_lost_submissions_of_one_length_are_sent_again_and_keep_their_own_words(line: Line) -> None:
    line.gowajee.script = _names_what_it_hears
    line.gowajee.hold = True
    line.gowajee.faults.arm(SUBMIT, faults.hang_up_after(), times=2)
    await line.start(soonest_look=NEVER_LOOK)
    high, low = await _share_two_of_one_length(line)
    await line.sent(2)
    line.gowajee.release()
    await line.bench.ended_at_last(2)
    await _each_has_its_own_words(line, high, low)


async def test_a_recording_never_gets_the_words_of_another_one_that_was_sent_again(line: Line, slack: Slack) -> None:
    """The first one's lost submission had arrived and ends late; the second one's, as long, never arrived."""
    line.gowajee.script = _names_what_it_hears
    line.gowajee.hold = True
    line.gowajee.faults.arm(SUBMIT, faults.hang_up_after())
    await line.start(soonest_look=NEVER_LOOK)
    high = await slack.share(slack.channel("high"), [_tone(880)])
    await line.sent()
    await line.bench.waits(JobState.SUBMITTING)
    while len(line.gowajee.jobs) < 2:
        await line.bench.time_passes(timedelta(minutes=1))
    await line.bench.waits(JobState.SUBMITTED)
    line.gowajee.faults.arm(SUBMIT, faults.hang_up_before())
    low = await slack.share(slack.channel("low"), [_tone(220)])
    await line.bench.waits(JobState.SUBMITTING)
    line.gowajee.release()
    await line.bench.ended_at_last(2)
    await _each_has_its_own_words(line, high, low)


def _names_what_it_hears(heard: Heard) -> list[Segment]:
    return [Segment(start=0, end=1, speaker=0, text=f"This is {heard.sha256[:8]}.")]


def _tone(hertz: int) -> Upload:
    return recording(content=tone(hertz=hertz), name="tone.wav", mimetype="audio/wav", filetype="wav")


async def _share_two_of_one_length(line: Line) -> tuple[Share, Share]:
    high = await line.slack.share(line.slack.channel("high"), [_tone(880)])
    low = await line.slack.share(line.slack.channel("low"), [_tone(220)])
    return high, low


async def _each_has_its_own_words(line: Line, *shares: Share) -> None:
    said = {words_of(await only_reply(line.slack, share)) for share in shares}
    assert len(said) == len(shares)


@MODES
async def test_a_large_recording_is_fetched_from_our_address_and_then_gone_from_it(
    line: Line, slack: Slack, mode: dict[str, Any]
) -> None:
    line.gowajee.hold = True
    await line.start(soonest_look=NEVER_LOOK, gowajee_largest_inline=1000, public_url=line.origin, **mode)
    share = await line.share()
    await line.sent()
    (job,) = line.gowajee.jobs.values()
    await eventually(lambda: job.recording)
    assert job.sent_as == "url"
    assert {fetch.status for fetch in job.fetches} == {206}
    line.gowajee.release()
    assert "delivery on Wednesday" in words_of(await only_reply(slack, share))
    await line.bench.ended()
    assert list((line.bench.folder / "threadscribe-spool").iterdir()) == []


async def test_a_restart_while_gowajee_fetches_does_not_take_the_recording_away(line: Line, slack: Slack) -> None:
    settings: dict[str, Any] = {"gowajee_largest_inline": 1000, "public_url": line.origin}
    line.gowajee.hold = True
    await line.start(**settings)
    share = await line.share()
    await line.bench.waits(JobState.SUBMITTED)
    await line.bench.stop()
    assert len(list((line.bench.folder / "threadscribe-spool").rglob("*.wav"))) == 1
    line.gowajee.release()
    await line.gowajee.settled()
    await line.start(**settings)
    await line.bench.ended_at_last()
    await only_reply(slack, share)
    assert len(line.gowajee.jobs) == 1


@MODES
async def test_without_an_address_of_ours_a_large_recording_is_refused_and_not_sent(
    line: Line, slack: Slack, mode: dict[str, Any]
) -> None:
    await line.start(gowajee_largest_inline=1000, **mode)
    share = await line.share()
    reply = await only_reply(slack, share)
    await line.bench.ended()
    assert "too large to send to Gowajee" in reply.text + words_of(reply)
    assert set(slack.message(share.channel.id, share.ts).reactions) == {"warning"}
    assert not line.gowajee.requests


async def test_a_stranger_cannot_fetch_a_recording(line: Line) -> None:
    line.gowajee.hold = True
    await line.start(soonest_look=NEVER_LOOK, gowajee_largest_inline=1000, public_url=line.origin)
    await line.share()
    job = await line.bench.waits(JobState.SUBMITTED)
    async with aiohttp.ClientSession() as session:
        for path in (
            f"/recordings/{job.id}/{'0' * 64}/audio-16000.wav",
            f"/recordings/{job.id}//audio-16000.wav",
            f"/recordings/{job.id}/{'0' * 64}/..%2F..%2Fbot.db",
            "/recordings/..%2F..%2F/x/bot.db",
            f"/recordings/{job.id}/ü/audio-16000.wav",
        ):
            async with session.get(line.origin + path) as answer:
                assert answer.status == 404


async def test_a_webhook_that_was_lost_while_we_were_away_is_made_up_for(line: Line, slack: Slack) -> None:
    line.gowajee.hold = True
    await line.start()
    share = await line.share()
    await line.bench.waits(JobState.SUBMITTED)
    await line.bench.stop()
    line.gowajee.release()
    await line.gowajee.settled()
    assert [delivery.status for job in line.gowajee.jobs.values() for delivery in job.deliveries] == [None]
    await line.start()
    await line.bench.ended_at_last()
    await only_reply(slack, share)
    assert len(line.gowajee.jobs) == 1


async def test_a_webhook_whose_caller_did_not_wait_counts_all_the_same(line: Line, slack: Slack) -> None:
    line.gowajee.faults.arm("webhook", faults.hang_up_after())
    await line.start(soonest_look=NEVER_LOOK)
    await only_reply(slack, await line.share())


async def test_where_there_is_no_status_call_the_webhook_brings_the_transcript_however_late(
    line: Line, slack: Slack
) -> None:
    """As Gowajee's page has it: no status call at all. It used to be given up after a minute, and was paid for."""
    async with line.without_status_call():
        line.gowajee.hold = True
        await line.start()
        share = await line.share()
        await line.sent()
        await line.bench.waits(JobState.SUBMITTED)
        await line.bench.time_passes(timedelta(minutes=30))
        await eventually(lambda: line.asked_for_status() > 0)
        assert silent(slack, share.channel)
        line.gowajee.release()
        said = words_of(await only_reply(slack, share))
        assert "delivery on Wednesday" in said
        assert "unconfirmed" not in said
        await line.bench.stop()


async def test_a_bot_that_was_stopped_between_answer_and_webhook_takes_the_webhook_afterwards(
    line: Line, slack: Slack
) -> None:
    async with line.without_status_call():
        line.gowajee.hold = True
        await line.start(soonest_look=NEVER_LOOK)
        share = await line.share()
        await line.sent()
        await line.bench.waits(JobState.SUBMITTED)
        await line.bench.stop()
        await line.start(soonest_look=NEVER_LOOK)
        line.gowajee.release()
        assert "delivery on Wednesday" in words_of(await only_reply(slack, share))
        assert len(line.gowajee.jobs) == 1
        await line.bench.stop()


async def test_without_a_status_call_a_webhook_for_a_job_that_nobody_gave_us_is_never_published(
    line: Line, slack: Slack
) -> None:
    async with line.without_status_call():
        line.gowajee.faults.arm(SUBMIT, faults.hang_up_after(), times=9)
        await line.start(soonest_look=NEVER_LOOK)
        share = await line.share()
        (job,) = await line.bench.ended_at_last()
        reply = await only_reply(slack, share)
        assert job.failure is not None
        assert "Gowajee couldn't be reached." in reply.text + words_of(reply)
        assert len(line.gowajee.jobs) == 2
        await line.bench.stop()


async def test_many_recordings_at_once_get_their_own_words_each(line: Line, slack: Slack) -> None:
    line.gowajee.script = _names_what_it_hears
    await line.start(soonest_look=NEVER_LOOK)
    shares = [await slack.share(slack.channel(f"place-{n}"), [_tone(200 + 20 * n)]) for n in range(6)]
    await line.bench.ended(6)
    await _each_has_its_own_words(line, *shares)
    assert len(line.gowajee.jobs) == 6
