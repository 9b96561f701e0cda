"""Proves that Botlhale is spoken to as documented, to the letter, and that its answers are read with care."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from tests.transcription.partners import UNREACHED, Partner, Reply, parts_of, recording, sample
from transcription import remarks
from transcription.botlhale.dialects import ApiDialect
from transcription.botlhale.file_names import is_ours
from transcription.botlhale.form import read_form
from transcription.botlhale.token import read_token
from transcription.botlhale.transcriber import Botlhale
from transcription.botlhale.wire import read_result, read_status
from transcription.errors import (
    AnswerTooLarge,
    Failed,
    Lost,
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
from transcription.hints import Hints
from transcription.transcriber import Audio, Handle, Inquiry, Pending, Ticket
from transcription.transcript import Speaker, Transcript

TOKEN, UPLOAD, STORAGE = "POST /generateAuthToken", "POST /asr/async/upload", "POST /"
STATUS, GETDATA, DATA = "GET /asr/async/status", "GET /asr/async/getdata", "GET /asr/async/data"
KEY = Handle("asr_k1_zu-ZA_16000_k2.wav")
SECRETS = ("invented-refresh", "invented-id-token", "invented-access", "aW52", "Org01")
DONE = Reply(body=sample("botlhale_b2_status_done"))


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def partner(**changes: list[Reply]) -> Partner:
    usual = {
        TOKEN: [Reply(body=sample("botlhale_b2_token"))],
        "POST /auth/generate": [Reply(body=sample("botlhale_b3_token"))],
        UPLOAD: [Reply(body=sample("botlhale_b2_form"))],
        STORAGE: [Reply(status=204)],
        STATUS: [DONE],
        GETDATA: [Reply(body=sample("botlhale_b2_result"))],
    }
    named = {"token": TOKEN, "upload": UPLOAD, "storage": STORAGE, "status": STATUS, "getdata": GETDATA, "data": DATA}
    return Partner(usual | {named[name]: replies for name, replies in changes.items()})


def botlhale(
    scripted: Partner,
    *,
    dialect: ApiDialect = "camel",
    language: str | None = None,
    diarization: bool = True,
    bare_names: bool = False,
    urlencoded: bool = False,
    clock: Clock | None = None,
) -> Botlhale:
    return Botlhale(
        client=scripted.client,
        base_url="https://api.botlhale.example",
        org_id="Org01",
        refresh_token="invented-refresh",
        dialect=dialect,
        language=language,
        diarization=diarization,
        bare_names=bare_names,
        encoding="urlencoded" if urlencoded else "multipart",
        clock=clock or Clock(),
    )


@pytest.fixture
def audio(tmp_path: Path) -> Audio:
    return recording(tmp_path)


async def fields_asked(audio: Audio, **how: str | bool | None) -> list[tuple[str | None, str | None, bytes]]:
    scripted = partner()
    await botlhale(scripted, **how).prepare(audio)  # type: ignore[arg-type]  # the keywords of the builder above
    return parts_of(scripted.asked[UPLOAD][0])


def a_result(**changes: object) -> bytes:
    return json.dumps(json.loads(sample("botlhale_b2_result")) | changes).encode()


def heard(body: bytes, *, length: timedelta | None = None) -> Transcript | Pending:
    return read_result(body, file_name=KEY, length=length)


def storage_says(status: int, code: str) -> Reply:
    policy = "<Policy>aW52ZW50ZWQ=</Policy>"
    return Reply(status=status, body=f"<?xml version='1.0'?><Error><Code>{code}</Code>{policy}</Error>".encode())


async def submitted(scripted: Partner, audio: Audio) -> None:
    provider = botlhale(scripted)
    await provider.submit(audio, await provider.prepare(audio))


async def checked(scripted: Partner, *, age: timedelta = timedelta(minutes=1)) -> Transcript | Pending:
    return await botlhale(scripted).check(KEY, Inquiry(age=age))


# Asking for a form


async def test_the_language_wished_for_a_recording_comes_before_the_one_set_up(audio: Audio) -> None:
    asked = await fields_asked(replace(audio, hints=Hints(language="st-ZA")), language="zu-ZA")
    assert [value for name, _, value in asked if name == "LanguageCode"] == [b"st-ZA"]


async def test_the_upload_request_uses_the_camel_names_of_the_2023_pages(audio: Audio) -> None:
    asked = await fields_asked(audio, language="zu-ZA")
    assert asked == [
        ("OrgID", None, b"Org01"),
        ("SampleRate", None, b"16000"),
        ("LanguageCode", None, b"zu-ZA"),
        ("Diarization", None, b"True"),
    ]


async def test_the_upload_request_uses_the_snake_names_of_the_2025_pages(audio: Audio) -> None:
    asked = await fields_asked(audio, dialect="snake", language="zu-ZA")
    assert [name for name, _, _ in asked] == ["org_id", "sample_rate", "language_code", "diarization"]


async def test_an_unknown_language_and_diarization_that_is_off_are_left_out(audio: Audio) -> None:
    asked = await fields_asked(audio, language="", diarization=False)
    assert [name for name, _, _ in asked] == ["OrgID", "SampleRate"]


@pytest.mark.parametrize("language", ["rw-RW", "rw-rw", " RW_rw"])
async def test_speakers_are_not_asked_for_in_a_language_that_has_none(audio: Audio, language: str) -> None:
    set_up = await fields_asked(audio, language=language)
    wished = await fields_asked(replace(audio, hints=Hints(language=language)), language="zu-ZA")
    for asked in (set_up, wished):
        assert [name for name, _, _ in asked] == ["OrgID", "SampleRate", "LanguageCode"]
    other = await fields_asked(replace(audio, hints=Hints(language="sw-KE")), language=language)
    assert ("Diarization", None, b"True") in other


def test_what_has_to_be_chosen_is_told_where_nothing_is_set_up() -> None:
    assert botlhale(partner()).capabilities.undetected == ("sw-KE", "ki-KE", "ka-KE", "rw-RW")
    assert botlhale(partner(), language="zu-ZA").capabilities.undetected == ()


async def test_a_language_that_no_registry_knows_is_passed_on(audio: Audio) -> None:
    assert ("LanguageCode", None, b"vr-ZA") in await fields_asked(audio, language="vr-ZA")


async def test_the_sample_rate_is_that_of_the_file(tmp_path: Path) -> None:
    asked = await fields_asked(recording(tmp_path, rate=8_000))
    assert ("SampleRate", None, b"8000") in asked


async def test_the_upload_request_can_be_urlencoded(audio: Audio) -> None:
    scripted = partner()
    await botlhale(scripted, urlencoded=True).prepare(audio)
    request = scripted.asked[UPLOAD][0]
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.content == b"OrgID=Org01&SampleRate=16000&Diarization=True"


async def test_preparing_twice_asks_for_two_forms_and_sends_nothing(audio: Audio) -> None:
    scripted = partner()
    provider = botlhale(scripted)
    await provider.prepare(audio)
    await provider.prepare(audio)
    assert len(scripted.asked[UPLOAD]) == 2
    assert not scripted.asked[STORAGE]


async def test_a_form_without_encryption_is_not_taken_from_an_encrypted_host(audio: Audio) -> None:
    form = json.loads(sample("botlhale_b2_form")) | {"url": "http://invented-asr-async.example/"}
    with pytest.raises(Misunderstood):
        await botlhale(partner(upload=[Reply(body=json.dumps(form).encode())])).prepare(audio)


def test_both_spellings_of_the_form_are_read() -> None:
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    assert read_form(sample("botlhale_b2_form"), made_at=moment).url == "https://invented-asr-async.example/"
    assert read_form(sample("botlhale_b3_form"), made_at=moment).key.startswith("Org01/asr_k1__16000")


def test_a_form_that_is_not_understood_is_kept_nowhere() -> None:
    with pytest.raises(Misunderstood) as caught:
        read_form(
            b'{"url": "https://x.example/", "fields": {"policy": "aW52"}}', made_at=datetime(2026, 1, 1, tzinfo=UTC)
        )
    assert caught.value.body == b""
    assert "aW52" not in str(caught.value)


# The token


async def test_the_refresh_token_is_exchanged_as_a_form_without_a_bearer(audio: Audio) -> None:
    scripted = partner()
    await botlhale(scripted).prepare(audio)
    request = scripted.asked[TOKEN][0]
    assert request.content == b"REFRESH_TOKEN=invented-refresh"
    assert "Authorization" not in request.headers


async def test_the_snake_dialect_exchanges_at_its_own_path(audio: Audio) -> None:
    scripted = partner()
    await botlhale(scripted, dialect="snake").prepare(audio)
    assert scripted.asked["POST /auth/generate"][0].content == b"refresh_token=invented-refresh"


@pytest.mark.parametrize("shape", ["botlhale_b2_token", "botlhale_b3_token"])
def test_the_id_token_is_the_bearer_in_either_shape(shape: str) -> None:
    assert read_token(sample(shape)).text == "invented-id-token"


@pytest.mark.parametrize(
    "body",
    [
        b'{"AuthenticationResult": {"AccessToken": "invented-access"}}',
        b'{"AccessToken": "invented-access"}',
        b'{"token": ""}',
        b'{"token": "with\\nline"}',
        b"[]",
        b"",
    ],
)
def test_the_access_token_or_a_broken_one_is_never_the_bearer(body: bytes) -> None:
    with pytest.raises(Misunderstood) as caught:
        read_token(body)
    assert caught.value.body == b""


@pytest.mark.parametrize("expires", ["0", "null", "-5", '"soon"', "1795000000", "true", "1e400", "60"])
def test_a_life_that_cannot_be_true_counts_as_fifty_minutes(expires: str) -> None:
    token = read_token(f'{{"token": "invented", "expires": {expires}}}'.encode())
    assert token.life == timedelta(minutes=45)


def test_a_token_is_used_until_five_minutes_before_its_end() -> None:
    assert read_token(b'{"token": "invented", "expires": "3600"}').life == timedelta(minutes=55)


async def test_a_token_is_exchanged_again_when_its_time_is_over() -> None:
    scripted, clock = partner(), Clock()
    provider = botlhale(scripted, clock=clock)
    for minutes in (0, 54, 2):
        clock.now += timedelta(minutes=minutes)
        await provider.check(KEY, Inquiry(age=timedelta(0)))
    assert len(scripted.asked[TOKEN]) == 2


async def test_many_jobs_share_one_exchange() -> None:
    scripted = partner()
    provider = botlhale(scripted)
    await asyncio.gather(*(provider.check(KEY, Inquiry(age=timedelta(0))) for _ in range(8)))
    assert len(scripted.asked[TOKEN]) == 1


async def test_a_401_is_answered_once_with_a_fresh_token() -> None:
    fresh = Reply(body=b'{"token": "invented-second", "expires": 3600}')
    scripted = partner(token=[Reply(body=sample("botlhale_b2_token")), fresh], status=[Reply(status=401), DONE])
    assert isinstance(await checked(scripted), Transcript)
    bearers = [request.headers["Authorization"] for request in scripted.asked[STATUS]]
    assert bearers == ["Bearer invented-id-token", "Bearer invented-second"]


async def test_a_second_401_is_for_the_operator() -> None:
    scripted = partner(status=[Reply(status=401)])
    with pytest.raises(NotAuthorised):
        await checked(scripted)
    assert len(scripted.asked[STATUS]) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_refused_exchange_is_for_the_operator_and_names_no_secret(status: int) -> None:
    with pytest.raises(NotAuthorised) as caught:
        await checked(partner(token=[Reply(status=status, body=b"invented-refresh is wrong")]))
    assert not any(secret in str(caught.value) for secret in SECRETS)


async def test_an_exchange_that_failed_is_tried_anew_by_the_next_job() -> None:
    scripted = partner(token=[Reply(status=503), Reply(body=sample("botlhale_b2_token"))])
    provider = botlhale(scripted)
    with pytest.raises(Unavailable):
        await provider.check(KEY, Inquiry(age=timedelta(0)))
    assert isinstance(await provider.check(KEY, Inquiry(age=timedelta(0))), Transcript)


# Sending the recording


async def test_the_form_goes_to_storage_untouched_in_order_with_the_file_last(audio: Audio) -> None:
    scripted = partner()
    await submitted(scripted, audio)
    fields = json.loads(sample("botlhale_b2_form"))["fields"]
    assert parts_of(scripted.asked[STORAGE][0]) == [
        *((name, None, value.encode()) for name, value in fields.items()),
        ("file", KEY, audio.path.read_bytes()),
    ]


async def test_storage_gets_no_bearer_and_a_real_length(audio: Audio) -> None:
    scripted = partner()
    await submitted(scripted, audio)
    request = scripted.asked[STORAGE][0]
    assert "Authorization" not in request.headers
    assert "Transfer-Encoding" not in request.headers
    assert int(request.headers["Content-Length"]) == len(request.content)
    assert request.url.host == "invented-asr-async.example"


async def test_a_recording_of_many_blocks_arrives_whole(tmp_path: Path) -> None:
    audio, scripted = recording(tmp_path, seconds=120), partner()
    await submitted(scripted, audio)
    assert parts_of(scripted.asked[STORAGE][0])[-1][2] == audio.path.read_bytes()


@pytest.mark.parametrize("status", [200, 201, 204])
async def test_storage_says_yes_in_three_ways(audio: Audio, status: int) -> None:
    provider = botlhale(partner(storage=[Reply(status=status)]))
    submission = await provider.submit(audio, await provider.prepare(audio))
    assert submission.handle == KEY
    assert not submission.keeps_audio


async def test_storage_may_say_yes_in_xml(audio: Audio) -> None:
    told = b'<?xml version="1.0"?><PostResponse><Key>invented</Key></PostResponse>'
    provider = botlhale(partner(storage=[Reply(status=201, body=told)]))
    assert (await provider.submit(audio, await provider.prepare(audio))).handle == KEY


async def test_a_yes_of_somebody_in_between_is_not_storage_s(audio: Audio) -> None:
    with pytest.raises(TimedOut):
        await submitted(partner(storage=[Reply(status=200, body=b"<html>over capacity</html>")]), audio)


async def test_a_redirect_from_storage_is_not_followed(audio: Audio) -> None:
    scripted = partner(storage=[Reply(status=307, headers={"Location": "https://elsewhere.example/"})])
    with pytest.raises(Misunderstood):
        await submitted(scripted, audio)
    assert len(scripted.asked[STORAGE]) == 1


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "AccessDenied", TicketExpired),
        (400, "ExpiredToken", TicketExpired),
        (400, "EntityTooLarge", TooLong),
        (400, "RequestTimeout", TimedOut),
        (400, "InvalidArgument", Misunderstood),
        (500, "InternalError", TimedOut),
        (502, "", TimedOut),
        (503, "SlowDown", Unavailable),
        (202, "", TimedOut),
    ],
)
async def test_what_storage_refuses_is_told_by_its_code_alone(
    audio: Audio, status: int, code: str, error: type[TranscriptionError]
) -> None:
    with pytest.raises(error) as caught:
        await submitted(partner(storage=[storage_says(status, code)]), audio)
    assert type(caught.value) is error
    assert code in str(caught.value)
    assert not any(secret in str(caught.value) for secret in SECRETS)
    assert getattr(caught.value, "body", b"") == b""


async def test_a_form_that_is_nearly_an_hour_old_is_not_used(audio: Audio) -> None:
    scripted, clock = partner(), Clock()
    provider = botlhale(scripted, clock=clock)
    ticket = await provider.prepare(audio)
    clock.now += timedelta(minutes=56)
    with pytest.raises(TicketExpired):
        await provider.submit(audio, ticket)
    assert not scripted.asked[STORAGE]


async def test_a_form_is_good_for_most_of_its_hour_also_after_a_restart(audio: Audio) -> None:
    scripted, clock = partner(), Clock()
    ticket = await botlhale(scripted, clock=clock).prepare(audio)
    clock.now += timedelta(minutes=54)
    assert (await botlhale(scripted, clock=clock).submit(audio, ticket)).handle == KEY


@pytest.mark.parametrize("life", [1, 30, 60, 300, 301, 3600])
@pytest.mark.parametrize(("share", "is_open"), [(0.0, True), (0.7, True), (0.99, False), (1.5, False)])
def test_a_form_of_any_life_is_good_for_most_of_it_and_not_to_its_very_end(
    life: int, share: float, *, is_open: bool
) -> None:
    made_at = datetime(2026, 11, 20, 8, tzinfo=UTC)
    told = json.loads(sample("botlhale_b3_form")) | {"expires_in": life}
    form = read_form(json.dumps(told).encode(), made_at=made_at)
    assert form.is_open(made_at + share * timedelta(seconds=life)) is is_open


@pytest.mark.parametrize("ticket", ["", "{}", "not json", '{"url": "https://x.example/", "fields": []}'])
async def test_a_ticket_that_cannot_be_read_is_worth_nothing(audio: Audio, ticket: str) -> None:
    with pytest.raises(TicketExpired):
        await botlhale(partner()).submit(audio, Ticket(ticket))


async def test_a_recording_that_is_gone_from_disk_starts_again(audio: Audio) -> None:
    with pytest.raises(TicketExpired):
        await submitted(partner(), replace(audio, path=audio.path.with_name("gone.wav")))


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (UNREACHED, Unavailable),
        (httpx.ConnectTimeout("x"), Unavailable),
        (httpx.PoolTimeout("x"), Unavailable),
        (httpx.WriteTimeout("x"), TimedOut),
        (httpx.WriteError("x"), TimedOut),
        (httpx.ReadTimeout("x"), TimedOut),
        (httpx.ReadError("x"), TimedOut),
        (httpx.RemoteProtocolError("x"), TimedOut),
        (httpx.DecodingError("x"), TimedOut),
        (TimeoutError("x"), TimedOut),
        (ConnectionResetError("x"), TimedOut),
        (ssl.SSLError("x"), TimedOut),
    ],
    ids=repr,
)
async def test_a_broken_connection_tells_whether_the_recording_may_have_arrived(
    audio: Audio, broken: Exception, error: type[TranscriptionError]
) -> None:
    with pytest.raises(Unavailable) as caught:
        await submitted(partner(storage=[Reply(error=broken)]), audio)
    assert type(caught.value) is error


async def test_finding_asks_the_status_about_the_key_of_the_ticket(audio: Audio) -> None:
    scripted = partner(
        status=[Reply(body=sample("botlhale_b2_status")), Reply(body=b'{"data": []}'), Reply(status=404)]
    )
    provider = botlhale(scripted)
    ticket = await provider.prepare(audio)
    found = [await provider.find(ticket, age=timedelta(0), orphans=()) for _ in range(3)]
    assert [submission and submission.handle for submission in found] == [KEY, None, None]


# Status and result


async def test_status_and_result_are_asked_for_by_the_exact_key_in_the_query_alone() -> None:
    scripted = partner(status=[Reply(body=b'{"status": "running"}')])
    odd = Handle("Org01/asr_k1__16000__https:**x*y_+k2.wav")
    await botlhale(scripted, dialect="snake").check(odd, Inquiry(age=timedelta(0)))
    request = scripted.asked[STATUS][0]
    assert dict(request.url.params) == {"org_id": "Org01", "filename": odd}
    assert b"filename=Org01%2Fasr_k1__16000__https%3A%2A%2Ax%2Ay_%2Bk2.wav" in request.url.query
    assert request.content == b""


async def test_the_bare_name_is_asked_for_where_the_operator_wants_it() -> None:
    scripted = partner(status=[Reply(body=b'{"status": "running"}')])
    await botlhale(scripted, bare_names=True).check(Handle("Org01/asr_k1.wav"), Inquiry(age=timedelta(0)))
    assert dict(scripted.asked[STATUS][0].url.params) == {"OrgID": "Org01", "FileName": "asr_k1.wav"}


@pytest.mark.parametrize("word", ["complete", "completed", " DONE ", "Success"])
def test_four_words_mean_done(word: str) -> None:
    assert read_status(json.dumps({"status": word}).encode(), file_name=KEY).phase == "done"


@pytest.mark.parametrize("word", ["failed", "Failure", "ERROR: codec", "cancelled", "canceled", "expired", "rejected"])
async def test_failure_words_end_the_job(word: str) -> None:
    with pytest.raises(Failed) as caught:
        await checked(partner(status=[Reply(body=json.dumps({"status": word}).encode())]))
    assert "codec" not in str(caught.value)


@pytest.mark.parametrize("body", [b'{"status": "pondering"}', b'{"data": []}', b"{}", sample("botlhale_b2_status")])
async def test_an_unknown_word_or_an_empty_list_means_not_yet(body: bytes) -> None:
    scripted = partner(status=[Reply(body=body)])
    assert await checked(scripted, age=timedelta(hours=5)) == Pending()
    assert not scripted.asked[GETDATA]


async def test_a_name_that_is_not_known_yet_is_waited_for_and_later_lost() -> None:
    scripted = partner(status=[Reply(status=404)])
    assert await checked(scripted, age=timedelta(minutes=9)) == Pending()
    late = Inquiry(age=timedelta(hours=1), failing_for=timedelta(minutes=9))
    with pytest.raises(Misunderstood):  # what was paid for is not thrown away for one stray answer
        await botlhale(scripted).check(KEY, late)
    with pytest.raises(Lost):
        await botlhale(scripted).check(KEY, replace(late, failing_for=timedelta(minutes=10)))


def test_names_with_dots_inside_are_told_apart() -> None:
    ours = "o/2026-11-29T09:00:00.123.wav"
    assert is_ours("2026-11-29T09:00:00*123.wav", file_name=ours)
    assert is_ours("results/2026-11-29T09:00:00.123", file_name=ours)
    assert not is_ours("o/2026-11-29T10:00:00.123.wav", file_name=ours)
    assert not is_ours("other.1.wav", file_name="rec.1.wav")


def test_the_entry_of_our_file_decides_among_several() -> None:
    entries = [{"process": "other.wav", "status": "failed"}, {"process": f"folder/{KEY}", "status": "complete"}]
    body = json.dumps({"data": entries}).encode()
    assert read_status(body, file_name=KEY).phase == "done"
    assert read_status(body, file_name=f"Org01/{KEY}").phase == "done"
    assert read_status(body, file_name="third.wav").phase == "absent"


def test_a_single_entry_of_another_recording_says_nothing_about_ours() -> None:
    """It was once taken for ours because it is the only one; then another recording's end would be ours."""
    for word in ("running", "complete", "failed"):
        body = json.dumps({"data": [{"process": KEY, "status": word}]}).encode()
        assert read_status(body, file_name="third.wav").phase == "absent"


