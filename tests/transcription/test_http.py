"""The last step before the wire, against a transport that notes everything and against sockets that misbehave."""

from __future__ import annotations

import asyncio
import gzip
import socket
import tracemalloc
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bot.provider_client import new_client
from transcription.addresses import may_receive
from transcription.bodies import BLOCK, Body, FromDisk
from transcription.errors import AnswerTooLarge, Misunderstood, TimedOut, Unavailable
from transcription.http import SHORT, send

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

ADDRESS = "https://provider.example/status"
PRESIGNED = (
    "https://storage.example/a:b*c+d%20e/f%2Fg,h;i=j@k!l$m&n'o(p)q~r-s_t.u/?X-Amz-Credential=AK%2F2026%2Faf-south-1"
    "&X-Amz-Date=20261120T080000Z&key=x/y:z*w+v%2B&empty=&flag&q=?/&all=100%"
)
OTHERWISE = [
    "https://storage.example/{key}",
    "https://storage.example/a}b",
    'https://storage.example/a"b',
    "https://storage.example/a/../b",
    "https://storage.example/./a",
    "https://storage.example:443/a",
    "https://storage.example:/a",
    "https://storage.example/a<b",
    "https://storage.example/a`b",
    'https://storage.example/?a="b"',
    "https://storage.example/é",
    "https://пример.рф/",
    "https://Storage.example/",
    "HTTPS://storage.example/",
    "https://storage.example/a#b",
    "https://storage.example/#",
    "https://@storage.example/",
    "https://storage.example:٤٤٣/",
    "https://storage.example:+8443/",
    "https://storage.example:08443/",
]


class Line:
    """A transport that notes every request and gives the answers it was given."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.seen: list[httpx.Request] = []
        self._answers = list(answers) or [httpx.Response(200)]
        self.client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer), trust_env=False)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def encoded(content: bytes, *encodings: str) -> httpx.Response:
    """An answer of which only the compressed bytes are given, as from the network."""

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 2**16):
            yield content[start : start + 2**16]

    return httpx.Response(200, headers=[("Content-Encoding", encoding) for encoding in encodings], content=parts())


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[str]:
    """A server on this machine that does with each connection what it was told; its origin."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await serve(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        if tasks:
            await asyncio.wait(tasks, timeout=10)


def impatient() -> httpx.AsyncClient:
    client = new_client()
    client.timeout = httpx.Timeout(0.2)
    return client


