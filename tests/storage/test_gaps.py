"""When Slack was last heard, and who has to be looked through since when."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from storage import forgetting, gaps
from storage.database import Database


async def test_it_is_known_when_slack_was_last_heard(database: Database, noon: datetime) -> None:
    assert await database.read(gaps.last) is None
    for moment in (noon, noon + timedelta(minutes=1)):
        await database.write(lambda tx, moment=moment: gaps.note(tx, now=moment))  # type: ignore[misc]
        assert await database.read(gaps.last) == moment


async def test_who_fell_behind_stays_so_since_the_first_time_until_it_has_caught_up(
    database: Database, noon: datetime
) -> None:
    await database.write(lambda tx: forgetting.app_removed(tx, place="T1", now=noon))
    for places, moment in ((["T1", "T2"], noon), (["T2", "T3"], noon + timedelta(hours=1))):
        await database.write(partial(gaps.fall_behind, places=places, since=moment))
    assert await database.read(gaps.behind) == {"T1": noon, "T2": noon, "T3": noon + timedelta(hours=1)}
    for place in ("T1", "T9"):
        await database.write(partial(gaps.caught_up, place=place))
    assert [*await database.read(gaps.behind)] == ["T2", "T3"]
    assert await database.read(gaps.last) is None
    assert await database.read(forgetting.removals) == ["T1"]
