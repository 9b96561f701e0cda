"""The pretended Botlhale behaves as its documentation shows, and refuses the rest."""

from __future__ import annotations

import asyncio
import io
import json
import struct
import wave
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx
import pytest

from sandbox.botlhale import SOMEBODY_ELSES, Botlhale
from sandbox.botlhale.options import AudioLength, NameForm
from sandbox.faults import answer, hang_up_after, hang_up_before
from sandbox.script import Heard, Segment

TALK = (
    Segment(start=0.66, end=1.26, speaker=0, text="Dumelang", language="tn-ZA"),
    Segment(start=1.26, end=2.31, speaker=1, text="Sawubona", language="zu-ZA"),
)


def wav(seconds: float = 3.0, *, rate: int = 16_000, channels: int = 1, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(bytes(round(seconds * rate) * channels * width))
    return file.getvalue()


@dataclass(frozen=True, kw_only=True)
class Client:
    """The samples of the documentation, in httpx."""

    botlhale: Botlhale
    http: httpx.AsyncClient

    async def token(self) -> str:
        answered = await self.http.post(
            f"{self.botlhale.origin}/generateAuthToken", data={"REFRESH_TOKEN": self.botlhale.refresh_token}
        )
        return str(answered.json()["AuthenticationResult"]["IdToken"])

    async def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {await self.token()}"}

    async def order(self, **fields: str) -> httpx.Response:
        """Ask as curl does: multipart without a file."""
        named = {"OrgID": self.botlhale.org_id, "SampleRate": "16000"} | fields
        parts: dict[str, tuple[None, str]] = {name: (None, value) for name, value in named.items() if value != "-"}
        url = f"{self.botlhale.origin}/asr/async/upload"
        return await self.http.post(url, files=parts, headers=await self.bearer())

    async def store(self, form: Mapping[str, object], sound: bytes, **extra: str) -> httpx.Response:
        url, fields = form["url"], form["fields"]
        assert isinstance(url, str)
        assert isinstance(fields, dict)
        return await self.http.post(url, data=fields | extra, files={"file": (fields["key"], sound)})

    async def submit(self, sound: bytes, **fields: str) -> str:
        form = (await self.order(**fields)).json()
        assert (await self.store(form, sound)).status_code == 204
        return str(form["fields"]["key"])

    async def ask(self, what: str, key: str) -> httpx.Response:
        url = f"{self.botlhale.origin}/asr/async/{what}"
        query = {"OrgID": self.botlhale.org_id, "FileName": key}
        return await self.http.get(url, params=query, headers=await self.bearer())

    async def word(self, key: str) -> str:
        return str((await self.ask("status", key)).json()["data"][0]["status"])


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
async def botlhale() -> AsyncIterator[Botlhale]:
    async with Botlhale() as stand_in:
        yield stand_in


@pytest.fixture
def client(botlhale: Botlhale, http: httpx.AsyncClient) -> Client:
    return Client(botlhale=botlhale, http=http)


async def test_a_recording_is_ordered_stored_worked_on_and_answered(client: Client, botlhale: Botlhale) -> None:
    botlhale.script = TALK
    key = await client.submit(wav(), Diarization="True", LanguageCode="tn-ZA")
    assert key.startswith("asr_")
    assert key.endswith(".wav")
    status = (await client.ask("status", key)).json()["data"][0]
    assert (status["OrgID"], status["process"], status["status"]) == (botlhale.org_id, key, "complete")
    assert 10**17 <= status["id"] < 10**18
    result = (await client.ask("getdata", key)).json()
    assert (result["audio_length"], result["filename"], result["status"]) == ("3.0", f"/{key}", "complete")
    heard = [(one["speaker"], one["language"], one["transcription"]) for one in result["timestamps"]]
    assert heard == [("speaker_0", "tn-ZA", "Dumelang"), ("speaker_1", "zu-ZA", "Sawubona")]
    assert [round(one["start"], 6) for one in result["timestamps"]] == [660, 1260]


async def test_what_was_ordered_and_stored_is_kept_for_the_test(client: Client, botlhale: Botlhale) -> None:
    sound = wav(1.5)
    key = await client.submit(sound, Diarization="True", LanguageCode="zu-ZA")
    order, uploaded = botlhale.order(key), botlhale.uploads[key]
    assert (order.sample_rate, order.language, order.diarization) == (16_000, "zu-ZA", True)
    assert (uploaded.length, uploaded.sample_rate, uploaded.seconds) == (len(sound), 16_000, 1.5)
    assert uploaded.received == 1
    calls = [seen.call for seen in botlhale.requests]
    assert calls == ["POST /generateAuthToken", "POST /asr/async/upload", "POST storage"]
    assert botlhale.requests[1].fields == ["OrgID", "SampleRate", "Diarization", "LanguageCode"]
    assert botlhale.requests[2].fields[-1] == "file"
    assert "authorization" in botlhale.requests[1].headers
    assert "authorization" not in botlhale.requests[2].headers


async def test_storage_is_another_origin(client: Client, botlhale: Botlhale) -> None:
    form = (await client.order()).json()
    assert form["url"] == f"{botlhale.storage_origin}/"
    assert botlhale.storage_origin != botlhale.origin


async def test_an_urlencoded_order_is_taken_too(client: Client, botlhale: Botlhale) -> None:
    fields = {"OrgID": botlhale.org_id, "SampleRate": "8000", "Diarization": "True"}
    url = f"{botlhale.origin}/asr/async/upload"
    answered = await client.http.post(url, data=fields, headers=await client.bearer())
    assert list(answered.json()["fields"]) == ["AWSAccessKeyId", "key", "policy", "signature", "x-amz-security-token"]


async def test_the_access_token_is_no_bearer(client: Client, botlhale: Botlhale) -> None:
    url = f"{botlhale.origin}/generateAuthToken"
    answered = await client.http.post(url, data={"REFRESH_TOKEN": botlhale.refresh_token})
    access = answered.json()["AuthenticationResult"]["AccessToken"]
    headers = {"Authorization": f"Bearer {access}"}
    refused = await client.http.post(f"{botlhale.origin}/asr/async/upload", headers=headers)
    assert (refused.status_code, refused.content) == (401, b"")


async def test_a_token_that_expired_is_refused_everywhere(client: Client, botlhale: Botlhale) -> None:
    headers = await client.bearer()
    botlhale.expire_tokens()
    for method, path in (("POST", "upload"), ("GET", "status"), ("GET", "getdata")):
        refused = await client.http.request(method, f"{botlhale.origin}/asr/async/{path}", headers=headers)
        assert (refused.status_code, refused.content) == (401, b"")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"REFRESH_TOKEN": "another"}, 401),
        ({"refresh_token": "invented-refresh-token"}, 400),
        ({"REFRESH_TOKEN": "invented-refresh-token", "more": "x"}, 400),
        ({}, 400),
    ],
)
async def test_only_the_right_refresh_token_by_its_name_is_exchanged(
    client: Client, botlhale: Botlhale, fields: dict[str, str], status: int
) -> None:
    refused = await client.http.post(f"{botlhale.origin}/generateAuthToken", data=fields)
    assert refused.status_code == status


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "form"])
async def test_the_later_exchange_takes_json_or_a_form(http: httpx.AsyncClient, *, as_json: bool) -> None:
    async with Botlhale(token_shape="B3") as botlhale:
        botlhale.tokens.expires_in = 0
        url, body = f"{botlhale.origin}/auth/generate", {"refresh_token": botlhale.refresh_token}
        answered = await (http.post(url, json=body) if as_json else http.post(url, data=body))
        assert answered.json().keys() == {"token", "expires"}
        assert answered.json()["expires"] == 0
        for wrong in ({"REFRESH_TOKEN": "x"}, ["x"], {"refresh_token": 1}):
            assert (await http.post(url, json=wrong)).status_code == 400
        assert (await http.post(f"{botlhale.origin}/generateAuthToken", data=body)).status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"SampleRate": "16 000"},
        {"SampleRate": "16000.0"},
        {"SampleRate": "7999"},
        {"SampleRate": "48001"},
        {"SampleRate": "-"},
        {"OrgID": "-"},
        {"LanguageCode": ""},
        {"Diarization": "true"},
        {"Diarization": "1"},
        {"Diarization": ""},
        {"sample_rate": "16000"},
        {"org_id": "InventedOrg01"},
        {"notify_url": "http://127.0.0.1/"},
    ],
    ids=str,
)
async def test_an_order_that_is_not_as_documented_is_refused(client: Client, fields: dict[str, str]) -> None:
    refused = await client.order(**fields)
    assert refused.status_code == 400
    assert refused.json()["error"]["description"]


