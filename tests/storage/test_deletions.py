"""What was deleted is remembered in every database for a while, and nothing else is taken for it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from storage import channel_ids, deletions, forgetting
from storage.database import Database, Transaction
from storage.job import Origin, unresolved

MINUTE = timedelta(minutes=1)


async def includes(database: Database, **changes: str) -> bool:
    origin = Origin(**({"team": "T1", "channel": "C1", "file": "F1", "occasion": "1.0", "user": "U1"} | changes))
    return await database.read(lambda tx: deletions.includes(tx, origin))


async def deleted_message(
    database: Database, noon: datetime, *, team: str = "T1", enterprise: str | None = None, ts: str = "1.0"
) -> None:
    await database.write(
        lambda tx: deletions.remember_message(tx, team=team, enterprise=enterprise, channel="C1", ts=ts, now=noon)
    )


async def deleted_file(database: Database, noon: datetime, *, team: str = "T1", enterprise: str | None = None) -> None:
    await database.write(lambda tx: deletions.remember_file(tx, team=team, enterprise=enterprise, file="F1", now=noon))


@pytest.mark.parametrize("enterprise", [None, "E1"])
async def test_a_deleted_message_is_remembered_with_all_its_files(
    database: Database, noon: datetime, enterprise: str | None
) -> None:
    assert not await includes(database)
    await deleted_message(database, noon, enterprise=enterprise)
    assert [await includes(database, file=file) for file in ("F1", "F2")] == [True, True]
    for other in ({"team": "T2"}, {"channel": "C2"}, {"occasion": "2.0"}, {"occasion": unresolved("1.0")}):
        assert not await includes(database, **other)


async def test_a_deleted_file_is_remembered_wherever_it_was_shared(database: Database, noon: datetime) -> None:
    await deleted_file(database, noon)
    for place in ({}, {"channel": "C2"}, {"occasion": unresolved("1.0")}):
        assert await includes(database, **place)
    for other in ({"team": "T2"}, {"file": "F2"}):
        assert not await includes(database, **other)


async def test_where_no_team_is_known_a_deleted_file_may_be_any_of_the_organisations(
    database: Database, noon: datetime
) -> None:
    await deleted_file(database, noon, team="T1", enterprise="E1")
    found = {team: await includes(database, team=team, enterprise="E1") for team in ("T1", "T2", "E1")}
    assert found == {"T1": True, "T2": False, "E1": True}
    await deleted_file(database, noon, team="E1", enterprise="E1")
    assert await includes(database, team="T2", enterprise="E1")
    assert not await includes(database, team="T2", enterprise="E2")


async def test_a_deletion_that_is_told_again_is_remembered_longer_and_then_no_more(
    database: Database, noon: datetime
) -> None:
    for at in (noon, noon + MINUTE):
        await deleted_message(database, at)
    await deleted_message(database, noon, ts="2.0")
    assert await database.write(lambda tx: deletions.purge(tx, before=noon + MINUTE)) == 1
    assert [await includes(database, occasion=ts) for ts in ("1.0", "2.0")] == [True, False]
    assert await database.write(lambda tx: deletions.purge(tx, before=noon + 2 * MINUTE)) == 1
    assert not await includes(database)


async def test_a_conversation_that_gets_another_id_keeps_what_was_deleted_under_both(
    database: Database, noon: datetime
) -> None:
    await deleted_message(database, noon)

    def change(tx: Transaction) -> None:
        channel_ids.change(tx, team="T1", enterprise=None, old="C1", new="C2", now=noon)

    for _ in range(2):
        await database.write(change)
    assert [await includes(database, channel=channel) for channel in ("C1", "C2", "C3")] == [True, True, False]


async def test_what_was_deleted_goes_with_its_workspace_and_no_other(database: Database, noon: datetime) -> None:
    for team in ("T1", "T2"):
        await deleted_message(database, noon, team=team)
    await database.write(lambda tx: forgetting.workspace(tx, team="T1"))
    assert [await includes(database, team=team) for team in ("T1", "T2")] == [False, True]


async def test_what_was_deleted_goes_with_its_organisation(database: Database, noon: datetime) -> None:
    await deleted_message(database, noon, team="T1", enterprise="E1")

    def removed(tx: Transaction) -> None:
        forgetting.app_removed(tx, place="E1", now=noon)
        forgetting.settle_removals(tx, gone={"E1"}, back=(), asked=noon, before=noon + MINUTE)

    await database.write(removed)
    assert not await includes(database)
