import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from sandbox import faults
from sandbox.botlhale import Botlhale
from sandbox.ports import free_port
from sandbox.slack import Share, Slack
from storage.job import Job, JobState
from tests.journeys.bench import Bench, botlhale_settings, eventually, only_reply, recording, silent, words_of

JSON: dict[str, Any] = {"Content_Type": "application/json"}
TROUBLES = {
    "cut before": faults.hang_up_before(),
    "cut after": faults.hang_up_after(),
    "500": faults.answer(500),
    "502": faults.answer(502, b"<html>bad gateway</html>"),
    "503": faults.answer(503, Retry_After="1"),
    "429": faults.rate_limited(1),
    "400": faults.answer(400, b'{"error": {"code": "invalid_request", "description": "no"}}', **JSON),
    "401": faults.answer(401),
    "402": faults.answer(402),
    "403": faults.answer(403),
    "404": faults.answer(404),
    "302": faults.answer(302, Location="http://127.0.0.1:9/elsewhere"),
    "html": faults.answer(200, b"<html>maintenance</html>", Content_Type="text/html"),
    "cut json": faults.answer(200, b'{"status": "comp', **JSON),
    "object": faults.answer(200, b"{}", **JSON),
    "list": faults.answer(200, b"[]", **JSON),
    "nulls": faults.answer(200, b'{"data": null, "timestamps": null, "fields": null, "status": null}', **JSON),
    "bytes": faults.answer(200, b"\xff\xfe\x00\x01", **JSON),
    "slow": faults.slow(0.3),
}
A_FEW = ("cut after", "500", "429", "401", "object")
A_MINUTE = 60.0
"""Between two looks, where time is made to pass: fewer of them."""

CALLS = ("token", "order", "storage", "status", "result")


@dataclass(frozen=True, kw_only=True)
class Line:
    """The bench with Botlhale as one generation of its documentation has it."""

    bench: Bench
    slack: Slack
    settings: dict[str, Any]

    @property
    def botlhale(self) -> Botlhale:
        return self.bench.botlhale

    @property
    def _names(self) -> dict[str, str]:
        new = "botlhale_dialect" in self.settings
        return {
            "token": "POST /auth/generate" if new else "POST /generateAuthToken",
            "order": "POST /asr/async/upload",
            "storage": "POST storage",
            "status": "GET /asr/async/status",
            "result": self.botlhale.result_call,
        }

    async def start(self, **more: Any) -> None:
        await self.bench.start(**(self.settings | more))

    async def share(self, **more: Any) -> Share:
        return await self.slack.share(self.slack.channel("general"), [recording(**more)])

    def arm(self, call: str, fault: faults.Fault, *, times: int = 1) -> None:
        self.botlhale.faults.arm(self._names[call], fault, times=times)

    def asked(self, call: str) -> int:
        """How often a call was made."""
        return len([seen for seen in self.botlhale.requests if seen.call == self._names[call]])

    @property
    def received(self) -> int:
        """How often storage took a recording; each time may be billed."""
        return sum(uploaded.received for uploaded in self.botlhale.uploads.values())

    async def transcribed(self, share: Share) -> Job:
        """Wait for the end; then there is one reply, it is the transcript, and nobody paid three times."""
        (job,) = await self.bench.ended_at_last()
        assert (job.state, job.failure) == (JobState.REPLIED, None)
        assert "delivery on Wednesday" in words_of(await only_reply(self.slack, share))
        assert self.received <= 2
        return job

    async def told(self, share: Share, sentence: str) -> Job:
        """Wait for the end; then there is one reply, it is this sentence, and the reaction warns."""
        (job,) = await self.bench.ended_at_last()
        assert job.failure is not None
        reply = await only_reply(self.slack, share)
        assert sentence in reply.text
        assert set(self.slack.message(share.channel.id, share.ts).reactions) == {"warning"}
        assert self.received <= 2
        return job


SNAKE = {"botlhale_dialect": "snake", "botlhale_result_path": "/asr/async/data"}


@pytest.fixture
async def camel(bench: Bench, slack: Slack) -> Line:
    return Line(bench=bench, slack=slack, settings={})


@pytest.fixture
async def snake(bench: Bench, slack: Slack) -> AsyncIterator[Line]:
    async with Botlhale(dialect="snake", token_shape="B3", result_path="data", storage_shape="sigv4") as botlhale:
        bench.botlhale = botlhale
        yield Line(bench=bench, slack=slack, settings=SNAKE)
        await bench.stop()


