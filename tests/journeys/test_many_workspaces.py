"""Workspaces install the app themselves, and each is answered with its own token and never meets another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from yarl import URL

from handlers import words
from handlers.action_ids import NAME_SPEAKERS
from sandbox import faults
from sandbox.slack import Ids, Share, Slack, Team
from storage import installations
from storage.installations import Installed
from storage.job import JobState
from tests.journeys.bench import Bench, eventually, recording, silent
from tests.journeys.installing import Browser, browser, many_settings

OTHER = Ids(team="T0OTHER", name="Other", bot_user="U0OTHERBOT", bot="B0OTHER")
NORTH = Ids(team="T0NORTH", name="North", bot_user="U0ORGBOT", bot="B0ORG", enterprise="E0ORG")
SOUTH = Ids(team="T0SOUTH", name="South", bot_user="U0ORGBOT", bot="B0ORG", enterprise="E0ORG")


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack(installed=False) as running:
        running.subscriptions.add("file_deleted")
        yield running


@pytest.fixture
def other(slack: Slack) -> Team:
    return slack.add_workspace(OTHER)


@pytest.fixture
def settings(slack: Slack) -> dict[str, Any]:
    return many_settings(slack)


@pytest.fixture
async def person(settings: dict[str, Any]) -> AsyncIterator[Browser]:
    async with browser(settings) as opened:
        yield opened


async def installed(bench: Bench) -> list[Installed]:
    assert bench.bot is not None
    return await bench.bot.tools.database.read(installations.everywhere)


async def shared(team: Team) -> Share:
    return await team.share(team.channel("general", people=("amara", "thandi")), [recording()])


async def answered(team: Team, share: Share) -> None:
    """By this team's own bot, once, and nobody else said anything there."""
    [reply] = await team.wait_for_replies(share)
    assert reply.user == team.bot_user_id
    await team.quiet()
    assert len([message for message in team.messages(share.channel.id) if message.by_bot]) == 1


@pytest.mark.parametrize("http", [True, False], ids=["http", "socket"])
async def test_each_workspace_that_installs_it_is_answered_with_its_own_token(
    bench: Bench,
    slack: Slack,
    other: Team,
    http: bool,  # noqa: FBT001 - a parameter
) -> None:
    settings = many_settings(slack, http=http)
    await bench.start(**settings)
    for team in (slack, other):
        async with browser(settings) as person:
            page = await person.install(team.team_id)
        assert (page.status, page.title) == (200, words.INSTALLED)
        assert team.team_id in page.text
    shares = [(team, await shared(team)) for team in (slack, other)]
    for team, share in shares:
        await answered(team, share)
    await bench.ended(2)
    assert {job.origin.team for job in await bench.jobs()} == {slack.team_id, other.team_id}
    assert [one for one in slack.calls + other.calls if not one.ok] == []


async def test_nothing_is_heard_of_a_workspace_that_has_not_installed_it(
    bench: Bench, slack: Slack, other: Team, settings: dict[str, Any], person: Browser
) -> None:
    await bench.start(**settings)
    await person.install(slack.team_id)
    event = {"type": "file_shared", "channel_id": "C1", "file_id": "F1", "user_id": "U1", "event_ts": "1.0"}
    assert (await other.deliver(event)).status == 200
    assert await bench.jobs() == []
    answer = await other.command("/transcripts")
    assert answer.messages[0]["text"] == words.ELSEWHERE


async def test_whoever_says_no_changes_nothing(
    bench: Bench, slack: Slack, settings: dict[str, Any], person: Browser
) -> None:
    await bench.start(**settings)
    page = await person.install(slack.team_id, "cancel")
    assert (page.status, page.title) == (200, words.NOT_INSTALLED)
    assert words.INSTALL_DENIED in page.text
    assert await installed(bench) == []
    assert person.cookies == []


async def test_a_state_counts_once_in_the_browser_that_got_it_and_for_ten_minutes(
    bench: Bench, slack: Slack, settings: dict[str, Any], person: Browser
) -> None:
    bot = await bench.start(**settings)
    back = await person.decide(await person.begin(), slack.team_id)

    async with browser(settings) as somebody:  # lured to the address with a code that is not theirs
        assert (await somebody.open(back)).status == 400
        await somebody.begin()
        assert (await somebody.open(back)).status == 400
        forged = await somebody.open(back, Cookie=f"__Host-threadscribe-install={back.query['state']}x")
        assert forged.status == 400
    assert (await person.open(back.update_query(state="forged"))).status == 400
    assert await installed(bench) == []

    state = back.query["state"]
    cookie = {"Cookie": f"__Host-threadscribe-install={state}"}
    assert (await person.open(back, **cookie)).status == 200
    again = await person.open(back, **cookie)
    assert (again.status, again.title) == (400, words.NOT_INSTALLED)

    late = await person.decide(await person.begin(), slack.team_id)
    await bot.tools.database.write(lambda tx: tx.run("UPDATE install_states SET expires_at = expires_at - 600000"))
    page = await person.open(late)
    assert page.status == 400
    assert words.INSTALL_OUT_OF_DATE.split(".", maxsplit=1)[0] in page.text
    assert len(await installed(bench)) == 1


