"""Tokens, keys and words go to the host that the settings name: no answer and no redirect carries them elsewhere."""

from __future__ import annotations

import ast
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from bot.slack.downloads import SLACK_HOSTS, is_slacks
from handlers import words
from sandbox.faults import Fault, answer
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.slack import Slack, Upload
from tests.journeys.bench import WEBHOOK_TOKEN, Bench, gowajee_settings, only_reply, recording, words_of
from tests.journeys.test_slack_faults import A_LONG_TALK
from tests.security.raw_client import Stranger
from tests.security.test_webhook_door import modules


def to(stranger: Stranger, status: int = 307) -> Fault:
    return answer(status, Location=f"{stranger.origin}/take")


async def is_answered(bench: Bench, slack: Slack, uploaded: Upload) -> None:
    """A recording that is shared gets its transcript, whatever went wrong on the way."""
    share = await slack.share(slack.channel("general"), [uploaded])
    (job,) = await bench.ended_at_last()
    await only_reply(slack, share)
    assert job.failure is None


# --- Slack ----------------------------------------------------------------------------------------------------------


async def test_a_call_to_slack_follows_no_redirect(bench: Bench, slack: Slack, stranger: Stranger) -> None:
    await bench.start()
    for method in ("files.info", "conversations.info", "chat.postMessage", "reactions.add"):
        slack.faults.arm(method, to(stranger))
    await is_answered(bench, slack, recording())
    assert stranger.shown == []


async def test_the_first_call_and_the_one_for_a_socket_follow_no_redirect(
    bench: Bench, slack: Slack, stranger: Stranger
) -> None:
    slack.faults.arm("auth.test", to(stranger))
    slack.faults.arm("apps.connections.open", to(stranger))
    await bench.start()
    assert stranger.shown == []


@pytest.mark.parametrize("status", [302, 307])
async def test_a_download_that_is_sent_elsewhere_is_not_made_there(
    bench: Bench, slack: Slack, stranger: Stranger, status: int
) -> None:
    await bench.start()
    slack.faults.arm("download", to(stranger, status))
    share = await slack.share(slack.channel("general"), [recording()])
    await bench.ended_at_last()
    assert words.KEPT_ELSEWHERE in words_of(await only_reply(slack, share))
    assert stranger.shown == []


async def test_a_transcript_is_uploaded_to_slack_and_nowhere_else(
    bench: Bench, slack: Slack, stranger: Stranger
) -> None:
    bench.botlhale.script = A_LONG_TALK
    await bench.start()
    elsewhere = json.dumps({"ok": True, "upload_url": f"{stranger.origin}/upload", "file_id": "F0"}).encode()
    slack.faults.arm("files.getUploadURLExternal", answer(200, elsewhere, Content_Type="application/json"))
    slack.faults.arm("upload", to(stranger))
    await is_answered(bench, slack, recording("meeting", mimetype="audio/ogg"))
    assert stranger.shown == []


@given(st.text("https:/@.\\?#[] slackcomevil.example443%\t", max_size=50))
@example("://files.slack.com/x")
@example("://evil.example\\.slack.com/x")
@example("://:word@files.slack.com/x")
@example("://@files.slack.com/x")
@example("://evil.example%2f.slack.com/x")
def test_an_address_that_is_taken_for_slacks_is_slacks_to_the_client_too(rest: str) -> None:
    """Two readers of addresses that disagree are the oldest way to send a token astray."""
    address = f"https{rest}"
    if not is_slacks(address):
        return
    try:
        url = URL(address)
    except ValueError:
        return  # it is not asked at all
    assert (url.scheme, url.port, url.user, url.password) == ("https", 443, None, None)
    assert any(f".{url.raw_host}".endswith(f".{name}") for name in SLACK_HOSTS)


# --- the providers --------------------------------------------------------------------------------------------------


async def test_no_call_to_botlhale_and_no_upload_follows_a_redirect(
    bench: Bench, slack: Slack, stranger: Stranger
) -> None:
    calls = ("POST /generateAuthToken", "POST /asr/async/upload", "POST storage", "GET /asr/async/status")
    for call in (*calls, bench.botlhale.result_call):
        bench.botlhale.faults.arm(call, to(stranger))
    await bench.start()
    await is_answered(bench, slack, recording())
    assert stranger.shown == []


async def test_no_call_to_gowajee_follows_a_redirect(bench: Bench, slack: Slack, stranger: Stranger) -> None:
    port = free_port()
    async with Gowajee(webhook_url=f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}") as gowajee:
        for call in ("POST transcribe/async", "GET job/status"):
            gowajee.faults.arm(call, to(stranger))
        await bench.start(**gowajee_settings(gowajee), http_port=port)
        await is_answered(bench, slack, recording())
        await bench.stop()
    assert stranger.shown == []


async def test_the_storage_is_shown_the_form_and_the_recording_and_no_secret_of_ours(
    bench: Bench, slack: Slack
) -> None:
    await bench.start()
    await is_answered(bench, slack, recording())
    (stored,) = [seen for seen in bench.botlhale.requests if seen.call == "POST storage"]
    assert not {"authorization", "cookie", "x-api-key"} & stored.headers
    assert stored.fields[-1] == "file"


OFF = ("verify", "ssl", "verify_ssl", "check_hostname")


def test_no_certificate_goes_unlooked_at() -> None:
    """Certificates are looked at as long as nobody tells aiohttp and httpx otherwise."""
    careless = [
        f"{name}:{node.value.lineno}"
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword)
        and node.arg in OFF
        and isinstance(node.value, ast.Constant)
        and not node.value.value
    ]
    careless += [name for name, tree in modules() if "CERT_NONE" in ast.dump(tree)]
    assert careless == []