SAME = [
    KEY,
    f"/{KEY}",
    f"Org01/{KEY}",
    f"folder/{KEY}.json",
    "asr_k1_zu-ZA_16000_k2",
    "*asr_k1_zu-ZA_16000_k2*wav",
    "Org01*asr_k1_zu-ZA_16000_k2*wav",
    f" {KEY} ",
    "",
    ".wav",
    "/.wav",
    None,
]
ANOTHER = ["asr_k3_zu-ZA_16000_k4.wav", f"2{KEY}", f"{KEY}2", "asr_k1_zu-ZA_16000.wav", f"{KEY}/other.wav"]


@pytest.mark.parametrize(("name", "ours"), [(name, True) for name in SAME] + [(name, False) for name in ANOTHER])
def test_a_name_is_compared_by_its_last_part_in_every_published_spelling(name: str | None, *, ours: bool) -> None:
    entry = {"process": name, "status": "complete"}
    for body in ({"data": [entry]}, entry, {"filename": name, "status": "complete"}):
        assert (read_status(json.dumps(body).encode(), file_name=KEY).phase == "done") is ours
    assert isinstance(heard(a_result(filename=name)), Transcript) is ours


def test_a_name_with_an_address_in_it_is_known_again_with_asterisks() -> None:
    key, later = "Org01/asr_k1__https://bot.example/in_k2.wav", "asr_k1__https:******bot**example**in_k2"
    result = a_result(filename=later)
    assert isinstance(read_result(result, file_name=key), Transcript)
    assert read_result(result, file_name=key.replace("k2", "k3")) == Pending()


