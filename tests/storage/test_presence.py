"""When Slack was last heard."""

from __future__ import annotations

from datetime import datetime, timedelta

from storage import presence
from storage.database import Database


async def test_it_is_known_when_slack_was_last_heard(database: Database, noon: datetime) -> None:
    assert await database.read(presence.last) is None
    for moment in (noon, noon + timedelta(minutes=1)):
        await database.write(lambda tx, moment=moment: presence.note(tx, now=moment))  # type: ignore[misc]
        assert await database.read(presence.last) == moment
