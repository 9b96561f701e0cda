"""Where we rely on what an SDK keeps private: an update that changes it is noticed here, not in production.

What is kept private in aiosqlite is in `tests/storage/test_connection.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app
from slack_bolt.async_app import AsyncApp, AsyncRespond
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.request.internals import extract_enterprise_id, extract_is_enterprise_install, extract_team_id
from slack_bolt.response import BoltResponse
from slack_sdk.oauth.state_utils import OAuthStateUtils
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.oauth.flow import _Cookie, _Flow
from bot.settings.model import Settings
from bot.slack.client import _Client, slack_client
from bot.slack.errors import SDK_ERRORS


class Api:
    """A server that answers `auth.test`, and redirects `auth.revoke` to that. `paths`: what it was asked."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        app = web.Application()
        app.router.add_route("*", "/{method}", self._answer)
        self.server = TestServer(app)

    @property
    def settings(self) -> Settings:
        return Settings(slack_api_url=str(self.server.make_url("/")), slack_bot_token=SecretStr("xoxb-invented"))

    async def _answer(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        if request.path == "/auth.revoke":
            raise web.HTTPTemporaryRedirect("/auth.test")
        return web.json_response({"ok": True})


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    running = Api()
    async with running.server:
        yield running


async def test_every_call_of_the_client_goes_through_its_private_request(api: Api) -> None:
    """`bot.slack.client` turns redirects off there."""
    asked: list[str] = []

    class Watched(_Client):
        async def _request(self, *, http_verb: str, api_url: str, req_args: dict[str, Any]) -> dict[str, Any]:
            asked.append(api_url)
            return await super()._request(http_verb=http_verb, api_url=api_url, req_args=req_args)

    client = Watched(base_url=api.settings.slack_api_url)
    await client.auth_test()
    await client.api_call("auth.test", json={})
    assert [url.rpartition("/")[2] for url in asked] == ["auth.test", "auth.test"]


async def test_the_client_follows_no_redirect(api: Api) -> None:
    with pytest.raises(SDK_ERRORS):
        await slack_client(api.settings).api_call("auth.revoke")
    assert api.paths == ["/auth.revoke"]


async def test_the_client_uses_the_session_that_it_is_given(api: Api) -> None:
    """`bot.slack.workspaces.make_workspace` sets `client.session`."""
    began: list[str] = []

    async def begins(_session: object, _context: SimpleNamespace, given: aiohttp.TraceRequestStartParams) -> None:
        began.append(given.url.path)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(begins)
    client = slack_client(api.settings)
    async with aiohttp.ClientSession(trace_configs=[trace]) as session:
        client.session = session
        await client.api_call("auth.test")
    assert began == ["/auth.test"]


class OneState(_Flow):
    """A flow that needs no store of states."""

    async def issue_new_state(self, request: AsyncBoltRequest) -> str:
        del request
        return "state-1"


def one_state() -> OneState:
    settings = AsyncOAuthSettings(client_id="1.2", client_secret="invented", scopes=["chat:write"])
    settings.install_page_rendering_enabled = False
    return OneState(settings=settings)


async def test_the_flow_asks_us_for_the_address_to_which_people_are_sent() -> None:
    """`bot.oauth.flow._Flow.build_authorize_url`: Bolt's own copies `team` from the request."""
    response = await one_state().handle_installation(AsyncBoltRequest(body="", query="team=T0OTHER", headers={}))
    [address] = response.headers["location"]
    assert "state=state-1" in address
    assert "T0OTHER" not in address


async def test_the_flow_asks_the_state_utils_of_its_settings_for_the_cookie() -> None:
    """`bot.oauth.flow` sets `flow.settings.state_utils`."""
    asked: list[str] = []

    class Watched(_Cookie):
        def build_set_cookie_for_new_state(self, state: str) -> str:
            asked.append(state)
            return super().build_set_cookie_for_new_state(state)

    flow = one_state()
    flow.settings.state_utils = Watched()
    response = await flow.handle_installation(AsyncBoltRequest(body="", query={}, headers={}))
    assert asked == ["state-1"]
    assert "SameSite=Lax" in response.headers["set-cookie"][0]
    assert issubclass(_Cookie, OAuthStateUtils)


def test_bolt_still_reads_the_installation_of_a_request_by_these_functions() -> None:
    """`bot.slack.bolt_app` reads events without Bolt."""
    payload = {"team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": True}
    assert (extract_team_id(payload), extract_enterprise_id(payload)) == ("T1", "E1")
    assert extract_is_enterprise_install(payload) is True


def test_bolt_still_keeps_the_response_url_of_a_request_in_its_context() -> None:
    """`bot.slack.bolt_app._set_respond` takes it from there."""
    payload = {"type": "block_actions", "response_url": "https://hooks.invented/1"}
    request = AsyncBoltRequest(body=payload, mode="socket_mode")
    assert request.context["response_url"] == "https://hooks.invented/1"


def test_bolt_still_gives_listeners_the_respond_that_is_in_the_context() -> None:
    """`bot.slack.bolt_app._set_respond` puts it there."""
    ours = AsyncRespond(response_url=None)
    assert AsyncBoltContext({"respond": ours}).respond is ours


async def test_bolt_still_takes_an_envelope_of_the_socket_by_this_function() -> None:
    """`bot.slack.socket_mode.connection`."""
    dispatched: list[Any] = []

    class Watched(AsyncApp):
        async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
            dispatched.append(req.body)
            return BoltResponse(status=200)

    app = Watched(signing_secret="invented", token="xoxb-invented", request_verification_enabled=False)
    await run_async_bolt_app(app, SocketModeRequest(type="events_api", envelope_id="1", payload={"a": 1}))
    assert dispatched == [{"a": 1}]
