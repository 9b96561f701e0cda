"""Proves that Gowajee is spoken to as documented, to the letter, and that a webhook decides nothing by itself."""

from __future__ import annotations

import base64
import io
import json
import wave
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import get_args

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcription.partners import UNREACHED, Partner, Reply, parts_of, recording, sample
from transcription import remarks
from transcription.errors import (
    BadSignature,
    Failed,
    Misunderstood,
    NotAuthorised,
    QuotaSpent,
    RateLimited,
    TicketExpired,
    TimedOut,
    TooLong,
    TranscriptionError,
    Unavailable,
)
from transcription.gowajee.options import GowajeeOptions, ModelName
from transcription.gowajee.transcriber import Gowajee
from transcription.gowajee.webhook_trust import Results
from transcription.gowajee.wire import claimed, read_accepted, read_notice, read_status
from transcription.hints import Hints
from transcription.transcriber import Audio, Callback, CallsBack, Handle, Inquiry, Pending, Ticket
from transcription.transcript import Report, Speaker, Transcript

JOB, WEBHOOK = Handle("5f0c1d52-1111-4222-8333-944445555666"), "c0ffee00-1111-4222-8333-944445555666"
SUBMIT, STATUS = "POST /v1/speech-to-text/pulse/transcribe/async", "GET /v1/speech-to-text/job/status"
STATUS_WITH_MODEL = "GET /v1/speech-to-text/pulse/job/status"
TOKEN = "invented-webhook-token"
SUCCESS, FAILURE = sample("gowajee_webhook_success"), sample("gowajee_webhook_failure")
MINUTE = timedelta(minutes=1)


def partner(
    *,
    submit: list[Reply] | None = None,
    status: list[Reply] | None = None,
    status_with_model: list[Reply] | None = None,
) -> Partner:
    return Partner(
        {
            SUBMIT: submit or [Reply(body=sample("gowajee_accepted"))],
            STATUS: status or [Reply(body=sample("gowajee_status_completed"))],
            STATUS_WITH_MODEL: status_with_model or [Reply(status=404)],
        }
    )


def gowajee(
    scripted: Partner,
    *,
    options: GowajeeOptions | None = None,
    model: ModelName = "pulse",
    largest_inline: int = 20 * 2**20,
    host: Callable[[Audio], str] | None = None,
    tokens: tuple[str, ...] = (TOKEN,),
    results: Results = "auto",
) -> Gowajee:
    return Gowajee(
        client=scripted.client,
        base_url="https://api.gowajee.example",
        api_key="invented-api-key",
        model=model,
        webhook_ids=[WEBHOOK],
        webhook_tokens=tokens,
        options=options,
        largest_inline=largest_inline,
        host=host,
        results=results,
    )


@pytest.fixture
def audio(tmp_path: Path) -> Audio:
    return recording(tmp_path)


async def asked(audio: Audio, options: GowajeeOptions | None = None) -> httpx.Request:
    scripted = partner()
    provider = gowajee(scripted, options=options)
    await provider.submit(audio, await provider.prepare(audio))
    return scripted.asked[SUBMIT][0]


async def checked(
    status: str | Reply, *, age: timedelta = 5 * MINUTE, notice: bytes | None = None
) -> Transcript | Pending:
    reply = status if isinstance(status, Reply) else Reply(body=sample(status))
    return await gowajee(partner(status=[reply])).check(JOB, Inquiry(age=age, notice=notice))


def callback(body: bytes = SUCCESS, *, token: str | None = TOKEN) -> Callback:
    return Callback(query={} if token is None else {"token": token}, headers={}, body=body)


def changed(body: bytes, **changes: object) -> bytes:
    return json.dumps(json.loads(body) | changes).encode()


def orphan(*, duration: float = 9.2, job: str = JOB, webhook: str = WEBHOOK) -> bytes:
    return changed(SUCCESS, output={"results": [], "duration": duration}, jobId=job, webhookId=webhook)


# Sending the recording


async def test_a_recording_goes_as_base64_in_json_with_a_real_length(audio: Audio) -> None:
    request = await asked(audio)
    body = json.loads(request.content)
    assert base64.b64decode(body.pop("audioData"), validate=True) == audio.path.read_bytes()
    assert body == {"diarization": True}
    assert request.headers["x-api-key"] == "invented-api-key"
    assert request.headers["Content-Type"] == "application/json"
    assert int(request.headers["Content-Length"]) == len(request.content)
    assert "Transfer-Encoding" not in request.headers
    assert dict(request.url.params) == {"webhookId": WEBHOOK}


@pytest.mark.parametrize("surplus", [0, 1, 2])
async def test_base64_of_many_blocks_has_no_seam(tmp_path: Path, surplus: int) -> None:
    audio = recording(tmp_path, seconds=80)
    audio.path.write_bytes(audio.path.read_bytes() + b"x" * surplus)
    body = json.loads((await asked(audio)).content)
    assert base64.b64decode(body["audioData"], validate=True) == audio.path.read_bytes()