WORDS = ("complete", "running", "brewing", "failed")


@pytest.mark.parametrize("others", [WORDS[place:] for place in range(len(WORDS))])
@pytest.mark.parametrize("numbers", [(1, 2, 3, 4), (4, 3, 2, 1)])
def test_of_several_entries_of_our_name_the_furthest_decides(others: Sequence[str], numbers: Sequence[int]) -> None:
    entries = [
        {"process": KEY, "status": word, "id": 207891841473145364 + number, "processTime": f"{number}.5"}
        for word, number in zip(others, numbers, strict=False)
    ]
    phases = {"complete": "done", "running": "working", "brewing": "pending", "failed": "failed"}
    for shown in (entries, entries[::-1]):
        assert read_status(json.dumps({"data": shown}).encode(), file_name=KEY).phase == phases[others[0]]


@pytest.mark.parametrize("newer", [{"id": 207891841473145366}, {"processTime": "2026-11-20 09:00:00"}])
def test_among_entries_as_far_as_each_other_the_newest_is_told_of(newer: dict[str, object]) -> None:
    old = {"process": KEY, "status": "brewing", "id": 207891841473145365, "processTime": "2026-11-20 08:00:00"}
    new = old | {"status": "steaming"} | newer
    for shown in ([old, new], [new, old]):
        assert read_status(json.dumps({"data": shown}).encode(), file_name=KEY).odd_word == "steaming"


