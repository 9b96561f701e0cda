"""A recording comes from Slack to the disk: the token goes to Slack only, and nothing half or endless is kept."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from pydantic import SecretStr

from bot.slack.downloads import REDIRECTS, Downloads
from bot.slack.errors import SlackNotAuthorised, SlackUnavailable
from bot.slack.tokens import StaticToken
from transcription.errors import Refused, TooLong

TOKEN = SecretStr("xoxb-very-secret")
SOUND = bytes(range(256)) * 40
ENOUGH = len(SOUND)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Host:
    """A web server on loopback that answers everything with `answer` and notes the tokens it was shown."""

    def __init__(self, answer: Answer) -> None:
        self.origin = ""
        self.asked: list[str] = []
        self.tokens: list[str | None] = []
        self._answer = answer

    async def receive(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        self.tokens.append(request.headers.get("Authorization"))
        return await self._answer(request)


@asynccontextmanager
async def host(answer: Answer) -> AsyncIterator[Host]:
    made = Host(answer)
    app = web.Application()
    app.router.add_get("/{path:.*}", made.receive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()


class NoNames(AbstractResolver):
    """Knows no host, and notes which were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del port, family
        self.asked.append(host)
        raise OSError("no such host")

    async def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def names() -> NoNames:
    return NoNames()


@pytest.fixture
async def session(names: NoNames) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=names)) as opened:
        yield opened


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "recording"


def held(target: Path) -> bytes | None:
    return target.read_bytes() if target.exists() else None


def left_behind(target: Path) -> None:
    target.write_bytes(SOUND + b"left over")


def downloads(session: aiohttp.ClientSession, *origins: str) -> Downloads:
    return Downloads(session=session, token=StaticToken(TOKEN), origins=origins)


async def sound(_: web.Request) -> web.StreamResponse:
    return web.Response(body=SOUND, content_type="audio/mp4")


def redirect_to(address: str, status: int = 302) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": address})

    return answer


def always(status: int, body: bytes = b"", kind: str = "application/octet-stream") -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, content_type=kind)

    return answer


async def test_a_recording_arrives_whole_and_the_token_is_shown(session: aiohttp.ClientSession, target: Path) -> None:
    async with host(sound) as slack:
        await downloads(session, slack.origin).fetch(f"{slack.origin}/a.m4a", target, largest=ENOUGH)
    assert held(target) == SOUND
    assert slack.tokens == ["Bearer xoxb-very-secret"]


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("https://slack.com/x", "slack.com"),
        ("https://files.slack.com/files-pri/T1-F1/x.m4a", "files.slack.com"),
        ("https://files.slack.com:443/x", "files.slack.com"),
        ("https://files-origin.slack.com/x", "files-origin.slack.com"),
        ("https://a.slack-edge.com/x", "a.slack-edge.com"),
        ("https://slack-files.com/x", "slack-files.com"),
        ("https://FILES.SLACK.COM/x", "files.slack.com"),
    ],
)
async def test_slacks_own_hosts_are_asked(
    session: aiohttp.ClientSession, names: NoNames, target: Path, address: str, asked: str
) -> None:
    with pytest.raises(SlackUnavailable):
        await downloads(session).fetch(address, target, largest=ENOUGH)
    assert names.asked == [asked]


@pytest.mark.parametrize(
    "address",
    [
        "http://files.slack.com/x",
        "https://evil.example/x",
        "https://evilslack.com/x",
        "https://slack.com.evil.example/x",
        "https://slack.com@evil.example/x",
        "https://token@files.slack.com/x",
        "https://evil.example/files.slack.com",
        "https://evil.example#.slack.com",
        "https://evil.example?.slack.com",
        "https://files.slack.com:8443/x",
        "https://files.slack.com./x",
        "ftp://files.slack.com/x",
        "//files.slack.com/x",
        "file:///data/secret",
        "https://127.0.0.1/x",
        "",
    ],
)
async def test_nobody_else_is_asked_and_nothing_is_written(
    session: aiohttp.ClientSession, names: NoNames, target: Path, address: str
) -> None:
    with pytest.raises(Refused) as caught:
        await downloads(session, "https://admitted.example").fetch(address, target, largest=ENOUGH)
    assert "Slack" in caught.value.sentence
    assert names.asked == []
    assert held(target) is None