async def test_what_is_wished_for_a_recording_comes_before_what_is_set_up(audio: Audio) -> None:
    options = GowajeeOptions(min_speakers=2, max_speakers=4, boost_words=("one",))
    wished = Hints(speakers=(3, 3), vocabulary=("two", "one"))
    body = json.loads((await asked(replace(audio, hints=wished), options)).content)
    assert (body["numSpeakers"], body["boostWordList"]) == (3, ["one", "two"])
    assert "minSpeakers" not in body
    body = json.loads((await asked(replace(audio, hints=Hints(speakers=(1, 5))), options)).content)
    assert (body["minSpeakers"], body["maxSpeakers"]) == (1, 5)
    assert "numSpeakers" not in body


@pytest.mark.parametrize(
    "options", [GowajeeOptions(diarization=False), GowajeeOptions(multichannels=True, diarization=False)]
)
async def test_where_speakers_are_not_told_apart_their_number_is_not_sent(
    audio: Audio, options: GowajeeOptions
) -> None:
    body = json.loads((await asked(replace(audio, hints=Hints(speakers=(3, 3))), options)).content)
    assert "numSpeakers" not in body


async def test_json_carries_real_booleans_and_integers(audio: Audio) -> None:
    options = GowajeeOptions(
        min_speakers=2,
        max_speakers=4,
        speaking_rate=True,
        word_timestamps=True,
        boost_words=("คำ", "word"),
        boost_score=7,
    )
    body = json.loads((await asked(audio, options)).content)
    del body["audioData"]
    assert body == {
        "getSpeakingRate": True,
        "getWordTimestamps": True,
        "boostWordList": ["คำ", "word"],
        "boostScore": 7,
        "diarization": True,
        "minSpeakers": 2,
        "maxSpeakers": 4,
    }


async def test_wishes_that_are_off_are_left_out(audio: Audio) -> None:
    body = json.loads((await asked(audio, GowajeeOptions(diarization=False))).content)
    assert list(body) == ["audioData"]


async def test_channels_are_asked_for_by_the_name_of_both_parameter_tables(audio: Audio) -> None:
    body = json.loads((await asked(replace(audio, channels=2), GowajeeOptions(multichannels=True))).content)
    assert body["multichannels"] is True


@pytest.mark.parametrize(
    "counted", [{"num_speakers": 2}, {"min_speakers": 2, "max_speakers": 4}, {"diarization": False}, {}], ids=str
)
async def test_two_channels_are_told_apart_by_channel_and_one_by_voice(audio: Audio, counted: dict[str, int]) -> None:
    options = GowajeeOptions(multichannels=True, **counted)  # type: ignore[arg-type]  # each has the types of its fields
    wished = replace(audio, hints=Hints(speakers=(3, 3)))
    stereo = json.loads((await asked(replace(wished, channels=2), options)).content)
    assert stereo.keys() == {"audioData", "multichannels"}
    mono, plain = [
        json.loads((await asked(audio, one)).content) for one in (options, replace(options, multichannels=False))
    ]
    assert mono == plain
    assert ("diarization" in mono) is options.diarization


async def test_a_score_goes_along_with_words_whoever_wished_for_them(audio: Audio) -> None:
    options = GowajeeOptions(boost_score=7)
    without = json.loads((await asked(audio, options)).content)
    assert "boostScore" not in without
    body = json.loads((await asked(replace(audio, hints=Hints(vocabulary=("word",))), options)).content)
    assert (body["boostWordList"], body["boostScore"]) == (["word"], 7)


@pytest.mark.parametrize("channels", [1, 2])
async def test_raw_audio_is_described_as_it_is_sent(audio: Audio, channels: int) -> None:
    options = GowajeeOptions(sample_rate=16_000, sample_width=2, channels=1, multichannels=True)
    body = json.loads((await asked(replace(audio, channels=channels), options)).content)
    assert (body["sampleRate"], body["sampleWidth"], body["channels"]) == (16_000, 2, channels)


async def test_reference_voices_ride_along_in_multipart_under_their_speakers_names(
    audio: Audio, tmp_path: Path
) -> None:
    voice = recording(tmp_path, seconds=4, key="voice").path
    options = GowajeeOptions(reference_speakers={"สมชาย": voice}, boost_words=("a", "b"), boost_score=3)
    request = await asked(audio, options)
    assert parts_of(request) == [
        ("boostWordList", None, b"a,b"),
        ("boostScore", None, b"3"),
        ("diarization", None, b"true"),
        ("refSpeakers", "สมชาย", voice.read_bytes()),
        ("audioData", "job1.wav", audio.path.read_bytes()),
    ]
    assert int(request.headers["Content-Length"]) == len(request.content)


async def test_a_missing_reference_voice_does_not_send_the_recording(audio: Audio, tmp_path: Path) -> None:
    scripted = partner()
    provider = gowajee(scripted, options=GowajeeOptions(reference_speakers={"Ann": tmp_path / "gone.wav"}))
    with pytest.raises(Unavailable):
        await provider.submit(audio, await provider.prepare(audio))
    assert not scripted.asked[SUBMIT]


