"""`doctor` tells which events were never heard, where the bot has heard any."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from bot.cli.doctor_events import examine_events
from bot.slack.manifest import EVENTS
from sandbox.slack import Slack
from storage import gaps
from tests.bot.job_fixtures import NOON, new_database
from tests.journeys.bench import settings_of

ALL = {event.partition(".")[0] for event in EVENTS}


async def told(folder: Path, heard: set[str] | None) -> str | None:
    async with Slack() as slack:
        settings = settings_of(slack, folder)
        if heard is not None and settings.database_path is not None:
            async with new_database(settings.database_path) as database:
                await database.write(partial(gaps.hear, types=heard, now=NOON))
        found = await examine_events(settings)
    return found.what if found else None


@pytest.mark.parametrize("heard", [None, set(), {"message"}, ALL], ids=["no database", "nothing", "no file", "all"])
async def test_where_nobody_can_say_or_nothing_is_missing_it_is_silent(tmp_path: Path, heard: set[str] | None) -> None:
    assert await told(tmp_path, heard) is None


async def test_events_that_were_never_heard_are_named(tmp_path: Path) -> None:
    heard = ALL - {"channel_id_changed", "reaction_added"}
    assert await told(tmp_path, heard) == "never heard from Slack so far: channel_id_changed, reaction_added"
