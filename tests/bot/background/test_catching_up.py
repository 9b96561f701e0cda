"""After a gap each place is looked through by itself: none waits for another, and what was away is asked again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import pytest

from bot.app import open_tools
from bot.background.catching_up import CatchingUp
from bot.clock import Clock
from sandbox import faults
from sandbox.slack import Team
from storage import gaps
from storage.database import Transaction
from tests.bot.oauth.test_many_workspaces import HOUR, NORTH, OTHER, SOUTH, House, house  # noqa: F401 - a fixture
from tests.journeys.bench import recording

BEAT = HOUR / 72_000


@pytest.fixture
async def teams(house: House) -> list[Team]:  # noqa: F811
    """Two that installed the app themselves, and two of an organisation: each shared something in an hour's gap."""
    mine, other, north, south = house.slack, *(house.slack.add_workspace(ids) for ids in (OTHER, NORTH, SOUTH))
    for team in (mine, other):
        await house.install(team)
    await house.install_whole(north, south)
    teams = [mine, other, north, south]
    for team in teams:
        await team.share(team.channel("general"), [recording()])
    await house.database.write(lambda tx: gaps.note(tx, now=house.now - HOUR))
    return teams


@asynccontextmanager
async def catching_up(house: House, clock: Clock | None = None) -> AsyncIterator[None]:  # noqa: F811
    async with open_tools(house.settings, database=house.database, clock=clock or (lambda: house.now)) as tools:
        task = asyncio.create_task(CatchingUp(tools, hears=lambda: True, beat=BEAT).run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def answered(house: House) -> set[str]:  # noqa: F811
    rows = await house.database.read(lambda tx: tx.all("SELECT team FROM jobs"))
    assert len(rows) == len({row["team"] for row in rows}), "nothing twice"
    return {row["team"] for row in rows}


async def answers(house: House, teams: int) -> None:  # noqa: F811
    while len(await answered(house)) < teams:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)


async def nobody_is_behind(house: House) -> None:  # noqa: F811
    while await behind(house):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)


async def behind(house: House) -> list[str]:  # noqa: F811
    return [*await house.database.read(gaps.behind)]


@pytest.mark.parametrize("trouble", ["team_added_to_org", "ekm_access_denied", "503", "429"])
async def test_a_place_that_is_away_is_asked_again_and_keeps_no_other_waiting(
    house: House,  # noqa: F811
    teams: list[Team],
    trouble: str,
) -> None:
    mine, other, north, south = teams
    for team in (mine, south):
        match trouble:
            case "503":
                team.faults.arm("files.list", faults.answer(503), times=1000)
            case "429":
                team.faults.arm("files.list", faults.rate_limited(1), times=1000)
            case code:
                team.refuse("files.list", code, times=1000)
    async with catching_up(house):
        await answers(house, 2)
        await asyncio.sleep(0.1)
        assert await answered(house) == {other.team_id, north.team_id}
        assert await behind(house) == ["E0ORG", mine.team_id]
        for team in (mine, south):
            team.faults.clear()
        await answers(house, len(teams))
        await nobody_is_behind(house)
    assert await answered(house) == {team.team_id for team in teams}


@pytest.mark.parametrize("code", ["account_inactive", "team_not_found"])
async def test_a_place_that_will_not_be_looked_through_is_left(house: House, teams: list[Team], code: str) -> None:  # noqa: F811
    mine, other, north, south = teams
    for team in (mine, south):
        team.refuse("files.list", code, times=1000)
    async with catching_up(house):
        await answers(house, 2)
        await nobody_is_behind(house)
    assert await answered(house) == {other.team_id, north.team_id}


async def test_an_organisation_that_does_not_tell_its_teams_is_asked_again(house: House, teams: list[Team]) -> None:  # noqa: F811
    teams[2].faults.arm("auth.teams.list", faults.answer(503), times=2)
    async with catching_up(house):
        await answers(house, len(teams))


async def test_that_slack_is_heard_is_noted_however_long_it_takes_to_look_through(
    house: House,  # noqa: F811
    teams: list[Team],
) -> None:
    for team in teams:
        team.faults.arm("files.list", faults.slow(20), times=1000)
    async with catching_up(house):
        while not await behind(house):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        house.now += HOUR / 60
        while await house.database.read(gaps.last) != house.now:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        assert len(await behind(house)) == 3, "nobody was looked through in the meantime"


