"""The pretended Gowajee behaves as its documentation shows, and refuses the rest."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from aiohttp import web

from sandbox.faults import answer, hang_up_after, hang_up_before, slow
from sandbox.gowajee import Gowajee
from sandbox.provider_server import Handler
from sandbox.script import Segment

TALK = (
    Segment(start=0, end=1.25, speaker=0, text="สวัสดีค่ะ"),
    Segment(start=1.25, end=2.5, speaker=1, text="ขอบคุณครับ"),
    Segment(start=2.5, end=3, speaker=None, text="ค่ะ"),
)
TOKEN = "invented-webhook-token"


def wav(seconds: float = 3.0, *, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(16_000)
        writer.writeframes(bytes(round(seconds * 16_000) * channels * 2))
    return file.getvalue()


def base64_of(sound: bytes) -> str:
    return base64.b64encode(sound).decode()


@dataclass(kw_only=True)
class Notice:
    """One call that the receiver got."""

    token: str | None
    body: bytes

    @property
    def content(self) -> dict[str, object]:
        content: dict[str, object] = json.loads(self.body)
        return content


@dataclass(kw_only=True)
class Receiver:
    """The vendor's sample receiver: checks the token, keeps the rest."""

    url: str = ""
    got: list[Notice] = field(default_factory=list)
    hear: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.Response:
        token = request.query.get("token")
        self.got.append(Notice(token=token, body=await request.read()))
        self.hear.set()
        return web.Response(status=200 if token == TOKEN else 401)


