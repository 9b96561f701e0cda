"""The release before goes on working on the newest schema, and the new one with what that leaves behind.

`released/0001.json` holds the statements of the release that knew the first migration only, as they were.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from storage import claiming, inbox, job_lists, jobs, transcripts
from storage.claiming import FairShare
from storage.database import Database, Row, SqlValue, StorageUnavailable, Transaction
from storage.job import Job, JobId, JobState, Origin
from storage.migrations import migrate, statements
from storage.postgresql import WAIT
from storage.timestamps import stored
from tests.bot.job_fixtures import open_file
from tests.postgresql import Server
from tests.storage.sessions import either, opened
from tests.storage.test_migrations import files

MINUTE = timedelta(minutes=1)

SQL: dict[str, str] = json.loads((Path(__file__).parent / "released" / "0001.json").read_text())

ORIGIN = Origin(team="T1", channel="C1", file="F1", occasion="1.0", user="U1", thread="1.0")

COLUMNS = (
    "id",
    "occasion",
    "thread",
    "message_ts",
    "user_id",
    "title",
    "state",
    "state_since",
    "provider",
    "duration",
    "damaged",
    "ticket",
    "handle",
    "attempts",
    "tickets",
    "sendings",
    "retried",
    "due_at",
    "reply_intent",
    "reply_ts",
    "failure_reason",
    "failure_sentence",
)


class Before:
    """The worker of the release before: its statements, with the values that it gave them."""

    def __init__(self, database: Database, now: datetime) -> None:
        self._database = database
        self._now = stored(now)

    async def add(self, job: str) -> Row | None:
        values: dict[str, SqlValue] = {
            "id": job,
            "enterprise": None,
            "team": "T1",
            "channel": "C1",
            "file": "F1",
            "occasion": "1.0",
            "thread": "1.0",
            "user": "U1",
            "title": "A title",
            "now": self._now,
        }

        def work(tx: Transaction) -> Row | None:
            row = tx.one(SQL["jobs.add"], **values)
            if row is not None:
                self._note(tx, job, "received", None)
            return row

        return await self._database.write(work)

    def _note(self, tx: Transaction, job: str, state: str, note: str | None) -> None:
        tx.run(SQL["job_rows.write_history"], job_id=job, at=self._now, state=state, note=note)

    async def claim(self, lease: str = "old") -> Row:
        until = self._now + 60_000
        row = await self.one("jobs.claim", lease=lease, now=self._now, until=until)
        assert row is not None
        return row

    async def save(self, row: Row, **changes: SqlValue) -> None:
        """Every column as it was but for the changes; with a note where the state is another."""
        values: dict[str, SqlValue] = {name: row[name] for name in COLUMNS} | changes
        values |= {"user": values.pop("user_id"), "keep_due": 1, "new_lease": row["lease"], "lease": row["lease"]}

        def work(tx: Transaction) -> None:
            assert tx.run(SQL["job_rows.update"], **values) == 1
            if "state" in changes:
                self._note(tx, row["id"], str(changes["state"]), "a step")

        await self._database.write(work)

    async def run(self, name: str, **values: SqlValue) -> int:
        return await self._database.write(lambda tx: tx.run(SQL[name], **values))

    async def one(self, name: str, **values: SqlValue) -> Row | None:
        return await self._database.write(lambda tx: tx.one(SQL[name], **values))

    async def all(self, name: str, **values: SqlValue) -> list[Row]:
        return list(await self._database.read(lambda tx: tx.all(SQL[name], **values)))


@pytest.fixture(scope="module")
def urls() -> list[str]:
    return []


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path, urls: list[str]) -> AsyncIterator[Database]:
    async with either(request, tmp_path, urls) as opened:
        yield opened


@pytest.fixture
def before(database: Database, noon: datetime) -> Before:
    return Before(database, noon)


def _claim(tx: Transaction, *, now: datetime) -> Job | None:
    return claiming.claim(tx, fair_share=FairShare(), now=now, until=now + MINUTE)


async def test_the_release_before_takes_a_job_from_the_event_to_the_reply(
    database: Database, before: Before, noon: datetime
) -> None:
    now = stored(noon)
    assert await before.add("job1")
    assert await before.add("job2") is None, "the same sharing"
    row = await before.claim()
    assert await before.run("jobs.extend", id="job1", lease="old", until=now + 90_000) == 1
    await before.save(row, state="submitting", provider="p", ticket="t", duration=1500)
    await before.save(await before.one("jobs.get", id="job1") or row, state="submitted", handle="h1")
    assert await before.run("jobs.release", id="job1", lease="old", due=now + 540_000, attempts=0) == 1
    due = await before.one("jobs.next_due")
    assert due is not None
    assert due["due_at"] == now + 540_000
    kept = {"provider": "p", "handle": "h1"}
    assert await before.run("inbox.keep", **kept, digest="d", body=b"done", now=now) == 1
    assert await before.run("jobs.wake", **kept, now=now) == 1
    row = await before.claim()
    assert await before.one("inbox.has_unread", **kept)
    assert await before.run("inbox.mark_read", **kept, now=now) == 1
    newest = await before.one("inbox.newest", **kept)
    assert newest is not None
    assert bytes(newest["body"]) == b"done"
    assert await before.run("transcripts.put", job_id="job1", body='{"turns":[],"duration":"PT1S"}', now=now) == 1
    assert await before.run("inbox.forget", **kept) == 1
    for state in ("ready", "replying", "replied"):
        await before.save(await before.one("jobs.get", id="job1") or row, state=state, reply_ts="2.0")
    assert await before.run("jobs.release", id="job1", lease="old", due=None, attempts=0) == 1
    told = await before.all("job_lists.history", id="job1")
    assert [row["state"] for row in told][:3] == ["received", "submitting", "submitted"]
    # And the new release reads the same.
    job = await database.read(lambda tx: jobs.get(tx, JobId("job1")))
    assert job is not None
    assert (job.state, job.reply_ts, job.due_at, job.title) == (JobState.REPLIED, "2.0", None, "A title")
    assert len(await database.read(lambda tx: job_lists.history(tx, job.id))) == len(told)
    assert await database.read(lambda tx: transcripts.get(tx, job.id)) is not None
    assert await database.read(lambda tx: inbox.newest(tx, provider="p", handle="h1")) is None


async def test_every_other_statement_of_it_is_understood_too(database: Database, before: Before) -> None:
    done = {
        "jobs.add",
        "jobs.claim",
        "jobs.extend",
        "jobs.release",
        "jobs.get",
        "jobs.next_due",
        "job_rows.update",
        "job_rows.write_history",
        "inbox.keep",
        "inbox.newest",
        "inbox.has_unread",
        "inbox.mark_read",
        "inbox.forget",
        "jobs.wake",
        "transcripts.put",
        "job_lists.history",
    }
    values: dict[str, SqlValue] = {
        "team": "T1",
        "channel": "C1",
        "file": "F1",
        "occasion": "1.0",
        "id": "j",
        "job_id": "j",
        "provider": "p",
        "handle": "h",
        "now": 1,
        "since": 0,
        "before": 1,
        "duration": 1,
        "limit": 9,
        "user": "U1",
        "ts": "1.0",
    }
    assert await before.add("job1")
    for name in sorted(SQL.keys() - done):
        used = {key: value for key, value in values.items() if f":{key}" in SQL[name]}
        await database.write(lambda tx, name=name, used=used: tx.run(SQL[name], **used))  # type: ignore[misc]


async def test_what_the_release_before_added_is_claimed_by_the_new_one(
    database: Database, before: Before, noon: datetime
) -> None:
    await before.add("job1")
    job = await database.write(lambda tx: _claim(tx, now=noon))
    assert job is not None
    assert job.id == "job1"
    assert await database.write(lambda tx: jobs.add(tx, origin=ORIGIN, now=noon)) is None


async def test_what_the_new_release_added_is_claimed_by_the_one_before_and_by_nobody_else(
    database: Database, before: Before, noon: datetime
) -> None:
    added = await database.write(lambda tx: jobs.add(tx, origin=ORIGIN, now=noon))
    assert added is not None
    assert (await before.claim())["id"] == added.id
    assert await database.write(lambda tx: _claim(tx, now=noon)) is None
    assert await database.read(claiming.next_due) is None


async def test_what_the_release_before_had_in_hand_when_it_died_is_taken_over(
    database: Database, before: Before, noon: datetime
) -> None:
    added = await database.write(lambda tx: jobs.add(tx, origin=ORIGIN, now=noon))
    assert added is not None
    await before.claim()
    await database.write(lambda tx: claiming.pull_back(tx, now=noon, lease=MINUTE))
    assert await database.write(lambda tx: _claim(tx, now=noon)) is None, "its lease holds"
    assert await database.read(claiming.next_due) == noon + MINUTE
    job = await database.write(lambda tx: _claim(tx, now=noon + MINUTE))
    assert job is not None
    assert job.id == added.id


async def test_where_there_is_one_process_a_new_start_takes_over_what_the_release_before_had(
    database: Database, before: Before, noon: datetime
) -> None:
    added = await database.write(lambda tx: jobs.add(tx, origin=ORIGIN, now=noon))
    assert added is not None
    await before.claim()
    await database.write(lambda tx: claiming.void_leases(tx, now=noon))
    assert await database.write(lambda tx: _claim(tx, now=noon)) is not None


async def test_notes_of_both_releases_are_told_in_their_order(
    database: Database, before: Before, noon: datetime
) -> None:
    await before.add("job1")
    row = await before.claim()
    await before.save(row, state="submitting")
    job = await database.read(lambda tx: jobs.get(tx, JobId("job1")))
    assert job is not None
    later = noon + MINUTE
    await database.write(lambda tx: jobs.save(tx, job, job, now=later, note="new"))
    await database.write(lambda tx: jobs.save(tx, job, job, now=later, note="newer"))
    told = await database.read(lambda tx: job_lists.history(tx, job.id))
    assert [note for _, _, note in told][2:] == ["new", "newer"]


@pytest.fixture(params=["sqlite", "postgresql"])
async def first_schema(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database as the first release made it."""
    if request.param == "sqlite":
        async with open_file(tmp_path / "jobs.db") as in_file:
            await _make_first_schema(in_file)
            yield in_file
        return
    server: Server = request.getfixturevalue("postgresql")
    async with opened(await asyncio.to_thread(server.empty_database), patience=WAIT) as on_server:
        await _make_first_schema(on_server)
        yield on_server