async def test_a_larger_recording_goes_by_its_address_and_stays_on_disk(audio: Audio) -> None:
    scripted = partner()
    provider = gowajee(scripted, largest_inline=1000, host=lambda audio: f"https://us.example/{audio.key}?s=invented")
    submission = await provider.submit(audio, await provider.prepare(audio))
    body = json.loads(scripted.asked[SUBMIT][0].content)
    assert body == {"audioData": "https://us.example/job1?s=invented", "diarization": True}
    assert submission.keeps_audio


async def test_a_larger_recording_without_a_public_address_is_refused_before_anything_is_sent(audio: Audio) -> None:
    provider = gowajee(partner(), largest_inline=1000)
    assert provider.capabilities.largest == 1000
    with pytest.raises(TooLong) as caught:
        await provider.prepare(audio)
    assert caught.value.sentence.startswith("This recording is too large")


async def test_an_address_that_is_no_longer_offered_starts_the_job_again(audio: Audio) -> None:
    ticket = await gowajee(partner(), largest_inline=1000, host=lambda _: "https://us.example/").prepare(audio)
    with pytest.raises(TicketExpired):
        await gowajee(partner(), largest_inline=1000).submit(audio, ticket)


@pytest.mark.parametrize("model", ["pulse", "cosmos", "astro"])
async def test_more_than_five_hours_are_refused_before_anything_is_sent(audio: Audio, model: ModelName) -> None:
    scripted = partner()
    provider = gowajee(scripted, model=model, host=lambda _: "https://us.example/")
    assert provider.capabilities.longest == timedelta(hours=5)
    await provider.prepare(replace(audio, duration=timedelta(hours=5)))
    with pytest.raises(TooLong) as caught:
        await provider.prepare(replace(audio, duration=timedelta(hours=5, milliseconds=1)))
    assert "longer than 5 hours" in caught.value.sentence
    assert not scripted.asked


async def test_voices_do_not_go_with_a_recording_whose_channels_tell_who_speaks(audio: Audio, tmp_path: Path) -> None:
    options = GowajeeOptions(multichannels=True, reference_speakers={"Ann": recording(tmp_path, key="voice").path})
    request = await asked(replace(audio, channels=2), options)
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.content).keys() == {"audioData", "multichannels"}


async def test_voices_do_not_go_with_an_address_and_the_wished_number_of_speakers_does(
    audio: Audio, tmp_path: Path
) -> None:
    scripted = partner()
    options = GowajeeOptions(reference_speakers={"Ann": recording(tmp_path, key="voice").path})
    provider = gowajee(scripted, largest_inline=1000, host=lambda _: "https://us.example/x", options=options)
    wished = replace(audio, hints=Hints(speakers=(2, 2)))
    await provider.submit(wished, await provider.prepare(wished))
    body = json.loads(scripted.asked[SUBMIT][0].content)
    assert body == {"audioData": "https://us.example/x", "diarization": True, "numSpeakers": 2}


@pytest.mark.parametrize(("model", "boosts"), [("pulse", True), ("cosmos", True), ("astro", False)])
def test_a_vocabulary_is_offered_where_the_model_takes_one(model: ModelName, *, boosts: bool) -> None:
    assert gowajee(partner(), model=model).capabilities.vocabulary is boosts