@pytest.fixture(params=["camel", "snake"])
async def line(request: pytest.FixtureRequest, bench: Bench, slack: Slack) -> AsyncIterator[Line]:
    if request.param == "camel":
        yield Line(bench=bench, slack=slack, settings={})
        return
    async with Botlhale(dialect="snake", token_shape="B3", result_path="data", storage_shape="sigv4") as botlhale:
        bench.botlhale = botlhale
        yield Line(bench=bench, slack=slack, settings=SNAKE)
        await bench.stop()


@pytest.mark.long
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("call", CALLS)
async def test_whatever_goes_wrong_once_the_transcript_comes_all_the_same(camel: Line, call: str, trouble: str) -> None:
    camel.arm(call, TROUBLES[trouble])
    await camel.start(soonest_look=A_MINUTE)
    await camel.transcribed(await camel.share())


@pytest.mark.parametrize(("call", "trouble"), list(zip(CALLS, A_FEW, strict=False)))
async def test_the_newer_generation_is_no_less_patient(snake: Line, call: str, trouble: str) -> None:
    snake.arm(call, TROUBLES[trouble])
    await snake.start(soonest_look=A_MINUTE)
    await snake.transcribed(await snake.share())


@pytest.mark.long
@pytest.mark.parametrize("trouble", ["cut before", "503", "429", "401"])
@pytest.mark.parametrize("call", CALLS)
async def test_what_goes_wrong_three_times_only_takes_longer(camel: Line, call: str, trouble: str) -> None:
    camel.arm(call, TROUBLES[trouble], times=3 if call != "storage" or trouble in {"503", "429"} else 1)
    await camel.start()
    await camel.transcribed(await camel.share())


async def test_a_storage_that_never_answers_is_sent_to_twice_at_most(line: Line) -> None:
    line.arm("storage", faults.hang_up_before(), times=9)
    await line.start()
    await line.told(await line.share(), "Botlhale AI couldn't be reached.")
    assert line.asked("storage") == 2


async def test_a_storage_that_takes_and_never_answers_has_the_recording(line: Line) -> None:
    line.arm("storage", faults.hang_up_after(), times=9)
    await line.start()
    await line.transcribed(await line.share())
    assert line.received == 1


async def test_a_form_that_expired_is_asked_for_again(line: Line) -> None:
    line.arm("storage", faults.slow(0.3))
    await line.start()
    share = await line.share()
    await eventually(lambda: line.asked("storage"))
    line.botlhale.expire_forms()
    await line.transcribed(share)
    assert line.asked("order") == 2


@pytest.mark.parametrize("seconds", [60, 300])
@pytest.mark.parametrize("told", [True, False])
async def test_a_form_that_lives_for_minutes_only_is_used_at_once(line: Line, seconds: int, *, told: bool) -> None:
    line.botlhale.form_life = seconds
    line.botlhale.url_name = "upload_url" if told else "url"
    await line.start()
    await line.transcribed(await line.share())
    assert (line.asked("order"), line.received) == (1, 1)


async def test_a_storage_that_refuses_every_form_comes_to_an_end(line: Line) -> None:
    denied = b"<Error><Code>AccessDenied</Code><Message>SECRET policy</Message></Error>"
    line.arm("storage", faults.answer(403, denied, Content_Type="application/xml"), times=99)
    await line.start()
    share = await line.share()
    await line.told(share, "Botlhale AI")
    assert "SECRET" not in line.slack.replies(share)[0].text
    assert line.received == 0
    assert line.asked("storage") <= 30


async def test_a_token_that_expires_meanwhile_is_exchanged_without_anybody_noticing(line: Line) -> None:
    line.botlhale.hold = True
    await line.start()
    share = await line.share()
    await line.bench.waits(JobState.SUBMITTED)
    line.botlhale.expire_tokens()
    line.botlhale.release()
    await line.transcribed(share)
    assert line.asked("token") == 2


async def test_a_token_with_an_absurd_life_is_used_all_the_same(line: Line) -> None:
    line.botlhale.tokens.expires_in = 0
    await line.start()
    await line.transcribed(await line.share())
    assert line.asked("token") == 1


@pytest.mark.parametrize("word", ["failed", "FAILED", "error", "cancelled", "expired", "rejected"])
async def test_a_transcription_that_failed_is_told_in_the_thread_and_not_tried_again(line: Line, word: str) -> None:
    line.botlhale.fail_next(word)
    await line.start()
    await line.told(await line.share(), "Botlhale AI couldn't process it.")
    assert line.received == 1


