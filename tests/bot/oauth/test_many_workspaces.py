"""Many workspaces on one database: whose token is used, when it is exchanged, and what becomes of refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from bot.app import keep_in_touch
from bot.oauth.many_workspaces import ManyWorkspaces, many_workspaces
from bot.oauth.token_encryption import TokenCipher
from bot.settings.model import Settings
from bot.slack.errors import SlackNotAuthorised, SlackNotInstalled, SlackUnavailable
from bot.slack.workspace import Workspace
from sandbox import faults
from sandbox.slack import Ids, Slack, Team
from sandbox.slack.grants import Grant
from storage import installations, jobs
from storage.database import Database, StorageUnavailable
from storage.installations import Installed
from storage.job import Origin
from tests.bot.job_fixtures import new_database
from tests.journeys.bench import settings_of
from tests.journeys.installing import KEY, many_settings

OTHER = Ids(team="T0OTHER", name="Other", bot_user="U0OTHERBOT", bot="B0OTHER")
NORTH = Ids(team="T0NORTH", name="North", bot_user="U0ORGBOT", bot="B0ORG", enterprise="E0ORG")
SOUTH = Ids(team="T0SOUTH", name="South", bot_user="U0ORGBOT", bot="B0ORG", enterprise="E0ORG")
HOUR = timedelta(hours=1)
NEW = SecretStr("YW5vdGhlciBzZXQgb2YgdGhpcnR5LXR3byBieXRlcyE=")


class Away:
    """A database that takes one write, then none, and then is there again."""

    def __init__(self, real: Database) -> None:
        self._real, self._writes = real, 0
        self.read, self.is_shared, self.on_due = real.read, real.is_shared, real.on_due
        self.time, self.close = real.time, real.close

    async def write(self, work: Any) -> Any:
        self._writes += 1
        if self._writes == 2:
            raise StorageUnavailable("away")
        return await self._real.write(work)


class Leaving:
    """A database that is there until it `is_away`."""

    def __init__(self, real: Database) -> None:
        self._real, self.is_away = real, False

    async def read(self, work: Any) -> Any:
        if self.is_away:
            raise StorageUnavailable("away")
        return await self._real.read(work)


class House:
    """What there is: Slack, a database, and workspaces on it as one process has them; times pass by `now`."""

    def __init__(self, slack: Slack, database: Database, settings: Settings, session: aiohttp.ClientSession) -> None:
        self.slack, self.database, self.settings, self.session = slack, database, settings, session
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.cipher = TokenCipher(settings.token_key)

    def process(self, database: Any = None, **more: Any) -> ManyWorkspaces:
        settings = self.settings.model_copy(update=more)
        return many_workspaces(
            settings, session=self.session, database=database or self.database, clock=lambda: self.now
        )

    async def install(self, team: Team, *, lasts: float | None = None) -> Installed:
        """As the browser's way does it, without the browser."""
        grant = team._services.shared.grants.new([team._services.workspace], enterprise=None, lasts=lasts)
        return await self._keep(team, grant, team.team_id, lasts)

    async def install_whole(self, *teams: Team) -> Installed:
        """The same in an organisation, which gives it to these."""
        inside = [team._services.workspace for team in teams]
        enterprise = inside[0].enterprise
        assert enterprise is not None
        grant = teams[0]._services.shared.grants.new(inside, enterprise=enterprise, lasts=None)
        return await self._keep(teams[0], grant, enterprise, None)

    async def _keep(self, team: Team, grant: Grant, place: str, lasts: float | None) -> Installed:
        refresh, enterprise = grant.refresh_token, grant.enterprise
        one = Installed(
            place=place,
            enterprise=enterprise,
            url="https://x/",
            bot_user=team.bot_user_id,
            scopes=frozenset({"users:read"}),
            token=self.cipher.encrypt(SecretStr(grant.token), place=place),
            refresh_token=self.cipher.encrypt(SecretStr(refresh), place=place) if refresh else None,
            expires_at=self.now + timedelta(seconds=lasts) if lasts else None,
            installed_by="U1",
            installed_at=self.now,
        )
        await self.database.write(lambda tx: installations.put(tx, one))
        self.slack.token_lasts = lasts
        return one

    async def kept(self, place: str) -> Installed | None:
        return await self.database.read(lambda tx: installations.at(tx, place))

    @property
    def exchanges(self) -> list[str | None]:
        """What Slack said to each."""
        return [call.error for call in self.slack.calls if call.method == "oauth.v2.access"]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with (
        Slack(installed=False) as slack,
        aiohttp.ClientSession() as session,
        new_database(tmp_path / "bot.db") as database,
    ):
        settings = settings_of(slack, tmp_path, **many_settings(slack))
        yield House(slack, database, settings, session)