async def test_a_place_that_is_away_for_weeks_is_given_up(house: House, teams: list[Team]) -> None:  # noqa: F811
    long_ago = house.now - 15 * 24 * HOUR
    await house.database.write(lambda tx: gaps.fall_behind(tx, ["T0SANDBOX"], since=long_ago, until=long_ago))
    teams[0].faults.arm("files.list", faults.answer(503), times=1000)
    async with catching_up(house):
        await nobody_is_behind(house)
    assert "T0SANDBOX" not in await answered(house)


@pytest.mark.parametrize("away", [None, "auth.test", "files.list"])
async def test_what_a_clock_noted_that_was_ahead_counts_as_a_week_ago_before_slack_told_the_time(
    house: House,  # noqa: F811
    teams: list[Team],
    away: str | None,
) -> None:
    """Nothing asks Slack for anything before the first look, unless there is an organisation."""
    teams = teams[:2]
    await house.database.write(lambda tx: tx.run("DELETE FROM installations WHERE place = 'E0ORG'"))
    await house.database.write(lambda tx: tx.run("UPDATE installations SET installed_at = 0"))
    await house.database.write(lambda tx: gaps.note(tx, now=house.now + HOUR / 20))
    if away is not None:
        for team in teams:
            team.faults.arm(away, faults.answer(503), times=1)
    async with catching_up(house, Clock()):
        await answers(house, len(teams))
        await nobody_is_behind(house)
    begun = [float(call.args["ts_from"]) for team in teams for call in team.calls if call.method == "files.list"]
    assert len(begun) >= len(teams)
    assert min(begun) > (house.now - 8 * 24 * HOUR).timestamp()


async def test_in_a_look_that_is_repeated_no_file_is_asked_about_twice(house: House, teams: list[Team]) -> None:  # noqa: F811
    for _ in range(3):
        await teams[0].share(teams[0].channel("general"), [recording()])
    teams[0].faults.arm("files.info", faults.slow(0), times=2)
    teams[0].faults.arm("files.info", faults.answer(503), times=1)
    async with catching_up(house):
        await nobody_is_behind_any_more(house)
    asked = [call.args["file"] for call in teams[0].calls if call.method == "files.info"]
    assert len(set(asked)) == 4
    assert len(asked) == 5, "only the one that was not answered"


async def nobody_is_behind_any_more(house: House) -> None:  # noqa: F811
    """Wait until somebody was behind, and nobody is."""
    while not await behind(house):  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0.01)
    await nobody_is_behind(house)


SECONDS = HOUR / 3600


async def died(house: House, *, since: timedelta = 20 * SECONDS) -> None:  # noqa: F811
    """Another process noted that it had lost nothing, a moment ago, and is not there any more."""

    def noted(tx: Transaction) -> None:
        gaps.note(tx, now=house.now - since)
        gaps.vouch(tx, "another", now=house.now - since)

    await house.database.write(noted)


async def test_after_a_death_every_place_is_looked_through_however_soon_somebody_hears_again(
    house: House,  # noqa: F811
    teams: list[Team],
) -> None:
    await died(house)
    teams[0].faults.arm("files.list", faults.answer(503), times=1)
    async with catching_up(house):
        await answers(house, len(teams))
        assert await behind(house), "Slack may not list yet what was lost a moment before the death"
        house.now += HOUR / 20
        await nobody_is_behind(house)
    assert "another" not in await dead(house)
    assert len(await answered(house)) == len(teams)


async def test_after_an_end_in_good_order_nobody_is_looked_through(house: House, teams: list[Team]) -> None:  # noqa: F811
    await died(house)
    await house.database.write(lambda tx: gaps.sign_off(tx, "another"))
    async with catching_up(house):
        while await house.database.read(gaps.last) != house.now:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert await behind(house) == []
    assert [call.method for team in teams for call in team.calls].count("files.list") == 0


async def test_an_end_in_good_order_while_something_is_lost_is_a_death(house: House, teams: list[Team]) -> None:  # noqa: F811
    del teams
    async with open_tools(house.settings, database=house.database, clock=lambda: house.now) as tools:
        for ends_well in (False, True):
            process = CatchingUp(tools)
            await process.vouch()
            if not ends_well:
                process.lost()
            await process.sign_off()
            assert (process.process in await dead(house)) is not ends_well


async def dead(house: House) -> dict[str, datetime]:  # noqa: F811
    return await house.database.read(lambda tx: gaps.dead(tx, alive="", before=None))