def test_an_entry_without_a_word_waits_and_one_that_is_none_is_passed_over() -> None:
    failed = {"process": KEY, "status": "failed"}
    assert read_status(json.dumps({"data": [failed, {"process": KEY}]}).encode(), file_name=KEY).phase == "pending"
    assert read_status(json.dumps({"data": [None, "x", failed]}).encode(), file_name=KEY).phase == "failed"


@pytest.mark.parametrize("status", ["complete", "failed", "running", None])
async def test_another_recordings_result_is_neither_published_nor_an_end(status: str | None) -> None:
    other = Reply(body=a_result(filename="/asr_k3_zu-ZA_16000_k4.wav", status=status))
    scripted = partner(getdata=[other, Reply(body=sample("botlhale_b2_result"))])
    provider = botlhale(scripted)
    assert await provider.check(KEY, Inquiry(age=timedelta(0))) == Pending()
    assert isinstance(await provider.check(KEY, Inquiry(age=timedelta(0))), Transcript)


async def test_another_recordings_transcript_in_a_status_answer_is_not_published() -> None:
    scripted = partner(status=[Reply(body=sample("botlhale_b1_status"))])
    assert await botlhale(scripted).check(Handle("asr_k3.wav"), Inquiry(age=timedelta(0))) == Pending()
    assert not scripted.asked[GETDATA]


