"""A provider's answer names the storage: no answer may lead a recording into our own network, or out in the clear."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.slack import Slack
from storage.job import Reason
from tests.journeys.bench import Bench, only_reply, recording, words_of
from tests.transcription.botlhale.test_botlhale import STORAGE, UPLOAD, botlhale, partner
from tests.transcription.partners import Reply, sample
from tests.transcription.partners import recording as a_wav
from transcription.addresses import may_receive
from transcription.errors import Misunderstood
from transcription.http import send

PROVIDER = "https://api.botlhale.xyz"
NEARBY = ("https://10.1.2.3", "https://speech.internal", "https://[fd12::7]:8443")
ON_THIS_MACHINE = ("http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000")

STORAGES = [
    "https://asr-async.s3.amazonaws.com/",
    "https://s3.af-south-1.amazonaws.com/asr_async/",
    "https://bucket_name.s3.amazonaws.com/",
    "https://bucket_name.s3.amazonaws.com:8443/",
    "https://storage.googleapis.com/bucket",
    "https://xn--d1acufc.xn--p1ai/",
    "https://storage.example./",
]
HERE = [
    "https://127.0.0.1/",
    "https://127.0.0.1:8443/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://a.localhost/",
    "https://0.0.0.0/",
    "https://[::]/",
]
METADATA = [
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[::ffff:169.254.169.254]/",
    "https://0xa9.0xfea9fe/",
]
NETWORK = [
    "https://10.0.0.5/",
    "https://192.168.1.1/",
    "https://172.16.0.1/",
    "https://100.64.0.1/",
    "https://[fd00::1]/",
    "https://intranet/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://nas.home.arpa/",
    "https://router.lan/",
    "https://wiki.corp/",
]
ODD = [
    "https://[]@",
    "https://[]/",
    "",
    "x",
    "/etc/passwd",
    "file:///etc/passwd",
    "ftp://storage.example/",
    "gopher://storage.example/",
    "http://storage.example/",
    "HTTP://storage.example/",
    "//storage.example/",
    "https:///",
    "https://",
    "https://8.8.8.8/",
    "https://user@storage.example/",
    "https://user:word@storage.example/",
    "https://storage.example@127.0.0.1/",
    "https://127.0.0.1\\@storage.example/",
    "https://storage.example:99999/",
    "https://storage.example:443/",
    "https://пример.рф/",
    "https://storage.example:port/",
    "https://sto rage.example/",
    "https://storage\t.example/",
    "https://storage.example%2f.evil/",
    "https://１２７.０.０.１/",
    "https://[x/",
    "https://..example/",
    "https://storage.example\r\nX-Injected: 1/",
    "https://" + "a" * 300 + ".example/",
]


@pytest.mark.parametrize("address", STORAGES)
def test_a_storage_on_the_internet_may_have_a_recording(address: str) -> None:
    assert may_receive(address, provider=PROVIDER)


@pytest.mark.parametrize("address", [*HERE, *METADATA, *NETWORK, *ODD])
def test_nothing_else_may(address: str) -> None:
    assert not may_receive(address, provider=PROVIDER)


@pytest.mark.parametrize("provider", NEARBY)
@pytest.mark.parametrize("address", ["https://10.0.0.5/", "https://storage.internal/", *STORAGES[:1]])
def test_a_provider_in_our_own_network_may_have_its_storage_there(provider: str, address: str) -> None:
    assert may_receive(address, provider=provider)


@pytest.mark.parametrize("provider", NEARBY + ON_THIS_MACHINE)
@pytest.mark.parametrize("address", [*METADATA, *(odd for odd in ODD if "8.8.8.8" not in odd)])
def test_but_not_where_machines_configure_themselves_and_not_in_the_clear(provider: str, address: str) -> None:
    assert not may_receive(address, provider=provider)


@pytest.mark.parametrize("provider", ON_THIS_MACHINE)
def test_a_stand_in_on_this_machine_needs_no_encryption_and_leads_nowhere_else_without_it(provider: str) -> None:
    assert may_receive("http://127.0.0.1:9000/", provider=provider)
    assert not may_receive("http://10.0.0.5/", provider=provider)
    assert not may_receive("http://127.0.0.1:9000/", provider="https://10.1.2.3")


PIECES = (
    "storage.example",
    "127.0.0.1",
    "10.0.0.5",
    "localhost",
    "[::1]",
    "%2e",
    "%40",
    "@",
    ":",
    ":443",
    "..",
    "\u3002",
)
ADDRESSES = st.one_of(
    st.text("https:/\\@.[]%0123456789abcdefxlocalhostinternal?#é{}", max_size=40),
    st.lists(st.sampled_from([*PIECES, "/", "a", "#", "?", "\\", "{"]), max_size=6).map("".join),
)


@given(ADDRESSES)
@example("storage.example/a:b*c+d%20e?key=x/y")
@example("a.storage.example@localhost/")
@example("storage.example?")
def test_whatever_a_provider_writes_goes_to_the_host_that_was_judged_or_nowhere(rest: str) -> None:
    address = f"https://{rest}"
    if not may_receive(address, provider=PROVIDER):
        return
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    async def sent() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer), trust_env=False) as client:
            await send(client, "POST", address, call="POST storage")

    asyncio.run(sent())
    (request,) = seen
    host = request.url.raw_host.decode()
    assert request.url.scheme == "https"
    assert request.headers["Host"].partition(":")[0] == host
    assert "Authorization" not in request.headers
    # Another reader of addresses than the one that judges and sends sees the same host and the same bytes.
    other = urlsplit(address)
    assert (other.hostname, other.username) == (host, None)
    rest = address.removeprefix(f"https://{other.netloc}")
    assert request.url.raw_path.decode() == (rest if rest.startswith("/") else f"/{rest}"), "HTTP sends no empty path"
    assert host.removesuffix(".").rpartition(".")[2].strip("0123456789"), "no address in disguise"


@pytest.mark.parametrize("address", [HERE[0], METADATA[0], NETWORK[0], "http://storage.example/", "file:///etc/passwd"])
async def test_a_form_that_leads_there_is_not_used(tmp_path: Path, address: str) -> None:
    form = json.loads(sample("botlhale_b2_form")) | {"url": address}
    scripted = partner(upload=[Reply(body=json.dumps(form).encode())])
    with pytest.raises(Misunderstood) as caught:
        await botlhale(scripted).prepare(a_wav(tmp_path))
    assert list(scripted.asked) == ["POST /generateAuthToken", UPLOAD]
    assert STORAGE not in scripted.asked
    assert address not in str(caught.value)


async def test_a_recording_whose_form_leads_to_the_metadata_of_the_machine_ends_with_a_sentence(
    bench: Bench, slack: Slack
) -> None:
    await bench.start()
    bench.botlhale.storage_origin = "http://169.254.169.254"
    share = await slack.share(slack.channel("general"), [recording()])
    (job,) = await bench.ended_at_last()
    assert "couldn't process it" in words_of(await only_reply(slack, share))
    assert job.failure is not None
    assert job.failure.reason is Reason.PROVIDER_FAILED
    assert job.sendings == 0