async def test_a_failed_recording_that_is_shared_again_is_tried_again(line: Line) -> None:
    line.botlhale.fail_next()
    await line.start()
    first = await line.share()
    await line.told(first, "Botlhale AI couldn't process it.")
    again = await line.slack.share_existing(first.channel, first.file_ids[0])
    (reply,) = await line.slack.wait_for_replies(again)
    assert "delivery on Wednesday" in words_of(reply)
    assert len(line.slack.replies(first)) == 1


@pytest.mark.parametrize("code", [402, 400])
async def test_an_account_that_is_used_up_waits_for_the_operator(line: Line, code: Any) -> None:
    line.botlhale.spend_quota(code)
    await line.start()
    share = await line.share()
    await eventually(lambda: line.asked("order"))
    await line.bench.waits(JobState.RECEIVED)
    assert silent(line.slack, share.channel)
    assert set(line.slack.message(share.channel.id, share.ts).reactions) == {"hourglass_flowing_sand"}
    line.botlhale.restore_quota()
    await line.transcribed(share)


async def test_a_recording_in_which_nobody_speaks_is_told_in_the_thread(line: Line) -> None:
    line.botlhale.script = []
    await line.start()
    share = await line.share()
    (job,) = await line.bench.ended_at_last()
    reply = await only_reply(line.slack, share)
    assert job.state is JobState.REPLIED
    assert "No speech found in " in reply.text
    assert line.received == 1


async def test_a_result_that_is_not_whole_yet_is_waited_for(line: Line) -> None:
    line.botlhale.lacking_asks = 3
    await line.start()
    await line.transcribed(await line.share())
    assert line.received == 1


@pytest.mark.parametrize("word", ["complete", "completed", "done", "Success ", "COMPLETED"])
@pytest.mark.parametrize("shape", ["data", "flat"])
async def test_every_published_word_and_shape_of_the_end_is_understood(line: Line, word: str, shape: Any) -> None:
    line.botlhale.done_word, line.botlhale.status_shape = word, shape
    await line.start()
    await line.transcribed(await line.share())


async def test_what_nobody_documented_is_no_end(line: Line) -> None:
    line.botlhale.hold, line.botlhale.running_word = True, "brewing"
    await line.start()
    share = await line.share()
    await eventually(lambda: line.asked("status") > 2)
    assert silent(line.slack, share.channel)
    line.botlhale.release()
    await line.transcribed(share)


@pytest.mark.parametrize("call", ["status", pytest.param("result", marks=pytest.mark.long)])
async def test_an_answer_that_is_nonsense_for_ever_ends_with_a_sentence(line: Line, call: str) -> None:
    line.arm(call, TROUBLES["bytes"], times=999)
    await line.start()
    await line.told(await line.share(), "Botlhale AI couldn't process it.")
    assert line.received == 1


async def test_a_transcription_that_never_ends_is_told_in_the_thread(line: Line) -> None:
    line.botlhale.hold = True
    await line.start()
    share = await line.share()
    await line.bench.waits(JobState.SUBMITTED)
    await line.bench.works_for(timedelta(minutes=31))
    await line.told(share, "Botlhale AI took too long.")
    assert line.received == 1


async def test_a_recording_that_botlhale_lost_is_sent_once_more(line: Line) -> None:
    """It is lost when the status has not known it for ten minutes, not by one answer."""
    line.arm("status", TROUBLES["404"], times=2)
    await line.start(soonest_look=600.0)
    share = await line.share()
    await line.bench.waits(JobState.SUBMITTED)
    await line.bench.time_passes(timedelta(minutes=11))
    await eventually(lambda: [seen for seen in line.botlhale.requests if "status" in seen.path])
    await line.bench.waits(JobState.SUBMITTED)
    await line.bench.time_passes(timedelta(minutes=11))
    await line.transcribed(share)
    assert line.received == 2


async def test_one_stray_404_throws_nothing_away_that_was_paid_for(line: Line) -> None:
    line.arm("status", TROUBLES["404"])
    await line.start(soonest_look=600.0)
    share = await line.share()
    await line.bench.waits(JobState.SUBMITTED)
    await line.bench.time_passes(timedelta(minutes=11))
    await line.bench.ended_at_last()
    await line.transcribed(share)
    assert line.received == 1


async def test_a_recording_that_botlhale_loses_every_time_is_told_in_the_thread(line: Line) -> None:
    line.arm("status", TROUBLES["404"], times=999)
    await line.start(soonest_look=600.0)
    await line.told(await line.share(), "Botlhale AI couldn't process it.")
    assert line.received == 2


