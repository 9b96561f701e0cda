"""Every reader of a provider's answer: a value that can be kept and shown, or an error of `transcription.errors`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict
from pydantic import TypeAdapter

from bot.rendering.reply import render
from tests.fuzz.strategies import TEXT, bodies, tries
from tests.transcription.partners import SAMPLES, Partner, Reply, sample
from transcription.botlhale import wire as botlhale_wire
from transcription.botlhale.form import UploadForm, read_form, read_ticket
from transcription.botlhale.token import AccessToken, read_token
from transcription.botlhale.transcriber import Botlhale
from transcription.embedded.transcriber import Embedded
from transcription.errors import Misunderstood, TicketExpired, TranscriptionError
from transcription.gowajee import wire as gowajee_wire
from transcription.gowajee.transcriber import Gowajee
from transcription.http import retry_after
from transcription.transcriber import Handle, Inquiry, Pending, Submission
from transcription.transcript import Transcript

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
JOB = Handle("5f0c1d52-1111-4222-8333-944445555666")
HOOK = "c0ffee00-1111-4222-8333-944445555666"
ZERO, LONG_AGO = timedelta(0), timedelta(days=20_000_000)
ROW = TypeAdapter(Transcript)

ANY_BODY = st.sampled_from(sorted(path.stem for path in SAMPLES.glob("*.json"))).flatmap(
    lambda name: bodies(sample(name))
)


def bodies_of(*names: str) -> st.SearchStrategy[bytes]:
    """Mostly those that a reader is for, sometimes those of another call."""
    fitting = st.sampled_from([path.stem for name in names for path in SAMPLES.glob(f"{name}.json")])
    return st.one_of(*[fitting.flatmap(lambda name: bodies(sample(name)))] * 5, ANY_BODY)


def read_our_botlhale_ticket(body: bytes) -> object:
    return read_ticket(body.decode(errors="replace"))


def read_our_gowajee_ticket(body: bytes) -> object:
    return gowajee_wire.read_ticket(body.decode(errors="replace"))


OURS = UploadForm(url="https://storage.example/", fields=(("key", "a/b.wav"),), made_at=NOON, expires_in=3600)
PLAN = gowajee_wire.Plan(seconds=9.0, way="inline")

READERS: dict[str, tuple[Callable[[bytes], object], st.SearchStrategy[bytes]]] = {
    "Botlhale's status": (
        partial(botlhale_wire.read_status, file_name="asr_k1_zu-ZA_16000_k2.wav"),
        bodies_of("botlhale_*_status*"),
    ),
    "Botlhale's result": (
        partial(botlhale_wire.read_result, file_name="asr_k1_zu-ZA_16000_k2.wav"),
        bodies_of("botlhale_b2_result", "botlhale_b1_status"),
    ),
    "Botlhale's result of 2025": (
        partial(botlhale_wire.read_result, file_name="Org01/asr_k1.wav", length=timedelta(seconds=9)),
        bodies_of("botlhale_b3_result"),
    ),
    "Botlhale's form": (partial(read_form, made_at=NOON), bodies_of("botlhale_*_form")),
    "Botlhale's token": (read_token, bodies_of("botlhale_*_token")),
    "our ticket for Botlhale": (read_our_botlhale_ticket, bodies(OURS.model_dump_json().encode())),
    "Gowajee's immediate answer": (gowajee_wire.read_accepted, bodies_of("gowajee_accepted")),
    "Gowajee's webhook": (gowajee_wire.read_notice, bodies_of("gowajee_webhook_*")),
    "Gowajee's envelope": (partial(gowajee_wire.read_envelope, what="the webhook"), bodies_of("gowajee_webhook_*")),
    "Gowajee's status": (partial(gowajee_wire.read_status, handle=JOB), bodies_of("gowajee_status_*")),
    "Gowajee's unclaimed webhook": (
        partial(gowajee_wire.claimed, webhook_ids=[HOOK], length=timedelta(seconds=9)),
        bodies_of("gowajee_webhook_*"),
    ),
    "our ticket for Gowajee": (read_our_gowajee_ticket, bodies(PLAN.model_dump_json().encode())),
}


def assert_usable(value: object) -> None:
    """What came out of a reader can be kept in any database, and shown."""
    match value:
        case Transcript():
            assert_kept_and_shown(value)
        case botlhale_wire.JobStatus(transcript=Transcript() as transcript):
            assert_kept_and_shown(transcript)
        case UploadForm():
            assert_one_line(value.key)
            assert read_ticket(value.model_dump_json()) == value
            assert value.is_open(NOON) in {True, False}
        case AccessToken():
            value.text.encode("ascii")
            assert ZERO < value.life < timedelta(days=32)
        case gowajee_wire.Envelope():
            assert_one_line(value.handle)
        case gowajee_wire.Plan():
            assert value.length >= ZERO
        case Submission():
            assert_one_line(value.handle)
        case str():
            assert_one_line(value)
        case Pending() | botlhale_wire.JobStatus() | None:
            pass
        case _:
            raise AssertionError(type(value))


def assert_one_line(handle: str) -> None:
    """A job's name at the provider: kept, put into addresses, logged."""
    assert handle
    assert handle.isprintable()
    handle.encode()