async def _make_first_schema(database: Database) -> None:
    await database.write(lambda tx: [tx.run(statement) for statement in statements(files()[0][1])])
    await database.write(lambda tx: tx.run("CREATE TABLE schema_version (version INTEGER PRIMARY KEY)"))
    await database.write(lambda tx: tx.run("INSERT INTO schema_version VALUES (1)"))


async def test_jobs_of_the_first_schema_are_worked_on_after_the_migration(
    first_schema: Database, noon: datetime
) -> None:
    before = Before(first_schema, noon)
    await before.add("job1")
    row = await before.claim()
    await before.save(row, state="submitting", provider="p")
    await before.run("jobs.release", id="job1", lease="old", due=stored(noon + MINUTE), attempts=2)
    assert await migrate(first_schema) == [name for name, _ in files()[1:]]
    assert await first_schema.write(lambda tx: _claim(tx, now=noon)) is None
    job = await first_schema.write(lambda tx: _claim(tx, now=noon + MINUTE))
    assert job is not None
    assert (job.id, job.state, job.attempts) == ("job1", JobState.SUBMITTING, 2)
    told = await first_schema.read(lambda tx: job_lists.history(tx, job.id))
    assert [state for _, state, _ in told] == ["received", "submitting"]


async def test_a_migration_that_fails_on_its_way_leaves_nothing_and_can_be_repeated(first_schema: Database) -> None:
    await first_schema.write(lambda tx: tx.run("CREATE TABLE schema_floor (in_the_way INTEGER)"))
    with pytest.raises(StorageUnavailable):
        await migrate(first_schema)
    with pytest.raises(StorageUnavailable):
        await first_schema.read(lambda tx: tx.all("SELECT waiting FROM jobs"))
    versions = await first_schema.read(lambda tx: tx.all("SELECT version FROM schema_version"))
    assert [row["version"] for row in versions] == [1]
    await first_schema.write(lambda tx: tx.run("DROP TABLE schema_floor"))
    assert await migrate(first_schema) == [name for name, _ in files()[1:]]