@pytest.mark.parametrize("ticket", ["", "{}", "not json", '{"seconds": -1, "way": "inline"}'])
async def test_a_ticket_that_cannot_be_read_is_worth_nothing(audio: Audio, ticket: str) -> None:
    with pytest.raises(TicketExpired):
        await gowajee(partner()).submit(audio, Ticket(ticket))


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(status=401, body=b"invented-api-key"), NotAuthorised),
        (Reply(status=413), TooLong),
        (Reply(status=429), RateLimited),
        (Reply(status=500), TimedOut),
        (Reply(status=503), Unavailable),
        (Reply(status=400), Misunderstood),
        (Reply(status=302, headers={"Location": "https://elsewhere.example/"}), Misunderstood),
        (Reply(error=UNREACHED), Unavailable),
        (Reply(error=httpx.ReadTimeout("x")), TimedOut),
        (Reply(body=b"accepted!"), TimedOut),
        (Reply(body=b'{"status": "IN_QUEUE"}'), TimedOut),
        (Reply(body=b'{"status": "Failed", "jobId": "x"}'), Failed),
    ],
)
async def test_an_unhappy_submission_tells_whether_the_recording_may_have_arrived(
    audio: Audio, reply: Reply, error: type[TranscriptionError]
) -> None:
    scripted = partner(submit=[reply])
    provider = gowajee(scripted)
    with pytest.raises(error) as caught:
        await provider.submit(audio, await provider.prepare(audio))
    assert type(caught.value) is error
    assert "invented" not in str(caught.value)
    assert len(scripted.asked[SUBMIT]) == 1


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"num_speakers": 2, "min_speakers": 1, "max_speakers": 3}, "num_speakers"),
        ({"num_speakers": 0}, "num_speakers"),
        ({"num_speakers": 2, "diarization": False}, "diarization"),
        ({"min_speakers": 3, "max_speakers": 2}, "min_speakers"),
        ({"min_speakers": 0, "max_speakers": 2}, "min_speakers"),
        ({"min_speakers": 2}, "max_speakers"),
        ({"max_speakers": 2}, "min_speakers"),
        ({"boost_words": ("a",), "boost_score": 21}, "boost_score"),
        ({"boost_words": ("a,b",)}, "boost_words"),
        ({"boost_words": (" ",)}, "boost_words"),
        ({"sample_rate": 16_000}, "sample_rate"),
        ({"sample_rate": 16_000, "sample_width": 1, "channels": 1}, "sample_width"),
        ({"sample_rate": 8_000, "sample_width": 2, "channels": 1}, "sample_rate"),
        ({"sample_rate": 16_000, "sample_width": 2, "channels": 3}, "channels"),
        ({"reference_speakers": {"": Path("a.wav")}}, "reference_speakers"),
        ({"reference_speakers": {'a"b': Path("a.wav")}}, "reference_speakers"),
        ({"reference_speakers": {"Ann": Path("a.wav")}, "num_speakers": 2}, "reference_speakers"),
    ],
)
def test_an_impossible_wish_is_named(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        GowajeeOptions(**wrong)  # type: ignore[arg-type]  # each case has the types of its fields


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("cosmos", GowajeeOptions(word_timestamps=True)),
        ("astro", GowajeeOptions(boost_words=("a",))),
        ("astro", GowajeeOptions(boost_score=5)),
        ("cosmos", GowajeeOptions(reference_speakers={"Ann": Path("a.wav")})),
    ],
)
def test_a_wish_that_the_model_does_not_know_is_named(model: ModelName, options: GowajeeOptions) -> None:
    with pytest.raises(ValueError, match="needs the model pulse"):
        gowajee(partner(), model=model, options=options)


@pytest.mark.parametrize(
    ("seconds", "voices", "answered", "said"),
    [
        (10, True, "gowajee_status_completed", False),
        (700, True, "gowajee_status_completed", True),
        (700, False, "gowajee_status_completed", False),
        (700, True, "gowajee_webhook_multichannel", False),
    ],
    ids=["inline", "as an address", "without voices", "by channel"],
)
async def test_a_transcript_says_where_the_voices_could_not_be_sent(
    seconds: int, *, voices: bool, answered: str, said: bool
) -> None:
    options = GowajeeOptions(multichannels=True, reference_speakers={"Ann": Path("a.wav")} if voices else {})
    status = changed(sample(answered), status="COMPLETED", jobId=JOB)
    provider = gowajee(partner(status=[Reply(body=status)]), options=options, host=lambda _: "https://us.example/")
    found = await provider.check(JOB, Inquiry(age=MINUTE, length=timedelta(seconds=seconds)))
    assert isinstance(found, Transcript)
    assert found.note == (remarks.VOICES_NOT_SENT if said else None)


async def test_what_is_sent_to_every_model_is_wav_as_it_was_prepared(audio: Audio) -> None:
    for model in get_args(ModelName):
        scripted = Partner(
            {f"POST /v1/speech-to-text/{model}/transcribe/async": [Reply(body=sample("gowajee_accepted"))]}
        )
        provider = gowajee(scripted, model=model)
        await provider.submit(audio, await provider.prepare(audio))
        ((request,),) = scripted.asked.values()
        sound = base64.b64decode(json.loads(request.content)["audioData"])
        with wave.open(io.BytesIO(sound)) as wav:
            assert (wav.getframerate(), wav.getsampwidth(), wav.getnchannels()) == (16_000, 2, 1)


# An unanswered submission


def knowing_it() -> Partner:
    """A Gowajee whose status knows the job of an orphan, and that it is as long as the recording."""
    output = {"results": [], "duration": 9.2}
    return partner(status=[Reply(body=changed(sample("gowajee_status_completed"), output=output))] * 3)


async def test_the_one_webhook_of_the_same_length_is_the_lost_job_if_the_status_knows_it(audio: Audio) -> None:
    provider = gowajee(knowing_it())
    ticket = await provider.prepare(audio)
    orphans = [orphan(), orphan(), orphan(job="other", duration=10.1), orphan(job="alien", webhook="x"), FAILURE, b"?"]
    found = await provider.find(ticket, age=timedelta(0), orphans=orphans)
    assert found is not None
    assert (found.handle, found.keeps_audio, found.given) == (JOB, False, False)


@pytest.mark.parametrize(
    "status",
    [Reply(status=404), Reply(body=sample("gowajee_status_unknown")), Reply(body=sample("gowajee_status_completed"))],
    ids=["no status call", "unknown", "another length"],
)
async def test_a_webhook_about_a_job_that_the_status_does_not_know_as_ours_is_never_claimed(
    audio: Audio, status: Reply
) -> None:
    provider = gowajee(partner(status=[status] * 3))
    ticket = await provider.prepare(audio)
    with pytest.raises(Unavailable):
        await provider.find(ticket, age=timedelta(0), orphans=[orphan()])
    assert await provider.find(ticket, age=3 * MINUTE, orphans=[orphan()]) is None