@pytest.mark.parametrize("said", [Reply(body=b'{"process": "third.wav", "status": "running"}'), Reply(status=404)])
async def test_a_status_about_another_recording_does_not_show_that_ours_arrived(audio: Audio, said: Reply) -> None:
    provider = botlhale(partner(status=[said]))
    assert await provider.find(await provider.prepare(audio), age=timedelta(0), orphans=()) is None


async def test_a_status_word_that_nobody_documented_is_logged_once_and_fit_to_be_read() -> None:
    """B-19 of the ambiguities: it counts as not yet, and the operator hears of it."""
    odd = "  Brewing\n\x1b[31m" + "x" * 100
    provider = botlhale(
        partner(status=[Reply(body=json.dumps({"status": odd}).encode()), Reply(body=b'{"status": "q"}')])
    )
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            assert await provider.check(KEY, Inquiry(age=timedelta(0))) == Pending()
    assert [line["event"] for line in logged] == ["provider_status_unknown"] * 2
    assert [line["word"] for line in logged] == ["Brewing[31m" + "x" * 29, "q"]


async def test_no_documented_word_and_no_more_than_a_hundred_others_are_logged() -> None:
    known = [{"status": word} for word in ("running", "complete", "completed", "done", None)]
    made_up = [{"status": f"word {number}"} for number in range(150)]
    scripted = partner(status=[Reply(body=json.dumps(body).encode()) for body in known + made_up])
    provider = botlhale(scripted)
    with structlog.testing.capture_logs() as logged:
        for _ in range(155):
            await provider.check(KEY, Inquiry(age=timedelta(0)))
    assert len(logged) == 100


