"""The HTTP side of a whole bot: who is let in, what is answered, and that its log gives nothing away."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.app import Bot, open_bot
from bot.web.server import Listening, make_server
from sandbox.gowajee import Gowajee
from sandbox.slack import Slack
from storage import job_lists
from storage.job import Job
from tests.bot.processes import for_slack, running
from tests.journeys.bench import settings_of

TOKEN = "hook-very-secret"


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as started:
        yield started


@pytest.fixture
async def bot(slack: Slack, tmp_path: Path) -> AsyncIterator[Bot]:
    settings = settings_of(slack, tmp_path, slack_signing_secret=slack.signing_secret, slack_app_token=None)
    async with open_bot(settings) as opened:
        yield opened


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


def signed(body: bytes, *, secret: str, at: float) -> dict[str, str]:
    """Headers as Slack makes them: https://docs.slack.dev/authentication/verifying-requests-from-slack."""
    stamp = str(int(at))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}", "Content-Type": "application/json"}


def shared(slack: Slack, file: str = "F1") -> bytes:
    event = {"type": "file_shared", "file_id": file, "channel_id": "C1", "user_id": "U1", "event_ts": "1.0"}
    envelope: dict[str, Any] = {
        "type": "event_callback",
        "team_id": slack.team_id,
        "api_app_id": slack.app_id,
        "event_id": "Ev1",
        "event_time": 1,
        "event": event,
        "authorizations": [],
    }
    return json.dumps(envelope).encode()


def events_of(bot: Bot) -> str:
    return f"http://127.0.0.1:{bot.listening.port}/slack/events"


async def stored(bot: Bot) -> list[Job]:
    return await bot.tools.database.read(lambda tx: job_lists.newest(tx, limit=10))


async def test_a_request_that_slack_signed_is_stored_and_acknowledged(
    bot: Bot, slack: Slack, session: aiohttp.ClientSession
) -> None:
    body = shared(slack)
    headers = signed(body, secret=slack.signing_secret, at=time.time())
    async with session.post(events_of(bot), data=body, headers=headers) as response:
        assert response.status == 200
    assert [job.origin.file for job in await stored(bot)] == ["F1"]


async def test_slack_can_prove_the_address(bot: Bot, slack: Slack) -> None:
    slack.events_url = events_of(bot)
    assert await slack.verify_url()


@pytest.mark.parametrize("age", [-600, 600], ids=["old", "from the future"])
async def test_a_request_that_is_played_again_later_is_refused(
    bot: Bot, slack: Slack, session: aiohttp.ClientSession, age: int
) -> None:
    body = shared(slack)
    headers = signed(body, secret=slack.signing_secret, at=time.time() + age)
    async with session.post(events_of(bot), data=body, headers=headers) as response:
        assert response.status == 401
    assert await stored(bot) == []


@pytest.mark.parametrize(
    "change",
    [
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v1=" + "0" * 64},
        {"X-Slack-Request-Timestamp": "1"},
    ],
    ids=str,
)
async def test_a_forged_signature_is_refused_and_nothing_is_stored(
    bot: Bot, slack: Slack, session: aiohttp.ClientSession, change: dict[str, str]
) -> None:
    body = shared(slack)
    headers = signed(body, secret=slack.signing_secret, at=time.time()) | change
    async with session.post(events_of(bot), data=body, headers=headers) as response:
        assert response.status == 401
    assert await stored(bot) == []


@pytest.mark.parametrize(
    "change", [{"X-Slack-Signature": "v0=é"}, {"X-Slack-Request-Timestamp": ""}, {"X-Slack-Request-Timestamp": "now"}]
)
async def test_a_header_that_slack_would_never_send_is_refused_and_no_breakdown(
    bot: Bot, slack: Slack, session: aiohttp.ClientSession, change: dict[str, str]
) -> None:
    body = shared(slack)
    headers = signed(body, secret=slack.signing_secret, at=time.time()) | change
    async with session.post(events_of(bot), data=body, headers=headers) as response:
        assert response.status == 401


async def test_a_signature_of_another_secret_or_body_is_refused(
    bot: Bot, slack: Slack, session: aiohttp.ClientSession
) -> None:
    body = shared(slack)
    other_secret = signed(body, secret="another", at=time.time())
    other_body = signed(body.replace(b"F1", b"F2"), secret=slack.signing_secret, at=time.time())
    for headers in (other_secret, other_body):
        async with session.post(events_of(bot), data=body, headers=headers) as response:
            assert response.status == 401
    assert await stored(bot) == []