async def test_two_webhooks_of_the_same_length_are_nobodys(audio: Audio) -> None:
    provider = gowajee(partner())
    orphans = [orphan(job="one"), orphan(job="two")]
    assert await provider.find(await provider.prepare(audio), age=3 * MINUTE, orphans=orphans) is None


async def test_it_is_too_early_to_tell_for_two_minutes(audio: Audio) -> None:
    scripted = partner()
    provider = gowajee(scripted)
    ticket = await provider.prepare(audio)
    with pytest.raises(Unavailable) as caught:
        await provider.find(ticket, age=timedelta(seconds=110), orphans=())
    assert caught.value.retry_after == timedelta(seconds=10)
    assert await provider.find(ticket, age=2 * MINUTE, orphans=()) is None
    assert not scripted.asked


async def test_it_is_too_early_to_tell_for_twice_the_length(audio: Audio) -> None:
    provider = gowajee(partner(), largest_inline=10**10)
    ticket = await provider.prepare(replace(audio, duration=timedelta(hours=1)))
    with pytest.raises(Unavailable) as caught:
        await provider.find(ticket, age=timedelta(minutes=119), orphans=())
    assert caught.value.retry_after == timedelta(seconds=30)
    assert await provider.find(ticket, age=timedelta(hours=2), orphans=()) is None


async def test_a_found_job_whose_recording_is_fetched_keeps_it_on_disk(audio: Audio) -> None:
    provider = gowajee(knowing_it(), largest_inline=1000, host=lambda _: "https://us.example/")
    found = await provider.find(await provider.prepare(audio), age=timedelta(0), orphans=[orphan()])
    assert found is not None
    assert found.keeps_audio


# The status decides


async def test_the_status_is_asked_for_with_the_key_in_a_header() -> None:
    scripted = partner()
    transcript = await gowajee(scripted).check(JOB, Inquiry(age=MINUTE))
    assert isinstance(transcript, Transcript)
    assert (transcript.turns[0].text, transcript.duration) == ("สวัสดีค่ะ", timedelta(seconds=4.517))
    request = scripted.asked[STATUS][0]
    assert dict(request.url.params) == {"id": JOB}
    assert request.headers["x-api-key"] == "invented-api-key"


async def test_a_status_that_says_failed_beats_a_webhook_that_says_success() -> None:
    with pytest.raises(Failed):
        await checked("gowajee_status_failed", notice=SUCCESS)


async def test_a_status_that_says_completed_beats_a_webhook_that_says_failed_or_something_else() -> None:
    forged = SUCCESS.replace("สวัสดีค่ะ".encode(), b"FORGED")
    for notice in (FAILURE, forged, b"not json"):
        transcript = await checked("gowajee_status_completed", notice=notice)
        assert isinstance(transcript, Transcript)
        assert transcript.turns[0].text == "สวัสดีค่ะ"


async def test_a_status_that_lags_behind_a_webhook_is_asked_again_soon() -> None:
    assert await checked("gowajee_status_waiting", age=MINUTE, notice=SUCCESS) == Pending(
        poll_after=timedelta(seconds=3)
    )
    assert await checked("gowajee_status_waiting", age=30 * MINUTE, notice=SUCCESS) == Pending(
        poll_after=timedelta(seconds=30)
    )
    assert await checked("gowajee_status_waiting") == Pending()


OURS = Inquiry(age=5 * MINUTE, notice=SUCCESS, given=True)
ODD = [
    *(Reply(status=code) for code in (302, 400, 401, 403, 413, 500, 502, 503)),
    Reply(body=b"<html>maintenance</html>"),
    Reply(body=b"{}"),
    Reply(body=changed(sample("gowajee_status_completed"), output=None)),
    Reply(body=sample("gowajee_status_unknown")),
]


async def answered(replies: list[Reply], inquiry: Inquiry, *, results: Results = "auto") -> Transcript | Pending:
    provider = gowajee(partner(status=replies), results=results)
    return await provider.check(JOB, inquiry)


@pytest.mark.parametrize("code", [404, 405, 410])
async def test_where_there_is_no_status_call_the_webhook_decides_at_once(code: int) -> None:
    provider = gowajee(partner(status=[Reply(status=code)] * 2, status_with_model=[Reply(status=code)] * 2))
    transcript = await provider.check(JOB, OURS)
    assert isinstance(transcript, Transcript)
    assert (transcript.turns[0].text, transcript.note) == ("สวัสดีค่ะ", None)
    assert not provider.can_be_asked
    with pytest.raises(Failed):
        await provider.check(JOB, replace(OURS, notice=FAILURE))


@pytest.mark.parametrize("notice", [None, b"not json", SUCCESS])
async def test_without_a_status_call_a_job_without_a_webhook_of_its_own_waits(notice: bytes | None) -> None:
    inquiry = Inquiry(age=50 * MINUTE, notice=notice)
    assert await answered([Reply(status=404)], inquiry) == Pending()