@asynccontextmanager
async def serve(method: str, path: str, handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route(method, path, handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield client


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with serve("POST", "/webhooks/gowajee", receiver.take) as url:
        receiver.url = f"{url}?token={TOKEN}"
        yield receiver


@pytest.fixture
async def gowajee(receiver: Receiver) -> AsyncIterator[Gowajee]:
    async with Gowajee(webhook_url=receiver.url) as stand_in:
        stand_in.script = TALK
        yield stand_in


@dataclass(frozen=True, kw_only=True)
class Client:
    """The samples of the documentation, in httpx."""

    gowajee: Gowajee
    http: httpx.AsyncClient

    def url(self, model: str = "pulse") -> str:
        return f"{self.gowajee.origin}/v1/speech-to-text/{model}/transcribe/async"

    @property
    def key(self) -> dict[str, str]:
        return {"x-api-key": self.gowajee.api_key}

    async def send(self, body: object, *, model: str = "pulse") -> httpx.Response:
        query = {"webhookId": self.gowajee.webhook_id}
        return await self.http.post(self.url(model), params=query, json=body, headers=self.key)

    async def send_form(
        self, files: Sequence[tuple[str, tuple[str | None, bytes]]], *, model: str = "pulse"
    ) -> httpx.Response:
        query = {"webhookId": self.gowajee.webhook_id}
        return await self.http.post(self.url(model), params=query, files=files, headers=self.key)

    async def submit(self, sound: bytes | None = None, **parameters: object) -> str:
        body = {"audioData": base64_of(wav() if sound is None else sound), **parameters}
        return str((await self.send(body)).json()["jobId"])

    async def status(self, job_id: str, *, path: str = "job/status") -> httpx.Response:
        url = f"{self.gowajee.origin}/v1/speech-to-text/{path}"
        return await self.http.get(url, params={"id": job_id}, headers=self.key)

    async def word(self, job_id: str) -> str:
        return str((await self.status(job_id)).json()["status"])


@pytest.fixture
def client(gowajee: Gowajee, http: httpx.AsyncClient) -> Client:
    return Client(gowajee=gowajee, http=http)


async def test_a_recording_is_queued_worked_on_and_brought_by_the_webhook(
    client: Client, gowajee: Gowajee, receiver: Receiver
) -> None:
    answered = (await client.send({"audioData": base64_of(wav())})).json()
    assert answered == {"status": "IN_QUEUE", "jobId": answered["jobId"], "webhookId": gowajee.webhook_id}
    await gowajee.settled()
    (notice,) = receiver.got
    assert notice.token == TOKEN
    output = {
        "results": [
            {"transcript": "สวัสดีค่ะ", "startTime": 0, "endTime": 1.25},
            {"transcript": "ขอบคุณครับ", "startTime": 1.25, "endTime": 2.5},
            {"transcript": "ค่ะ", "startTime": 2.5, "endTime": 3},
        ],
        "duration": 3.0,
        "version": "2.2.0",
    }
    ids = {"jobId": answered["jobId"], "webhookId": gowajee.webhook_id}
    assert notice.content == {"type": "ASR_PULSE", "amount": 3.0, "output": output, **ids}
    status = (await client.status(answered["jobId"])).json()
    assert status == {"status": "COMPLETED", "jobId": answered["jobId"], "output": output}
    assert [one.status for one in gowajee.jobs[answered["jobId"]].deliveries] == [200]


async def test_what_was_asked_is_kept_for_the_test(client: Client, gowajee: Gowajee) -> None:
    job = gowajee.jobs[await client.submit(diarization=True, minSpeakers=1, maxSpeakers=4)]
    await gowajee.settled()
    assert (job.model, job.sent_as, job.seconds) == ("pulse", "json", 3.0)
    assert (job.order.diarization, job.order.min_speakers, job.order.max_speakers) == (True, 1, 4)
    (seen,) = gowajee.requests
    assert (seen.call, seen.query) == ("POST transcribe/async", ("webhookId",))
    assert seen.fields == ["audioData", "diarization", "minSpeakers", "maxSpeakers"]


async def test_speakers_are_numbered_or_unknown(client: Client, gowajee: Gowajee, receiver: Receiver) -> None:
    await client.submit(diarization=True)
    await gowajee.settled()
    assert receiver.got[0].content["type"] == "ASR_PULSE_WITH_DIARIZE"
    output = receiver.got[0].content["output"]
    assert isinstance(output, dict)
    assert [one["speaker"] for one in output["results"]] == ["SPEAKER_00", "SPEAKER_01", "unknown"]


async def test_channels_are_listed_one_after_the_other(client: Client, gowajee: Gowajee) -> None:
    gowajee.script = None
    job_id = await client.submit(wav(30, channels=2), multichannels=True)
    await gowajee.settled()
    results = (await client.status(job_id)).json()["output"]["results"]
    channels = [one["channel"] for one in results]
    assert (set(channels), channels) == ({0, 1}, sorted(channels))
    assert [one["startTime"] for one in results] != sorted(one["startTime"] for one in results)
    assert all("speaker" not in one for one in results)


async def test_reference_voices_lend_their_names(client: Client, gowajee: Gowajee) -> None:
    voice = ("refSpeakers", ("Somchai", wav(4)))
    parts = [("audioData", ("a.wav", wav())), ("diarization", (None, b"true")), voice]
    job_id = (await client.send_form(parts)).json()["jobId"]
    await gowajee.settled()
    results = (await client.status(job_id)).json()["output"]["results"]
    assert [one["speaker"] for one in results] == ["Somchai", "unknown", "unknown"]


async def test_a_form_carries_text_for_booleans_numbers_and_lists(client: Client, gowajee: Gowajee) -> None:
    plain = {"diarization": b"true", "numSpeakers": b"2", "boostWordList": b"a,b", "boostScore": b"20"}
    parts = [("audioData", ("a.wav", wav())), *((name, (None, text)) for name, text in plain.items())]
    job = gowajee.jobs[(await client.send_form(parts)).json()["jobId"]]
    assert (job.sent_as, job.order.diarization, job.order.num_speakers) == ("multipart", True, 2)
    assert (job.order.boost_word_list, job.order.boost_score) == (["a", "b"], 20)


@pytest.mark.parametrize(
    "parts",
    [
        [("audioData", (None, b"text"))],
        [("audioData", ("a.wav", b""))],
        [("audioData", ("a.wav", b"x")), ("audioData", ("b.wav", b"x"))],
        [("audioData", ("a.wav", b"x")), ("other", ("b.wav", b"x"))],
        [("audioData", ("a.wav", b"x")), ("diarization", (None, b"True"))],
        [("audioData", ("a.wav", b"x")), ("diarization", (None, b"1"))],
        [("audioData", ("a.wav", b"x")), ("numSpeakers", (None, b"two"))],
        [("audioData", ("a.wav", b"x")), ("refSpeakers", ("Somchai", b"x"))],
        [("audioData", ("a.wav", b"x")), ("diarization", (None, b"true")), ("diarization", (None, b"true"))],
    ],
    ids=["no file", "empty", "two files", "a strange file", "Python's True", "1", "a word", "voices", "twice"],
)
async def test_a_form_that_is_not_as_documented_is_refused(
    client: Client, parts: list[tuple[str, tuple[str | None, bytes]]]
) -> None:
    assert (await client.send_form(parts)).status_code == 400


@pytest.mark.parametrize("model", ["cosmos", "astro"])
async def test_forms_are_for_pulse_only(client: Client, model: str) -> None:
    refused = await client.send_form([("audioData", ("a.wav", wav()))], model=model)
    assert refused.status_code == 400
    assert (await client.send({"audioData": base64_of(wav())}, model=model)).status_code == 200


@pytest.mark.parametrize(
    "parameters",
    [
        {"diarization": "true"},
        {"diarization": 1},
        {"diarization": None},
        {"diarization": True, "numSpeakers": "2"},
        {"diarization": True, "numSpeakers": 2.0},
        {"diarization": True, "numSpeakers": 0},
        {"diarization": True, "numSpeakers": 2, "maxSpeakers": 3},
        {"diarization": True, "numSpeakers": 2, "minSpeakers": 1, "maxSpeakers": 3},
        {"diarization": True, "minSpeakers": 3, "maxSpeakers": 2},
        {"diarization": True, "minSpeakers": 0, "maxSpeakers": 2},
        {"diarization": True, "maxSpeakers": 2},
        {"numSpeakers": 2},
        {"multichannels": True, "diarization": True},
        {"multichannel": True},
        {"boostScore": 0},
        {"boostScore": 5},
        {"boostScore": 21},
        {"boostWordList": "a,b"},
        {"boostWordList": [""]},
        {"boostWordList": [1]},
        {"sampleRate": 16_000},
        {"sampleRate": 16_000, "sampleWidth": 3, "channels": 1},
        {"refSpeakers": []},
        {"language": "th"},
        {"audioData": ""},
        {"audioData": 1},
        {"audioData": None},
        {"audioData": "not base64!"},
        {"audioData": "สวัสดี"},
    ],
    ids=str,
)
async def test_parameters_that_are_not_as_documented_are_refused(
    client: Client, gowajee: Gowajee, parameters: dict[str, object]
) -> None:
    refused = await client.send({"audioData": base64_of(wav())} | parameters)
    assert (refused.status_code, gowajee.jobs) == (400, {})
    assert refused.json()["message"]


@pytest.mark.parametrize(
    ("model", "parameters", "status"),
    [
        ("pulse", {"getWordTimestamps": True, "getSpeakingRate": True}, 200),
        ("cosmos", {"getWordTimestamps": True}, 400),
        ("cosmos", {"boostWordList": ["a"], "boostScore": 1}, 200),
        ("astro", {"boostWordList": ["a"]}, 400),
        ("astro", {"boostScore": 5}, 400),
        ("astro", {"diarization": True, "numSpeakers": 2}, 200),
        ("other", {}, 404),
    ],
)
async def test_every_model_takes_what_it_can_do(
    client: Client, model: str, parameters: dict[str, object], status: int
) -> None:
    assert (await client.send({"audioData": base64_of(wav()), **parameters}, model=model)).status_code == status


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"{}"])
async def test_a_body_that_is_no_object_with_audio_is_refused(client: Client, body: bytes) -> None:
    query = {"webhookId": client.gowajee.webhook_id}
    headers = client.key | {"Content-Type": "application/json"}
    assert (await client.http.post(client.url(), params=query, content=body, headers=headers)).status_code == 400