async def test_an_order_with_a_file_as_json_or_for_strangers_is_refused(client: Client, botlhale: Botlhale) -> None:
    url, headers = f"{botlhale.origin}/asr/async/upload", await client.bearer()
    fields = {"OrgID": botlhale.org_id, "SampleRate": "16000"}
    with_file = await client.http.post(url, data=fields, files={"file": ("a.wav", b"RIFF")}, headers=headers)
    as_json = await client.http.post(url, json=fields, headers=headers)
    stranger = await client.http.post(url, data=fields | {"OrgID": "another"}, headers=headers)
    assert [one.status_code for one in (with_file, as_json, stranger)] == [400, 400, 403]


@pytest.mark.parametrize("code", [400, 402])
async def test_a_spent_quota_takes_no_orders(client: Client, botlhale: Botlhale, code: int) -> None:
    botlhale.spend_quota(402 if code == 402 else 400)
    refused = await client.order()
    assert (refused.status_code, "Allocation exceeded" in refused.text) == (code, True)
    botlhale.restore_quota()
    assert (await client.order()).status_code == 200


@pytest.mark.parametrize("extra", ["Content-Type", "success_action_status", "acl"])
async def test_storage_takes_no_field_that_was_not_signed(client: Client, extra: str) -> None:
    refused = await client.store((await client.order()).json(), wav(), **{extra: "x"})
    assert refused.status_code == 403
    assert refused.headers["Content-Type"].startswith("application/xml")
    assert "<Code>AccessDenied</Code>" in refused.text