@pytest.mark.parametrize("trouble", ["invalid_code", "no code", "away", "away after", "database"])
async def test_what_goes_wrong_is_told_and_the_next_try_works(
    bench: Bench, slack: Slack, settings: dict[str, Any], person: Browser, trouble: str
) -> None:
    await bench.start(**settings)
    back = await person.decide(await person.begin(), slack.team_id)
    match trouble:
        case "invalid_code":
            back = back.update_query(code="<script>")
        case "no code":
            back = URL(back).without_query_params("code")
        case "away":
            slack.faults.arm("oauth.v2.access", faults.answer(503))
        case "away after":
            slack.faults.arm("oauth.v2.access", faults.hang_up_after())
        case _:
            slack.faults.arm("auth.test", faults.hang_up_before())
    page = await person.open(back)
    assert page.status in {502, 503}
    assert page.title == words.NOT_INSTALLED
    assert "script" not in page.text
    assert await installed(bench) == []
    assert (await person.install(slack.team_id)).status == 200


async def test_the_pages_let_nothing_in_and_say_nothing_on(
    bench: Bench, settings: dict[str, Any], person: Browser
) -> None:
    await bench.start(**settings)
    public = settings["public_url"]
    begun = await person.open(f"{public}/slack/install?team=T1%26scope=admin&redirect_uri=https://evil.example")
    asked = URL(begun.headers["Location"])
    assert asked.query["redirect_uri"] == f"{public}/slack/oauth_redirect"
    assert set(asked.query) == {"client_id", "scope", "state", "redirect_uri"}
    cookie = begun.headers["Set-Cookie"]
    for flag in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=600", "__Host-"):
        assert flag in cookie
    query = "error=<script>alert(1)</script>&state=<b>&code=<i>"
    for address in (f"{public}/slack/oauth_redirect?{query}", f"{public}/slack/oauth_redirect"):
        page = await person.open(address)
        assert page.status >= 400
        assert "script" not in page.text
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert '<html lang="en">' in page.text


async def test_tokens_are_kept_sealed_and_nothing_shows_them(
    bench: Bench, slack: Slack, settings: dict[str, Any], person: Browser, capfd: pytest.CaptureFixture[str]
) -> None:
    slack.token_lasts = 43_200.0
    await bench.start(**settings)
    await person.install(slack.team_id)
    await bench.stop()
    for path in bench.folder.glob("bot.db*"):
        assert b"xoxb-" not in path.read_bytes()
        assert b"xoxe" not in path.read_bytes()
    told = capfd.readouterr()
    assert "xox" not in told.out + told.err


async def test_an_organisation_installs_it_for_all_its_teams_and_each_is_answered(
    bench: Bench, slack: Slack, settings: dict[str, Any], person: Browser
) -> None:
    teams = [slack.add_workspace(NORTH), slack.add_workspace(SOUTH)]
    await bench.start(**settings)
    page = await person.install("E0ORG")
    assert words.INSTALLED_IN_ORGANISATION in page.text
    assert "/E0ORG/" in page.text
    for team in teams:
        await answered(team, await shared(team))
    await bench.ended(2)
    assert {(job.origin.enterprise, job.origin.team) for job in await bench.jobs()} == {
        ("E0ORG", "T0NORTH"),
        ("E0ORG", "T0SOUTH"),
    }
    answer = await teams[1].command("/transcripts", channel=teams[1].channel("general"))
    assert answer.messages[0]["text"] == words.NO_RECORDINGS


async def test_people_of_an_organisation_name_speakers_where_slack_does_not_tell_whose_team_a_form_is_of(
    bench: Bench, slack: Slack, settings: dict[str, Any], person: Browser
) -> None:
    slack.add_workspace(NORTH)
    south = slack.add_workspace(SOUTH)
    await bench.start(**settings)
    await person.install("E0ORG")
    share = await shared(south)
    [reply] = await south.wait_for_replies(share)
    await bench.ended()
    await south.press(reply, NAME_SPEAKERS)
    [form] = south.modals.values()
    await south.send(form, {words.name_of("Speaker 1"): "Thandi"})
    await eventually(lambda: "Thandi" in str(south.message(share.channel.id, reply.ts).blocks))


async def test_after_a_gap_every_workspace_is_looked_through_and_none_waits_for_another(
    bench: Bench, slack: Slack, other: Team, settings: dict[str, Any]
) -> None:
    north = slack.add_workspace(NORTH)
    bot = await bench.start(**settings)
    for place in (slack.team_id, other.team_id, "E0ORG"):
        async with browser(settings) as person:
            assert (await person.install(place)).status == 200
    await bot.tools.database.write(lambda tx: tx.run("UPDATE installations SET installed_at = installed_at - 86400000"))
    while not await bot.tools.database.write(  # noqa: ASYNC110 - nobody tells that it is noted
        lambda tx: tx.run("UPDATE presence SET heard_at = heard_at - 3600000")
    ):
        await asyncio.sleep(0.01)
    await bench.stop()
    for team in (slack, other, north):
        team.retry_delays = ()
    shares = [(team, await shared(team)) for team in (slack, other, north)]
    await slack.quiet()
    other.refuse("files.list", "account_inactive", times=100)
    await bench.start(**settings)
    for team, share in (shares[0], shares[2]):
        await answered(team, share)
    assert silent(other, shares[1][1].channel)


