"""A channel of several workspaces has one home, within one enterprise install and on every database."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from storage import channel_homes, channel_ids, forgetting, installations, jobs, preferences, usage
from storage.database import Database, Transaction
from storage.installations import Encrypted, Installed
from storage.job import Job, Origin
from storage.preferences import Preferences, Scope

ORIGIN = Origin(enterprise="E1", team="TA", channel="C1", file="F1", occasion="1.0", user="U1")
IN_B = replace(ORIGIN, team="TB")
MINUTE = timedelta(minutes=1)


async def added(database: Database, origin: Origin, now: datetime, *, organisation: str | None = "E1") -> Job | None:
    def work(tx: Transaction) -> Job | None:
        return jobs.add(tx, origin=channel_homes.at_home(tx, origin, organisation=organisation), now=now)

    return await database.write(work)


async def home(database: Database, *, team: str, organisation: str | None = "E1", channel: str = "C1") -> str:
    return await database.read(
        lambda tx: channel_homes.home_team(tx, organisation=organisation, team=team, channel=channel)
    )


async def install(database: Database, place: str, now: datetime) -> None:
    made = Installed(
        place=place,
        enterprise="E1",
        url="",
        bot_user="UB",
        scopes=None,
        token=Encrypted("t"),
        installed_by="U1",
        installed_at=now,
    )
    await database.write(lambda tx: installations.put(tx, made))


async def test_the_first_workspace_that_is_named_is_the_home(database: Database, noon: datetime) -> None:
    assert await home(database, team="TB") == "TB", "nobody has decided yet"
    assert await added(database, ORIGIN, noon) is not None
    assert await added(database, IN_B, noon) is None
    assert await home(database, team="TB") == "TA"


@pytest.mark.parametrize("organisation", [None, "E2"])
async def test_nobody_else_shares_it(database: Database, noon: datetime, organisation: str | None) -> None:
    assert await added(database, ORIGIN, noon) is not None
    other = replace(IN_B, enterprise=organisation)
    assert await added(database, other, noon, organisation=organisation) is not None
    assert await home(database, team="TB", organisation=organisation) == "TB"
    assert await home(database, team="TA") == "TA"


async def test_a_workspace_with_an_installation_of_its_own_stays_apart(database: Database, noon: datetime) -> None:
    await install(database, "E1", noon)
    await install(database, "TB", noon)
    assert await added(database, IN_B, noon) is not None
    assert await added(database, ORIGIN, noon) is not None
    assert (await home(database, team="TA"), await home(database, team="TB")) == ("TA", "TB")
    assert await home(database, team="E1") == "TA"


async def test_of_a_channel_from_before_the_oldest_job_says_it(database: Database, noon: datetime) -> None:
    await install(database, "E1", noon)
    await install(database, "TC", noon)
    for number, team in enumerate(("TC", "TA", "TB")):  # TC has an installation of its own
        origin = replace(ORIGIN, team=team, occasion=f"{number}.0")
        await database.write(lambda tx, origin=origin, at=noon + number * MINUTE: jobs.add(tx, origin=origin, now=at))  # type: ignore[misc]
    assert await home(database, team="TB") == "TA"
    assert await added(database, replace(IN_B, occasion="9.0"), noon) is not None
    assert await home(database, team="TB") == "TA"
    origin = replace(IN_B, occasion="2.0")
    assert await database.read(lambda tx: channel_homes.is_of(tx, origin, organisation="E1", team="TB"))


@pytest.mark.parametrize("enterprise", ["E1", None])
async def test_a_home_goes_along_to_the_new_id_of_a_channel(
    database: Database, noon: datetime, enterprise: str | None
) -> None:
    await added(database, ORIGIN, noon)
    team = "TB" if enterprise else "TA"
    await database.write(
        lambda tx: channel_ids.change(tx, team=team, enterprise=enterprise, old="C1", new="C2", now=noon)
    )
    assert await home(database, team="TB", channel="C2") == "TA"
    assert await database.read(lambda tx: tx.all("SELECT * FROM channel_homes WHERE channel = 'C1'")) == []
    assert await added(database, replace(IN_B, channel="C2"), noon) is None


async def test_settings_of_a_channel_go_along_whichever_workspace_the_event_names(
    database: Database, noon: datetime
) -> None:
    await added(database, ORIGIN, noon)
    scope = Scope(team="TA", kind="channel", owner="C1")
    await database.write(lambda tx: preferences.put(tx, scope, Preferences(automatic=False), seen=0, by="U1", now=noon))
    await database.write(lambda tx: channel_ids.change(tx, team="TB", enterprise="E1", old="C1", new="C2", now=noon))
    moved = replace(ORIGIN, channel="C2")
    assert (await database.read(lambda tx: preferences.of_recording(tx, moved))).automatic is False


async def test_when_a_workspace_leaves_another_one_becomes_the_home(database: Database, noon: datetime) -> None:
    await added(database, ORIGIN, noon)
    await database.write(lambda tx: forgetting.workspace(tx, team="TA"))
    assert await home(database, team="TB") == "TB"
    assert await added(database, IN_B, noon) is not None


async def test_what_a_person_has_set_and_used_counts_in_all_workspaces_of_the_organisation(
    database: Database, noon: datetime
) -> None:
    own = Scope(team="TB", kind="person", owner="U1", enterprise="E1")
    await database.write(lambda tx: preferences.put(tx, own, Preferences(automatic=False), seen=0, by="U1", now=noon))
    job = await added(database, ORIGIN, noon)
    other = await added(database, replace(IN_B, channel="C9"), noon)
    assert job is not None
    assert other is not None
    assert (await database.read(lambda tx: preferences.of_recording(tx, job.origin))).automatic is False
    await database.write(lambda tx: tx.run("UPDATE jobs SET provider = 'p', duration = 60000"))
    [first, second] = sorted([job, other], key=lambda one: one.id)
    assert await database.read(lambda tx: usage.of_person(tx, first, since=noon)) == timedelta(0)
    assert await database.read(lambda tx: usage.of_person(tx, second, since=noon)) == MINUTE


async def test_settings_have_the_team_of_the_home_or_of_the_person(database: Database, noon: datetime) -> None:
    await added(database, ORIGIN, noon)
    own = Scope(team="TA", kind="person", owner="U1", enterprise="E1")
    await database.write(lambda tx: preferences.put(tx, own, Preferences(), seen=0, by="U1", now=noon))
    for named, organisation, team in (
        (Scope(team="TB", kind="channel", owner="C1"), "E1", "TA"),
        (Scope(team="TB", kind="person", owner="U1"), "E1", "TA"),
        (Scope(team="TB", kind="person", owner="U2"), "E1", "TB"),
        (Scope(team="TB", kind="workspace"), "E1", "TB"),
        (Scope(team="TB", kind="channel", owner="C1"), None, "TB"),
        (Scope(team="TB", kind="person", owner="U1"), None, "TB"),
    ):
        place = await database.read(
            lambda tx, named=named, organisation=organisation: preferences.at_home(tx, named, organisation=organisation)  # type: ignore[misc]
        )
        assert place == replace(named, team=team)


async def test_an_organisation_is_known_by_the_homes_of_its_channels(database: Database, noon: datetime) -> None:
    await install(database, "TC", noon)

    def work(tx: Transaction) -> None:
        assert channel_homes.settle(tx, organisation="E1", team="TA", channel="C1") == "TA"
        assert channel_homes.organisation_of(tx, ORIGIN) == "E1"
        assert channel_homes.organisation_of(tx, IN_B) is None
        assert channel_homes.around(tx, organisation="E1", team="TB") == "E1"
        assert channel_homes.around(tx, organisation="E1", team="TC") is None
        found = channel_homes.by_home(tx, ["C2", "C1"], organisation="E1", team="TB")
        assert found == {"TA": ["C1"], "TB": ["C2"]}
        assert channel_homes.by_home(tx, ["C2", "C1"], organisation=None, team="TB") == {"TB": ["C1", "C2"]}
        assert channel_homes.change_channel(tx, team="TB", enterprise="E1", old="C1", new="C2") == "TA"
        channel_homes.forget_workspace(tx, team="TA")
        assert channel_homes.home_team(tx, organisation="E1", team="TB", channel="C2") == "TB"

    await database.write(work)
