"""The schema goes forward only, and never leaves the release before it behind."""

import asyncio
import re
from importlib import resources
from pathlib import Path

import pytest

from storage.database import Database, StorageUnavailable
from storage.migrations import migrate, statements
from storage.postgresql import PostgreSQL
from tests.bot.job_fixtures import open_file
from tests.postgresql import Server

ADDS = re.compile(r"(CREATE (TABLE|INDEX|VIRTUAL TABLE|TRIGGER)|DROP INDEX|ALTER TABLE \w+ ADD COLUMN) ")


def every_file() -> list[tuple[str, str]]:
    found = [file for file in resources.files("storage.schema").iterdir() if file.name.endswith(".sql")]
    return sorted((file.name, file.read_text()) for file in found)


def files() -> list[tuple[str, str]]:
    """Those that every database knows."""
    return [(name, sql) for name, sql in every_file() if name.count(".") == 1]


async def test_migrating_twice_changes_nothing(database: Database) -> None:
    assert await migrate(database) == []


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [int(name[:4]) for name, _ in files()] == list(range(1, len(files()) + 1))


def test_what_one_database_knows_alone_comes_with_a_migration_of_both() -> None:
    names = {name for name, _ in files()}
    own = [name.rsplit(".", 2) for name, _ in every_file() if name not in names]
    assert all(f"{stem}.sql" in names and dialect in {"sqlite", "postgresql"} for stem, dialect, _ in own)


@pytest.mark.parametrize(("name", "sql"), every_file(), ids=[name for name, _ in every_file()])
def test_a_migration_only_adds_so_that_the_release_before_it_goes_on_working(name: str, sql: str) -> None:
    for statement in statements(sql):
        assert ADDS.match(statement), f"{name}: {statement}"
        added = re.match(r"ALTER TABLE \w+ ADD COLUMN (.*)", statement)
        assert not added or "NOT NULL" not in statement or "DEFAULT" in statement, f"{name}: {statement}"


async def test_a_schema_that_is_newer_is_used_as_it_is(database: Database) -> None:
    await database.write(lambda tx: tx.run("INSERT INTO schema_version (version) VALUES (999)"))
    assert await migrate(database) == []


async def test_a_schema_that_has_left_this_program_behind_is_refused_with_what_to_do(database: Database) -> None:
    await database.write(lambda tx: tx.run("INSERT INTO schema_floor (oldest) VALUES (999)"))
    with pytest.raises(StorageUnavailable, match="update it"):
        await migrate(database)


async def test_a_database_of_the_first_schema_goes_forward_with_its_jobs(tmp_path: Path) -> None:
    async with open_file(tmp_path / "jobs.db") as database:
        await database.write(lambda tx: [tx.run(statement) for statement in statements(files()[0][1])])
        await database.write(lambda tx: tx.run("CREATE TABLE schema_version (version INTEGER PRIMARY KEY)"))
        await database.write(lambda tx: tx.run("INSERT INTO schema_version VALUES (1)"))
        await database.write(
            lambda tx: tx.run(
                "INSERT INTO jobs (id, team, channel, file, occasion, user_id, state, state_since, attempts, due_at, "
                "created_at) VALUES ('j1', 'T', 'C', 'F', '1.0', 'U', 'received', 1, 0, 1, 1)"
            )
        )
        assert await migrate(database) == [name for name, _ in files()[1:]]
        row = await database.read(lambda tx: tx.one("SELECT id, waiting FROM jobs"))
        assert row is not None
        assert (row["id"], row["waiting"]) == ("j1", 0)


async def test_several_processes_that_migrate_at_once_apply_everything_once(postgresql: Server) -> None:
    url = await asyncio.to_thread(postgresql.empty_database)
    opened = [await PostgreSQL.open(url) for _ in range(4)]
    applied = await asyncio.gather(*(migrate(database) for database in opened))
    assert sorted(name for names in applied for name in names) == [name for name, _ in files()]
    for database in opened:
        await database.close()