async def test_the_oldest_status_answer_carries_the_transcript_itself() -> None:
    scripted = partner(status=[Reply(body=sample("botlhale_b1_status"))])
    transcript = await checked(scripted)
    assert isinstance(transcript, Transcript)
    assert [turn.text for turn in transcript.turns] == ["Sanibonani nonke.", "Siyabonga."]
    assert transcript.duration == timedelta(seconds=7.25)
    assert not scripted.asked[GETDATA]


async def test_the_flat_status_of_2025_leads_to_the_result() -> None:
    scripted = partner(
        status=[Reply(body=sample("botlhale_b3_status"))], getdata=[Reply(body=sample("botlhale_b3_result"))]
    )
    transcript = await botlhale(scripted).check(Handle("Org01/asr_k1.wav"), Inquiry(age=timedelta(minutes=1)))
    assert isinstance(transcript, Transcript)
    assert transcript.languages == ("English", "isiZulu")
    assert transcript.speakers == (Speaker(label="SPEAKER_00"), Speaker(label="SPEAKER_01"))
    assert transcript.duration == timedelta(seconds=293.52)


async def test_the_other_result_path_is_tried_on_a_404_and_remembered() -> None:
    scripted = partner(getdata=[Reply(status=404)], data=[Reply(body=sample("botlhale_b2_result"))])
    provider = botlhale(scripted)
    for _ in range(2):
        assert isinstance(await provider.check(KEY, Inquiry(age=timedelta(0))), Transcript)
    assert (len(scripted.asked[GETDATA]), len(scripted.asked[DATA])) == (1, 2)


@pytest.mark.parametrize("other", [403, 404, 405])
async def test_a_result_that_neither_path_knows_is_asked_for_again(other: int) -> None:
    """B-20 of the ambiguities: it may come a moment after the word; a gateway has 403 for a path that it has not."""
    late = Reply(status=404)
    scripted = partner(getdata=[late, Reply(body=sample("botlhale_b2_result"))], data=[Reply(status=other)])
    provider = botlhale(scripted)
    with pytest.raises(Misunderstood):
        await provider.check(KEY, Inquiry(age=timedelta(0)))
    assert isinstance(await provider.check(KEY, Inquiry(age=timedelta(0))), Transcript)


async def test_a_page_at_the_other_result_path_is_not_taken_for_the_place_of_results() -> None:
    scripted = partner(
        getdata=[Reply(status=404), Reply(body=sample("botlhale_b2_result"))], data=[Reply(body=b"<html>")]
    )
    provider = botlhale(scripted)
    with pytest.raises(Misunderstood):
        await provider.check(KEY, Inquiry(age=timedelta(0)))
    assert isinstance(await provider.check(KEY, Inquiry(age=timedelta(0))), Transcript)
    assert len(scripted.asked[DATA]) == 1


async def test_a_result_is_not_asked_for_before_the_status_says_that_it_is_there() -> None:
    """B-20 of the ambiguities."""
    scripted = partner(status=[Reply(body=sample("botlhale_b2_status"))])
    assert await checked(scripted) == Pending()
    assert not scripted.asked[GETDATA]
    assert not scripted.asked[DATA]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"status": "running", "timestamps": []}', b'{"timestamps": null}', b'{"status": ""}']
)
def test_a_result_without_turns_or_with_another_status_is_not_there_yet(body: bytes) -> None:
    assert heard(body) == Pending()


def test_an_empty_result_is_a_recording_without_speech() -> None:
    transcript = heard(a_result(timestamps=[]))
    assert isinstance(transcript, Transcript)
    assert (transcript.turns, transcript.duration, transcript.note) == ((), timedelta(seconds=9), None)


def test_a_result_that_says_failed_ends_the_job() -> None:
    with pytest.raises(Failed):
        heard(a_result(status="failed"))


def test_turns_are_rounded_sorted_and_clamped() -> None:
    transcript = heard(sample("botlhale_b2_result"))
    assert isinstance(transcript, Transcript)
    times = [
        (turn.start / timedelta(milliseconds=1), turn.end / timedelta(milliseconds=1)) for turn in transcript.turns
    ]
    assert times == [(660, 1260), (1260, 2310), (2310, 9000)]
    assert [turn.speaker and turn.speaker.label for turn in transcript.turns] == ["speaker_0", "speaker_1", "speaker_0"]


@pytest.mark.parametrize("speaker", [None, "", "  ", "unknown", "UNKNOWN"])
def test_a_voice_that_nobody_could_tell_has_no_speaker(speaker: str | None) -> None:
    segment = {"start": 0, "end": 9000, "transcription": "Dumelang.", "speaker": speaker}
    transcript = heard(a_result(timestamps=[segment]))
    assert isinstance(transcript, Transcript)
    assert transcript.turns[0].speaker is None


def test_a_segment_without_any_speaker_is_read() -> None:
    transcript = heard(a_result(timestamps=[{"start": 0, "end": 9000, "transcription": "Dumelang."}]))
    assert isinstance(transcript, Transcript)
    assert (transcript.turns[0].speaker, transcript.turns[0].language) == (None, None)


@pytest.mark.parametrize(
    ("length", "seconds"), [("30.0", 30), ("40.5 seconds", 40.5), (293.52, 293.52), (None, 9), ("?", 9), (0, 9)]
)
def test_the_length_is_the_leading_number_or_the_last_end(length: object, seconds: float) -> None:
    transcript = heard(a_result(audio_length=length))
    assert isinstance(transcript, Transcript)
    assert transcript.duration == timedelta(seconds=seconds)


