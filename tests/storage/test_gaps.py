"""When Slack was last heard, and who has to be looked through since when."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from storage import forgetting, gaps
from storage.database import Database, Transaction
from storage.gaps import Gap
from storage.timestamps import stored


async def test_it_is_known_when_slack_was_last_heard(database: Database, noon: datetime) -> None:
    assert await database.read(gaps.last) is None
    for moment in (noon, noon + timedelta(minutes=1)):
        await database.write(lambda tx, moment=moment: gaps.note(tx, now=moment))  # type: ignore[misc]
        assert await database.read(gaps.last) == moment


HOUR = timedelta(hours=1)


def _fall_behind(places: list[str], since: datetime, until: datetime, tx: Transaction) -> None:
    gaps.fall_behind(tx, places, since=since, until=until)


async def test_who_fell_behind_stays_so_since_the_first_time_until_it_has_caught_up(
    database: Database, noon: datetime
) -> None:
    await database.write(lambda tx: forgetting.app_removed(tx, place="T1", now=noon))
    later = noon + HOUR
    for places, since, until in ((["T1", "T2"], noon, noon), (["T2", "T3"], later, later), (["T3"], noon, noon)):
        await database.write(partial(_fall_behind, places, since, until))
    assert await database.read(gaps.behind) == {
        "T1": Gap(since=noon, until=noon),
        "T2": Gap(since=noon, until=later),
        "T3": Gap(since=noon, until=later),
    }
    for place in ("T1", "T9"):
        await database.write(partial(gaps.caught_up, place=place, upto=noon))
    assert [*await database.read(gaps.behind)] == ["T2", "T3"]
    assert await database.read(gaps.last) is None
    assert await database.read(forgetting.removals) == ["T1"]


async def test_a_gap_that_has_grown_meanwhile_is_not_caught_up(database: Database, noon: datetime) -> None:
    await database.write(partial(_fall_behind, ["T1"], noon, noon))
    await database.write(partial(_fall_behind, ["T1"], noon + HOUR, noon + HOUR))
    await database.write(partial(gaps.caught_up, place="T1", upto=noon))
    assert [*await database.read(gaps.behind)] == ["T1"]
    await database.write(partial(gaps.caught_up, place="T1", upto=noon + HOUR))
    assert await database.read(gaps.behind) == {}


async def test_a_gap_that_the_release_before_has_noted_has_ended_when_it_began(
    database: Database, noon: datetime
) -> None:
    await database.write(
        lambda tx: tx.run("INSERT INTO presence (place, heard_at) VALUES ('behind T1', :at)", at=stored(noon))
    )
    assert await database.read(gaps.behind) == {"T1": Gap(since=noon, until=noon)}


async def test_which_events_were_ever_heard_is_known(database: Database, noon: datetime) -> None:
    assert await database.read(gaps.heard) == frozenset()
    for types in ({"file_shared", "message"}, {"message"}):
        await database.write(partial(gaps.hear, types=types, now=noon))
    assert await database.read(gaps.heard) == {"file_shared", "message"}
    assert await database.read(gaps.behind) == {}


async def test_what_a_process_lost_that_did_not_sign_off_is_known_since_when(
    database: Database, noon: datetime
) -> None:
    for process, moment in (("one", noon - HOUR), ("one", noon), ("two", noon + HOUR), ("three", noon), ("me", noon)):
        await database.write(partial(gaps.vouch, process=process, now=moment))
    await database.write(partial(gaps.sign_off, process="three"))
    await database.write(partial(gaps.sign_off, process="nobody"))
    assert await database.read(partial(gaps.dead, alive="me", before=None)) == {"one": noon, "two": noon + HOUR}
    for before, silent in ((noon, {}), (noon + HOUR, {"one": noon})):
        assert await database.read(partial(gaps.dead, alive="me", before=before)) == silent
    assert await database.read(gaps.behind) == {}
    assert await database.read(gaps.last) is None