def assert_kept_and_shown(transcript: Transcript) -> None:
    written = ROW.dump_json(transcript)
    assert ROW.validate_json(written) == transcript
    assert b"\x00" not in written
    assert transcript.duration >= ZERO
    for turn in transcript.turns:
        assert turn.text == turn.text.strip() != ""
        assert "\x00" not in turn.text
        assert ZERO <= turn.start <= turn.end <= transcript.duration
    assert [turn.start for turn in transcript.turns] == sorted(turn.start for turn in transcript.turns)
    assert render(transcript).text


@pytest.mark.parametrize("reader", READERS)
@given(data=st.data())
@tries(150)
def test_a_reader_gives_a_value_or_a_declared_error(reader: str, data: st.DataObject) -> None:
    read, what_comes = READERS[reader]
    try:
        value = read(data.draw(what_comes))
    except TranscriptionError:
        return
    assert_usable(value)


FOUND: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "a channel of as many digits as Python reads": (
        gowajee_wire.read_notice,
        b'{"output": {"results": [{"transcript": "x", "startTime": 0, "endTime": 1, "channel": %s}]}}' % (b"9" * 4_300),
    ),
    "a name that PostgreSQL cannot keep": (
        partial(read_form, made_at=NOON),
        b'{"url": "https://storage.example/", "fields": {"key": "a\\u0000b.wav"}}',
    ),
    "a ticket that is good for longer than time lasts": (
        read_our_botlhale_ticket,
        b'{"url": "https://x", "fields": [["key", "a"]], "made_at": "2026-11-20T12:00:00Z", "expires_in": 1e300}',
    ),
}
"""What fuzzing has found, so that no run needs to find it again."""


@pytest.mark.parametrize("case", FOUND)
def test_what_was_found_once_is_a_declared_error(case: str) -> None:
    read, body = FOUND[case]
    with pytest.raises((Misunderstood, TicketExpired)):
        read(body)


@pytest.mark.parametrize(
    "until", ["Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"]
)
def test_a_date_of_too_many_digits_is_no_date(until: str) -> None:
    assert retry_after(CIMultiDict({"Retry-After": until, "Date": "Fri, 20 Nov 2026 12:00:00 GMT"})) is None


# --- the clients whole: any code, any headers, any body --------------------------------------------------------------

HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Retry-After": st.one_of(
            st.integers().map(str),
            st.sampled_from(("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Thu, 01 Jan 1970 00:00:00 GMT", "soon")),
            TEXT,
        ),
        "Date": st.sampled_from(("Fri, 20 Nov 2026 12:00:00 GMT", "Fri, 20 Nov 2026 12:00:00", "")),
        "Content-Type": TEXT,
        "Location": TEXT,
        "Content-Encoding": st.sampled_from(("gzip", "deflate", "klingon")),
    },
).map(lambda headers: {name: value for name, value in headers.items() if can_be_sent(value)})