@pytest.mark.parametrize("odd", ODD, ids=lambda reply: f"{reply.status} {len(reply.body)}")
async def test_a_webhook_decides_after_two_minutes_of_odd_answers_and_says_that_it_is_unconfirmed(odd: Reply) -> None:
    with pytest.raises((Misunderstood, Unavailable, NotAuthorised)):
        await answered([odd], replace(OURS, failing_for=timedelta(seconds=119)))
    transcript = await answered([odd], replace(OURS, failing_for=2 * MINUTE))
    assert isinstance(transcript, Transcript)
    assert transcript.note == remarks.UNCONFIRMED
    with pytest.raises(Failed):
        await answered([odd], replace(OURS, notice=FAILURE, failing_for=2 * MINUTE))


@pytest.mark.parametrize(("reply", "wait"), [(Reply(status=402), 2 * MINUTE), (Reply(status=429), 60 * MINUTE)])
async def test_an_account_that_is_used_up_or_asks_too_often_keeps_no_webhook_from_deciding(
    reply: Reply, wait: timedelta
) -> None:
    with pytest.raises((QuotaSpent, RateLimited)):
        await answered([reply], replace(OURS, failing_for=wait - timedelta(seconds=1)))
    assert isinstance(await answered([reply], replace(OURS, failing_for=wait)), Transcript)


async def test_the_first_webhook_that_tells_an_end_counts_whatever_comes_after_it() -> None:
    for later in (b"not json", FAILURE, b"{}"):
        transcript = await answered([Reply(status=404)], replace(OURS, notice=later, earlier=(b"{}", SUCCESS)))
        assert isinstance(transcript, Transcript)
    with pytest.raises(Failed):
        await answered([Reply(status=404)], replace(OURS, notice=SUCCESS, earlier=(FAILURE,)))


async def test_a_path_that_once_answered_anything_else_is_a_status_call_that_is_away() -> None:
    provider = gowajee(partner(status=[Reply(status=401), Reply(status=404)]))
    with pytest.raises(NotAuthorised):
        await provider.check(JOB, OURS)
    with pytest.raises(Misunderstood):
        await provider.check(JOB, OURS)


@pytest.mark.parametrize("odd", ODD[:-1], ids=lambda reply: f"{reply.status} {len(reply.body)}")
async def test_a_webhook_about_a_job_that_was_only_found_decides_nothing_however_long_it_lasts(odd: Reply) -> None:
    with pytest.raises((Misunderstood, Unavailable, NotAuthorised)):
        await answered([odd], replace(OURS, given=False, failing_for=60 * MINUTE, overdue=True))


async def test_while_work_goes_on_a_webhook_decides_only_when_the_job_has_waited_for_as_long_as_it_may() -> None:
    working = [Reply(body=sample("gowajee_status_waiting"))]
    assert isinstance(await answered(working, replace(OURS, failing_for=60 * MINUTE)), Pending)
    transcript = await answered(working, replace(OURS, overdue=True))
    assert isinstance(transcript, Transcript)
    assert transcript.note == remarks.UNCONFIRMED


async def test_a_status_that_says_failed_is_never_overruled() -> None:
    with pytest.raises(Failed):
        await answered([Reply(body=sample("gowajee_status_failed"))], replace(OURS, overdue=True))


async def test_a_status_in_the_webhooks_shape_or_with_another_word_for_done_is_the_result() -> None:
    for body in (SUCCESS, changed(sample("gowajee_status_completed"), status="Success")):
        transcript = await answered([Reply(body=body)], Inquiry(age=MINUTE))
        assert isinstance(transcript, Transcript)
        assert (transcript.turns[0].text, transcript.note) == ("สวัสดีค่ะ", None)


@pytest.mark.parametrize("notice", [None, b"not json"])
async def test_a_job_that_the_status_does_not_know_waits_and_is_lost_only_at_the_deadline(notice: bytes | None) -> None:
    """It used to be lost after a minute, but a job in a queue may be unknown for longer."""
    unknown = [Reply(body=sample("gowajee_status_unknown"))]
    inquiry = Inquiry(age=50 * MINUTE, notice=notice, given=True)
    assert await answered(unknown, inquiry) == Pending()
    with pytest.raises(Failed):
        await answered(unknown, replace(inquiry, overdue=True))


async def test_results_can_be_taken_from_webhooks_alone_or_from_the_status_alone() -> None:
    working = Reply(body=sample("gowajee_status_waiting"))
    assert isinstance(await answered([working], OURS, results="webhook"), Transcript)
    assert isinstance(await answered([working], replace(OURS, overdue=True), results="status"), Pending)
    with pytest.raises(Misunderstood):
        await answered([Reply(status=404)], replace(OURS, failing_for=60 * MINUTE), results="status")


async def test_a_status_call_that_was_seen_is_not_taken_for_missing_after_a_restart() -> None:
    first, second = gowajee(partner()), gowajee(partner(status=[Reply(status=404)] * 2))
    await first.check(JOB, Inquiry(age=MINUTE))
    second.recall(first.facts)
    assert second.can_be_asked
    with pytest.raises(Misunderstood):
        await second.check(JOB, OURS)


