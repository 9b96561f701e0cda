"""What every transcriber promises, proved for each against its stand-in (or, offline, against itself).

A new provider needs a stand-in in `sandbox`, a `Bench` here, and one line in `BENCHES`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from sandbox import botlhale as pretended_botlhale
from sandbox import gowajee as pretended_gowajee
from sandbox.faults import Faults, answer, hang_up_after, hang_up_before, rate_limited
from tests.transcription.offline_model import real_model
from tests.transcription.partners import recording
from transcription.audio import convert
from transcription.botlhale.dialects import ApiDialect
from transcription.botlhale.transcriber import Botlhale
from transcription.embedded.transcriber import Embedded
from transcription.errors import BadSignature, Failed, NotAuthorised, RateLimited, TicketExpired, TimedOut, Unavailable
from transcription.gowajee.transcriber import Gowajee
from transcription.transcriber import Audio, Callback, CallsBack, Handle, Inquiry, Pending, Ticket, Transcriber
from transcription.transcript import Transcript

SAMPLES = Path(__file__).parents[2] / "sandbox" / "samples"
TOKEN = "invented-webhook-token"
WRONG = "invented-wrong-secret"
LATER = timedelta(hours=1)
PATIENCE = 60
"""Seconds; the offline engine really listens."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A transcriber and the strings that its stand-in hangs on.

    `make` builds a transcriber with a secret of its own choice, `secret` is the right one. `sending` and `looking`
    name the calls under which faults are armed. `hold` keeps recordings in work until `release`; `fail` lets the next
    one fail; `settled` waits for what the stand-in still owes, `orphans` gives the webhooks that it sent.
    """

    make: Callable[[str], Transcriber]
    secret: str
    faults: Faults
    sending: str
    looking: str
    hold: Callable[[], None]
    release: Callable[[], None]
    fail: Callable[[], None]
    settled: Callable[[], Awaitable[None]]
    orphans: Callable[[], list[bytes]]

    @property
    def transcriber(self) -> Transcriber:
        return self.make(self.secret)


@asynccontextmanager
async def botlhale_bench(
    dialect: ApiDialect, result_path: pretended_botlhale.ResultPath = "getdata"
) -> AsyncIterator[Bench]:
    camel = dialect == "camel"
    stand_in = pretended_botlhale.Botlhale(
        dialect=dialect,
        token_shape="B2" if camel else "B3",
        storage_shape="sigv2" if camel else "sigv4",
        result_path=result_path,
    )
    async with stand_in, httpx.AsyncClient(trust_env=False) as client:

        def make(secret: str) -> Transcriber:
            return Botlhale(
                client=client,
                base_url=stand_in.origin,
                org_id=stand_in.org_id,
                refresh_token=secret,
                dialect=dialect,
                clock=lambda: datetime.now(UTC),
            )

        def hold() -> None:
            stand_in.hold = True

        yield Bench(
            make=make,
            secret=stand_in.refresh_token,
            faults=stand_in.faults,
            sending="POST storage",
            looking="GET /asr/async/status",
            hold=hold,
            release=stand_in.release,
            fail=stand_in.fail_next,
            settled=lambda: asyncio.sleep(0),
            orphans=list,
        )


@asynccontextmanager
async def gowajee_bench(*, status_path: pretended_gowajee.StatusPath = "plain") -> AsyncIterator[Bench]:
    # Nobody listens there: what the stand-in wanted to deliver can be read from it.
    stand_in = pretended_gowajee.Gowajee(
        webhook_url=f"http://127.0.0.1:9/webhooks/gowajee?token={TOKEN}", status_path=status_path
    )
    async with stand_in, httpx.AsyncClient(trust_env=False) as client:

        def make(secret: str) -> Transcriber:
            return Gowajee(
                client=client,
                base_url=stand_in.origin,
                api_key=secret,
                model="pulse",
                webhook_ids=[stand_in.webhook_id],
                webhook_tokens=[TOKEN],
            )

        def hold() -> None:
            stand_in.hold = True

        yield Bench(
            make=make,
            secret=stand_in.api_key,
            faults=stand_in.faults,
            sending="POST transcribe/async",
            looking="GET job/status",
            hold=hold,
            release=stand_in.release,
            fail=stand_in.fail_next,
            settled=stand_in.settled,
            orphans=lambda: [delivery.body for job in stand_in.jobs.values() for delivery in job.deliveries],
        )


BENCHES: dict[str, Callable[[], AbstractAsyncContextManager[Bench]]] = {
    "botlhale-camel": lambda: botlhale_bench("camel"),
    "botlhale-snake": lambda: botlhale_bench("snake"),
    "botlhale-data": lambda: botlhale_bench("camel", "data"),
    "gowajee": gowajee_bench,
}


@pytest.fixture(params=BENCHES)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with BENCHES[request.param]() as opened:
        yield opened


@pytest.fixture(params=[*BENCHES, "embedded", "whisper"])
async def transcriber(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Transcriber]:
    if request.param in {"embedded", "whisper"}:
        embedded = Embedded(model=real_model(tmp_path / "models") if request.param == "whisper" else None)
        yield embedded
        await embedded.close()
        return
    async with BENCHES[request.param]() as opened:
        yield opened.transcriber


@pytest.fixture
async def voice_note(transcriber: Transcriber, tmp_path: Path) -> Audio:
    """A recording with speech in it: the offline engine has no script to answer from."""
    rate = transcriber.capabilities.sample_rate
    path = tmp_path / "voice_note.wav"
    converted = await convert(SAMPLES / "note.m4a", path, sample_rate=rate, longest=None)
    return Audio(key="voicenote", path=path, duration=converted.duration, sample_rate=rate)


@pytest.fixture
def audio(tmp_path: Path) -> Audio:
    return recording(tmp_path, seconds=11.5)


async def sent(transcriber: Transcriber, audio: Audio) -> Handle:
    return (await transcriber.submit(audio, await transcriber.prepare(audio))).handle


async def transcript_of(transcriber: Transcriber, handle: Handle) -> Transcript:
    async with asyncio.timeout(PATIENCE):
        while True:
            answered = await transcriber.check(handle, Inquiry(age=timedelta(0)))
            if isinstance(answered, Transcript):
                return answered
            await asyncio.sleep(0.01)


# Everyone


def test_a_transcriber_has_a_name_for_machines_and_one_for_people(transcriber: Transcriber) -> None:
    assert transcriber.name.islower()
    assert transcriber.name.isalnum()
    assert transcriber.title


def test_a_transcriber_says_how_fast_it_is_and_what_it_takes(transcriber: Transcriber) -> None:
    pace = transcriber.capabilities.poll_schedule
    assert timedelta(0) < pace.soonest <= pace.latest < pace.patience_floor
    assert transcriber.capabilities.sendings >= 1


async def test_a_recording_becomes_turns_in_order_and_within_its_length(
    transcriber: Transcriber, voice_note: Audio
) -> None:
    transcript = await transcript_of(transcriber, await sent(transcriber, voice_note))
    assert transcript.turns
    assert list(transcript.turns) == sorted(transcript.turns, key=lambda turn: (turn.start, turn.end))
    assert all(timedelta(0) <= turn.start <= turn.end <= transcript.duration for turn in transcript.turns)
    assert all(turn.text == turn.text.strip() != "" for turn in transcript.turns)
    assert abs(transcript.duration - voice_note.duration) < timedelta(seconds=1)


async def test_preparing_again_is_harmless(transcriber: Transcriber, voice_note: Audio) -> None:
    await transcriber.prepare(voice_note)
    handle = await sent(transcriber, voice_note)
    assert (await transcript_of(transcriber, handle)).turns


async def test_what_was_never_sent_is_not_found(transcriber: Transcriber, voice_note: Audio) -> None:
    ticket = await transcriber.prepare(voice_note)
    assert await transcriber.find(ticket, age=LATER, orphans=()) is None


async def test_closing_twice_is_harmless(transcriber: Transcriber) -> None:
    await transcriber.close()
    await transcriber.close()


# Those who are asked over the network


async def test_a_ticket_outlives_a_restart(bench: Bench, audio: Audio) -> None:
    ticket = await bench.transcriber.prepare(audio)
    handle = (await bench.transcriber.submit(audio, Ticket(str(ticket)))).handle
    assert (await transcript_of(bench.transcriber, handle)).turns


async def test_two_recordings_are_never_mixed_up(bench: Bench, tmp_path: Path) -> None:
    transcriber = bench.transcriber
    recordings = [recording(tmp_path, seconds=seconds, key=f"job{seconds}") for seconds in (7, 13, 19)]
    handles = await asyncio.gather(*(sent(transcriber, audio) for audio in recordings))
    transcripts = await asyncio.gather(*(transcript_of(transcriber, handle) for handle in handles))
    assert [transcript.duration for transcript in transcripts] == [audio.duration for audio in recordings]


async def test_a_recording_in_work_is_pending(bench: Bench, audio: Audio) -> None:
    bench.hold()
    transcriber = bench.transcriber
    handle = await sent(transcriber, audio)
    assert isinstance(await transcriber.check(handle, Inquiry(age=timedelta(0))), Pending)
    bench.release()
    assert (await transcript_of(transcriber, handle)).turns


async def test_a_recording_that_arrived_unanswered_is_found_and_finished(bench: Bench, audio: Audio) -> None:
    transcriber = bench.transcriber
    ticket = await transcriber.prepare(audio)
    bench.faults.arm(bench.sending, hang_up_after())
    with pytest.raises(TimedOut):
        await transcriber.submit(audio, ticket)
    await bench.settled()
    found = await bench.transcriber.find(ticket, age=timedelta(0), orphans=bench.orphans())
    assert found is not None
    assert (await transcript_of(transcriber, found.handle)).turns


async def test_a_recording_that_did_not_arrive_is_not_found_and_can_be_sent_again(bench: Bench, audio: Audio) -> None:
    transcriber = bench.transcriber
    ticket = await transcriber.prepare(audio)
    bench.faults.arm(bench.sending, hang_up_before())
    with pytest.raises(TimedOut):
        await transcriber.submit(audio, ticket)
    assert await transcriber.find(ticket, age=LATER, orphans=bench.orphans()) is None
    assert (await transcript_of(transcriber, (await transcriber.submit(audio, ticket)).handle)).turns


async def test_a_wrong_secret_is_for_the_operator_and_is_not_repeated_to_anybody(bench: Bench, audio: Audio) -> None:
    stranger = bench.make(WRONG)
    for attempt in (sent(stranger, audio), stranger.check(Handle("any"), Inquiry(age=timedelta(0)))):
        with pytest.raises(NotAuthorised) as caught:
            await attempt
        assert WRONG not in str(caught.value)


async def test_a_provider_that_gave_up_is_final(bench: Bench, audio: Audio) -> None:
    bench.fail()
    transcriber = bench.transcriber
    handle = await sent(transcriber, audio)
    with pytest.raises(Failed):
        await transcript_of(transcriber, handle)


async def test_a_provider_that_wants_fewer_requests_says_for_how_long(bench: Bench, audio: Audio) -> None:
    transcriber = bench.transcriber
    handle = await sent(transcriber, audio)
    bench.faults.arm(bench.looking, rate_limited(7))
    with pytest.raises(RateLimited) as caught:
        await transcriber.check(handle, Inquiry(age=timedelta(0)))
    assert caught.value.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>"])
async def test_a_broken_provider_is_a_reason_to_come_back(bench: Bench, audio: Audio, body: bytes) -> None:
    transcriber = bench.transcriber
    handle = await sent(transcriber, audio)
    bench.faults.arm(bench.looking, answer(502, body))
    with pytest.raises(Unavailable):
        await transcriber.check(handle, Inquiry(age=timedelta(0)))
    assert (await transcript_of(transcriber, handle)).turns


async def test_a_ticket_of_nobody_is_worth_nothing(bench: Bench, audio: Audio) -> None:
    with pytest.raises(TicketExpired):
        await bench.transcriber.submit(audio, Ticket("of nobody"))


# Those who call back


@pytest.fixture
async def caller() -> AsyncIterator[Bench]:
    async with gowajee_bench() as opened:
        yield opened


async def delivered(caller: Bench, audio: Audio) -> tuple[Handle, bytes]:
    handle = await sent(caller.transcriber, audio)
    await caller.settled()
    return handle, caller.orphans()[0]


async def test_a_genuine_webhook_names_its_job_and_says_what_the_status_says(caller: Bench, audio: Audio) -> None:
    transcriber = caller.transcriber
    assert isinstance(transcriber, CallsBack)
    handle, body = await delivered(caller, audio)
    assert transcriber.admit(Callback(query={"token": TOKEN}, headers={}, body=body)) == handle
    assert (await transcript_of(transcriber, handle)).turns


# One who does nothing but call back: Gowajee as its page has it, without a status call


@pytest.fixture
async def only_caller() -> AsyncIterator[Bench]:
    async with gowajee_bench(status_path="none") as opened:
        yield opened


def told(bench: Bench, handle: Handle) -> Inquiry:
    """What a check knows of a job that was answered, and of which a webhook may tell."""
    notices = [body for body in bench.orphans() if handle.encode() in body]
    return Inquiry(age=timedelta(minutes=1), notice=notices[0] if notices else None, given=True)


async def test_without_a_status_call_a_recording_waits_for_its_webhook_which_brings_the_words(
    only_caller: Bench, audio: Audio
) -> None:
    only_caller.hold()
    transcriber = only_caller.transcriber
    handle = await sent(transcriber, audio)
    assert await transcriber.check(handle, told(only_caller, handle)) == Pending()
    only_caller.release()
    await only_caller.settled()
    transcript = await transcriber.check(handle, told(only_caller, handle))
    assert isinstance(transcript, Transcript)
    assert transcript.turns
    assert transcript.duration == audio.duration


async def test_without_a_status_call_two_recordings_are_never_mixed_up(only_caller: Bench, tmp_path: Path) -> None:
    transcriber = only_caller.transcriber
    recordings = [recording(tmp_path, seconds=seconds, key=f"job{seconds}") for seconds in (7, 13)]
    handles = [await sent(transcriber, audio) for audio in recordings]
    await only_caller.settled()
    transcripts = [await transcriber.check(handle, told(only_caller, handle)) for handle in handles]
    lengths = [transcript.duration for transcript in transcripts if isinstance(transcript, Transcript)]
    assert lengths == [audio.duration for audio in recordings]


async def test_without_a_status_call_a_failure_that_a_webhook_tells_is_final(only_caller: Bench, audio: Audio) -> None:
    only_caller.fail()
    transcriber = only_caller.transcriber
    handle = await sent(transcriber, audio)
    await only_caller.settled()
    with pytest.raises(Failed):
        await transcriber.check(handle, told(only_caller, handle))


async def test_without_a_status_call_an_unanswered_submission_is_never_taken_for_found(
    only_caller: Bench, audio: Audio
) -> None:
    transcriber = only_caller.transcriber
    ticket = await transcriber.prepare(audio)
    only_caller.faults.arm(only_caller.sending, hang_up_after())
    with pytest.raises(TimedOut):
        await transcriber.submit(audio, ticket)
    await only_caller.settled()
    assert only_caller.orphans()
    assert await transcriber.find(ticket, age=LATER, orphans=only_caller.orphans()) is None


async def test_a_forged_webhook_is_turned_away(caller: Bench, audio: Audio) -> None:
    transcriber = caller.transcriber
    assert isinstance(transcriber, CallsBack)
    _, body = await delivered(caller, audio)
    for query in ({}, {"token": ""}, {"token": WRONG}):
        with pytest.raises(BadSignature):
            transcriber.admit(Callback(query=query, headers={}, body=body))