async def test_a_token_that_expires_is_exchanged_before_and_after_it_does(
    bench: Bench, slack: Slack, settings: dict[str, Any], person: Browser
) -> None:
    slack.token_lasts = 3600.0  # less than the time before its end at which it is exchanged
    await bench.start(**settings)
    await person.install(slack.team_id)
    [before] = await installed(bench)
    await answered(slack, await shared(slack))
    [after] = await installed(bench)
    assert (before.token, before.refresh_token) != (after.token, after.refresh_token)
    slack.token_lasts = 43_200.0
    slack.expire_tokens()
    await answered(slack, await shared(slack))
    await bench.ended(2)
    assert after.token != (await installed(bench))[0].token
    refused = [call for call in slack.calls if call.error == "invalid_refresh_token"]
    assert refused == [], "each of them counts once, so one at a time exchanges it"


async def test_an_exchange_whose_answer_is_lost_leaves_the_old_token_at_work(
    bench: Bench, slack: Slack, settings: dict[str, Any], person: Browser
) -> None:
    slack.token_lasts = 3600.0
    await bench.start(**settings)
    await person.install(slack.team_id)
    slack.faults.arm("oauth.v2.access", faults.hang_up_after())
    await answered(slack, await shared(slack))


async def test_a_refused_exchange_waits_for_a_new_installation_and_then_all_is_well(
    bench: Bench, slack: Slack, settings: dict[str, Any], person: Browser
) -> None:
    slack.token_lasts = 43_200.0
    await bench.start(**settings)
    await person.install(slack.team_id)
    slack.expire_tokens()
    slack.refuse("oauth.v2.access", "invalid_refresh_token", times=1)
    share = await shared(slack)
    await bench.waits(JobState.RECEIVED)
    await eventually(lambda: [call for call in slack.calls if call.error == "token_expired"])
    assert silent(slack, share.channel)
    await person.install(slack.team_id)
    await bench.ended_at_last()
    await answered(slack, share)


async def test_an_uninstalled_app_forgets_its_token_at_once_and_everything_a_day_later(
    bench: Bench, slack: Slack, other: Team, settings: dict[str, Any]
) -> None:
    bot = await bench.start(**settings)
    for team in (slack, other):
        async with browser(settings) as person:
            await person.install(team.team_id)
        await shared(team)
    await bench.ended(2)
    await bot.tools.database.write(lambda tx: tx.run("UPDATE installations SET installed_at = installed_at - 86400000"))
    await other.uninstall()
    assert [one.place for one in await installed(bench)] == [slack.team_id]
    await bot.house.keep_seldom()
    assert len(await bench.jobs()) == 2
    await bot.tools.database.write(lambda tx: tx.run("UPDATE presence SET heard_at = heard_at - 90000000"))
    await bot.house.keep_seldom()
    assert [job.origin.team for job in await bench.jobs()] == [slack.team_id]


async def test_an_app_that_is_installed_again_in_time_has_lost_nothing(
    bench: Bench, slack: Slack, settings: dict[str, Any], person: Browser
) -> None:
    bot = await bench.start(**settings)
    await person.install(slack.team_id)
    await shared(slack)
    await bench.ended()
    await slack.uninstall()
    await person.install(slack.team_id)
    await bot.tools.database.write(lambda tx: tx.run("UPDATE presence SET heard_at = heard_at - 90000000"))
    await bot.house.keep_seldom()
    assert len(await bench.jobs()) == 1
    await answered(slack, await shared(slack))


async def test_a_late_word_of_an_old_removal_does_not_end_a_newer_installation(
    bench: Bench, slack: Slack, settings: dict[str, Any], person: Browser
) -> None:
    bot = await bench.start(**settings)
    await person.install(slack.team_id)
    later = datetime.now(UTC) + timedelta(hours=1)
    [kept] = await installed(bench)
    await bot.tools.database.write(
        lambda tx: tx.run("UPDATE installations SET installed_at = :at", at=int(later.timestamp() * 1000))
    )
    await slack.deliver({"type": "app_uninstalled"})
    assert [one.token for one in await installed(bench)] == [kept.token]
    await bot.house.keep_seldom()
    assert len(await installed(bench)) == 1


async def test_a_revoked_token_of_several_is_looked_into_before_it_is_forgotten(
    bench: Bench, slack: Slack, settings: dict[str, Any], person: Browser
) -> None:
    slack.token_lasts = 43_200.0
    bot = await bench.start(**settings)
    await person.install(slack.team_id)
    event = {"type": "tokens_revoked", "tokens": {"bot": [slack.bot_user_id]}}
    await slack.deliver(event)
    await bot.house.keep_seldom()
    assert len(await installed(bench)) == 1
    await slack.deliver(event)
    slack.refuse("auth.test", "token_revoked")
    await bot.house.keep_seldom()
    assert await installed(bench) == []