async def test_storage_takes_no_altered_missing_or_reordered_field(client: Client) -> None:
    form = (await client.order()).json()
    fields = form["fields"]
    altered = fields | {"key": "other.wav"}
    resigned = fields | {"signature": "x"}
    shorter = {name: value for name, value in fields.items() if name != "policy"}
    reordered = dict(reversed(fields.items()))
    for wrong in (altered, resigned, shorter, reordered):
        refused = await client.http.post(form["url"], data=wrong, files={"file": wav()})
        assert (refused.status_code, "<Code>AccessDenied</Code>" in refused.text) == (403, True)


async def test_a_form_that_expired_is_refused(client: Client, botlhale: Botlhale) -> None:
    form = (await client.order()).json()
    botlhale.expire_forms()
    refused = await client.store(form, wav())
    assert (refused.status_code, "Policy expired" in refused.text) == (403, True)
    assert botlhale.uploads == {}
    assert (await client.store((await client.order()).json(), wav())).status_code == 204


async def test_storage_takes_no_bearer(client: Client) -> None:
    form = (await client.order()).json()
    refused = await client.http.post(
        form["url"], data=form["fields"], files={"file": wav()}, headers={"Authorization": "Bearer x"}
    )
    assert (refused.status_code, "<Code>InvalidArgument</Code>" in refused.text) == (400, True)


async def test_storage_takes_no_body_of_unknown_length(client: Client) -> None:
    form = (await client.order()).json()
    built = httpx.Request("POST", form["url"], data=form["fields"], files={"file": wav()})
    body, kind = built.read(), built.headers["Content-Type"]

    async def pieces() -> AsyncIterator[bytes]:
        yield body

    refused = await client.http.post(form["url"], content=pieces(), headers={"Content-Type": kind})
    assert (refused.status_code, "<Code>MissingContentLength</Code>" in refused.text) == (411, True)