async def test_what_gowajee_says_of_its_work_is_told_beside_the_result() -> None:
    with_failure = replace(OURS, notice=FAILURE)
    transcript = await answered([Reply(status=404)], OURS)
    assert isinstance(transcript, Transcript)
    assert transcript.report == Report(kind="ASR_PULSE", amount=4.517, version="2.2.0")
    with pytest.raises(Failed) as caught:
        await answered([Reply(status=404)], with_failure)
    assert caught.value.report == Report(message="invented reason")


@pytest.mark.parametrize("word", ["FAILED", "Failure", "error", "CANCELLED", "TIMED_OUT"])
async def test_failure_words_end_the_job(word: str) -> None:
    with pytest.raises(Failed):
        await checked(Reply(body=changed(sample("gowajee_status_failed"), status=word)))


@pytest.mark.parametrize("word", ["IN_QUEUE", "IN_PROGRESS", "PONDERING"])
async def test_an_unknown_word_means_not_yet(word: str) -> None:
    assert await checked(Reply(body=changed(sample("gowajee_status_failed"), status=word))) == Pending()


async def test_a_completed_job_without_results_is_not_taken_for_silence() -> None:
    for output in (None, {}, {"results": None, "duration": 4.0}):
        with pytest.raises(Misunderstood):
            await checked(Reply(body=changed(sample("gowajee_status_completed"), output=output)))


async def test_a_status_about_another_job_is_not_read() -> None:
    with pytest.raises(Misunderstood):
        await checked(Reply(body=changed(sample("gowajee_status_completed"), jobId="another")))


async def test_the_status_path_with_the_model_is_tried_on_a_404_and_remembered() -> None:
    scripted = partner(status=[Reply(status=404)], status_with_model=[Reply(body=sample("gowajee_status_completed"))])
    provider = gowajee(scripted)
    for _ in range(2):
        assert isinstance(await provider.check(JOB, Inquiry(age=MINUTE)), Transcript)
    assert (len(scripted.asked[STATUS]), len(scripted.asked[STATUS_WITH_MODEL])) == (1, 2)


async def test_a_job_that_neither_path_knows_is_unknown() -> None:
    assert await checked(Reply(status=404), age=timedelta(0)) == Pending()


@pytest.mark.parametrize(("status", "error"), [(403, NotAuthorised), (500, Unavailable), (429, RateLimited)])
async def test_a_refused_status_call_is_told_by_its_code(status: int, error: type[TranscriptionError]) -> None:
    with pytest.raises(error) as caught:
        await checked(Reply(status=status, body=b"invented-api-key"))
    assert type(caught.value) is error
    assert "invented" not in str(caught.value)


# Webhooks


def test_a_webhook_is_let_in_by_its_token_and_named_by_its_job() -> None:
    provider = gowajee(partner())
    assert isinstance(provider, CallsBack)
    assert provider.admit(callback()) == JOB
    assert provider.admit(callback(FAILURE)) == JOB


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", "ค", "\udcff"])
def test_a_webhook_without_the_token_is_turned_away_unread(token: str | None) -> None:
    with pytest.raises(BadSignature) as caught:
        gowajee(partner()).admit(callback(b"never read", token=token))
    assert TOKEN not in str(caught.value)


def test_two_tokens_are_good_while_one_replaces_the_other() -> None:
    provider = gowajee(partner(), tokens=(TOKEN, "invented-second"))
    for token in (TOKEN, "invented-second"):
        provider.authenticate(query={"token": token}, headers={})


@pytest.mark.parametrize("tokens", [(), ("",), (TOKEN, "")])
def test_webhooks_without_any_token_cannot_be_chosen(tokens: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="webhook_tokens"):
        gowajee(partner(), tokens=tokens)


@pytest.mark.parametrize("webhook", ["another", "", None])
def test_a_webhook_of_another_registration_is_turned_away(webhook: str | None) -> None:
    with pytest.raises(BadSignature):
        gowajee(partner()).admit(callback(changed(SUCCESS, webhookId=webhook)))


@pytest.mark.parametrize(
    "body", [b"[]", b"", *(changed(SUCCESS, jobId=job) for job in ("", None, "a\nb", "x" * 201, ["x"]))]
)
def test_a_webhook_that_names_no_usable_job_is_not_understood(body: bytes) -> None:
    with pytest.raises(Misunderstood):
        gowajee(partner()).admit(callback(body))


def test_a_webhook_with_odd_contents_is_still_named() -> None:
    assert gowajee(partner()).admit(callback(changed(SUCCESS, output="odd"))) == JOB


@pytest.mark.parametrize("word", ["FAILED", "failed", "Failed"])
def test_a_failure_webhook_keeps_its_words_to_itself(word: str) -> None:
    with pytest.raises(Failed) as caught:
        read_notice(changed(FAILURE, status=word))
    assert "invented reason" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        changed(SUCCESS, status="IN_PROGRESS"),
        changed(SUCCESS, status="FAILED"),
        changed(FAILURE, status="DONE"),
        changed(SUCCESS, output={}),
        b"",
        b"[]",
    ],
)
def test_a_webhook_that_says_both_or_neither_is_not_understood(body: bytes) -> None:
    with pytest.raises(Misunderstood):
        read_notice(body)


