"""What people want is kept, and the more special goes before the more general."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from storage import preferences
from storage.database import Database
from storage.job import Origin
from storage.options import NO_OPTIONS, TranscriptionOptions
from storage.preferences import NONE, Kept, Preferences, PreferencesOutdated, Scope

CHANNEL = Scope(team="T1", kind="channel", owner="C1")
PERSON = Scope(team="T1", kind="person", owner="U1")
WORKSPACE = Scope(team="T1", kind="workspace")
ORIGIN = Origin(team="T1", channel="C1", file="F1", occasion="1.0", user="U1")

EVERYTHING = Preferences(
    automatic=False,
    outside=True,
    locked=True,
    options=TranscriptionOptions(
        transcriber="botlhale",
        language="zu-ZA",
        speakers=(2, 4),
        vocabulary=("Sipho", "ค่ะ"),
        form="file",
        time_marks=False,
    ),
)


async def _put(database: Database, now: datetime, place: Scope, wanted: Preferences, *, seen: int = 0) -> None:
    await database.write(lambda tx: preferences.put(tx, place, wanted, seen=seen, by="U9", now=now))


async def _of(database: Database, origin: Origin = ORIGIN) -> Preferences:
    """The settings of a recording, which are those of where it is shared, before it is."""
    found = await database.read(lambda tx: preferences.of_recording(tx, origin))
    team, channel, user = origin.team, origin.channel, origin.user
    before = await database.read(
        lambda tx: preferences.at_sharing(tx, team=team, channel=channel, user=user, organisation=None)
    )
    assert found == before
    return found


async def test_what_is_chosen_comes_out_as_it_went_in(database: Database, noon: datetime) -> None:
    assert await database.read(lambda tx: preferences.get(tx, CHANNEL)) == Kept()
    await _put(database, noon, CHANNEL, EVERYTHING)
    kept = await database.read(lambda tx: preferences.get(tx, CHANNEL))
    assert kept == Kept(preferences=EVERYTHING, version=1, by="U9")


async def test_the_channel_goes_before_the_person_and_both_before_the_workspace(
    database: Database, noon: datetime
) -> None:
    assert await _of(database) == NONE
    await _put(
        database,
        noon,
        WORKSPACE,
        Preferences(options=TranscriptionOptions(language="en-ZA", time_marks=False, speakers=(2, 2))),
    )
    await _put(database, noon, PERSON, Preferences(options=TranscriptionOptions(language="zu-ZA", speakers=(1, 1))))
    await _put(database, noon, CHANNEL, Preferences(options=TranscriptionOptions(language="st-ZA")))
    assert (await _of(database)).options == TranscriptionOptions(language="st-ZA", speakers=(1, 1), time_marks=False)
    elsewhere = replace(ORIGIN, channel="C2", user="U2")
    assert (await _of(database, elsewhere)).options == TranscriptionOptions(
        language="en-ZA", speakers=(2, 2), time_marks=False
    )
    assert await _of(database, replace(ORIGIN, team="T2")) == NONE


async def test_whoever_wants_to_be_asked_first_is_asked_in_every_channel(database: Database, noon: datetime) -> None:
    await _put(database, noon, CHANNEL, Preferences(automatic=True))
    await _put(database, noon, PERSON, Preferences(automatic=False))
    assert (await _of(database)).automatic is False
    assert (await _of(database, replace(ORIGIN, user="U2"))).automatic is True


@pytest.mark.parametrize("place", [PERSON, WORKSPACE])
async def test_only_the_channel_itself_opens_it_to_another_company(
    database: Database, noon: datetime, place: Scope
) -> None:
    await _put(database, noon, place, Preferences(outside=True))
    assert (await _of(database)).outside is None
    await _put(database, noon, CHANNEL, Preferences(outside=True))
    assert (await _of(database)).outside is True


async def test_whoever_saves_last_learns_what_was_saved_since(database: Database, noon: datetime) -> None:
    await _put(database, noon, CHANNEL, Preferences(automatic=False))
    with pytest.raises(PreferencesOutdated) as told:
        await _put(database, noon, CHANNEL, Preferences(automatic=True))
    assert told.value.newest.preferences.automatic is False
    await _put(database, noon, CHANNEL, Preferences(automatic=True), seen=1)
    assert (await database.read(lambda tx: preferences.get(tx, CHANNEL))).version == 2


async def test_a_workspace_that_goes_takes_its_own_along_only(database: Database, noon: datetime) -> None:
    other = replace(CHANNEL, team="T2")
    for place in (CHANNEL, PERSON, other):
        await _put(database, noon, place, EVERYTHING)
    await database.write(lambda tx: preferences.forget_workspace(tx, team="T1"))
    assert (await database.read(lambda tx: preferences.get(tx, CHANNEL))).version == 0
    assert (await database.read(lambda tx: preferences.get(tx, other))).version == 1


def test_what_a_later_release_has_written_is_read_as_far_as_it_is_known() -> None:
    later = '{"automatic": false, "language": "zu-ZA", "mood": "cheerful"}'
    assert Preferences.load(later) == Preferences(automatic=False, options=TranscriptionOptions(language="zu-ZA"))
    assert TranscriptionOptions.load(None) == NO_OPTIONS
    assert NO_OPTIONS.dump() is None