def at(process: ManyWorkspaces, team: Team) -> Workspace:
    return process.of(team=team.team_id, enterprise=None)


async def known(workspace: Workspace) -> str:
    return (await workspace.identify(refresh=True)).team_id


async def test_each_team_is_called_with_its_own_token_and_an_unknown_one_not_at_all(house: House) -> None:
    process, other = house.process(), house.slack.add_workspace(OTHER)
    for team in (house.slack, other):
        await house.install(team)
    assert [await known(at(process, team)) for team in (house.slack, other)] == ["T0SANDBOX", "T0OTHER"]
    with pytest.raises(SlackNotInstalled):
        await process.of(team="T9", enterprise=None).identify()
    with pytest.raises(SlackNotInstalled):
        await process.of(team="T9", enterprise="T0OTHER9").identify()


async def test_what_another_machine_changed_is_noticed_at_the_next_call(house: House) -> None:
    process = house.process()
    one = await house.install(house.slack)
    assert await known(at(process, house.slack)) == "T0SANDBOX"
    await house.database.write(lambda tx: installations.remove(tx, one.place, before=house.now + HOUR))
    with pytest.raises(SlackNotInstalled):
        await known(at(process, house.slack))
    await house.install(house.slack)
    assert await known(at(process, house.slack)) == "T0SANDBOX"


async def test_many_calls_on_two_machines_exchange_an_expired_token_once(house: House) -> None:
    await house.install(house.slack, lasts=43_200.0)
    house.now += 13 * HOUR
    house.slack.expire_tokens()
    both = [at(house.process(), house.slack), at(house.process(), house.slack)]
    said = await asyncio.gather(*(known(one) for one in both * 4), return_exceptions=True)
    assert "T0SANDBOX" in said
    assert all(one == "T0SANDBOX" or isinstance(one, SlackUnavailable) for one in said)
    assert house.exchanges == [None]
    assert [await known(one) for one in both] == ["T0SANDBOX"] * 2


async def test_before_it_expires_whoever_does_not_exchange_it_goes_on_with_it(house: House) -> None:
    await house.install(house.slack, lasts=43_200.0)
    house.now += 11 * HOUR
    calls = [known(at(house.process(), house.slack)) for _ in range(8)]
    assert await asyncio.gather(*calls) == ["T0SANDBOX"] * 8
    assert house.exchanges == [None]


async def test_a_token_that_slack_calls_expired_before_its_time_is_exchanged_and_the_call_made_again(
    house: House,
) -> None:
    await house.install(house.slack, lasts=43_200.0)
    house.slack.expire_tokens()
    assert await known(at(house.process(), house.slack)) == "T0SANDBOX"
    assert house.exchanges == [None]


async def test_a_lasting_token_that_slack_calls_expired_is_for_the_operator(house: House) -> None:
    await house.install(house.slack)
    house.slack.refuse("auth.test", "token_expired")
    with pytest.raises(SlackNotAuthorised, match="token_expired"):
        await known(at(house.process(), house.slack))
    assert house.exchanges == []


async def test_a_database_that_is_away_when_the_answer_comes_loses_no_token(house: House) -> None:
    await house.install(house.slack, lasts=43_200.0)
    house.slack.expire_tokens()
    assert await known(at(house.process(Away(house.database)), house.slack)) == "T0SANDBOX"
    assert await known(at(house.process(), house.slack)) == "T0SANDBOX"
    assert house.exchanges == [None]


async def test_whoever_gives_up_waiting_for_an_exchange_loses_no_token(house: House) -> None:
    seen = await house.install(house.slack, lasts=43_200.0)
    house.slack.expire_tokens()
    house.slack.faults.arm("oauth.v2.access", faults.slow(0.3))
    workspace = at(house.process(), house.slack)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(known(workspace), 0.2)
    await house.slack.until(lambda: house.exchanges)
    while (kept := await house.kept("T0SANDBOX")) == seen:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)
    assert kept is not None
    assert await known(workspace) == "T0SANDBOX"
    assert house.exchanges == [None]


