"""Forged, replayed, odd and slow requests to Slack's door, and genuine ones that are not for this workspace."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.app import Bot, open_bot
from bot.metrics import Metrics
from bot.slack.bolt_app import BoltApp
from bot.web.server import Listening, make_server, serve_slack
from handlers import words
from sandbox.faults import answer
from sandbox.slack import Slack
from tests.bot.web.test_server import events_of, shared, signed, stored
from tests.journeys.bench import Bench, only_reply, recording, settings_of
from tests.security.raw_client import head, slowly

FORM = "application/x-www-form-urlencoded"
SOON = timedelta(seconds=0.2)
NEVER = timedelta(hours=1)


@pytest.fixture
async def bot(slack: Slack, tmp_path: Path) -> AsyncIterator[Bot]:
    settings = settings_of(slack, tmp_path, slack_signing_secret=slack.signing_secret, slack_app_token=None)
    async with open_bot(settings) as opened:
        yield opened


async def post(bot: Bot, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.post(events_of(bot), data=body, headers=headers) as said:
        return said.status, await said.text()


def genuine(slack: Slack, body: bytes, **more: str) -> dict[str, str]:
    return signed(body, secret=slack.signing_secret, at=time.time()) | more


def forged(**more: str) -> dict[str, str]:
    """Headers as Slack's, with a signature that somebody made up."""
    return signed(b"", secret="made up", at=time.time()) | more


# --- what nobody signed ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "more"),
    [
        (b"[" * 200_000, {}),
        (b'{"a":' * 100_000, {}),
        (b"[]", {}),
        (b"1", {}),
        (b'"challenge"', {}),
        (b"{", {}),
        (b'{"authorizations": 5}', {}),
        (b'{"response_urls": 5}', {}),
        (b'{"a":' + b"9" * 900_000 + b"}", {}),
        (b'{"type": "url_verification", "challenge": "x"}', {}),
        (b"ssl_check=1&token=x", {"Content-Type": FORM}),
        (b"payload=%5B", {"Content-Type": FORM}),
        (b"a&" * 400_000, {"Content-Type": FORM}),
        (b"aaaa-bbbb", {"Content-Type": "application/json; charset=punycode"}),
        (b"+AGE-", {"Content-Type": "application/json; charset=utf-7"}),
        (b"<xml/>", {"Content-Type": "application/xml"}),
        (b"--x--", {"Content-Type": "multipart/form-data; boundary=x"}),
    ],
    ids=[
        "deep list",
        "deep object",
        "list",
        "number",
        "text",
        "cut",
        "no list",
        "no addresses",
        "long number",
        "challenge",
        "ssl check",
        "payload",
        "many fields",
        "punycode",
        "utf-7",
        "xml",
        "multipart",
    ],
)
async def test_what_nobody_signed_is_refused_before_anybody_tries_to_understand_it(
    bot: Bot, body: bytes, more: dict[str, str]
) -> None:
    status, said = await post(bot, body, forged(**more))
    assert status == 401
    assert said == "401: Unauthorized"
    assert await stored(bot) == []


@pytest.mark.parametrize("moment", ["9" * 5_000, "-1", "1e9", "１２３", " ", "0x10"])
async def test_a_moment_that_is_no_moment_is_refused_and_no_breakdown(bot: Bot, slack: Slack, moment: str) -> None:
    body = shared(slack)
    status, _ = await post(bot, body, genuine(slack, body, **{"X-Slack-Request-Timestamp": moment}))
    assert status == 401
    assert await stored(bot) == []


async def test_a_second_signature_beside_a_good_one_changes_nothing(bot: Bot, slack: Slack) -> None:
    body = shared(slack)
    good = genuine(slack, body)
    twice = [*good.items(), ("X-Slack-Signature", "v0=é")]
    async with aiohttp.ClientSession() as session, session.post(events_of(bot), data=body, headers=twice) as said:
        assert said.status == 200
    worse = [("X-Slack-Signature", "v0=" + "0" * 64), *good.items()]
    async with aiohttp.ClientSession() as session, session.post(events_of(bot), data=body, headers=worse) as said:
        assert said.status == 401


async def test_a_body_that_unpacks_to_far_more_is_refused(bot: Bot) -> None:
    bomb = zlib.compress(b" " * 30_000_000)
    status, _ = await post(bot, bomb, forged(**{"Content-Encoding": "deflate"}))
    assert status == 413


# --- slow ones ------------------------------------------------------------------------------------------------------


async def nobody(_payload: object) -> None:
    """An event is nobody's."""


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Slack's door alone, with little patience."""
    server = make_server()
    metrics = Metrics()
    app = BoltApp(
        resolve_installation=nobody,
        metrics=metrics,
        lost=lambda _: None,
        heard=lambda _: None,
        signing_secret="a secret",
        token="xoxb-nobody",
    )
    serve_slack(server, app, signing_secret="a secret", metrics=metrics, patience=SOON)
    listening = await Listening.start(server, host="127.0.0.1", port=0, idle=NEVER)
    yield listening.port
    await listening.stop()


async def test_a_body_that_never_ends_is_not_waited_for(port: int) -> None:
    begun = head("/slack/events", Content_Length="100", Connection="close", **forged()) + b"{"
    assert (await slowly(port, begun)).startswith(b"HTTP/1.1 408 ")


async def test_headers_that_never_end_are_not_waited_for() -> None:
    listening = await Listening.start(make_server(), host="127.0.0.1", port=0, idle=SOON)
    try:
        assert await slowly(listening.port, b"POST /slack/events HTTP/1.1\r\nHost: bot\r\nX-Slow: ") == b""
        assert await slowly(listening.port, b"") == b""
    finally:
        await listening.stop()


