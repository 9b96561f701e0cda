"""From a SQLite file to PostgreSQL: everything arrives, is checked, and nothing in the target is ever overwritten."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest

from storage import (
    channel_homes,
    claiming,
    deletions,
    folding,
    forgetting,
    gaps,
    inbox,
    install_states,
    installations,
    jobs,
    preferences,
    provider_facts,
    transcripts,
)
from storage.copying import Copied, NotTheSame, copy
from storage.database import Database, StorageUnavailable, Work
from storage.installations import Encrypted, Installed
from storage.job import Failure, JobState, Origin, Reason
from storage.migrations import migrate
from storage.options import TranscriptionOptions
from storage.postgresql import WAIT, PostgreSQL
from storage.sqlite import SQLite
from tests.bot.job_fixtures import a_job, new_database
from tests.postgresql import Server
from tests.storage.machines import sorted_as_people_do
from tests.storage.sessions import opened
from transcription.transcript import Speaker, Transcript, Turn

T = TypeVar("T")

TABLES = (
    "jobs",
    "job_history",
    "inbox",
    "transcripts",
    "corrections",
    "namings",
    "exports",
    "preferences",
    "installations",
    "presence",
    "provider_facts",
    "deletions",
    "channel_homes",
    "folding",
)


class Breaking:
    """A database that breaks down at a certain write, before it or (as a server may) after it was done."""

    def __init__(self, real: Database, *, at: int, done: bool) -> None:
        self._real, self._left, self._done = real, at, done
        self.is_shared = True
        self.read, self.search, self.scrub = real.read, real.search, real.scrub
        self.on_due, self.time, self.close = real.on_due, real.time, real.close

    async def write(self, work: Work[T]) -> T:
        self._left -= 1
        if self._left >= 0:
            return await self._real.write(work)
        if self._done:
            await self._real.write(work)
        raise StorageUnavailable("it broke")


class Sides:
    """A source with something of everything, and an empty target."""

    def __init__(self, path: Path, url: str, source: SQLite, target: PostgreSQL) -> None:
        self.source, self.target = source, target
        self._path, self._url = path, url

    def at_source(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._path)) as connection, connection:
            return [tuple(row) for row in connection.execute(sql, values)]

    def at_target(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self._url) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def same(self) -> bool:
        """Read past all of our own code."""
        columns = {
            table: ", ".join(row[1] for row in self.at_source(f"PRAGMA table_info({table})") if row[1] != "searchable")
            for table in TABLES
        }
        return all(
            sorted(self.at_source(f"SELECT {names} FROM {table}"), key=repr)  # noqa: S608 - our own names
            == sorted(self.at_target(f"SELECT {names} FROM {table}"), key=repr)  # noqa: S608 - same
            for table, names in columns.items()
        )

    def empty(self) -> bool:
        return all(self.at_target(f"SELECT count(*) FROM {table}") == [(0,)] for table in TABLES)  # noqa: S608 - same

    def clear(self) -> None:
        for table in (
            "jobs",
            "inbox",
            "preferences",
            "installations",
            "presence",
            "provider_facts",
            "notices",
            "deletions",
            "channel_homes",
            "folding",
        ):
            self.at_target(f"DELETE FROM {table}")  # noqa: S608 - our own names


@pytest.fixture(scope="module")
def url(postgresql: Server) -> str:
    return postgresql.new_database()


@pytest.fixture
async def sides(url: str, tmp_path: Path, noon: datetime) -> AsyncIterator[Sides]:
    async with new_database(tmp_path / "bot.db") as source, opened(url, patience=WAIT) as target:
        sides = Sides(tmp_path / "bot.db", url, source, target)
        sides.clear()
        await _fill(source, noon)
        yield sides


async def _fill(source: Database, noon: datetime) -> None:
    for number, state in enumerate(JobState):
        failure = Failure(reason=Reason.REFUSED, sentence="Too long.") if state is JobState.REPLIED else None
        job = await a_job(source, state, file=f"F{number}", failure=failure, held=state is JobState.SUBMITTED)
        await source.write(lambda tx, job=job: transcripts.put(tx, job.id, _transcript(), now=noon))  # type: ignore[misc]
    for number in range(3):
        place = preferences.Scope(team="T1", kind="channel", owner=f"C{number}")
        wanted = preferences.Preferences(automatic=False, options=TranscriptionOptions(vocabulary=("Sipho", "ค่ะ")))
        await source.write(
            lambda tx, place=place, wanted=wanted: preferences.put(tx, place, wanted, seen=0, by="U1", now=noon)  # type: ignore[misc]
        )
    await source.write(lambda tx: forgetting.app_removed(tx, place="T9", now=noon))
    await source.write(lambda tx: channel_homes.settle(tx, organisation="E1", team="T2", channel="C1"))
    await source.write(lambda tx: folding.note(tx, team="T1", taken=True, now=noon))
    await source.write(lambda tx: folding.claim(tx, team="T2", seen=None, now=noon))
    for team, enterprise in (("T1", None), ("T2", "E1")):
        await source.write(partial(deletions.remember_file, team=team, enterprise=enterprise, file="F1", now=noon))
    await source.write(
        lambda tx: tx.run(  # what an earlier release wrote
            "INSERT INTO job_history (job_id, at, state, note) "
            "SELECT id, 1, state, CASE WHEN state = 'ready' THEN NULL ELSE 'a step' END FROM jobs"
        )
    )
    await source.write(
        lambda tx: tx.run(
            "INSERT INTO exports (job_id, number, request, format, recipient, asked_by, asked_at, file) "
            "SELECT id, 1, 'V1', 'docx', 'person', 'U1', 1, 'F9' FROM jobs WHERE state = 'replied'"
        )
    )
    await source.write(
        lambda tx: tx.run(
            "INSERT INTO corrections "
            "(job_id, version, made_at, turn, place, before, after, corrected_by, name, corrected_at) "
            "SELECT id, 1, 1, 0, 0, 'Dumela', 'ก', 'U1', 'Größe', 1 FROM jobs WHERE state = 'replied'"
        )
    )
    origin = Origin(enterprise="E1", team="T1", channel="C2", file="F1", occasion="event:1.0", user="U1")
    await source.write(lambda tx: jobs.add(tx, origin=origin, now=noon, title="Größe ก 🎙"))
    for body in (b"", bytes(range(256)), b"\xff" * 100_000):
        await source.write(lambda tx, body=body: inbox.keep(tx, provider="p", handle="h", body=body, now=noon))  # type: ignore[misc]
    await source.write(lambda tx: inbox.mark_read(tx, provider="p", handle="h", now=noon))
    await source.write(lambda tx: inbox.keep(tx, provider="q", handle="h", body=b"", now=noon))
    for where in ("T1", "E1"):
        await source.write(lambda tx, where=where: installations.put(tx, _installed(where, noon)))  # type: ignore[misc]
    facts = {"status call of https://api.example": "missing"}
    await source.write(lambda tx: provider_facts.learn(tx, facts, provider="gowajee", now=noon))
    await source.write(lambda tx: install_states.issue(tx, "under way", now=noon, until=noon))


def _installed(place: str, noon: datetime) -> Installed:
    return Installed(
        place=place,
        enterprise="E1",
        url="",
        bot_user="U1",
        scopes=frozenset({"a"}),
        token=Encrypted("sealed"),
        refresh_token=Encrypted("too"),
        expires_at=noon,
        installed_by="U2",
        installed_at=noon,
    )


def _transcript() -> Transcript:
    turn = Turn(start=timedelta(0), end=timedelta(seconds=1), text="Dumela ก\0", speaker=Speaker(label="s0"))
    return Transcript(turns=(turn,), duration=timedelta(seconds=1))


ALL = Copied(jobs=len(JobState) + 1, bodies=4)


async def test_everything_arrives_and_a_second_time_changes_nothing(sides: Sides) -> None:
    assert await copy(sides.source, sides.target) == ALL
    assert sides.same()
    before = sides.at_target("SELECT id, xmin::text FROM jobs ORDER BY id")
    assert await copy(sides.source, sides.target, page_size=3) == ALL
    assert sides.at_target("SELECT id, xmin::text FROM jobs ORDER BY id") == before


@pytest.mark.parametrize("done", [False, True], ids=["before the write", "after it"])
async def test_wherever_it_breaks_it_can_be_repeated(sides: Sides, done: bool) -> None:  # noqa: FBT001 - a parameter
    for at in range(100):
        sides.clear()
        try:
            await copy(sides.source, Breaking(sides.target, at=at, done=done), page_size=3)
        except StorageUnavailable:
            assert await copy(sides.source, sides.target) == ALL
            assert sides.same(), at
        else:
            break
    assert at > len(JobState) / 3


async def test_a_target_with_other_jobs_is_refused_before_anything_is_written(sides: Sides) -> None:
    await a_job(sides.target, JobState.RECEIVED, file="of somebody else")
    with pytest.raises(NotTheSame, match="empty database"):
        await copy(sides.source, sides.target)
    assert sides.at_target("SELECT file FROM jobs") == [("of somebody else",)]
    assert sides.at_target("SELECT count(*) FROM inbox") == [(0,)]


async def test_a_target_with_other_webhooks_is_refused_too(sides: Sides, noon: datetime) -> None:
    await sides.target.write(lambda tx: inbox.keep(tx, provider="p", handle="h", body=b"theirs", now=noon))
    with pytest.raises(NotTheSame, match="empty database"):
        await copy(sides.source, sides.target)
    assert sides.at_target("SELECT count(*) FROM jobs") == [(0,)]


async def test_a_target_with_other_installations_is_refused_too(sides: Sides, noon: datetime) -> None:
    await sides.target.write(lambda tx: installations.put(tx, _installed("T9", noon)))
    with pytest.raises(NotTheSame, match="empty database"):
        await copy(sides.source, sides.target)
    assert sides.at_target("SELECT count(*) FROM jobs") == [(0,)]


async def test_installations_that_are_under_way_and_when_slack_was_heard_are_left_behind(
    sides: Sides, noon: datetime
) -> None:
    await sides.source.write(lambda tx: gaps.note(tx, now=noon))
    await copy(sides.source, sides.target)
    assert sides.at_target("SELECT digest FROM install_states") == []
    assert sides.at_target("SELECT place FROM presence") == [("removed T9",)]


CHANGES = (
    "UPDATE jobs SET title = 'another' WHERE state = 'ready'",
    "UPDATE jobs SET lease = NULL WHERE lease IS NOT NULL",
    "UPDATE jobs SET due_at = due_at + 1 WHERE due_at IS NOT NULL",
    "UPDATE job_history SET seq = seq + 1",
    "UPDATE job_history SET note = NULL WHERE note IS NOT NULL",
    "UPDATE job_history SET note = '' WHERE note IS NULL",
    "UPDATE jobs SET history = ''",
    "DELETE FROM job_history WHERE state = 'replied'",
    "INSERT INTO job_history (job_id, at, state) SELECT id, 1, 'received' FROM jobs LIMIT 1",
    "UPDATE transcripts SET body = replace(body, 'Dumela', 'dumela')",
    "DELETE FROM transcripts",
    "UPDATE exports SET file = NULL",
    "UPDATE inbox SET body = '' WHERE length(body) > 0",
    "UPDATE inbox SET read_at = NULL",
    "UPDATE installations SET token = 'another'",
)


async def test_whatever_is_not_as_in_the_source_is_noticed(sides: Sides) -> None:
    for change in CHANGES:
        sides.clear()
        await copy(sides.source, sides.target)
        sides.at_target(change)
        with pytest.raises(NotTheSame, match="not in the target as it is in the source"):
            await copy(sides.source, sides.target)


async def test_what_went_on_in_the_source_after_a_copy_is_noticed(sides: Sides, noon: datetime) -> None:
    await copy(sides.source, sides.target)
    await sides.source.write(lambda tx: claiming.void_leases(tx, now=noon))
    with pytest.raises(NotTheSame, match="empty database"):
        await copy(sides.source, sides.target)


async def test_texts_that_postgresql_cannot_keep_arrive_as_near_as_can_be(sides: Sides) -> None:
    sides.at_source("UPDATE jobs SET title = ?", "a\0b")
    assert await copy(sides.source, sides.target) == ALL
    assert set(sides.at_target("SELECT title FROM jobs")) == {("a\ufffdb",)}


async def test_notes_of_one_moment_without_numbers_are_the_same_in_any_order(sides: Sides) -> None:
    # As the first release wrote them: no numbers, so each database sorts them as it likes.
    sides.at_source("UPDATE job_history SET seq = 0, at = 1, state = 'received'")
    sides.at_source(
        "INSERT INTO job_history (job_id, at, state, note) SELECT jobs.id, 1, 'received', value FROM jobs, "
        """json_each('["b", "B", "a", "_", "Z", "ä", null, "-a"]')"""
    )
    assert await copy(sides.source, sides.target) == ALL
    assert sides.same()


async def test_a_target_that_sorts_otherwise_gets_everything_all_the_same(sides: Sides, postgresql: Server) -> None:
    names = ("a", "B", "_b", "-a", "Z", "ä", "b", "A")
    for (old,), new in zip(sides.at_source("SELECT id FROM jobs"), names, strict=True):
        for column in ("jobs SET id", "job_history SET job_id", "transcripts SET job_id", "exports SET job_id"):
            sides.at_source(f"UPDATE {column} = ? WHERE {column.split()[-1]} = ?", new, old)
    target = await PostgreSQL.open(await asyncio.to_thread(sorted_as_people_do, postgresql))
    await migrate(target)
    for _ in range(2):
        assert await copy(sides.source, target, page_size=2) == ALL
    order = await target.read(lambda tx: [row["id"] for row in tx.all("SELECT id FROM jobs ORDER BY id")])
    await target.close()
    assert sorted(order) == sorted(names)
    assert order != sorted(order), "it sorts as SQLite does, so that this test shows nothing"