async def test_the_key_and_the_webhook_must_be_known(client: Client, gowajee: Gowajee) -> None:
    body = {"audioData": base64_of(wav())}
    right = {"webhookId": gowajee.webhook_id}
    no_key = await client.http.post(client.url(), params=right, json=body)
    wrong_key = await client.http.post(client.url(), params=right, json=body, headers={"x-api-key": "another"})
    no_webhook = await client.http.post(client.url(), json=body, headers=client.key)
    wrong = await client.http.post(client.url(), params={"webhookId": "another"}, json=body, headers=client.key)
    unasked = await client.http.get(f"{gowajee.origin}/v1/speech-to-text/job/status", headers=client.key)
    answers = [one.status_code for one in (no_key, wrong_key, no_webhook, wrong, unasked)]
    assert answers == [401, 401, 400, 400, 400]


async def test_a_body_above_the_limit_is_refused(client: Client, gowajee: Gowajee) -> None:
    gowajee.largest_body = 100_000
    by_json = await client.send({"audioData": base64_of(wav())})
    by_form = await client.send_form([("audioData", ("a.wav", wav(4)))])
    assert [by_json.status_code, by_form.status_code] == [413, 413]


async def test_headerless_samples_need_their_three_numbers(client: Client, gowajee: Gowajee) -> None:
    job_id = await client.submit(bytes(64_000), sampleRate=16_000, sampleWidth=2, channels=2)
    await gowajee.settled()
    assert (await client.status(job_id)).json()["output"]["duration"] == 1.0


