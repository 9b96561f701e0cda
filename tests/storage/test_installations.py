"""Installations and the states of those under way: the same on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from storage import forgetting, install_states, installations, jobs, preferences
from storage.database import Database
from storage.installations import Encrypted, Installed
from storage.job import Origin
from tests.storage.sessions import either

MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="module")
def urls() -> list[str]:
    return []


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path, urls: list[str]) -> AsyncIterator[Database]:
    async with either(request, tmp_path, urls) as opened:
        yield opened


def installed(noon: datetime, place: str = "T1", **more: object) -> Installed:
    given = Installed(
        place=place,
        url="https://one.slack.com/",
        bot_user="U1",
        bot_id="B1",
        scopes=frozenset({"chat:write", "a"}),
        token=Encrypted("sealed"),
        refresh_token=Encrypted("sealed too"),
        expires_at=noon + 720 * MINUTE,
        installed_by="U2",
        installed_at=noon,
    )
    return replace(given, **more)  # type: ignore[arg-type]


async def keep(database: Database, one: Installed) -> Installed:
    await database.write(lambda tx: installations.put(tx, one))
    return one


async def at(database: Database, place: str = "T1") -> Installed | None:
    return await database.read(lambda tx: installations.at(tx, place))


async def test_an_installation_comes_out_as_it_went_in_and_the_newest_counts(
    database: Database, noon: datetime
) -> None:
    first = await keep(database, installed(noon))
    assert await at(database) == first
    plain = installed(noon + MINUTE, token=Encrypted("other"), refresh_token=None, expires_at=None, bot_id=None)
    assert await keep(database, plain) == await at(database)
    assert await database.read(installations.everywhere) == [plain]


async def test_scopes_that_slack_did_not_tell_are_not_known(database: Database, noon: datetime) -> None:
    one = await keep(database, installed(noon, scopes=None))
    found = await at(database)
    assert found is not None
    assert (found, found.scopes) == (one, None)


async def test_a_token_does_not_show_itself(noon: datetime) -> None:
    assert "sealed" not in repr(installed(noon))


async def test_a_team_is_opened_by_its_own_installation_or_by_its_organisations_and_by_no_other(
    database: Database, noon: datetime
) -> None:
    own = await keep(database, installed(noon))
    whole = await keep(database, installed(noon, "E1", enterprise="E1"))
    await keep(database, installed(noon, "T9"))

    async def opening(team: str, enterprise: str | None) -> Installed | None:
        return await database.read(lambda tx: installations.opening(tx, team=team, enterprise=enterprise))

    assert whole.is_enterprise_install
    assert not own.is_enterprise_install
    assert await opening("T1", None) == await opening("T1", "E1") == own
    assert await opening("T2", "E1") == await opening("", "E1") == whole
    assert await opening("T2", None) is None
    assert await opening("T2", "E2") is None
    assert await opening("", None) is await opening("", "") is None


async def test_what_is_removed_is_what_was_there_and_not_what_came_since(database: Database, noon: datetime) -> None:
    await keep(database, installed(noon))
    assert not await database.write(lambda tx: installations.remove(tx, "T1", before=noon - MINUTE))
    assert not await database.write(lambda tx: installations.remove(tx, "T2", before=noon + MINUTE))
    assert await at(database) is not None
    assert await database.write(lambda tx: installations.remove(tx, "T1", before=noon + MINUTE))
    assert await at(database) is None


async def begin(database: Database, seen: Installed, by: str, now: datetime) -> bool:
    until = now + MINUTE
    return await database.write(lambda tx: installations.begin_rotation(tx, seen, by=by, now=now, until=until))


async def end(database: Database, seen: Installed, token: str, expires: datetime) -> bool:
    given = {"token": Encrypted(token), "refresh_token": Encrypted(f"after {token}"), "expires_at": expires}
    return await database.write(lambda tx: installations.complete_rotation(tx, seen, **given))  # type: ignore[arg-type]


async def test_one_at_a_time_exchanges_a_token(database: Database, noon: datetime) -> None:
    seen = await keep(database, installed(noon))
    turns = await asyncio.gather(*(begin(database, seen, str(one), noon) for one in range(8)))
    assert sum(turns) == 1
    assert await end(database, seen, "new", noon + MINUTE)
    now = await at(database)
    assert now == replace(seen, token=Encrypted("new"), refresh_token=Encrypted("after new"), expires_at=noon + MINUTE)
    assert not await end(database, seen, "newer", noon)
    assert not await begin(database, seen, "who saw the old one", noon + 9 * MINUTE)
    assert now is not None
    assert await begin(database, now, "who saw the new one", noon)


async def test_whoever_died_of_an_exchange_is_followed_by_another_and_may_still_bring_the_token(
    database: Database, noon: datetime
) -> None:
    seen = await keep(database, installed(noon))
    assert await begin(database, seen, "first", noon)
    assert not await begin(database, seen, "second", noon + MINUTE / 2)
    assert await begin(database, seen, "second", noon + MINUTE)
    assert await end(database, seen, "of whoever was first", noon)


async def test_where_there_is_but_one_process_nobody_is_at_an_exchange_when_it_begins(
    database: Database, noon: datetime
) -> None:
    seen = await keep(database, installed(noon))
    await begin(database, seen, "who died", noon)
    await database.write(installations.void_rotations)
    assert await begin(database, seen, "first", noon)


async def test_an_exchange_that_did_not_work_is_put_off(database: Database, noon: datetime) -> None:
    seen = await keep(database, installed(noon))
    await begin(database, seen, "first", noon)
    for who in ("first", "nobody"):
        until = noon + (5 if who == "first" else 0) * MINUTE
        await database.write(
            lambda tx, who=who, until=until: installations.postpone_rotation(tx, "T1", by=who, until=until)  # type: ignore[misc]
        )
    assert not await begin(database, seen, "second", noon + 4 * MINUTE)
    assert await begin(database, seen, "second", noon + 5 * MINUTE)


async def test_an_installation_made_anew_ends_an_exchange(database: Database, noon: datetime) -> None:
    seen = await keep(database, installed(noon))
    await begin(database, seen, "first", noon)
    anew = await keep(database, installed(noon, token=Encrypted("anew")))
    assert not await end(database, seen, "too late", noon)
    assert await begin(database, anew, "second", noon)


async def test_tokens_are_sealed_anew_unless_they_are_just_exchanged(database: Database, noon: datetime) -> None:
    seen = await keep(database, installed(noon))
    fresh, stale = (Encrypted("fresh"), Encrypted("fresh too")), (Encrypted("stale"), None)

    async def reseal(was: Installed, tokens: tuple[Encrypted, Encrypted | None], now: datetime) -> Installed | None:
        token, refresh_token = tokens
        await database.write(
            lambda tx: installations.reencrypt(tx, was, token=token, refresh_token=refresh_token, now=now)
        )
        return await at(database)

    now = await reseal(seen, fresh, noon)
    assert now is not None
    assert now == replace(seen, token=fresh[0], refresh_token=fresh[1])
    assert await reseal(seen, stale, noon) == now
    await begin(database, now, "who died", noon)
    assert await reseal(now, stale, noon + MINUTE / 2) == now
    assert await reseal(now, stale, noon + MINUTE) == replace(now, token=stale[0], refresh_token=stale[1])


async def issue(database: Database, state: str, now: datetime) -> None:
    await database.write(lambda tx: install_states.issue(tx, state, now=now, until=now + 10 * MINUTE))


async def consume(database: Database, state: str, now: datetime) -> bool:
    return await database.write(lambda tx: install_states.consume(tx, state, now=now))


async def test_a_state_counts_once_however_many_bring_it(database: Database, noon: datetime) -> None:
    await issue(database, "one", noon)
    await issue(database, "two", noon)
    assert sum(await asyncio.gather(*(consume(database, "one", noon) for _ in range(8)))) == 1
    assert not await consume(database, "forged \ud83d\0", noon)
    assert await consume(database, "two", noon + 9 * MINUTE)


async def test_a_state_expires_and_what_has_expired_is_not_kept(database: Database, noon: datetime) -> None:
    await issue(database, "one", noon)
    assert not await consume(database, "one", noon + 10 * MINUTE)
    await issue(database, "two", noon + 11 * MINUTE)
    rows = await database.read(lambda tx: tx.all("SELECT digest FROM install_states"))
    assert len(rows) == 1
    assert "two" not in str(rows[0]["digest"])


async def test_an_organisation_that_removed_the_app_takes_its_teams_along_but_not_those_with_their_own(
    database: Database, noon: datetime
) -> None:
    for team, enterprise in (("T1", "E1"), ("T2", "E1"), ("T3", "E2"), ("T4", None)):
        where = Origin(team=team, channel="C1", file="F1", occasion="1.0", user="U1", enterprise=enterprise)
        await database.write(lambda tx, where=where: jobs.add(tx, origin=where, now=noon))  # type: ignore[misc]
    await keep(database, installed(noon, "T2", enterprise="E1"))
    await database.write(lambda tx: forgetting.app_removed(tx, place="E1", now=noon))
    settled = {"gone": {"E1"}, "back": set[str](), "asked": noon + MINUTE, "before": noon + MINUTE}
    assert await database.write(lambda tx: forgetting.settle_removals(tx, **settled)) == 1  # type: ignore[arg-type]
    rows = await database.read(lambda tx: tx.all("SELECT team FROM jobs ORDER BY team"))
    assert [row["team"] for row in rows] == ["T2", "T3", "T4"]


async def test_what_came_back_while_it_was_asked_for_is_not_forgotten(database: Database, noon: datetime) -> None:
    asked = noon + 2 * MINUTE
    for place, enterprise in (("T1", None), ("T2", "E2"), ("T3", "E3"), ("T4", None)):
        where = Origin(team=place, channel="C1", file="F1", occasion="1.0", user="U1", enterprise=enterprise)
        await database.write(lambda tx, where=where: jobs.add(tx, origin=where, now=noon))  # type: ignore[misc]
        await database.write(lambda tx, place=place: forgetting.app_removed(tx, place=place, now=noon))  # type: ignore[misc]
    await keep(database, installed(asked, "T1"))
    await keep(database, installed(asked, "E2", enterprise="E2"))
    await keep(database, installed(noon, "E3", enterprise="E3"))  # which took the app from that team
    settled = {"gone": {"T1", "T2", "T3"}, "back": set[str](), "asked": asked, "before": asked}
    assert await database.write(lambda tx: forgetting.settle_removals(tx, **settled)) == 1  # type: ignore[arg-type]
    rows = await database.read(lambda tx: tx.all("SELECT team FROM jobs ORDER BY team"))
    assert [row["team"] for row in rows] == ["T1", "T2", "T4"]
    assert await database.read(forgetting.removals) == ["T4"], "of which it is not known"


async def test_what_opens_a_team_is_its_own_installation_and_those_of_its_organisations(
    database: Database, noon: datetime
) -> None:
    for place, enterprise in (("T1", None), ("E1", "E1"), ("E2", "E2")):
        await keep(database, installed(noon, place, enterprise=enterprise))
    for number, enterprise in enumerate((None, "E1", "E9")):
        where = Origin(team="T1", channel="C1", file=f"F{number}", occasion="1.0", user="U1", enterprise=enterprise)
        await database.write(lambda tx, where=where: jobs.add(tx, origin=where, now=noon))  # type: ignore[misc]

    async def opens(place: str) -> set[str]:
        return {one.place for one in await database.read(lambda tx: installations.that_open(tx, place))}

    assert [await opens(place) for place in ("T1", "E1", "T9")] == [{"T1", "E1"}, {"E1"}, set()]


async def test_what_a_team_of_an_organisation_has_set_goes_with_it_though_it_shared_nothing(
    database: Database, noon: datetime
) -> None:
    for team, enterprise in (("T1", "E1"), ("T2", "E2"), ("T3", None)):
        place = preferences.Scope(team=team, kind="workspace", enterprise=enterprise)
        await database.write(
            lambda tx, place=place: preferences.put(tx, place, preferences.NONE, seen=0, by="U1", now=noon)  # type: ignore[misc]
        )
    await database.write(lambda tx: forgetting.app_removed(tx, place="E1", now=noon))
    settled = {"gone": {"E1"}, "back": set[str](), "asked": noon + MINUTE, "before": noon + MINUTE}
    await database.write(lambda tx: forgetting.settle_removals(tx, **settled))  # type: ignore[arg-type]
    rows = await database.read(lambda tx: tx.all("SELECT team FROM preferences ORDER BY team"))
    assert [row["team"] for row in rows] == ["T2", "T3"]