async def test_whoever_died_after_slacks_answer_is_followed_by_the_next_within_slacks_grace(house: House) -> None:
    seen = await house.install(house.slack, lasts=43_200.0)
    house.slack.refresh_grace = 60
    assert seen.refresh_token is not None
    spent = house.cipher.decrypt(seen.refresh_token, place=seen.place).get_secret_value()
    house.slack._services.shared.grants.rotate(spent, lasts=43_200.0, grace=60)
    await house.database.write(
        lambda tx: installations.begin_rotation(tx, seen, by="the dead", now=house.now, until=house.now + HOUR / 120)
    )
    house.now += 11 * HOUR
    assert await known(at(house.process(), house.slack)) == "T0SANDBOX"
    kept = await house.kept("T0SANDBOX")
    assert kept is not None
    assert kept.token != seen.token


async def test_an_exchange_that_slack_refuses_is_left_for_five_minutes_and_the_old_token_used(house: House) -> None:
    seen = await house.install(house.slack, lasts=43_200.0)
    house.slack.refuse("oauth.v2.access", "invalid_refresh_token", times=1)
    house.now += 11 * HOUR
    workspace = at(house.process(), house.slack)
    for _ in range(3):
        assert await known(workspace) == "T0SANDBOX"
    assert len(house.exchanges) == 1
    assert await house.kept("T0SANDBOX") == seen
    house.now += HOUR / 10
    assert await known(workspace) == "T0SANDBOX"
    assert await house.kept("T0SANDBOX") != seen


async def test_with_another_key_nothing_opens_and_with_both_it_is_sealed_anew(house: House) -> None:
    seen = await house.install(house.slack, lasts=43_200.0)
    new = NEW
    with pytest.raises(SlackNotAuthorised, match="TOKEN_KEY"):
        await known(at(house.process(token_key=(new,)), house.slack))
    await house.process(token_key=(new,)).keep()
    assert await house.kept("T0SANDBOX") == seen
    await house.process(token_key=(new, SecretStr(KEY))).keep()
    assert await known(at(house.process(token_key=(new,)), house.slack)) == "T0SANDBOX"
    kept = await house.kept("T0SANDBOX")
    assert kept is not None
    assert replace(kept, token=seen.token, refresh_token=seen.refresh_token) == seen


async def test_what_slack_does_not_say_now_is_not_taken_for_an_answer(house: House) -> None:
    process, other = house.process(), house.slack.add_workspace(OTHER)
    for team in (house.slack, other):
        await house.install(team)
    house.slack.faults.arm("auth.test", faults.answer(503))
    other.refuse("auth.test", "account_inactive")
    assert await process.are_gone(["T0SANDBOX", "T0OTHER", "T9"]) == {"T0OTHER": True, "T9": True}
    assert await house.kept("T0SANDBOX") is not None
    assert await house.kept("T0OTHER") is None
    assert await process.are_gone(["T0SANDBOX"]) == {"T0SANDBOX": False}


async def test_slack_is_within_reach_while_it_answers_anybody_and_while_nobody_asks(house: House) -> None:
    process, other = house.process(), house.slack.add_workspace(OTHER)
    assert process.is_within_reach, "nobody was asked"
    for team in (house.slack, other):
        await house.install(team)
        await known(at(process, team))
    seen = []
    for team in (house.slack, other):
        for _ in range(3):
            team.faults.arm("auth.test", faults.hang_up_before())
            with pytest.raises(SlackUnavailable):
                await known(at(process, team))
        seen.append(process.is_within_reach)
    await process.keep_in_touch()
    assert [*seen, process.is_within_reach] == [True, False, True]


async def test_a_pause_that_slack_asks_of_one_workspace_holds_back_no_other(house: House) -> None:
    process, other = house.process(), house.slack.add_workspace(OTHER)
    for team in (house.slack, other):
        await house.install(team)
    house.slack.faults.arm("auth.test", faults.rate_limited(60))
    for _ in range(2):
        with pytest.raises(SlackUnavailable):
            await known(at(process, house.slack))
    assert await known(at(process, other)) == "T0OTHER"
    assert len([call for call in house.slack.calls if call.method == "auth.test"]) == 1