# --- genuine ones that come again, or are not for us ------------------------------------------------------------------


async def test_a_genuine_request_that_is_played_again_at_once_makes_no_second_reply_and_no_second_upload(
    bench: Bench, slack: Slack
) -> None:
    bot = await bench.start(slack_signing_secret=slack.signing_secret, slack_app_token=None)
    share = await slack.share(slack.channel("general"), [recording()])
    event = {
        "type": "file_shared",
        "file_id": share.file_ids[0],
        "channel_id": share.channel.id,
        "user_id": slack.user("amara"),
        "event_ts": share.ts,
    }
    body = json.dumps(json.loads(shared(slack)) | {"event": event}).encode()
    caught = genuine(slack, body)
    assert [(await post(bot, body, caught))[0] for _ in range(3)] == [200] * 3
    await bench.ended()
    await only_reply(slack, share)
    assert [(await post(bot, body, caught))[0] for _ in range(3)] == [200] * 3
    await bench.ended_at_last()
    await only_reply(slack, share)
    assert len(bench.botlhale.uploads) == 1


def of_another_workspace(slack: Slack, **changed: Any) -> bytes:
    return json.dumps(json.loads(shared(slack)) | changed).encode()


ELSEWHERE = {"enterprise_id": None, "team_id": "T0ELSEWHERE", "user_id": "U2", "is_bot": True}


@pytest.mark.parametrize(
    "changed",
    [
        {"team_id": "T0ELSEWHERE"},
        {"authorizations": [ELSEWHERE]},
        {"team_id": None},
        {"authorizations": [ELSEWHERE | {"is_enterprise_install": True, "enterprise_id": "E0ELSEWHERE"}]},
        {"authorizations": [ELSEWHERE | {"is_enterprise_install": True}]},
    ],
    ids=["workspace", "authorization", "none", "organisation", "no organisation"],
)
async def test_an_event_of_another_workspace_is_acknowledged_and_makes_no_job(
    bot: Bot, slack: Slack, changed: dict[str, Any]
) -> None:
    body = of_another_workspace(slack, **changed)
    status, _ = await post(bot, body, genuine(slack, body))
    assert status == 200, "else Slack would repeat it"
    assert await stored(bot) == []


async def test_an_event_that_another_company_caused_in_a_channel_of_ours_is_heard(bot: Bot, slack: Slack) -> None:
    ours = ELSEWHERE | {"team_id": slack.team_id}
    body = of_another_workspace(slack, team_id="T0ELSEWHERE", authorizations=[ours])
    assert (await post(bot, body, genuine(slack, body)))[0] == 200
    assert [job.origin.team for job in await stored(bot)] == [slack.team_id]


async def test_where_the_whole_organisation_has_the_app_its_workspaces_are_heard(slack: Slack, tmp_path: Path) -> None:
    identity = {"ok": True, "team_id": "E0OURS", "enterprise_id": "E0OURS", "user_id": "U0BOT", "bot_id": "B1"}
    slack.faults.arm("auth.test", answer(200, json.dumps(identity).encode(), Content_Type="application/json"))
    settings = settings_of(slack, tmp_path, slack_signing_secret=slack.signing_secret, slack_app_token=None)
    everywhere = ELSEWHERE | {"team_id": "T0OURS", "enterprise_id": "E0OURS", "is_enterprise_install": True}
    async with open_bot(settings) as bot:
        body = of_another_workspace(slack, authorizations=[everywhere])
        assert (await post(bot, body, genuine(slack, body)))[0] == 200
        assert [job.origin.team for job in await stored(bot)] == ["T0OURS"]


async def test_whoever_opens_the_app_in_another_workspace_is_shown_nothing_of_ours(bench: Bench, slack: Slack) -> None:
    bot = await bench.start(slack_signing_secret=slack.signing_secret, slack_app_token=None)
    share = await slack.share(slack.channel("general"), [recording(title="Salaries of the board")])
    await only_reply(slack, share)
    event = {"type": "app_home_opened", "user": slack.user("amara"), "tab": "home", "event_ts": "1.0"}
    for changed in ({"team_id": "T0ELSEWHERE"}, {"authorizations": [ELSEWHERE]}, {"team_id": None}):
        body = of_another_workspace(slack, event=event, **changed)
        assert (await post(bot, body, genuine(slack, body)))[0] == 200
    ours = of_another_workspace(slack, event=event | {"user": slack.user("ben")})
    assert (await post(bot, ours, genuine(slack, ours)))[0] == 200
    await slack.until(lambda: slack.homes)
    assert list(slack.homes) == [slack.user("ben")]


@pytest.mark.parametrize("text", ["", "status {number}"])
async def test_a_command_in_another_workspace_is_told_nothing_of_ours(bench: Bench, slack: Slack, text: str) -> None:
    bot = await bench.start(slack_signing_secret=slack.signing_secret, slack_app_token=None)
    share = await slack.share(slack.channel("general"), [recording(title="Salaries of the board")])
    await only_reply(slack, share)
    (job,) = await bench.ended()
    asked = {
        "command": "/transcripts",
        "text": text.format(number=job.id),
        "team_id": "T0ELSEWHERE",
        "channel_id": share.channel.id,
        "channel_name": "general",
        "user_id": slack.user("amara"),
        "is_enterprise_install": "false",
    }
    body = urlencode(asked).encode()
    assert await post(bot, body, genuine(slack, body, **{"Content-Type": FORM})) == (200, words.ELSEWHERE)
    ours = urlencode(asked | {"team_id": slack.team_id}).encode()
    _, said = await post(bot, ours, genuine(slack, ours, **{"Content-Type": FORM}))
    assert "Salaries of the board" in said, "the same question from our workspace is answered"