def test_times_that_look_like_seconds_are_marked_and_not_rescaled() -> None:
    segment = {"start": 0, "end": 298.0, "transcription": "Dumelang."}
    transcript = heard(a_result(audio_length="300.0", timestamps=[segment]))
    assert isinstance(transcript, Transcript)
    assert (transcript.turns[0].end, transcript.note) == (timedelta(milliseconds=298), remarks.TIMES_ARE_WRONG)


def test_usual_times_are_not_marked() -> None:
    transcript = heard(sample("botlhale_b2_result"))
    assert isinstance(transcript, Transcript)
    assert transcript.note is None


LENGTHS = ["9.0", "9000", 9000, 9000.0, "9000 ms", "0:09", "00:00:09", "1:30", "9 seconds", 9, None, "?", 0.15, "PT9S"]


@pytest.mark.parametrize("stated", LENGTHS)
def test_a_length_in_any_unit_squeezes_no_times_because_our_measure_is_the_judge(stated: object) -> None:
    transcript = heard(a_result(audio_length=stated), length=timedelta(seconds=9))
    assert isinstance(transcript, Transcript)
    assert [turn.end / timedelta(milliseconds=1) for turn in transcript.turns] == [1260, 2310, 9000]
    assert (transcript.duration, transcript.note) == (timedelta(seconds=9), None)


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [("1:30", 90), ("0:01:30", 90), ("1:30.5", 90.5), ("1:00:00", 3600), ("90000 ms", 90), ("1:2:3:4", 9), ("x:y", 9)],
)
def test_a_length_as_clock_text_is_read_where_we_have_no_measure(stated: str, seconds: float) -> None:
    transcript = heard(a_result(audio_length=stated))
    assert isinstance(transcript, Transcript)
    assert transcript.duration == timedelta(seconds=seconds)


@pytest.mark.parametrize("measured", [timedelta(seconds=4), timedelta(minutes=60)])
@pytest.mark.parametrize("stated", ["9.0", "9000", None])
def test_times_that_fit_our_measure_in_no_way_are_marked_and_stay_as_they_are(
    measured: timedelta, stated: str | None
) -> None:
    transcript = heard(a_result(audio_length=stated), length=measured)
    assert isinstance(transcript, Transcript)
    assert [turn.end / timedelta(milliseconds=1) for turn in transcript.turns] == [1260, 2310, 9000]
    assert transcript.note == remarks.TIMES_ARE_WRONG


@pytest.mark.parametrize("over", [1, 400, 999])
def test_a_last_word_a_moment_behind_the_end_is_no_reason_for_a_remark(over: int) -> None:
    segment = {"start": 0, "end": 9000 + over, "transcription": "Dumelang."}
    transcript = heard(a_result(timestamps=[segment]), length=timedelta(seconds=9))
    assert isinstance(transcript, Transcript)
    assert (transcript.turns[0].end, transcript.note) == (timedelta(seconds=9), None)


WHOLE = [
    {"start": 0, "end": 1000, "transcription": "Dumelang.", "speaker": "speaker_0"},
    {"start": 1000, "end": 2000, "transcription": "Sawubona.", "speaker": "speaker_1"},
    {"start": 2500, "end": 9000, "transcription": "Let us begin.", "speaker": "speaker_0"},
]


@pytest.mark.parametrize("end", ["missing", None, "?", "NaN", [], 1e300])
def test_a_segment_without_an_end_ends_where_the_next_one_begins(end: object) -> None:
    broken = {name: value for name, value in WHOLE[1].items() if name != "end"} | (
        {} if end == "missing" else {"end": end}
    )
    transcript = heard(a_result(timestamps=[WHOLE[2], broken, WHOLE[0]]))
    assert isinstance(transcript, Transcript)
    assert [turn.end / timedelta(milliseconds=1) for turn in transcript.turns] == [1000, 2500, 9000]
    assert transcript.note is None


def test_the_last_segment_without_an_end_ends_where_it_begins() -> None:
    broken = {name: value for name, value in WHOLE[2].items() if name != "end"}
    transcript = heard(a_result(timestamps=[*WHOLE[:2], broken]))
    assert isinstance(transcript, Transcript)
    assert (transcript.turns[2].start, transcript.turns[2].end) == (timedelta(seconds=2.5), timedelta(seconds=2.5))


@pytest.mark.parametrize(
    "broken",
    [
        {"start": 1000, "end": 2000},
        {"start": 1000, "end": 2000, "transcription": {"text": "x"}},
        {"end": 2000, "transcription": "x"},
        {"start": "soon", "end": 2000, "transcription": "x"},
        {},
        None,
        "x",
        [],
    ],
)
def test_a_segment_that_cannot_be_read_costs_itself_and_is_remarked(broken: object) -> None:
    transcript = heard(a_result(timestamps=[WHOLE[0], broken, WHOLE[2]]))
    assert isinstance(transcript, Transcript)
    assert [turn.text for turn in transcript.turns] == ["Dumelang.", "Let us begin."]
    assert transcript.note == remarks.PARTS_ARE_MISSING


@pytest.mark.parametrize("words", [None, "", "  "])
def test_a_segment_with_no_words_in_it_is_silence_and_no_remark(words: str | None) -> None:
    transcript = heard(a_result(timestamps=[WHOLE[0], WHOLE[1] | {"transcription": words}, WHOLE[2]]))
    assert isinstance(transcript, Transcript)
    assert (len(transcript.turns), transcript.note) == (2, None)


def test_a_voice_or_a_language_that_cannot_be_read_costs_no_words() -> None:
    transcript = heard(a_result(timestamps=[WHOLE[0] | {"speaker": {"id": 1}, "language": ["zu"]}, *WHOLE[1:]]))
    assert isinstance(transcript, Transcript)
    assert [turn.text for turn in transcript.turns] == ["Dumelang.", "Sawubona.", "Let us begin."]
    assert (transcript.turns[0].speaker, transcript.turns[0].language) == (None, None)


