"""What a workspace says of folded messages is kept, and of several that want to ask one does."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from storage import folding, forgetting
from storage.database import Database
from storage.folding import HOUR, WEEK, FoldingAnswer


async def _answer(database: Database, team: str = "T1") -> FoldingAnswer | None:
    return await database.read(partial(folding.answer_of, team=team))


async def _claims(database: Database, now: datetime, *, seen: FoldingAnswer | None = None) -> bool:
    return await database.write(partial(folding.claim, team="T1", seen=seen, now=now))


async def test_nobody_was_asked_at_first(database: Database) -> None:
    assert await _answer(database) is None
    assert await database.read(folding.answers) == {}


async def test_while_a_workspace_is_asked_nothing_is_known_of_it_and_that_counts_for_an_hour(
    database: Database, noon: datetime
) -> None:
    assert await _claims(database, noon)
    asked = await _answer(database)
    assert asked == FoldingAnswer(taken=None, asked_at=noon)
    assert asked.counts_for == HOUR


async def test_what_it_answered_or_refused_counts_for_a_week(database: Database, noon: datetime) -> None:
    for taken in (True, False):
        await database.write(partial(folding.note, team="T1", taken=taken, now=noon))
        noted = await _answer(database)
        assert noted == FoldingAnswer(taken=taken, asked_at=noon)
        assert noted.counts_for == WEEK
        assert await database.read(folding.answers) == {"T1": noted}


async def test_of_two_that_saw_the_same_one_asks(database: Database, noon: datetime) -> None:
    assert await _claims(database, noon)
    assert not await _claims(database, noon)
    seen = await _answer(database)
    assert await _claims(database, noon + timedelta(hours=1), seen=seen)
    assert not await _claims(database, noon + timedelta(hours=1), seen=seen)


async def test_an_answer_goes_with_its_workspace_and_no_other(database: Database, noon: datetime) -> None:
    for team in ("T1", "T2", "T3"):
        await database.write(partial(folding.note, team=team, taken=True, now=noon))
    await database.write(partial(folding.forget_workspace, team="T1"))
    await database.write(partial(forgetting.workspace, team="T2"))
    assert list(await database.read(folding.answers)) == ["T3"]
