"""A whole process at its most talkative, with everything going wrong around it: nothing private is on its screen."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.settings.model import Settings
from sandbox.botlhale import Botlhale
from sandbox.faults import answer, hang_up_after
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.script import Segment
from sandbox.slack import Slack, Upload
from tests.bot.processes import environment, for_slack, running
from tests.bot.web.test_server import signed
from tests.journeys.bench import WEBHOOK_TOKEN, eventually, recording
from tests.journeys.database_probe import Books
from tests.journeys.installing import KEY
from tests.security.raw_client import Stranger

TITLE = "very-secret title"
SAID = [Segment(start=0, end=1.5, speaker=0, text="The very-secret salaries of the board.", language="en-ZA")]
TOLD_OFF = b'{"message": "very-secret", "error": "very-secret words", "detail": "Authorization: Bearer very-secret"}'


def private() -> Upload:
    return recording(title=TITLE, name="very-secret.m4a")


def a_token(text: str) -> bytes:
    return json.dumps({"AuthenticationResult": {"IdToken": text, "ExpiresIn": 3600}}).encode()


def assert_private(said: str, *, also: Iterable[str]) -> None:
    for kept_out in ("very-secret", "salaries", "Bearer", "token=", "://", "xoxb-", "xapp-", *also):
        assert kept_out not in said


async def test_over_a_socket_with_a_provider_that_is_polled_nothing_private_is_logged(
    slack: Slack, tmp_path: Path
) -> None:
    async with Botlhale() as botlhale:
        botlhale.script = SAID
        env = for_slack(
            slack,
            LOG_LEVEL="debug",
            TRANSCRIBER="botlhale",
            BOTLHALE_BASE_URL=botlhale.origin,
            SOONEST_LOOK="0.1",
            BOTLHALE_ORG_ID=botlhale.org_id,
            BOTLHALE_REFRESH_TOKEN=botlhale.refresh_token,
            METRICS_TOKEN="very-secret-metrics",
        )
        slack.faults.arm("auth.test", answer(500, TOLD_OFF, Content_Type="application/json"))
        slack.faults.arm("apps.connections.open", answer(500, TOLD_OFF))
        slack.arm_socket_fault("open", "cut")
        slack.faults.arm("download", answer(503, TOLD_OFF))
        slack.faults.arm("chat.postMessage", answer(200, b'{"ok": true}', Content_Type="application/json"))
        botlhale.faults.arm("POST /generateAuthToken", answer(200, a_token("very-secret-bearer")))
        botlhale.faults.arm("POST /asr/async/upload", answer(400, TOLD_OFF))
        botlhale.faults.arm("POST storage", answer(503, TOLD_OFF))
        botlhale.faults.arm("GET /asr/async/status", answer(200, b"very-secret"))
        botlhale.faults.arm(botlhale.result_call, hang_up_after())
        channel = slack.channel("general")
        async with running(tmp_path, env) as bot:
            await bot.ready()
            # Several at once, so that their waits pass side by side.
            share = await slack.share(channel, [private() for _ in range(3)])
            books = Books("sqlite:///threadscribe.db", tmp_path)
            async with asyncio.timeout(30):
                while len(slack.replies(share)) < 3:
                    await books.waits_end()
                    await asyncio.sleep(0.05)
            slack.refuse("files.info", "invalid_auth")
            await slack.share(channel, [private()])
            await slack.until(lambda: "http_200" in [call.error for call in slack.calls if call.method == "files.info"])
            botlhale.expire_tokens()
            botlhale.faults.arm("POST /generateAuthToken", answer(401, TOLD_OFF), times=9)
            before = len(botlhale.requests)
            await slack.share(channel, [private()])
            await eventually(lambda: "POST /generateAuthToken" in [seen.call for seen in botlhale.requests[before:]])
            assert await bot.stop() == 0
        said = "".join(bot.err)
    for mishap in (
        "slack_unreachable",
        "download: 503",
        "answered 400",
        "Misunderstood",
        "KeyError",
        "invalid_auth",
        "NotAuthorised",
    ):
        assert mishap in said, "it went wrong as was meant"
    secrets = [slack.bot_token, slack.app_token, botlhale.refresh_token, botlhale.storage_origin, *slack.tickets]
    assert_private(said, also=secrets)


async def test_over_http_with_a_provider_that_calls_back_nothing_private_is_logged(
    slack: Slack, tmp_path: Path, session: aiohttp.ClientSession, stranger: Stranger
) -> None:
    port = free_port()
    root = f"http://127.0.0.1:{port}"
    async with Gowajee(webhook_url=f"{root}/webhooks/gowajee?token={WEBHOOK_TOKEN}", webhook_mode="forged") as gowajee:
        gowajee.script = SAID
        env = environment(
            SLACK_BOT_TOKEN=slack.bot_token,
            SLACK_SIGNING_SECRET=slack.signing_secret,
            SLACK_API_URL=slack.api_url,
            SLACK_FILE_ORIGINS=slack.origin,
            HTTP_PORT=str(port),
            LOG_LEVEL="debug",
            TRANSCRIBER="gowajee",
            GOWAJEE_BASE_URL=gowajee.origin,
            GOWAJEE_API_KEY=gowajee.api_key,
            GOWAJEE_WEBHOOK_ID=gowajee.webhook_id,
            GOWAJEE_WEBHOOK_TOKEN=WEBHOOK_TOKEN,
            PUBLIC_URL=root,
            GOWAJEE_LARGEST_INLINE="1000",
            SOONEST_LOOK="0.1",
        )
        gowajee.faults.arm("POST transcribe/async", answer(503, TOLD_OFF))
        gowajee.faults.arm("GET job/status", answer(200, b'{"status": "COMPLETED", "very-secret": 1}'))
        slack.faults.arm("conversations.info", answer(200, b"very-secret"))
        channel = slack.channel("general")
        async with running(tmp_path, env) as bot:
            await bot.ready()
            slack.events_url = f"{root}/slack/events"
            share = await slack.share(channel, [private()])
            await slack.wait_for_replies(share)
            await slack.command("/transcripts", "status very-secret", channel=channel)
            odd = json.dumps({"type": "event_callback", "team_id": slack.team_id, "event": {"type": "file_shared"}})
            form = urlencode({"command": "/transcripts", "text": "very-secret", "team_id": slack.team_id})
            for body in (odd.encode(), form.encode(), b"very-secret"):
                headers = signed(body, secret=slack.signing_secret, at=time.time())
                await session.post(f"{root}/slack/events?very-secret", data=body, headers=headers)
            for query in (f"token={WEBHOOK_TOKEN}", "token=very-secret"):
                await session.post(f"{root}/webhooks/gowajee?{query}", data=TOLD_OFF)
            await session.get(f"{root}/recordings/abcdefgh23/very-secret/audio.wav")
            slack.faults.arm("download", answer(302, Location=f"{stranger.origin}/very-secret"))
            await slack.wait_for_replies(await slack.share(channel, [private()]))
            assert await bot.stop() == 0
        said = "".join(bot.err)
    for mishap in ("webhook_rejected", "webhook_invalid", "event_invalid", "answered 503", "job_given_up"):
        assert mishap in said, "it went wrong as was meant"
    secrets = [slack.bot_token, slack.signing_secret, gowajee.api_key, WEBHOOK_TOKEN, "/recordings/", "127.0.0.1"]
    assert_private(said, also=secrets)


BREAKS_DOWN = """
import asyncio, threading, warnings
from bot import logs
from bot.settings.model import Settings