def result(*items: dict[str, object], duration: object = 4.5) -> bytes:
    return changed(SUCCESS, output={"results": list(items), "duration": duration, "version": "2.2.0"})


WORDS: dict[str, object] = {"transcript": "คำ", "startTime": 1.0, "endTime": 2.0}


@pytest.mark.parametrize("duration", [4.5, 4500, 0.075, 0, "0:05", "4.5 seconds", -1, "", {}])
def test_a_length_in_another_unit_squeezes_no_times(duration: object) -> None:
    transcript = read_notice(result(WORDS, duration=duration), length=timedelta(seconds=4.5))
    assert (transcript.turns[0].end, transcript.duration) == (timedelta(seconds=2), timedelta(seconds=4.5))
    assert transcript.note is None


def test_times_that_our_measure_cannot_hold_are_kept_with_a_remark() -> None:
    transcript = read_notice(result(WORDS | {"endTime": 2000}), length=timedelta(seconds=4.5))
    assert transcript.turns[0].end == timedelta(seconds=2000)
    assert transcript.note == remarks.TIMES_ARE_WRONG


def test_a_result_without_an_end_or_that_cannot_be_read_costs_itself_alone() -> None:
    without_end = {"transcript": "สอง", "startTime": 2.5}
    unreadable = {"transcript": 5, "startTime": "later"}
    transcript = read_notice(result(WORDS, without_end, unreadable), length=timedelta(seconds=4.5))
    assert [(turn.text, turn.end.total_seconds()) for turn in transcript.turns] == [("คำ", 2.0), ("สอง", 2.5)]
    assert transcript.note == remarks.PARTS_ARE_MISSING
    with pytest.raises(Misunderstood):
        read_notice(result(unreadable))


def test_the_type_of_a_webhook_decides_nothing() -> None:
    assert read_notice(changed(SUCCESS, type="SOMETHING_NEW")).turns == read_notice(SUCCESS).turns


def test_indexed_speakers_are_labels_and_times_are_rounded_seconds() -> None:
    transcript = read_notice(sample("gowajee_webhook_diarized"))
    assert transcript.speakers == (Speaker(label="SPEAKER_00"), Speaker(label="SPEAKER_01"))
    assert [turn.end for turn in transcript.turns] == [timedelta(seconds=2.1), timedelta(seconds=6.248)]
    assert transcript.turns[0].start == timedelta(0)


def test_other_speakers_are_names_and_unknown_ones_are_nobody() -> None:
    turns = read_notice(sample("gowajee_webhook_unknown_speaker")).turns
    assert [turn.speaker for turn in turns] == [Speaker(label="Somchai", name="Somchai"), None, None, None]


def test_channels_are_voices_in_the_order_of_time() -> None:
    turns = read_notice(sample("gowajee_webhook_multichannel")).turns
    assert [turn.text for turn in turns] == ["หนึ่ง", "สอง", "สาม"]
    first, second = Speaker(label="channel-0", name="Channel 1"), Speaker(label="channel-1", name="Channel 2")
    assert [turn.speaker for turn in turns] == [first, second, first]


def test_no_results_are_a_recording_without_speech() -> None:
    transcript = read_notice(changed(SUCCESS, output={"results": [], "duration": 3.0}))
    assert (transcript.turns, transcript.duration) == ((), timedelta(seconds=3))


# Whatever comes

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_seconds = st.floats(-1e12, 1e12)
_item = st.fixed_dictionaries(
    {"transcript": st.text() | _json, "startTime": _seconds | _json, "endTime": _seconds | _json},
    optional={"speaker": _json, "channel": _json},
) | st.fixed_dictionaries({"transcript": st.text(), "startTime": _seconds, "endTime": _seconds})
_bodies = st.fixed_dictionaries(
    {"jobId": st.just(JOB) | _json},
    optional={
        "status": st.sampled_from(["COMPLETED", "FAILED", "UNKNOWN"]) | _json,
        "webhookId": st.just(WEBHOOK) | _json,
        "output": st.fixed_dictionaries({"results": st.lists(_item, max_size=4) | _json}, optional={"duration": _json})
        | _json,
    },
)


@given(st.binary() | _bodies.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_a_reader_gives_a_value_or_one_of_our_errors(body: bytes) -> None:
    for reader in (
        read_notice,
        read_accepted,
        lambda body: read_status(body, handle=JOB),
        lambda body: claimed(body, webhook_ids=[WEBHOOK], length=timedelta(seconds=9)),
        lambda body: gowajee(partner()).admit(callback(body)),
    ):
        try:
            found = reader(body)
        except TranscriptionError:
            continue
        if isinstance(found, Transcript):
            assert all(timedelta(0) <= turn.start <= turn.end <= found.duration for turn in found.turns)
            assert list(found.turns) == sorted(found.turns, key=lambda turn: turn.start)