@pytest.mark.parametrize("address", ["https://files.slack.com:port/x", "https://files.slack.com:99999/x", "https://[x"])
async def test_an_address_that_is_none_is_refused_like_any_other(
    session: aiohttp.ClientSession, target: Path, address: str
) -> None:
    with pytest.raises((Refused, SlackUnavailable)):
        await downloads(session).fetch(address, target, largest=ENOUGH)


async def test_an_admitted_origin_is_that_origin_only(session: aiohttp.ClientSession, target: Path) -> None:
    async with host(sound) as admitted, host(sound) as stranger:
        fetch = downloads(session, admitted.origin).fetch
        await fetch(f"{admitted.origin}/x", target, largest=ENOUGH)
        with pytest.raises(Refused):
            await fetch(f"{stranger.origin}/x", target, largest=ENOUGH)
    assert stranger.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_within_is_followed_with_the_token(
    session: aiohttp.ClientSession, target: Path, status: int
) -> None:
    async with host(sound) as second, host(redirect_to(f"{second.origin}/moved", status)) as first:
        await downloads(session, first.origin, second.origin).fetch(f"{first.origin}/x", target, largest=ENOUGH)
    assert held(target) == SOUND
    assert second.tokens == ["Bearer xoxb-very-secret"]


async def test_a_redirect_may_name_only_a_path(session: aiohttp.ClientSession, target: Path) -> None:
    async def move_once(request: web.Request) -> web.StreamResponse:
        return await (sound if request.path == "/there" else redirect_to("../there"))(request)

    async with host(move_once) as slack:
        await downloads(session, slack.origin).fetch(f"{slack.origin}/deep/here", target, largest=ENOUGH)
    assert slack.asked == ["/deep/here", "/there"]


async def test_a_redirect_to_a_strange_host_is_not_followed_at_all(
    session: aiohttp.ClientSession, target: Path
) -> None:
    async with host(sound) as stranger, host(redirect_to(f"{stranger.origin}/x")) as slack:
        with pytest.raises(Refused):
            await downloads(session, slack.origin).fetch(f"{slack.origin}/x", target, largest=ENOUGH)
    assert stranger.asked == []
    assert held(target) is None


@pytest.mark.parametrize("hops", [1, REDIRECTS - 1])
async def test_a_short_chain_of_redirects_is_followed(session: aiohttp.ClientSession, target: Path, hops: int) -> None:
    async def chain(request: web.Request) -> web.StreamResponse:
        left = int(request.path[1:])
        return await (redirect_to(f"/{left - 1}") if left else sound)(request)

    async with host(chain) as slack:
        await downloads(session, slack.origin).fetch(f"{slack.origin}/{hops}", target, largest=ENOUGH)
    assert held(target) == SOUND


@pytest.mark.parametrize("address", ["/again", ""])
async def test_an_endless_chain_of_redirects_ends(session: aiohttp.ClientSession, target: Path, address: str) -> None:
    async with host(redirect_to(address)) as slack:
        with pytest.raises(SlackUnavailable):
            await downloads(session, slack.origin).fetch(f"{slack.origin}/x", target, largest=ENOUGH)
    assert len(slack.asked) <= REDIRECTS + 1


async def test_a_file_as_large_as_allowed_is_taken(session: aiohttp.ClientSession, target: Path) -> None:
    async with host(sound) as slack:
        await downloads(session, slack.origin).fetch(f"{slack.origin}/x", target, largest=len(SOUND))
    assert len(held(target) or b"") == len(SOUND)


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_larger_one_is_left_in_the_middle_whatever_its_header_claims(
    session: aiohttp.ClientSession, target: Path, *, chunked: bool
) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={} if chunked else {"Content-Length": str(2**40)})
        await response.prepare(request)
        try:
            while True:
                await response.write(SOUND)
        except ConnectionError:
            return response

    largest = 4 * 1024 * 1024
    async with host(endless) as slack:
        with pytest.raises(TooLong) as caught:
            await downloads(session, slack.origin).fetch(f"{slack.origin}/x", target, largest=largest)
    assert "4 MB" in caught.value.sentence
    assert len(held(target) or b"") <= largest