SOUND = bytes(range(256)) * (3 * BLOCK // 256) + b"the end"


@pytest.fixture
def recording(tmp_path: Path) -> FromDisk:
    path = tmp_path / "recording.wav"
    path.write_bytes(SOUND)
    return FromDisk(path=path, size=len(SOUND))


# --- addresses -----------------------------------------------------------------------------------------------------


async def test_a_presigned_address_leaves_byte_for_byte() -> None:
    lines: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(await reader.readline())
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    assert may_receive(PRESIGNED, provider="https://api.botlhale.xyz")
    async with serving(serve) as origin, new_client() as client:
        await send(client, "POST", PRESIGNED.replace("https://storage.example", origin), call="POST storage")
    path = PRESIGNED.removeprefix("https://storage.example").encode()
    assert lines == [b"POST " + path + b" HTTP/1.1\r\n"]


@pytest.mark.parametrize("address", OTHERWISE)
def test_an_address_that_would_leave_otherwise_than_it_came_is_refused(address: str) -> None:
    assert not may_receive(address, provider="https://api.botlhale.xyz")


@pytest.mark.parametrize(
    "name", ["Org01/asr k1.wav", "a/b:c*d+e%f", "%2F", "é", "a&b=c#d?e", "".join(map(chr, range(33, 127)))]
)
async def test_a_value_in_the_query_arrives_as_it_was_given(name: str) -> None:
    line = Line()
    await send(line.client, "GET", ADDRESS, call="GET status", params={"FileName": name})
    (request,) = line.seen
    assert dict(request.url.params) == {"FileName": name}
    query = request.url.raw_path.partition(b"?FileName=")[2]
    assert not set(query) & set(b"/:*+&=#? ")


@pytest.mark.parametrize("address", ["", "x", "https://", "https:///status", "ftp://provider.example/"])
async def test_an_address_that_is_none_is_told_as_such(address: str) -> None:
    async with new_client() as client:
        with pytest.raises(Misunderstood):
            await send(client, "GET", address, call="GET status")


# --- what is added and followed ------------------------------------------------------------------------------------


async def test_nothing_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nSet-Cookie: id=1; Path=/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password invented\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with serving(serve) as origin, new_client() as client:
        for _ in range(2):
            await send(client, "GET", f"{origin}/", call="GET status")
    assert len(heads) == 2
    assert not [head for head in heads if b"authorization" in head.lower() or b"cookie" in head.lower()]


@pytest.mark.parametrize(
    "place", ["https://elsewhere.example/", "/status", "http://[", "//", "https:///", "\udcff", "data:x"]
)
async def test_no_redirect_is_followed(place: str) -> None:
    line = Line(httpx.Response(302, headers=[(b"Location", place.encode("utf-8", "surrogateescape"))]))
    with suppress(TimedOut):  # where the address is none, the library calls the answer none
        answer = await send(line.client, "GET", ADDRESS, call="GET status")
        assert answer.status == 302
    assert len(line.seen) == 1


async def test_a_key_of_any_script_leaves_as_utf_8_and_one_that_breaks_the_line_does_not_leave() -> None:
    line = Line()
    await send(line.client, "GET", ADDRESS, call="GET status", headers={"x-api-key": "clé"})
    assert line.seen[0].headers.raw[-1] == (b"x-api-key", "clé".encode())

    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        assert await reader.read() == b""

    async with serving(serve) as origin, new_client() as client:
        with pytest.raises(Misunderstood, match="cannot be asked"):
            await send(client, "GET", f"{origin}/", call="GET status", headers={"x-api-key": "a\r\nb: c"})


# --- answers ---------------------------------------------------------------------------------------------------------


async def test_an_answer_is_decoded() -> None:
    line = Line(encoded(gzip.compress(b"{}" * 1000), "gzip"), encoded(zlib.compress(b"[]" * 1000), "Deflate"))
    assert (await send(line.client, "GET", ADDRESS, call="GET status")).body == b"{}" * 1000
    assert (await send(line.client, "GET", ADDRESS, call="GET status")).body == b"[]" * 1000


async def test_an_answer_is_measured_after_decoding() -> None:
    most = 2**21
    just = Line(encoded(gzip.compress(b"\0" * most, 1), "gzip"))
    assert len((await send(just.client, "GET", ADDRESS, call="GET status", largest=most)).body) == most
    more = Line(encoded(gzip.compress(b"\0" * (most + 1), 1), "gzip"))
    with pytest.raises(AnswerTooLarge):
        await send(more.client, "GET", ADDRESS, call="GET status", largest=most)


async def test_of_an_answer_that_should_be_short_only_the_beginning_is_read() -> None:
    line = Line(httpx.Response(200, content=b"x" * 2**20), httpx.Response(500, content=b"x" * 2**20))
    assert len((await send(line.client, "POST", ADDRESS, call="POST upload")).body) == SHORT
    assert len((await send(line.client, "GET", ADDRESS, call="GET status", largest=2**21)).body) == SHORT


async def test_an_answer_that_says_that_it_is_too_large_is_not_read() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 64000000\r\n\r\n{")
        await reader.read()

    async with serving(serve) as origin, new_client() as client:
        with pytest.raises(AnswerTooLarge):
            await send(client, "GET", f"{origin}/", call="GET status", largest=2**20)


async def test_a_few_kilobytes_that_expand_a_thousandfold_are_decoded_only_up_to_the_bound() -> None:
    bomb = zlib.compressobj(9, wbits=31)
    packed = b"".join(bomb.compress(b"\0" * 2**20) for _ in range(128)) + bomb.flush()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + packed)
        await reader.read()

    tracemalloc.start()
    try:
        async with serving(serve) as origin, new_client() as client:
            with pytest.raises(AnswerTooLarge):
                await send(client, "GET", f"{origin}/", call="GET status", largest=2**20)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encodings", [("gzip", "gzip"), ("gzip, gzip",), ("br",), ("zstd",), ("x-secret",)], ids=str)
async def test_an_answer_that_is_compressed_as_nobody_asked_is_not_decoded(encodings: tuple[str, ...]) -> None:
    line = Line(encoded(gzip.compress(gzip.compress(b"{}")), *encodings))
    with pytest.raises(TimedOut) as caught:
        await send(line.client, "GET", ADDRESS, call="GET status")
    assert "x-secret" not in str(caught.value)


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"{}" * 99)[:-9]], ids=["other", "cut"])
async def test_an_answer_that_cannot_be_decoded_is_none(content: bytes) -> None:
    line = Line(encoded(content, "gzip"))
    with suppress(TimedOut):
        assert (await send(line.client, "GET", ADDRESS, call="GET status")).body == b"{}" * 99