def can_be_sent(value: str) -> bool:
    return value.isascii() and value.isprintable() and value == value.strip()


STATUS = st.one_of(
    st.sampled_from((200, 200, 200, 200, 201, 204, 302, 400, 401, 404, 413, 429, 500, 503)), st.integers(200, 599)
)
ANSWERS = st.builds(Reply, status=STATUS, body=ANY_BODY, headers=HEADERS)
AGES = st.sampled_from((ZERO, timedelta(minutes=30), LONG_AGO))

BOTLHALE_CALLS = ("POST /generateAuthToken", "GET /asr/async/status", "GET /asr/async/getdata", "GET /asr/async/data")
GOWAJEE_CALLS = ("GET /v1/speech-to-text/job/status", "GET /v1/speech-to-text/pulse/job/status")


async def check_botlhale(answers: dict[str, Reply], *, age: timedelta) -> object:
    partner = Partner({call: [reply] for call, reply in answers.items()})
    botlhale = Botlhale(
        client=partner.client, base_url="https://api.example", org_id="org", refresh_token="secret", clock=lambda: NOON
    )
    return await botlhale.check(Handle("a/asr_k1.wav"), Inquiry(age=age))


async def check_gowajee(answers: dict[str, Reply], *, age: timedelta, notice: bytes | None) -> object:
    partner = Partner({call: [reply] for call, reply in answers.items()})
    gowajee = Gowajee(
        client=partner.client,
        base_url="https://api.example",
        api_key="key",
        model="pulse",
        webhook_ids=[HOOK],
        webhook_tokens=["token"],
    )
    return await gowajee.check(JOB, Inquiry(age=age, notice=notice))


@given(
    token=st.one_of(st.just(Reply(body=sample("botlhale_b2_token"))), ANSWERS),
    others=st.tuples(*(st.one_of(st.just(Reply(body=sample("botlhale_b2_status_done"))), ANSWERS) for _ in range(3))),
    age=AGES,
)
@tries(80)
def test_whatever_botlhale_answers_a_look_ends_in_a_value_or_a_declared_error(
    token: Reply, others: tuple[Reply, ...], age: timedelta
) -> None:
    try:
        value = asyncio.run(check_botlhale(dict(zip(BOTLHALE_CALLS, (token, *others), strict=True)), age=age))
    except TranscriptionError:
        return
    assert_usable(value)


@given(answers=st.tuples(ANSWERS, ANSWERS), age=AGES, notice=st.one_of(st.none(), ANY_BODY))
@tries(80)
def test_whatever_gowajee_answers_a_look_ends_in_a_value_or_a_declared_error(
    answers: tuple[Reply, Reply], age: timedelta, notice: bytes | None
) -> None:
    try:
        value = asyncio.run(check_gowajee(dict(zip(GOWAJEE_CALLS, answers, strict=True)), age=age, notice=notice))
    except TranscriptionError:
        return
    assert_usable(value)


# --- our own engine, which has read untrusted sound -------------------------------------------------------------------

ENDLESS = b'{"milliseconds": 99999999999999999999, "turns": []}'
DRAFT = b'{"milliseconds": 9000, "turns": [{"voice": 0, "start": 0, "end": 4000, "text": "hello"}]}'


@given(result=bodies(DRAFT))
@example(result=ENDLESS)
@tries(60)
def test_whatever_the_engine_wrote_a_look_ends_in_a_value_or_a_declared_error(
    result: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.getbasetemp() / "engine"
    folder.mkdir(exist_ok=True)
    (folder / "engine.json").write_bytes(result)
    try:
        value = asyncio.run(Embedded().check(Handle(str(folder)), Inquiry(age=ZERO)))
    except TranscriptionError:
        return
    assert_usable(value)