async def test_a_provider_that_goes_away_for_a_while_delays_and_doubles_nothing(line: Line) -> None:
    line.botlhale.hold = True
    await line.start()
    share = await line.share()
    await line.bench.waits(JobState.SUBMITTED)
    line.arm("status", TROUBLES["cut before"], times=10)
    line.arm("result", TROUBLES["502"], times=5)
    line.botlhale.release()
    await line.transcribed(share)
    assert line.received == 1


async def test_a_provider_that_is_away_for_two_days_ends_with_a_sentence(line: Line) -> None:
    for call in CALLS:
        line.arm(call, TROUBLES["503"], times=999)
    await line.start()
    share = await line.share()
    await eventually(lambda: line.asked("token"))
    await line.bench.waits(JobState.RECEIVED)
    assert silent(line.slack, share.channel)
    await line.bench.time_passes(timedelta(days=2))
    await line.told(share, "Botlhale AI couldn't be reached.")


async def test_a_provider_that_is_not_there_yet_is_waited_for(bench: Bench, slack: Slack) -> None:
    port = free_port()
    nobody = botlhale_settings(bench.botlhale) | {"botlhale_base_url": f"http://127.0.0.1:{port}"}
    await bench.start(**nobody)
    share = await slack.share(slack.channel("general"), [recording()])
    await slack.until(lambda: [call for call in slack.calls if call.method == "download"])
    await bench.waits(JobState.RECEIVED)
    assert silent(slack, share.channel)
    async with Botlhale(port=port):
        await bench.ended_at_last()
        await only_reply(slack, share)
        await bench.stop()


async def test_one_recording_that_was_asked_to_wait_makes_all_of_them_wait(camel: Line) -> None:
    camel.botlhale.hold = True
    await camel.start()
    shares = [await camel.slack.share(camel.slack.channel(name), [recording()]) for name in ("one", "two", "three")]
    await eventually(lambda: camel.received == 3)
    camel.arm("status", faults.rate_limited(2))
    asked = camel.asked("status")
    await eventually(lambda: camel.asked("status") > asked)
    await _pauses(camel, "status", under_way=2)
    camel.botlhale.release()
    await camel.bench.ended(3)
    assert [len(camel.slack.replies(share)) for share in shares] == [1, 1, 1]


async def test_a_new_recording_waits_as_well_while_the_provider_wants_fewer_requests(camel: Line) -> None:
    camel.arm("order", faults.rate_limited(2))
    await camel.start()
    await camel.share()
    await eventually(lambda: camel.asked("order"))
    await camel.bench.waits(JobState.RECEIVED)
    await camel.share()
    await _pauses(camel, "order", under_way=0)


async def _pauses(line: Line, call: str, *, under_way: int) -> None:
    """Wait until a call is made again, but for those that were under way; it takes a second at least."""
    clock = asyncio.get_running_loop().time
    since, asked = clock(), line.asked(call)
    await eventually(lambda: line.asked(call) > asked + under_way)
    assert clock() - since > 1


@pytest.mark.parametrize("state", [JobState.SUBMITTED, JobState.RECEIVED])
async def test_a_restart_in_the_middle_delays_and_doubles_nothing(line: Line, state: JobState) -> None:
    line.botlhale.hold = True
    if state is JobState.RECEIVED:
        line.arm("order", TROUBLES["503"])
    await line.start()
    share = await line.share()
    await eventually(lambda: line.asked("order"))
    await line.bench.waits(state)
    await line.bench.stop()
    line.botlhale.release()
    await line.start()
    await line.transcribed(share)
    assert line.received == 1


@pytest.mark.parametrize("call", ["order", "storage", "status", "result"])
async def test_a_stop_in_the_middle_of_a_call_delays_and_doubles_nothing(line: Line, call: str) -> None:
    line.arm(call, faults.slow(0.4))
    await line.start()
    share = await line.share()
    await eventually(lambda: line.asked(call))
    await line.bench.stop()
    await line.start()
    await line.transcribed(share)
    assert line.received == 1


async def test_a_provider_that_names_a_recording_before_it_has_it_does_not_lose_it(line: Line) -> None:
    line.botlhale.word_before_upload = "pending"
    line.arm("storage", TROUBLES["cut before"])
    await line.start(soonest_look=A_MINUTE)
    await line.transcribed(await line.share())


@pytest.mark.parametrize("call", CALLS)
async def test_an_answer_without_end_is_not_read_to_its_end(camel: Line, call: str) -> None:
    camel.arm(call, faults.answer(200, b" " * (65 * 2**20), **JSON))
    await camel.start()
    await camel.transcribed(await camel.share())
