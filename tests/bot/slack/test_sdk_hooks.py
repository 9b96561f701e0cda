"""Where we rely on what an SDK keeps private: an update that changes it is noticed here, not in production."""

from __future__ import annotations

from typing import Any
from unittest import mock

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app
from slack_bolt.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.request.internals import extract_enterprise_id, extract_is_enterprise_install, extract_team_id
from slack_sdk.oauth.state_utils import OAuthStateUtils
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.oauth.flow import _Cookie, _Flow
from bot.slack.client import _Client, slack_client
from bot.slack.errors import SDK_ERRORS
from tests.bot.oauth.test_many_workspaces import NORTH, House, house  # noqa: F401 - a fixture

__all__ = ["house"]


async def test_every_call_of_the_client_goes_through_its_private_request(house: House) -> None:
    """`bot.slack.client`: there redirects are turned off."""
    client, seen = slack_client(house.settings), list[dict[str, Any]]()
    assert isinstance(client, _Client)

    async def _request(self: object, *, http_verb: str, api_url: str, req_args: dict[str, Any]) -> dict[str, Any]:
        del self
        seen.append(req_args | {"verb": http_verb, "url": api_url})
        return {"data": {"ok": True}, "headers": {}, "status_code": 200}

    with mock.patch.object(AsyncWebClient, "_request", _request):
        await client.api_call("auth.test")
    assert [call["allow_redirects"] for call in seen] == [False]


async def test_the_client_passes_on_the_session_that_it_is_given(house: House) -> None:
    """`bot.slack.workspaces.make_workspace` sets `client.session`."""
    client = slack_client(house.settings)
    async with aiohttp.ClientSession() as session:
        client.session = session
        lost = aiohttp.ClientError("asked")
        with mock.patch.object(session, "request", side_effect=lost) as asked, pytest.raises(SDK_ERRORS):
            await client.api_call("auth.test")
        assert asked.called


@pytest.mark.parametrize("method", ["build_authorize_url"])
def test_the_flow_has_what_we_replace(method: str) -> None:
    """`bot.oauth.flow._Flow`."""
    assert callable(getattr(AsyncOAuthFlow, method))
    assert getattr(_Flow, method) is not getattr(AsyncOAuthFlow, method)


async def test_the_flow_asks_the_state_utils_of_its_settings_for_the_cookie() -> None:
    """`bot.oauth.flow` sets `flow.settings.state_utils`."""
    asked: list[str] = []

    class Asked(_Cookie):
        def build_set_cookie_for_new_state(self, state: str) -> str:
            asked.append(state)
            return super().build_set_cookie_for_new_state(state)

    flow = AsyncOAuthFlow.sqlite3(database=":memory:", client_id="1.2", client_secret="invented", scopes=["chat:write"])
    flow.settings.install_page_rendering_enabled = False
    flow.settings.state_utils = Asked()
    with mock.patch.object(flow, "issue_new_state", mock.AsyncMock(return_value="state-1")):
        response = await flow.handle_installation(AsyncBoltRequest(body="", query={}, headers={}))
    assert asked == ["state-1"]
    assert "SameSite=Lax" in response.headers["set-cookie"][0]
    assert issubclass(_Cookie, OAuthStateUtils)


def test_bolt_still_reads_whose_request_it_is_by_these_functions() -> None:
    """`bot.slack.bolt_app` reads events without Bolt."""
    payload = {"team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": True}
    assert (extract_team_id(payload), extract_enterprise_id(payload)) == ("T1", "E1")
    assert extract_is_enterprise_install(payload) is True


async def test_bolt_still_takes_an_envelope_of_the_socket_by_this_function() -> None:
    """`bot.slack.socket_mode.connection`."""
    app = AsyncApp(signing_secret="invented", token="xoxb-invented", request_verification_enabled=False)
    with mock.patch.object(app, "async_dispatch", mock.AsyncMock()) as dispatched:
        await run_async_bolt_app(app, SocketModeRequest(type="events_api", envelope_id="1", payload={"a": 1}))
    assert dispatched.await_args is not None
    assert dispatched.await_args.args[0].body == {"a": 1}