@pytest.mark.parametrize("sound", [b"ID3 no WAV", wav()[:-100]], ids=["no WAV", "cut"])
async def test_audio_that_cannot_be_read_fails_without_a_reason_in_the_status(
    client: Client, gowajee: Gowajee, receiver: Receiver, sound: bytes
) -> None:
    job_id = await client.submit(sound)
    await gowajee.settled()
    ids = {"jobId": job_id, "webhookId": gowajee.webhook_id}
    assert (await client.status(job_id)).json() == {"status": "FAILED", **ids}
    assert receiver.got[0].content == {"status": "FAILED", **ids, "message": "the audio cannot be read"}


async def test_a_recording_at_an_address_is_fetched_in_ranges(client: Client, gowajee: Gowajee) -> None:
    sound = wav(80)

    async def give(request: web.Request) -> web.Response:
        part = request.http_range
        assert part.start is not None
        last = min(part.stop, len(sound)) - 1
        headers = {"Content-Range": f"bytes {part.start}-{last}/{len(sound)}"}
        return web.Response(status=206, body=sound[part.start : last + 1], headers=headers)

    async with serve("GET", "/recording", give) as url:
        job = gowajee.jobs[await client.submit(b"", audioData=url)]
        await gowajee.settled()
    assert (job.sent_as, job.state, job.seconds) == ("url", "COMPLETED", 80)
    assert [(one.first, one.status) for one in job.fetches] == [(0, 206), (1 << 20, 206), (2 << 20, 206)]


async def test_a_server_without_ranges_is_read_to_the_end(client: Client, gowajee: Gowajee) -> None:
    async def give(_: web.Request) -> web.Response:
        return web.Response(body=wav(80))

    async with serve("GET", "/recording", give) as url:
        job = gowajee.jobs[await client.submit(b"", audioData=url)]
        await gowajee.settled()
    assert (job.state, job.seconds, len(job.fetches)) == ("COMPLETED", 80, 1)


@pytest.mark.parametrize(
    ("status", "headers"),
    [(404, {}), (206, {}), (206, {"Content-Range": "bytes 5-9/10"}), (206, {"Content-Range": "bytes 0-0/10"})],
    ids=["gone", "no range", "another range", "nothing"],
)
async def test_an_address_that_does_not_give_the_recording_fails_the_job(
    client: Client, gowajee: Gowajee, status: int, headers: dict[str, str]
) -> None:
    async def give(_: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers)

    async with serve("GET", "/recording", give) as url:
        job_id = await client.submit(b"", audioData=url)
        await gowajee.settled()
    gone = await client.submit(b"", audioData=url)
    await gowajee.settled()
    assert [await client.word(job_id), await client.word(gone)] == ["FAILED", "FAILED"]


async def test_an_early_webhook_comes_before_the_answer(client: Client, gowajee: Gowajee, receiver: Receiver) -> None:
    gowajee.webhook_mode = "early"
    sending = asyncio.create_task(client.submit())
    await receiver.hear.wait()
    assert not sending.done()
    assert receiver.got[0].content["jobId"] == await sending