async def test_a_page_in_place_of_the_file_means_that_a_scope_is_missing(
    session: aiohttp.ClientSession, target: Path
) -> None:
    async with host(always(200, b"<html>Sign in</html>", "text/html")) as slack:
        with pytest.raises(SlackNotAuthorised, match="files:read"):
            await downloads(session, slack.origin).fetch(f"{slack.origin}/x", target, largest=ENOUGH)
    assert held(target) is None


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, SlackNotAuthorised),
        (403, SlackNotAuthorised),
        (404, Refused),
        (410, Refused),
        (429, SlackUnavailable),
        (500, SlackUnavailable),
        (502, SlackUnavailable),
        (503, SlackUnavailable),
    ],
)
async def test_every_status_means_what_it_says_and_leaves_no_file(
    session: aiohttp.ClientSession, target: Path, status: int, error: type[Exception]
) -> None:
    async with host(always(status, b"<html></html>", "text/html")) as slack:
        with pytest.raises(error) as caught:
            await downloads(session, slack.origin).fetch(f"{slack.origin}/x", target, largest=ENOUGH)
    assert type(caught.value) is error
    assert str(status) in str(caught.value)
    assert held(target) is None


async def test_a_body_that_is_cut_is_not_taken_for_the_whole(session: aiohttp.ClientSession, target: Path) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(SOUND))})
        await response.prepare(request)
        await response.write(SOUND[:100])
        assert request.transport is not None
        request.transport.close()
        return response

    async with host(cut) as slack:
        with pytest.raises(SlackUnavailable):
            await downloads(session, slack.origin).fetch(f"{slack.origin}/x", target, largest=ENOUGH)


async def test_a_second_try_overwrites_what_the_first_left(session: aiohttp.ClientSession, target: Path) -> None:
    left_behind(target)
    async with host(sound) as slack:
        await downloads(session, slack.origin).fetch(f"{slack.origin}/x", target, largest=ENOUGH)
    assert held(target) == SOUND


async def test_a_disk_error_comes_as_it_is(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    async with host(sound) as slack:
        with pytest.raises(FileNotFoundError):
            await downloads(session, slack.origin).fetch(f"{slack.origin}/x", tmp_path / "no" / "x", largest=ENOUGH)


async def test_no_error_names_the_token_or_the_address(session: aiohttp.ClientSession, target: Path) -> None:
    async with host(sound) as gone:
        address = f"{gone.origin}/x?sig=very-secret"
    with pytest.raises(SlackUnavailable) as caught:
        await downloads(session, gone.origin).fetch(address, target, largest=ENOUGH)
    assert "very-secret" not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_a_wait_that_slack_asks_for_is_passed_on(session: aiohttp.ClientSession, target: Path) -> None:
    async def busy(_: web.Request) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": "30"})

    async with host(busy) as slack:
        with pytest.raises(SlackUnavailable) as caught:
            await downloads(session, slack.origin).fetch(f"{slack.origin}/x", target, largest=ENOUGH)
    assert caught.value.retry_after is not None


@pytest.mark.parametrize("status", [204, 300, 304])
async def test_a_status_without_a_file_is_no_file(session: aiohttp.ClientSession, target: Path, status: int) -> None:
    async with host(always(status)) as slack:
        with pytest.raises((SlackUnavailable, Refused)):
            await downloads(session, slack.origin).fetch(f"{slack.origin}/x", target, largest=ENOUGH)


async def test_only_the_beginning_is_read_also_from_a_host_that_sends_everything(
    session: aiohttp.ClientSession,
) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        assert request.headers["Range"] == "bytes=0-999"
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            while sent < 2**30:
                await response.write(SOUND)
                sent += len(SOUND)
        return response

    async with host(endless) as slack:
        assert await downloads(session, slack.origin).begin(f"{slack.origin}/file", size=1_000) == SOUND[:1_000]
    assert sent < 2**24


async def test_a_part_that_is_asked_for_may_come_as_a_part(session: aiohttp.ClientSession) -> None:
    async def part(_: web.Request) -> web.StreamResponse:
        return web.Response(status=206, body=SOUND[:1_000])

    async with host(part) as slack:
        assert await downloads(session, slack.origin).begin(f"{slack.origin}/file", size=1_000) == SOUND[:1_000]


async def test_of_a_short_file_everything_is_the_beginning(session: aiohttp.ClientSession) -> None:
    async def short(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"OggS")

    async with host(short) as slack:
        assert await downloads(session, slack.origin).begin(f"{slack.origin}/file", size=1_000) == b"OggS"