logs.configure(Settings(_env_file=None, log_level="debug"))
import logging
logging.getLogger("aiohttp.server").error("very-secret", exc_info=ValueError("very-secret"))
logging.getLogger("aiohttp.server").critical("very-secret", exc_info=ValueError("very-secret"))
own = logging.getLogger("psycopg.pool")
own.setLevel(logging.DEBUG)
own.warning("very-secret")
warnings.warn("very-secret")

import httpx
from transcription.http import send

async def ask():
    logging.getLogger("httpx").setLevel(logging.DEBUG)
    logging.getLogger("httpcore").setLevel(logging.DEBUG)
    transport = httpx.MockTransport(lambda request: httpx.Response(200))
    async with httpx.AsyncClient(transport=transport) as client:
        answer = await send(client, "GET", "https://provider.example/very-secret", call="GET status")
    assert answer.status == 200

asyncio.run(ask())

class Falls:
    def __del__(self):
        raise ValueError("very-secret")

Falls()

def fall():
    raise RuntimeError("very-secret")

thread = threading.Thread(target=fall)
thread.start()
thread.join()

async def unheard():
    raise KeyError("very-secret")

async def main():
    task = asyncio.create_task(unheard())
    await asyncio.sleep(0)
    del task
    async with asyncio.TaskGroup() as group:
        group.create_task(unheard())

asyncio.run(main())
"""


async def test_a_breakdown_is_told_by_its_class_and_its_places_only(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        BREAKS_DOWN,
        cwd=tmp_path,
        env=environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    said = err.decode()
    assert process.returncode == 1
    assert out == b""
    assert_private(said, also=["Traceback", "WARNING"])
    for kind in ("ValueError", "RuntimeError", "ExceptionGroup", "KeyError", "CRITICAL aiohttp.server"):
        assert kind in said


@pytest.mark.parametrize("show", [repr, str, lambda settings: repr(settings.model_dump())], ids=["repr", "str", "dump"])
def test_settings_that_are_shown_show_no_secret(show: object) -> None:
    assert callable(show)
    names = [name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)]
    assert len(names) >= 6
    settings = Settings.model_validate({**dict.fromkeys(names, "very-secret"), "token_key": KEY})
    assert "very-secret" not in show(settings)
    assert KEY not in show(settings)
    assert "very-secret" not in repr(Settings(_env_file=None, database_url="postgresql://bot:very-secret@host/jobs"))
