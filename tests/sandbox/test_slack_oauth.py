"""Installing an app through the stand-in: strict about codes, secrets and addresses, as Slack is."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
from yarl import URL

from sandbox.slack import Ids, Slack, Team, Upload
from sandbox.slack.events import envelope
from tests.sandbox.slack_visitor import listening, saying

BACK = "https://bot.example/back"
OTHER = Ids(team="T0OTHER", name="Other", bot_user="U0OTHERBOT", bot="B0OTHER", enterprise="E0ORG")
THIRD = Ids(team="T0THIRD", name="Third", bot_user="U0OTHERBOT", bot="B0OTHER", enterprise="E0ORG")


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(installed=False) as running:
        running.redirect_urls.add(BACK)
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


def asked(slack: Slack, **more: str) -> dict[str, str]:
    wanted = {"client_id": slack.client_id, "scope": "files:read,chat:write", "state": "s", "redirect_uri": BACK}
    return wanted | more


async def decide(slack: Slack, session: aiohttp.ClientSession, place: str, answer: str = "allow") -> URL:
    async with session.get(slack.authorize_url, params=asked(slack)) as page:
        assert place in re.findall(r"<option>(\w+)</option>", await page.text())
    said = asked(slack) | {"place": place, "answer": answer}
    async with session.post(f"{slack.origin}/oauth/v2/decide", data=said, allow_redirects=False) as sent:
        return URL(sent.headers["Location"])


async def access(slack: Slack, session: aiohttp.ClientSession, **sent: str) -> Any:
    given = {"client_id": slack.client_id, "client_secret": slack.client_secret, "redirect_uri": BACK} | sent
    async with session.post(f"{slack.api_url}oauth.v2.access", data=given) as answer:
        return await answer.json()


async def call(slack: Slack, session: aiohttp.ClientSession, method: str, token: str, **sent: str) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    async with session.post(f"{slack.api_url}{method}", data=sent, headers=headers) as answer:
        return await answer.json()


async def installed(slack: Slack, session: aiohttp.ClientSession, place: str) -> Any:
    back = await decide(slack, session, place)
    return await access(slack, session, code=back.query["code"])


@pytest.mark.parametrize("wrong", [{"client_id": "1"}, {"scope": ""}, {"redirect_uri": "https://evil.example"}])
async def test_what_is_asked_wrongly_is_not_asked(
    slack: Slack, session: aiohttp.ClientSession, wrong: dict[str, str]
) -> None:
    async with session.get(slack.authorize_url, params=asked(slack, **wrong)) as page:
        assert page.status == 400
    said = asked(slack, **wrong) | {"place": slack.team_id, "answer": "allow"}
    async with session.post(f"{slack.origin}/oauth/v2/decide", data=said, allow_redirects=False) as sent:
        assert sent.status == 400


async def test_a_code_counts_once_for_the_app_and_the_address_that_it_was_given_for(
    slack: Slack, session: aiohttp.ClientSession
) -> None:
    denied = await decide(slack, session, slack.team_id, "cancel")
    assert dict(denied.query) == {"state": "s", "error": "access_denied"}
    for wrong, word in (
        ({"client_id": "1"}, "invalid_client_id"),
        ({"client_secret": "1"}, "bad_client_secret"),
        ({"redirect_uri": "https://bot.example/other"}, "bad_redirect_uri"),
        ({"code": "made up"}, "invalid_code"),
    ):
        code = (await decide(slack, session, slack.team_id)).query["code"]
        assert (await access(slack, session, **{"code": code, **wrong}))["error"] == word
    code = (await decide(slack, session, slack.team_id)).query["code"]
    told = await access(slack, session, code=code)
    assert told["ok"]
    assert (told["team"]["id"], told["enterprise"], told["is_enterprise_install"]) == (slack.team_id, None, False)
    assert set(told["scope"].split(",")) == {"files:read", "chat:write"}
    assert (await access(slack, session, code=code))["error"] == "invalid_code"
    assert (await call(slack, session, "auth.test", told["access_token"]))["team_id"] == slack.team_id


async def test_a_token_that_expires_is_exchanged_once(slack: Slack, session: aiohttp.ClientSession) -> None:
    slack.token_lasts = 43_200.0
    told = await installed(slack, session, slack.team_id)
    assert told["expires_in"] == 43_200
    slack.expire_tokens()
    assert (await call(slack, session, "auth.test", told["access_token"]))["error"] == "token_expired"
    refresh = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    fresh = await access(slack, session, **refresh)
    assert (await call(slack, session, "auth.test", fresh["access_token"]))["ok"]
    assert (await access(slack, session, **refresh))["error"] == "invalid_refresh_token"
    slack.refresh_grace = 60
    assert (await access(slack, session, **refresh))["ok"]


async def test_a_token_opens_its_own_workspace_only(slack: Slack, session: aiohttp.ClientSession) -> None:
    other = slack.add_workspace(OTHER)
    tokens = {team.team_id: (await installed(slack, session, team.team_id))["access_token"] for team in (slack, other)}
    share = await other.share(other.channel("general"), [Upload(content=b"RIFF")])
    sent = {"file": share.file_ids[0]}
    assert (await call(slack, session, "files.info", tokens[slack.team_id], **sent))["error"] == "file_not_found"
    told = await call(slack, session, "files.info", tokens[other.team_id], **sent)
    for team, found in ((slack, False), (other, True)):
        headers = {"Authorization": f"Bearer {tokens[team.team_id]}"}
        async with session.get(told["file"]["url_private"], headers=headers) as download:
            assert (download.content_type != "text/html") is found


async def test_in_a_channel_of_two_workspaces_an_event_names_its_own_and_an_interaction_the_person_s(
    slack: Slack, session: aiohttp.ClientSession
) -> None:
    north, south = slack.add_workspace(OTHER), slack.add_workspace(THIRD)
    await installed(slack, session, "E0ORG")
    channel = north.channel("general")
    north.add_channel_to(south, channel, people=("sipho",))
    async with listening(slack, saying()) as app:
        north.events_url = south.events_url = slack.events_url
        share = await north.share(channel, [Upload(content=b"RIFF")])
        await north.quiet()
        message = south.message(channel.id, share.ts)
        await south.choose(message, "a_shortcut", user=south.user("sipho"))
    event = app.heard[0].json
    assert (event["team_id"], event["event"]["channel_id"]) == ("T0OTHER", channel.id)
    [payload] = parse_qs(app.heard[-1].body.decode())["payload"]
    chosen = json.loads(payload)
    assert (chosen["team"]["id"], chosen["user"]["team_id"]) == ("T0THIRD", "T0THIRD")
    assert (chosen["channel"]["id"], chosen["message"]["files"][0]["id"]) == (channel.id, share.file_ids[0])


async def test_a_token_of_an_organisation_opens_its_teams(slack: Slack, session: aiohttp.ClientSession) -> None:
    teams: list[Team] = [slack.add_workspace(OTHER), slack.add_workspace(THIRD)]
    told = await installed(slack, session, "E0ORG")
    assert (told["team"], told["is_enterprise_install"]) == (None, True)
    token = told["access_token"]
    assert (await call(slack, session, "auth.test", token))["team_id"] == "E0ORG"
    listed = await call(slack, session, "auth.teams.list", token, limit="1")
    assert [team["id"] for team in listed["teams"]] == ["T0OTHER"]
    assert listed["response_metadata"]["next_cursor"]
    for team in teams:
        channel = team.channel("general")
        assert (await call(slack, session, "conversations.info", token, channel=channel.id))["ok"]
        assert (await call(slack, session, "files.list", token, team_id=team.team_id))["ok"]
    assert (await call(slack, session, "files.list", token))["error"] == "missing_argument"


async def test_an_app_that_is_taken_out_hears_of_it_and_then_nothing_more(
    slack: Slack, session: aiohttp.ClientSession
) -> None:
    token = (await installed(slack, session, slack.team_id))["access_token"]
    slack.retry_delays = ()
    slack.events_url = "http://127.0.0.1:9/"
    await slack.uninstall()
    assert [sent.type for sent in slack.deliveries] == ["tokens_revoked", "app_uninstalled"]
    assert (await call(slack, session, "auth.test", token))["error"] == "account_inactive"
    await slack.share(slack.channel("general"), [Upload(content=b"RIFF")])
    await slack.quiet()
    assert len(slack.deliveries) == 2


async def test_of_its_removal_from_an_organisation_an_app_hears_with_the_organisations_id_alone(slack: Slack) -> None:
    workspace = slack.add_workspace(OTHER)._services.workspace
    told = envelope(workspace, {"type": "app_uninstalled"}, event_id="Ev1", enterprise_install=True)
    beside = {"token", "api_app_id", "type", "event", "event_id", "event_time"}
    assert set(told) - beside == {"enterprise_id"}