async def test_a_late_webhook_comes_after_the_status_is_done(
    client: Client, gowajee: Gowajee, receiver: Receiver
) -> None:
    gowajee.webhook_mode, gowajee.late_by = "late", 3600
    job_id = await client.submit()
    while await client.word(job_id) != "COMPLETED":
        assert receiver.got == []
    assert receiver.got == []
    gowajee.late_by = 0
    other = await client.submit()
    await receiver.hear.wait()
    assert [notice.content["jobId"] for notice in receiver.got] == [other]


@pytest.mark.parametrize(("mode", "times"), [("twice", 2), ("never", 0)])
async def test_a_webhook_can_come_twice_or_never(
    client: Client, gowajee: Gowajee, receiver: Receiver, mode: str, times: int
) -> None:
    gowajee.webhook_mode = "twice" if mode == "twice" else "never"
    job_id = await client.submit()
    await gowajee.settled()
    assert (await client.word(job_id), len(receiver.got)) == ("COMPLETED", times)
    assert len({notice.body for notice in receiver.got}) == min(times, 1)


async def test_every_job_can_fail(client: Client, gowajee: Gowajee, receiver: Receiver) -> None:
    gowajee.webhook_mode = "failed"
    job_id = await client.submit()
    await gowajee.settled()
    assert (await client.word(job_id), receiver.got[0].content["message"]) == ("FAILED", "error message")


async def test_the_next_job_can_fail_with_any_message(client: Client, gowajee: Gowajee, receiver: Receiver) -> None:
    gowajee.fail_next("<!channel> no")
    words = []
    for _ in range(2):
        job_id = await client.submit()
        await gowajee.settled()
        words.append(await client.word(job_id))
    assert words == ["FAILED", "COMPLETED"]
    assert receiver.got[0].content["message"] == "<!channel> no"


async def test_strangers_call_first_without_the_token(client: Client, gowajee: Gowajee, receiver: Receiver) -> None:
    gowajee.webhook_mode = "forged"
    job = gowajee.jobs[await client.submit()]
    await gowajee.settled()
    forged, genuine = job.deliveries[:-1], job.deliveries[-1]
    assert ({one.status for one in forged}, {one.genuine for one in forged}) == ({401}, {False})
    assert (genuine.status, genuine.genuine) == (200, True)
    assert {notice.token for notice in receiver.got[:-1]} == {None, "invented-wrong-token"}


async def test_strangers_with_the_token_lie_while_the_job_runs(
    client: Client, gowajee: Gowajee, receiver: Receiver
) -> None:
    gowajee.webhook_mode, gowajee.hold = "leaked", True
    job_id = await client.submit()
    while len(gowajee.jobs[job_id].deliveries) < 5:
        await receiver.hear.wait()
        receiver.hear.clear()
        assert await client.word(job_id) == "IN_PROGRESS"
    assert {one.status for one in gowajee.jobs[job_id].deliveries} == {200}
    gowajee.release()
    await gowajee.settled()
    assert [b"FORGED" in notice.body for notice in receiver.got] == [True, True, True, True, False, False]


async def test_a_held_job_waits_in_the_queue_or_in_work(client: Client, gowajee: Gowajee, receiver: Receiver) -> None:
    gowajee.hold, gowajee.held_as = True, "IN_QUEUE"
    first = await client.submit()
    gowajee.held_as = "IN_PROGRESS"
    second = await client.submit()
    ids = {"jobId": first, "webhookId": gowajee.webhook_id}
    assert (await client.status(first)).json() == {"status": "IN_QUEUE", **ids}
    assert await client.word(second) == "IN_PROGRESS"
    gowajee.release(first)
    await receiver.hear.wait()
    assert [await client.word(first), await client.word(second)] == ["COMPLETED", "IN_PROGRESS"]
    gowajee.release()
    await gowajee.settled()
    assert await client.word(second) == "COMPLETED"


async def test_closing_drops_what_is_held(receiver: Receiver, http: httpx.AsyncClient) -> None:
    async with Gowajee(webhook_url=receiver.url, speed=1000) as gowajee:
        await Client(gowajee=gowajee, http=http).submit()
    assert receiver.got == []