def test_a_result_without_the_words_is_not_taken_for_silence() -> None:
    with pytest.raises(Misunderstood):
        heard(a_result(timestamps=[{"start": 0, "end": 9000, "text": "renamed"}]))


def test_words_are_kept_without_the_one_character_that_no_database_takes() -> None:
    segment = {"start": 0, "end": 9000, "transcription": "Dume\0lang."}
    transcript = heard(a_result(timestamps=[segment]))
    assert isinstance(transcript, Transcript)
    assert transcript.turns[0].text == "Dumelang."


# Refusals


@pytest.mark.parametrize("refusal", [Reply(status=402), Reply(status=400, body=b'{"message": "Allocation exceeded"}')])
async def test_a_spent_account_is_for_the_operator(audio: Audio, refusal: Reply) -> None:
    with pytest.raises(QuotaSpent):
        await botlhale(partner(upload=[refusal])).prepare(audio)


@pytest.mark.parametrize(("status", "error"), [(403, NotAuthorised), (404, NotAuthorised), (400, Misunderstood)])
async def test_a_refused_upload_request_is_told_by_its_code(
    audio: Audio, status: int, error: type[TranscriptionError]
) -> None:
    with pytest.raises(error):
        await botlhale(partner(upload=[Reply(status=status)])).prepare(audio)


@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (503, Unavailable), (500, Unavailable)])
@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "120"}, timedelta(minutes=2)),
        (
            {"Retry-After": "Fri, 20 Nov 2026 08:00:30 GMT", "Date": "Fri, 20 Nov 2026 08:00:00 GMT"},
            timedelta(seconds=30),
        ),
        ({"Retry-After": "Fri, 20 Nov 2026 08:00:30 GMT"}, None),
        ({"Retry-After": "999999999"}, timedelta(hours=24)),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
async def test_the_provider_may_say_when_to_come_back(
    status: int, error: type[Unavailable], headers: dict[str, str], wait: timedelta | None
) -> None:
    with pytest.raises(Unavailable) as caught:
        await checked(partner(status=[Reply(status=status, headers=headers)]))
    assert type(caught.value) is error
    assert caught.value.retry_after == wait


ODD = [
    Reply(status=302, headers={"Location": "https://elsewhere.example/"}),
    Reply(body=b"<html>maintenance</html>"),
    Reply(status=400, body=b'{"error": {"code": "invalid_request", "description": "not yet"}}'),
    Reply(status=405),
    Reply(status=409),
    Reply(status=413),
    Reply(status=418),
    Reply(status=500),
]


@pytest.mark.parametrize("call", ["status", "getdata"])
@pytest.mark.parametrize("odd", ODD, ids=lambda reply: str(reply.status))
async def test_an_odd_answer_to_a_question_ends_nothing_because_the_recording_is_there(call: str, odd: Reply) -> None:
    with pytest.raises((Misunderstood, Unavailable)):
        await checked(partner(**{call: [odd]}))


async def test_only_the_call_that_carries_the_recording_can_find_it_too_large(audio: Audio) -> None:
    with pytest.raises(TooLong):
        await submitted(partner(storage=[Reply(status=413)]), audio)
    with pytest.raises(Misunderstood):
        await botlhale(partner(upload=[Reply(status=413)])).prepare(audio)


async def test_a_redirect_does_not_carry_the_bearer_elsewhere() -> None:
    scripted = partner(status=[Reply(status=302, headers={"Location": "https://elsewhere.example/"})])
    with pytest.raises(Misunderstood):
        await checked(scripted)
    assert len(scripted.asked[STATUS]) == 1


async def test_transcript_text_is_kept_out_of_messages() -> None:
    with pytest.raises(Misunderstood) as caught:
        await checked(partner(getdata=[Reply(body=b'{"timestamps": [{"transcription": "secret words"}]}')]))
    assert "secret" not in str(caught.value)
    assert b"secret words" in caught.value.body


async def test_an_endless_answer_is_given_up() -> None:
    with pytest.raises(AnswerTooLarge):
        await checked(partner(status=[Reply(body=b" " * (64 * 2**20 + 1))]))


# Whatever comes

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
_segment = st.fixed_dictionaries(
    {"start": _json, "end": _json, "transcription": _json}, optional={"speaker": _json, "language": _json}
) | st.fixed_dictionaries(
    {"start": st.floats(-1e9, 1e9), "end": st.floats(-1e9, 1e9), "transcription": st.text()},
    optional={"speaker": st.text()},
)
_answers = st.fixed_dictionaries(
    {},
    optional={
        "status": _json | st.just("complete"),
        "data": _json,
        "audio_length": _json | st.floats(0, 1e5),
        "timestamps": _json | st.lists(_segment, max_size=4),
        "token": _json,
        "expires": _json,
        "AuthenticationResult": _json,
        "url": _json,
        "fields": _json,
    },
)


@given(st.binary() | _answers.map(lambda value: json.dumps(value).encode()))
def test_whatever_comes_a_reader_gives_a_value_or_one_of_our_errors(body: bytes) -> None:
    for reader in (
        heard,
        read_token,
        lambda body: read_status(body, file_name=KEY),
        lambda body: read_form(body, made_at=datetime(2026, 1, 1, tzinfo=UTC)),
    ):
        try:
            found = reader(body)
        except TranscriptionError:
            continue
        if isinstance(found, Transcript):
            assert all(timedelta(0) <= turn.start <= turn.end <= found.duration for turn in found.turns)
            assert list(found.turns) == sorted(found.turns, key=lambda turn: turn.start)
