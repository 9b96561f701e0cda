"""Two people install the app at the same moment, states are replayed, names forged: none is mixed up with another."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from yarl import URL

from handlers import words
from sandbox.slack import Ids, Slack, Team
from storage import installations
from storage.installations import Installed
from tests.journeys.bench import Bench, recording
from tests.journeys.installing import Browser, browser, many_settings

OTHER = Ids(team="T0OTHER", name="Other", bot_user="U0OTHERBOT", bot="B0OTHER")
COOKIE = "__Host-threadscribe-install"


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(installed=False) as running:
        yield running


@pytest.fixture
def settings(slack: Slack) -> dict[str, Any]:
    return many_settings(slack)


@pytest.fixture
async def persons(settings: dict[str, Any]) -> AsyncIterator[list[Browser]]:
    async with browser(settings) as one, browser(settings) as another:
        yield [one, another]


async def installed(bench: Bench) -> list[Installed]:
    assert bench.bot is not None
    return await bench.bot.tools.database.read(installations.everywhere)


async def answered(team: Team) -> None:
    share = await team.share(team.channel("general", people=("amara", "thandi")), [recording()])
    [reply] = await team.wait_for_replies(share)
    assert reply.user == team.bot_user_id


async def test_two_people_who_install_it_in_one_workspace_at_once_both_succeed_and_there_is_one_installation(
    bench: Bench, slack: Slack, settings: dict[str, Any], persons: list[Browser]
) -> None:
    slack.token_lasts = 43_200.0
    await bench.start(**settings)
    for _ in range(5):
        asked = await asyncio.gather(*(person.begin() for person in persons))
        backs = [await person.decide(address, slack.team_id) for person, address in zip(persons, asked, strict=True)]
        pages = await asyncio.gather(*(person.open(back) for person, back in zip(persons, backs, strict=True)))
        assert [(page.status, page.title) for page in pages] == [(200, words.INSTALLED)] * 2
        assert [one.place for one in await installed(bench)] == [slack.team_id]
    await answered(slack)
    slack.expire_tokens()
    await answered(slack)


async def test_two_workspaces_that_install_it_at_once_each_get_their_own_and_no_page_of_the_other(
    bench: Bench, slack: Slack, settings: dict[str, Any], persons: list[Browser]
) -> None:
    other = slack.add_workspace(OTHER)
    teams: list[Team] = [slack, other]
    await bench.start(**settings)
    asked = await asyncio.gather(*(person.begin() for person in persons))
    backs = [
        await person.decide(address, team.team_id) for person, address, team in zip(persons, asked, teams, strict=True)
    ]
    crossed = await asyncio.gather(*(person.open(back) for person, back in zip(persons, backs[::-1], strict=True)))
    assert [page.status for page in crossed] == [400, 400], "the code of one in the browser of the other"
    assert await installed(bench) == []
    pages = await asyncio.gather(*(person.install(team.team_id) for person, team in zip(persons, teams, strict=True)))
    for page, team, stranger in zip(pages, teams, teams[::-1], strict=True):
        assert page.status == 200
        assert team.team_id in page.text
        assert stranger.team_id not in page.text
    assert {one.place: one.bot_user for one in await installed(bench)} == {
        team.team_id: team.bot_user_id for team in teams
    }
    for team in teams:
        await answered(team)


async def test_of_one_answer_of_slacks_that_is_sent_many_times_at_once_one_counts(
    bench: Bench, slack: Slack, settings: dict[str, Any], persons: list[Browser]
) -> None:
    await bench.start(**settings)
    person = persons[0]
    back = await person.decide(await person.begin(), slack.team_id)
    cookie = {"Cookie": f"{COOKIE}={back.query['state']}"}
    pages = await asyncio.gather(*(person.open(back, **cookie) for _ in range(8)))
    assert Counter(page.status for page in pages) == {200: 1, 400: 7}
    assert len(await installed(bench)) == 1
    assert len([call for call in slack.calls if call.method == "oauth.v2.access"]) == 1, "nor is Slack asked again"


FORGED = {
    "host": {"Host": "evil.example"},
    "forwarded": {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"},
    "by the standard": {"Forwarded": "host=evil.example;proto=http"},
    "address": {"X-Original-URL": "http://evil.example/slack/install", "X-Rewrite-URL": "http://evil.example/"},
    "nothing that is a host": {"Host": "evil.example\u00e9:x@y/"},
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
async def test_a_name_that_a_request_makes_up_for_the_bot_gets_nowhere(
    bench: Bench, slack: Slack, settings: dict[str, Any], persons: list[Browser], forged: dict[str, str]
) -> None:
    await bench.start(**settings)
    person, public = persons[0], settings["public_url"]
    begun = await person.open(f"{public}/slack/install", **forged)
    if begun.status == 400:
        assert "evil" not in begun.text, "it is no name at all"
        return
    asked = URL(begun.headers["Location"])
    assert asked.query["redirect_uri"] == f"{public}/slack/oauth_redirect"
    assert asked.origin() == URL(settings["slack_authorize_url"]).origin()
    assert "Domain" not in begun.headers["Set-Cookie"], "a cookie of this host alone"
    back = await person.decide(asked, slack.team_id)
    assert back.origin() == URL(public).origin()
    page = await person.open(back, **forged)
    assert page.status == 200
    assert "evil" not in f"{begun.text}{begun.headers}{page.text}{page.headers}"
    assert [one.place for one in await installed(bench)] == [slack.team_id]
    for path in ("/healthz", "/readyz", "/slack/oauth_redirect", "/nowhere", "//evil.example/slack/install"):
        answer = await person.open(URL(f"{public}{path}", encoded=True), **forged)
        assert "evil" not in f"{answer.text}{answer.headers}"