async def test_a_process_that_ends_waits_for_the_tokens_that_are_just_exchanged(house: House) -> None:
    seen = await house.install(house.slack, lasts=43_200.0)
    house.slack.expire_tokens()
    house.slack.faults.arm("oauth.v2.access", faults.slow(0.3))
    process = house.process()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(known(at(process, house.slack)), 0.2)
    assert await house.kept("T0SANDBOX") == seen
    await process.close()
    assert await house.kept("T0SANDBOX") != seen


async def test_while_slack_and_the_database_are_away_it_is_asked_again(house: House) -> None:
    await house.install(house.slack)
    database = Leaving(house.database)
    process = house.process(database)
    await out_of_reach(at(process, house.slack), house.slack)
    database.is_away = True
    asking = asyncio.create_task(keep_in_touch(process))
    await asyncio.sleep(0.05)
    assert not asking.done()
    asking.cancel()


async def test_a_workspace_that_is_refused_keeps_no_other_one_from_being_asked(house: House) -> None:
    process, other = house.process(), house.slack.add_workspace(OTHER)
    for team in (house.slack, other):
        await house.install(team)
    for team in (house.slack, other):
        await out_of_reach(at(process, team), team)
    house.slack.refuse("auth.test", "account_inactive", times=1)
    await process.keep_in_touch()
    assert process.is_within_reach


async def out_of_reach(workspace: Workspace, team: Team) -> None:
    await known(workspace)
    for _ in range(3):
        team.faults.arm("auth.test", faults.hang_up_before())
        with pytest.raises(SlackUnavailable):
            await known(workspace)


@pytest.mark.parametrize("trouble", ["key", "secret", "ekm_access_denied", "invalid_auth", "two_factor_setup_required"])
async def test_what_can_be_put_right_is_not_taken_for_a_removal(house: House, trouble: str) -> None:
    await house.install(house.slack, lasts=43_200.0)
    process = house.process()
    match trouble:
        case "key":
            process = house.process(token_key=(NEW,))
        case "secret":
            house.now += 13 * HOUR
            house.slack.expire_tokens()
            house.slack.refuse("oauth.v2.access", "bad_client_secret")
        case code:
            house.slack.refuse("auth.test", code)
    assert await process.are_gone(["T0SANDBOX"]) == {}
    assert await house.kept("T0SANDBOX") is not None


async def test_a_team_is_gone_when_its_organisation_does_not_open_it_either(house: House) -> None:
    north, south = house.slack.add_workspace(NORTH), house.slack.add_workspace(SOUTH)
    await house.install_whole(north)
    for team in (north.team_id, south.team_id, "T0ELSEWHERE"):
        where = Origin(enterprise="E0ORG", team=team, channel="C1", file="F1", occasion="1.0", user="U1")
        await house.database.write(lambda tx, where=where: jobs.add(tx, origin=where, now=house.now))  # type: ignore[misc]
    places = [north.team_id, "T0ELSEWHERE", "T9"]
    asked = {north.team_id: False, "T0ELSEWHERE": True, "T9": True}
    assert await house.process().are_gone(places) == asked
    north.refuse("auth.teams.list", "ekm_access_denied", times=2)
    assert await house.process().are_gone(places) == {"T9": True}


async def test_a_token_whose_exchange_had_no_answer_is_sealed_anew_as_well(house: House) -> None:
    await house.install(house.slack, lasts=43_200.0)
    house.now += 11 * HOUR
    house.slack.faults.arm("oauth.v2.access", faults.answer(503))
    assert await known(at(house.process(), house.slack)) == "T0SANDBOX"
    house.now += HOUR / 2
    await house.process(token_key=(NEW, SecretStr(KEY))).keep()
    assert await known(at(house.process(token_key=(NEW,)), house.slack)) == "T0SANDBOX"


@pytest.mark.parametrize(("age", "kept"), [(-2, True), (2, True), (10, False)], ids=str)
async def test_a_removal_ends_an_installation_at_once_only_where_no_clock_can_be_wrong(
    house: House,
    age: int,
    kept: bool,  # noqa: FBT001 - a parameter
) -> None:
    await house.install(house.slack)
    removed_at = house.now + timedelta(minutes=age)
    process = house.process()
    await house.database.write(lambda tx: process.removed(tx, place="T0SANDBOX", at=removed_at, certain=True))
    assert (await house.kept("T0SANDBOX") is not None) is kept
    house.slack.refuse("auth.test", "account_inactive")
    assert await process.are_gone(["T0SANDBOX"]) == {"T0SANDBOX": True}
    assert await house.kept("T0SANDBOX") is None