async def test_storage_takes_nothing_behind_the_file_and_nothing_without_one(
    client: Client, botlhale: Botlhale
) -> None:
    form = (await client.order()).json()
    named = {name: (None, value) for name, value in form["fields"].items()}
    behind = await client.http.post(form["url"], files={**named, "file": ("a.wav", wav()), "last": (None, "x")})
    none = await client.http.post(form["url"], files=named)
    misnamed = await client.http.post(form["url"], files={**named, "audio": ("a.wav", wav())})
    broken = await client.http.post(
        form["url"], content=b"--x\r\n", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    no_form = await client.http.post(form["url"], content=b"x", headers={"Content-Type": "audio/wav"})
    assert [one.status_code for one in (behind, none, misnamed, broken, no_form)] == [400] * 5
    assert botlhale.uploads == {}


def streamed_header(sound: bytes) -> bytes:
    return sound[:40] + struct.pack("<I", 0xFFFFFFFF) + sound[44:]


@pytest.mark.parametrize(
    "sound",
    [
        wav(rate=8_000),
        wav(channels=2),
        wav(width=1),
        wav()[:-1000],
        wav() + b"more",
        streamed_header(wav()),
        b"ID3 this is no WAV",
        b"",
    ],
    ids=["other rate", "stereo", "8 bits", "cut", "too much", "length unknown", "no WAV", "empty"],
)
async def test_a_recording_that_is_not_as_declared_fails_later(
    client: Client, botlhale: Botlhale, sound: bytes
) -> None:
    key = await client.submit(sound)
    assert botlhale.uploads[key].length == len(sound)
    assert await client.word(key) == "failed"
    assert "timestamps" not in (await client.ask("getdata", key)).json()


async def test_a_large_recording_streams_through(client: Client, botlhale: Botlhale) -> None:
    sound = wav(600)
    key = await client.submit(sound)
    assert (botlhale.uploads[key].length, botlhale.uploads[key].seconds) == (len(sound), 600)
    turns = (await client.ask("getdata", key)).json()["timestamps"]
    assert turns[-1]["end"] == pytest.approx(600_000)
    assert {one["language"] for one in turns} == {"tn-ZA", "zu-ZA", "en-ZA"}
    assert all("speaker" not in one for one in turns)


async def test_the_same_key_stored_twice_is_one_job(client: Client, botlhale: Botlhale) -> None:
    form = (await client.order()).json()
    await client.store(form, wav())
    await client.store(form, wav())
    assert [one.received for one in botlhale.uploads.values()] == [2]


async def test_a_connection_cut_after_storing_leaves_the_recording_there(client: Client, botlhale: Botlhale) -> None:
    form = (await client.order()).json()
    botlhale.faults.arm("POST storage", hang_up_after())
    with pytest.raises(httpx.TransportError):
        await client.store(form, wav())
    key = form["fields"]["key"]
    assert botlhale.uploads[key].received == 1
    assert await client.word(key) == "complete"


async def test_a_connection_cut_before_storing_leaves_nothing(client: Client, botlhale: Botlhale) -> None:
    form = (await client.order()).json()
    botlhale.faults.arm("POST storage", hang_up_before())
    with pytest.raises(httpx.TransportError):
        await client.store(form, wav())
    assert botlhale.uploads == {}
    assert (await client.ask("status", form["fields"]["key"])).status_code == 404


async def test_a_recording_cut_half_way_is_not_there(
    client: Client, botlhale: Botlhale, caplog: pytest.LogCaptureFixture
) -> None:
    form = (await client.order()).json()
    built = httpx.Request("POST", form["url"], data=form["fields"], files={"file": wav(30)})
    body = built.read()
    head = "".join(f"{name}: {value}\r\n" for name, value in built.headers.items())
    _, writer = await asyncio.open_connection("127.0.0.1", built.url.port)
    writer.write(f"POST / HTTP/1.1\r\n{head}\r\n".encode() + body[: len(body) // 2])
    while not any("file" in seen.fields for seen in botlhale.requests):
        assert (await client.ask("status", form["fields"]["key"])).status_code == 404
    writer.close()
    await writer.wait_closed()
    assert botlhale.uploads == {}
    assert (await client.store(form, wav())).status_code == 204
    assert (
        botlhale.uploads[form["fields"]["key"]].received,
        [one for one in caplog.records if one.name == "aiohttp.server"],
    ) == (1, [])


@pytest.mark.parametrize(
    "call", ["POST /generateAuthToken", "POST /asr/async/upload", "GET /asr/async/status", "GET /asr/async/getdata"]
)
async def test_every_call_can_go_wrong_on_request(client: Client, botlhale: Botlhale, call: str) -> None:
    headers = await client.bearer()
    botlhale.faults.arm(call, answer(503, b"later", Retry_After="7"))
    method, path = call.split()
    answered = await client.http.request(method, f"{botlhale.origin}{path}", headers=headers)
    assert (answered.status_code, answered.headers["Retry-After"], answered.content) == (503, "7", b"later")


async def test_before_the_upload_and_for_an_unknown_name_there_is_nothing(client: Client, botlhale: Botlhale) -> None:
    key = (await client.order()).json()["fields"]["key"]
    for name in (key, "asr_unknown.wav"):
        for what in ("status", "getdata", "data"):
            answered = await client.ask(what, name)
            assert (answered.status_code, answered.content) == (404, b"")
    botlhale.word_before_upload = "queued"
    assert await client.word(key) == "queued"


async def test_a_held_job_runs_until_it_is_released(client: Client, botlhale: Botlhale) -> None:
    botlhale.hold = True
    first, second = await client.submit(wav()), await client.submit(wav())
    assert [await client.word(first), await client.word(second)] == ["running", "running"]
    early = (await client.ask("getdata", first)).json()
    assert (early["status"], "timestamps" in early) == ("running", False)
    botlhale.release(first)
    assert [await client.word(first), await client.word(second)] == ["complete", "running"]
    botlhale.release()
    assert await client.word(second) == "complete"
    assert await client.word(await client.submit(wav())) == "complete"


async def test_work_takes_as_long_as_the_speed_says(client: Client, botlhale: Botlhale) -> None:
    botlhale.speed = 1000
    slow = await client.submit(wav())
    botlhale.speed = 0
    quick = await client.submit(wav())
    assert [await client.word(slow), await client.word(quick)] == ["running", "complete"]


async def test_the_next_job_can_fail_with_any_word(client: Client, botlhale: Botlhale) -> None:
    botlhale.fail_next()
    botlhale.fail_next("error: no speech")
    words = [await client.word(await client.submit(wav())) for _ in range(3)]
    assert words == ["failed", "error: no speech", "complete"]


async def test_the_answers_can_vary_as_the_documentation_does(client: Client, botlhale: Botlhale) -> None:
    botlhale.script, botlhale.done_word, botlhale.status_shape = [], "done", "flat"
    botlhale.audio_length, botlhale.lacking_asks = "seconds", 1
    key = await client.submit(wav(2.5))
    assert (await client.ask("status", key)).json()["status"] == "done"
    assert "timestamps" not in (await client.ask("getdata", key)).json()
    result = (await client.ask("getdata", key)).json()
    assert (result["timestamps"], result["audio_length"]) == ([], "2.5 seconds")
    botlhale.audio_length, botlhale.url_name = "number", "upload_url"
    assert (await client.ask("getdata", key)).json()["audio_length"] == 2.5
    form = (await client.order()).json()
    assert (form["upload_url"], form["expires_in"]) == (f"{botlhale.storage_origin}/", 3600)


@pytest.mark.parametrize(
    ("form", "process", "filename"),
    [
        ("published", "{key}", "/{key}"),
        ("bare", "{key}", "{key}"),
        ("asterisks", "{stem}**wav", "{stem}**wav"),
        ("none", None, None),
    ],
)
async def test_answers_spell_the_name_as_they_are_told(
    client: Client, botlhale: Botlhale, form: NameForm, process: str | None, filename: str | None
) -> None:
    botlhale.name_form = form
    key = await client.submit(wav())
    told = {"key": key, "stem": key.removesuffix(".wav")}
    (entry,) = (await client.ask("status", key)).json()["data"]
    assert entry.get("process") == (process and process.format(**told))
    result = (await client.ask("getdata", key)).json()
    assert result.get("filename") == (filename and filename.format(**told))


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("text", "90.0"),
        ("seconds", "90.0 seconds"),
        ("number", 90.0),
        ("milliseconds", 90_000),
        ("clock", "1:30"),
        ("long clock", "0:01:30"),
    ],
)
async def test_a_length_is_told_in_any_form(
    client: Client, botlhale: Botlhale, form: AudioLength, told: str | float
) -> None:
    botlhale.audio_length = form
    assert (await client.ask("getdata", await client.submit(wav(90)))).json()["audio_length"] == told


async def test_the_status_can_list_more_than_the_one_recording(client: Client, botlhale: Botlhale) -> None:
    botlhale.duplicate_entries, botlhale.foreign_entries = ("failed", "running"), ("failed",)
    key = await client.submit(wav())
    entries = (await client.ask("status", key)).json()["data"]
    assert [entry["status"] for entry in entries] == ["failed", "failed", "running", "complete"]
    assert [entry["process"] == key for entry in entries] == [False, True, True, True]


async def test_a_recording_can_be_answered_oddly_at_first(client: Client, botlhale: Botlhale) -> None:
    botlhale.refused_asks = botlhale.absent_asks = botlhale.lacking_asks = 1
    botlhale.strange_statuses = botlhale.strange_results = 1
    key = await client.submit(wav())
    assert (await client.ask("status", key)).status_code == 400
    (strange,) = (await client.ask("status", key)).json()["data"]
    assert (strange["process"] == key, strange["status"]) == (False, "complete")
    assert await client.word(key) == "complete"
    assert (await client.ask("getdata", key)).status_code == 404
    assert "timestamps" not in (await client.ask("getdata", key)).json()
    strange_result = (await client.ask("getdata", key)).json()
    assert strange_result["filename"] != f"/{key}"
    assert [one["transcription"] for one in strange_result["timestamps"]] == [SOMEBODY_ELSES]
    assert (await client.ask("getdata", key)).json()["filename"] == f"/{key}"


async def test_the_oldest_status_carries_the_result(client: Client, botlhale: Botlhale) -> None:
    botlhale.script, botlhale.status_shape, botlhale.first_segment_lacks = TALK, "whole", ("end",)
    botlhale.hold = True
    key = await client.submit(wav())
    assert "timestamps" not in (await client.ask("status", key)).json()
    botlhale.release()
    status = (await client.ask("status", key)).json()
    assert (status["status"], status["filename"]) == ("complete", f"/{key}")
    assert ["end" in segment for segment in status["timestamps"]] == [False, True]


async def test_a_form_lives_as_long_as_it_says(client: Client, botlhale: Botlhale) -> None:
    botlhale.form_life, botlhale.url_name = 60, "upload_url"
    form = (await client.order()).json()
    assert form["expires_in"] == 60
    botlhale.form_life = 0
    form = (await client.order()).json()
    assert (await client.store(form | {"url": form["upload_url"]}, wav())).status_code == 403


async def test_a_script_may_look_at_the_recording(client: Client, botlhale: Botlhale) -> None:
    def say(heard: Heard) -> list[Segment]:
        return [Segment(start=0, end=heard.seconds, speaker=None, text=heard.name)]

    botlhale.script = say
    key = await client.submit(wav(), Diarization="True")
    (turn,) = (await client.ask("getdata", key)).json()["timestamps"]
    assert (turn["transcription"], "speaker" in turn) == (key, False)


async def test_a_question_with_a_body_a_wrong_name_or_a_strange_organisation_is_refused(
    client: Client, botlhale: Botlhale
) -> None:
    key, headers = await client.submit(wav()), await client.bearer()
    url, right = f"{botlhale.origin}/asr/async/status", {"OrgID": botlhale.org_id, "FileName": key}
    with_body = await client.http.request("GET", url, params=right, headers=headers, content=b"x")
    snake = await client.http.get(url, params={"org_id": botlhale.org_id, "filename": key}, headers=headers)
    more = await client.http.get(url, params={**right, "more": "x"}, headers=headers)
    stranger = await client.http.get(url, params={**right, "OrgID": "another"}, headers=headers)
    assert [one.status_code for one in (with_body, snake, more, stranger)] == [400, 400, 400, 403]


async def test_the_later_dialect_has_its_own_names_paths_and_shapes(http: httpx.AsyncClient) -> None:
    async with Botlhale(dialect="snake", token_shape="B3", result_path="data", storage_shape="sigv4") as botlhale:
        botlhale.script = TALK
        answered = await http.post(f"{botlhale.origin}/auth/generate", json={"refresh_token": botlhale.refresh_token})
        headers = {"Authorization": f"Bearer {answered.json()['token']}"}
        url = f"{botlhale.origin}/asr/async"
        camel = {"OrgID": botlhale.org_id, "SampleRate": "16000"}
        assert (await http.post(f"{url}/upload", data=camel, headers=headers)).status_code == 400
        fields = {"org_id": botlhale.org_id, "diarization": "True"}
        form = (await http.post(f"{url}/upload", data=fields, headers=headers)).json()
        key = form["fields"]["key"]
        assert (key.split("/")[0], key[-4:]) == (botlhale.org_id, ".wav")
        assert "x-amz-algorithm" in form["fields"]
        assert (await http.post(form["url"], data=form["fields"], files={"file": wav()})).status_code == 204
        query = {"org_id": botlhale.org_id, "filename": key}
        status = (await http.get(f"{url}/status", params=query, headers=headers)).json()
        assert (status.keys(), status["status"]) == ({"status", "location", "inference_id"}, "completed")
        assert (await http.get(f"{url}/getdata", params=query, headers=headers)).status_code == 404
        result = (await http.get(f"{url}/data", params=query, headers=headers)).json()
        assert (result["audio_length"], "status" in result, "date_received" in result) == (3.0, False, True)
        said = [(one["speaker"], one["language"], one["translation"]) for one in result["timestamps"]]
        assert said == [("SPEAKER_00", "Setswana", "-"), ("SPEAKER_01", "isiZulu", "-")]
        assert json.dumps(result)
        assert botlhale.result_call == "GET /asr/async/data"
