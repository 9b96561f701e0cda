"""A conversation is told once an hour, also where whoever was about to tell it died."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from storage import notices
from storage.database import Database
from storage.job import Origin
from storage.notices import EVERY, WHILE_TELLING

ORIGIN = Origin(team="T1", channel="C1", file="F1", occasion="171.001", user="U1", thread="171.001")
MOMENT = timedelta(seconds=1)


async def _claims(database: Database, now: datetime, origin: Origin = ORIGIN) -> bool:
    return await database.write(partial(notices.claim, origin=origin, now=now))


async def test_a_conversation_that_was_told_is_told_again_after_an_hour(database: Database, noon: datetime) -> None:
    assert await _claims(database, noon)
    await database.write(partial(notices.confirm, origin=ORIGIN, now=noon))
    assert not await _claims(database, noon + EVERY - MOMENT)
    assert await _claims(database, noon + EVERY)


async def test_nobody_else_tells_it_meanwhile_unless_it_takes_too_long(database: Database, noon: datetime) -> None:
    assert await _claims(database, noon)
    assert not await _claims(database, noon + WHILE_TELLING - MOMENT)
    assert await _claims(database, noon + WHILE_TELLING)
    assert not await _claims(database, noon + WHILE_TELLING + MOMENT)


async def test_what_could_not_be_told_may_be_told_at_once(database: Database, noon: datetime) -> None:
    assert await _claims(database, noon)
    await database.write(partial(notices.withdraw, origin=ORIGIN))
    await database.write(partial(notices.confirm, origin=ORIGIN, now=noon))
    assert await _claims(database, noon)