async def test_headers_are_found_in_any_letter_case() -> None:
    line = Line(httpx.Response(503, headers={"retry-after": "7"}))
    answer = await send(line.client, "GET", ADDRESS, call="GET status")
    assert answer.headers["Retry-After"] == answer.headers["RETRY-AFTER"] == "7"


# --- time ------------------------------------------------------------------------------------------------------------


async def test_an_answer_that_stops_in_the_middle_is_given_up() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")
        await reader.read()

    async with serving(serve) as origin, impatient() as client:
        with pytest.raises(TimedOut, match="ReadTimeout"):
            await send(client, "GET", f"{origin}/", call="GET status")


async def test_a_body_that_nobody_takes_is_given_up(recording: FromDisk) -> None:
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's transport reads, too
        await gone.wait()
        del reader

    body = Body(content_type="audio/wav", pieces=(recording,) * 20)
    async with serving(serve) as origin, impatient() as client:
        with pytest.raises(TimedOut, match="WriteTimeout"):
            await send(client, "POST", f"{origin}/", call="POST storage", body=body)
        gone.set()


async def test_a_server_that_is_not_there_has_surely_received_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with impatient() as client:
            with pytest.raises(Unavailable) as caught:
                await send(client, "GET", f"http://127.0.0.1:{taken.getsockname()[1]}/", call="GET status")
    assert type(caught.value) is Unavailable


# --- bodies ----------------------------------------------------------------------------------------------------------


async def test_a_recording_leaves_whole_with_its_length(recording: FromDisk) -> None:
    received: list[tuple[bytes, bytes]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        received.append((head, await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    body = Body(content_type="audio/wav", pieces=(b"before", recording, b"after"))
    async with serving(serve) as origin, new_client() as client:
        await send(client, "POST", f"{origin}/", call="POST storage", body=body)
    ((head, content),) = received
    assert content == b"before" + SOUND + b"after"
    assert b"transfer-encoding" not in head.lower()


async def test_what_the_body_raises_comes_as_it_is(recording: FromDisk) -> None:
    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    body = Body(content_type="audio/wav", pieces=(replace(recording, size=len(SOUND) + 1),))
    async with serving(serve) as origin, new_client() as client:
        with pytest.raises(Unavailable, match="the recording cannot be read"):
            await send(client, "POST", f"{origin}/", call="POST storage", body=body)


async def test_an_answer_that_comes_before_the_whole_body_is_read(recording: FromDisk) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.write_eof()
        await reader.read()

    async with serving(serve) as origin, new_client() as client:
        body = Body(content_type="audio/wav", pieces=(recording,))
        answer = await send(client, "POST", f"{origin}/", call="POST storage", body=body)
    assert answer.status == 413


async def test_a_sending_that_is_called_off_closes_its_connection_and_its_file(recording: FromDisk) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()
    closed: list[bool] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        begun.set()
        await ended.wait()
        while await reader.read(2**20):
            pass
        del writer

    class Watched(Body):
        async def chunks(self) -> AsyncGenerator[bytes, None]:
            try:
                async for chunk in super().chunks():
                    yield chunk
            finally:
                closed.append(True)

    body = Watched(content_type="audio/wav", pieces=(recording,) * 20)
    async with serving(serve) as origin, new_client() as client:
        sending = asyncio.create_task(send(client, "POST", f"{origin}/", call="POST storage", body=body))
        await begun.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert closed == [True]
        ended.set()  # the server reads to the end, which is there only if the connection was closed