async def test_an_unsigned_request_is_refused(bot: Bot, slack: Slack, session: aiohttp.ClientSession) -> None:
    async with session.post(events_of(bot), data=shared(slack)) as response:
        assert response.status == 401
        assert "sandbox" not in await response.text()


@pytest.mark.parametrize(
    ("body", "kind"), [(b"\xff\xfe\xfd", "application/json"), (b"{}", "application/json; charset=klingon")]
)
async def test_a_strangers_body_that_is_no_text_is_refused_and_no_breakdown(
    bot: Bot, session: aiohttp.ClientSession, body: bytes, kind: str
) -> None:
    async with session.post(events_of(bot), data=body, headers={"Content-Type": kind}) as response:
        assert 400 <= response.status < 500


async def test_a_stranger_cannot_make_us_read_megabytes(bot: Bot) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bot.listening.port)
    head = f"POST /slack/events HTTP/1.1\r\nHost: bot\r\nContent-Length: {32 * 1024 * 1024}\r\n\r\n"
    writer.write(head.encode())
    try:
        async with asyncio.timeout(1):
            status = await reader.readline()
    finally:
        writer.close()
    assert status.split()[1] in {b"401", b"413"}


async def test_other_methods_and_paths_are_not_there(bot: Bot, session: aiohttp.ClientSession) -> None:
    root = f"http://127.0.0.1:{bot.listening.port}"
    for path, status in {"/slack/events": 405, "/": 404, "/slack": 404, "/webhooks/gowajee": 405}.items():
        async with session.get(root + path) as response:
            assert response.status == status
            assert await response.text() in {"404: Not Found", "405: Method Not Allowed"}


async def test_in_socket_mode_nobody_can_send_events_over_http(
    slack: Slack, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    async with open_bot(settings_of(slack, tmp_path)) as bot:
        body = shared(slack)
        headers = signed(body, secret="", at=time.time())
        async with session.post(events_of(bot), data=body, headers=headers) as response:
            assert response.status == 404


async def test_a_port_that_is_taken_is_an_os_error(bot: Bot) -> None:
    with pytest.raises(OSError, match="in use"):
        await Listening.start(make_server(), host="127.0.0.1", port=bot.listening.port)


async def test_stopping_finishes_the_request_in_hand(session: aiohttp.ClientSession) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(_: web.Request) -> web.StreamResponse:
        begun.set()
        await go_on.wait()
        return web.Response(text="stored")

    server = make_server()
    server.router.add_get("/", slowly)
    listening = await Listening.start(server, host="127.0.0.1", port=0)
    asked = asyncio.create_task(session.get(f"http://127.0.0.1:{listening.port}/"))
    await begun.wait()
    stopping = asyncio.create_task(listening.stop())
    go_on.set()
    async with await asked as response:
        assert await response.text() == "stored"
    await stopping


async def test_no_log_line_holds_a_query_a_token_or_a_body(
    slack: Slack, session: aiohttp.ClientSession, tmp_path: Path
) -> None:
    async with Gowajee() as gowajee:
        env = for_slack(
            slack,
            LOG_LEVEL="debug",
            TRANSCRIBER="gowajee",
            GOWAJEE_BASE_URL=gowajee.origin,
            GOWAJEE_API_KEY="key-very-secret",
            GOWAJEE_WEBHOOK_ID="hook",
            GOWAJEE_WEBHOOK_TOKEN=TOKEN,
            PUBLIC_URL="https://bot.example",
            SLACK_SIGNING_SECRET="signing-very-secret",
        )
        async with running(tmp_path, env) as bot:
            root = f"http://127.0.0.1:{await bot.ready()}"
            refused = f"{root}/webhooks/gowajee?token=wrong-very-secret"
            taken = f"{root}/webhooks/gowajee?token={TOKEN}"
            notice = json.dumps({"webhookId": "hook", "id": "job-1", "status": "very-secret words"}).encode()
            for address, body in ((refused, notice), (taken, b"{very-secret"), (taken, notice)):
                async with session.post(address, data=body):
                    pass
            async with session.get(f"{root}/recordings/abcdefgh23/very-secret/audio.wav?token=very-secret"):
                pass
            async with session.post(f"{root}/slack/events?token=very-secret", data=b'{"token":"very-secret"}'):
                pass
            assert await bot.stop() == 0
    log = "".join(bot.err)
    assert "webhook_rejected" in log
    assert all(json.loads(line)["event"] for line in log.splitlines())
    for kept_out in ("very-secret", "token=", slack.bot_token, slack.app_token, "?"):
        assert kept_out not in log
