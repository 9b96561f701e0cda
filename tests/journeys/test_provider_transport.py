"""Every call to a provider, the bot's and the doctor's, goes through one transport of httpx."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from bot import provider_client
from bot.cli.doctor import examine
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.slack import Slack
from tests.journeys.bench import WEBHOOK_TOKEN, Bench, botlhale_settings, gowajee_settings, recording, settings_of


class Carrier:
    """Makes transports that note each request and pass it on."""

    def __init__(self) -> None:
        self.made = 0
        self.seen: list[str] = []
        self.wire = httpx.AsyncHTTPTransport(trust_env=False)

    def __call__(self) -> httpx.MockTransport:
        self.made += 1
        return httpx.MockTransport(self._carry)

    async def _carry(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(f"{request.method} {request.url.path}")
        return await self.wire.handle_async_request(request)


@pytest.fixture
async def carrier(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Carrier]:
    carrier = Carrier()
    monkeypatch.setattr(provider_client, "new_transport", carrier)
    async with carrier.wire:
        yield carrier


async def test_all_that_botlhale_hears_came_through_the_transport(bench: Bench, slack: Slack, carrier: Carrier) -> None:
    await bench.start()
    await slack.wait_for_replies(await slack.share(slack.channel("general"), [recording()]))
    await bench.ended()
    await bench.stop()
    heard = [seen.call for seen in bench.botlhale.requests]
    assert carrier.made == 1
    assert len(carrier.seen) == len(heard)
    calls = {"POST /generateAuthToken", "POST /asr/async/upload", "GET /asr/async/status", "GET /asr/async/getdata"}
    assert calls <= set(carrier.seen)
    assert [call for call in carrier.seen if call in calls] == [call for call in heard if call in calls]
    assert heard.count("POST storage") == len(carrier.seen) - sum(call in calls for call in carrier.seen) == 1


async def test_all_that_gowajee_hears_came_through_the_transport(bench: Bench, slack: Slack, carrier: Carrier) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}"
    async with Gowajee(webhook_url=address) as gowajee:
        await bench.start(**gowajee_settings(gowajee), http_port=port)
        await slack.wait_for_replies(await slack.share(slack.channel("general"), [recording()]))
        await bench.ended()
        await bench.stop()
        assert carrier.made == 1
        assert carrier.seen == [f"{seen.method} {seen.path}" for seen in gowajee.requests] != []


async def test_the_doctor_asks_through_the_transport_too(
    bench: Bench, slack: Slack, carrier: Carrier, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_of(slack, bench.folder, **botlhale_settings(bench.botlhale))
    await examine(settings)
    assert "Botlhale AI answers and knows the account" in capsys.readouterr().out
    assert carrier.seen == [seen.call for seen in bench.botlhale.requests]
    assert carrier.seen[0] == "POST /generateAuthToken"


async def test_a_bot_without_an_account_makes_no_transport(bench: Bench, carrier: Carrier) -> None:
    nobody = dict.fromkeys(("botlhale_org_id", "botlhale_refresh_token"))
    await bench.start(**nobody, transcriber="embedded")
    await bench.stop()
    assert carrier.made == 0