async def test_an_unknown_or_forgotten_job_is_unknown(client: Client, gowajee: Gowajee) -> None:
    job_id = await client.submit()
    await gowajee.settled()
    gowajee.forget(job_id)
    assert (await client.status(job_id)).json() == {"status": "UNKNOWN", "jobId": job_id}
    assert (await client.status("another")).json() == {"status": "UNKNOWN", "jobId": "another"}


async def test_the_status_has_one_of_two_paths(client: Client, receiver: Receiver, http: httpx.AsyncClient) -> None:
    assert (await client.status("another", path="pulse/job/status")).status_code == 404
    async with Gowajee(webhook_url=receiver.url, status_path="model") as gowajee:
        other = Client(gowajee=gowajee, http=http)
        job_id = await other.submit()
        await gowajee.settled()
        assert (await other.status(job_id)).status_code == 404
        assert (await other.status(job_id, path="pulse/job/status")).json()["status"] == "COMPLETED"
        assert (await other.status(job_id, path="astro/job/status")).json()["status"] == "UNKNOWN"


async def test_without_a_webhook_the_status_is_all_there_is(http: httpx.AsyncClient) -> None:
    async with Gowajee() as gowajee:
        client = Client(gowajee=gowajee, http=http)
        job_id = await client.submit(wav(7))
        await gowajee.settled()
        output = (await client.status(job_id)).json()["output"]
        assert [(one["startTime"], one["endTime"]) for one in output["results"]] == [(0, 3.5), (3.5, 7)]
        assert (await gowajee.call_back(job_id), gowajee.jobs[job_id].deliveries) == (None, [])


async def test_the_webhook_can_be_called_by_hand(client: Client, gowajee: Gowajee, receiver: Receiver) -> None:
    gowajee.webhook_mode = "never"
    job_id = await client.submit()
    await gowajee.settled()
    answers = [
        await gowajee.call_back(job_id),
        await gowajee.call_back(job_id, b"\xff", token=None),
        await gowajee.call_back(job_id, {"jobId": "another"}, token="wrong"),
    ]
    assert answers == [200, 401, 401]
    assert [notice.token for notice in receiver.got] == [TOKEN, None, "wrong"]
    assert (receiver.got[0].content["jobId"], receiver.got[1].body) == (job_id, b"\xff")


async def test_a_webhook_nobody_answers_is_noted_and_not_repeated(http: httpx.AsyncClient, receiver: Receiver) -> None:
    async with serve("POST", "/gone", receiver.take) as url:
        pass
    async with Gowajee(webhook_url=url) as gowajee:
        job = gowajee.jobs[await Client(gowajee=gowajee, http=http).submit()]
        await gowajee.settled()
        assert [one.status for one in job.deliveries] == [None]


async def test_the_webhook_can_be_lost_or_hung_up_on_request(
    client: Client, gowajee: Gowajee, receiver: Receiver
) -> None:
    gowajee.faults.arm("webhook", hang_up_before())
    lost = await client.submit()
    await gowajee.settled()
    assert ([one.status for one in gowajee.jobs[lost].deliveries], receiver.got) == ([None], [])
    gowajee.faults.arm("webhook", hang_up_after())
    hung_up = await client.submit()
    await receiver.hear.wait()
    await gowajee.settled()
    assert [one.status for one in gowajee.jobs[hung_up].deliveries] == [None]
    assert receiver.got[0].content["jobId"] == hung_up
    gowajee.faults.arm("webhook", slow(0.01))
    await client.submit()
    await gowajee.settled()
    assert len(receiver.got) == 2


async def test_a_submission_that_was_cut_off_may_still_be_worked_on(
    client: Client, gowajee: Gowajee, receiver: Receiver
) -> None:
    gowajee.faults.arm("POST transcribe/async", hang_up_after())
    with pytest.raises(httpx.TransportError):
        await client.submit()
    await gowajee.settled()
    assert [notice.content["jobId"] for notice in receiver.got] == list(gowajee.jobs)


async def test_status_and_submission_can_go_wrong_on_request(client: Client, gowajee: Gowajee) -> None:
    gowajee.faults.arm("GET job/status", answer(429, Retry_After="3"))
    gowajee.faults.arm("POST transcribe/async", answer(500))
    assert (await client.status("x")).headers["Retry-After"] == "3"
    assert (await client.send({"audioData": base64_of(wav())})).status_code == 500
    assert gowajee.jobs == {}
