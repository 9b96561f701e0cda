"""The release before goes on working on the schema of today: its own tests of its own code pass there.

And what is asked of a migration so that this stays so: it adds, and narrows nothing.
"""

from __future__ import annotations

import ast
import asyncio
import lzma
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from storage.database import Database, Transaction
from storage.migrations import migrate, statements
from storage.postgresql import PostgreSQL
from storage.sqlite import SQLite
from tests.postgresql import Server
from tests.released import before
from tests.storage.schema_description import described

TODAY = before.ROOT / before.SCHEMA

OF_THE_CONNECTION = frozenset(
    {"backup", "broken_connections", "concurrency", "database", "matching", "plans", "postgresql", "sqlite", "values"}
)
"""Tests that a schema has no say in, or that look for how quick an index makes it."""

OF_THE_HISTORY = frozenset({"migrations", "released"})
"""Tests that look at the files of a schema, as those of today do."""

WITHOUT_A_TABLE = frozenset(
    {
        "backup.back_up",  # copies the file
        "matching.spans",
        "passages.merge",  # rewrites the index of one database
        "postgresql.PostgreSQL.on_due",
        "postgresql.PostgreSQL.time",
        "postgresql._Transaction.is_stale",
        "postgresql_words.why",
        "sqlite.SQLite.on_due",
        "sqlite.SQLite.time",
    }
)
"""Functions that its tests of the schema leave out, because they know none of it."""

SETTINGS = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
addopts = --import-mode=importlib -p no:randomly -p no:cacheprovider -p no:xdist -p witness --strict-markers
filterwarnings = error
"""


def test_the_archive_holds_the_commit_that_it_is_named_after() -> None:
    history = before.in_history()
    if history is None:
        pytest.skip("there is no history here, or not so much of it")
    assert before.contents() == history


def test_the_commit_is_told_where_the_archive_is() -> None:
    told = (before.FOLDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\b[0-9a-f]{40}\b", told) == [before.COMMIT]
    assert [path.name for path in before.FOLDER.glob("*.tar.*")] == [before.archive().name]
    assert f"`{before.archive().name}`" in told


def test_the_archive_is_the_same_wherever_it_is_made(tmp_path: Path) -> None:
    before.pack(before.contents(), tmp_path / "again.tar.xz")
    assert _unpacked(tmp_path / "again.tar.xz") == _unpacked(before.archive())


def _unpacked(path: Path) -> bytes:
    return lzma.decompress(path.read_bytes())


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def test_its_own_tests_pass_on_the_schema_of_today_and_leave_out_none_of_its_functions(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if kind == "postgresql":
        request.getfixturevalue("postgresql")  # it starts one of its own, where this can be had
    folder = before.unpack(tmp_path / "before", schema=TODAY)
    for name, place in (("witness.py", "witness.py"), ("left_out.py", "tests/storage/test_left_out.py")):
        (folder / place).write_bytes((before.FOLDER / name).read_bytes())
    (folder / "pytest.ini").write_text(SETTINGS, encoding="utf-8")
    left_out = OF_THE_CONNECTION | OF_THE_HISTORY
    ended = subprocess.run(  # noqa: S603 - its own code and its own tests
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "tests/storage",
            "-k",
            _only(kind),
            *(f"--ignore=tests/storage/test_{name}.py" for name in sorted(left_out)),
        ],
        cwd=folder,
        env=_environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert int(re.findall(r"(\d+) passed", ended.stdout)[0]) > 200
    assert "skipped" not in ended.stdout
    called = set((folder / "called").read_text(encoding="utf-8").splitlines())
    other = "postgresql" if kind == "sqlite" else "sqlite"
    missing = {name for name in _public(folder) - called if not name.startswith(other)}
    assert missing - WITHOUT_A_TABLE == set()


def _only(kind: str) -> str:
    """Those of this database; with the server also what is tested without a database."""
    return "sqlite" if kind == "sqlite" else "not sqlite"


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return kept | {"PYTHONPATH": str(folder), "WITNESS": str(folder / "called")}


def _public(folder: Path) -> set[str]:
    return {name for path in (folder / "storage").glob("*.py") for name in _functions(path)}


def _functions(path: Path) -> Iterator[str]:
    """The names of a module's public functions and methods, but of protocols, which have nothing in them."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield f"{path.stem}.{node.name}"
        elif isinstance(node, ast.ClassDef) and "Protocol" not in map(ast.unparse, node.bases):
            methods = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
            yield from (f"{path.stem}.{node.name}.{one.name}" for one in methods if not one.name.startswith("_"))


def released() -> dict[str, bytes]:
    """The files of its schema, by name."""
    files = {Path(name): content for name, content in before.contents().items()}
    return {path.name: content for path, content in files.items() if path.parent == before.SCHEMA and _is_sql(path)}


def _is_sql(path: Path) -> bool:
    return path.suffix == ".sql"


def later() -> list[Path]:
    """The files of a schema that came since."""
    return sorted(path for path in TODAY.glob("*.sql") if path.name not in released())


def test_what_was_released_of_the_schema_is_as_it_was() -> None:
    files = released()
    assert len(files) > 10
    assert {name: (TODAY / name).read_bytes() for name in files} == files


def test_what_came_since_has_higher_numbers() -> None:
    assert min((path.name for path in later()), default="9") > max(released())


NEW_TABLE = re.compile(r"CREATE (?:VIRTUAL )?TABLE (\w+) ")
NEW_COLUMN = re.compile(r"ALTER TABLE \w+ ADD COLUMN \w+ (.*)", re.DOTALL)
NEW_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX \w+ ON (\w+) ")
NEW_TRIGGER = re.compile(r"CREATE TRIGGER \w+ (?:BEFORE|AFTER) \w+(?: OF [\w, ]+)? ON (\w+) ")
NARROW = re.compile(r"\b(UNIQUE|CHECK|REFERENCES|PRIMARY KEY|GENERATED|CONSTRAINT|COLLATE)\b")


def narrows(statement: str, *, own: set[str]) -> bool:
    """Whether a statement does more than add what the release before need not know of; `own` are tables made since."""
    if NEW_TABLE.match(statement):
        return False
    if column := NEW_COLUMN.match(statement):
        needed = "NOT NULL" in column[1] and not re.search(r"DEFAULT (?!NULL)", column[1])
        return needed or NARROW.search(column[1]) is not None
    if index := NEW_INDEX.match(statement):
        return index[1] is not None and index[2] not in own
    if trigger := NEW_TRIGGER.match(statement):
        return trigger[1] not in own
    return True


def test_every_migration_since_only_expands() -> None:
    own: set[str] = set()
    for path in later():
        for statement in statements(path.read_text(encoding="utf-8")):
            own.update(NEW_TABLE.findall(statement))
            assert not narrows(statement, own=own), f"{path.name}: {statement}"


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE namings",
        "DROP INDEX jobs_owed",
        "ALTER TABLE jobs DROP COLUMN title",
        "ALTER TABLE jobs RENAME COLUMN title TO name",
        "ALTER TABLE jobs RENAME TO work",
        "ALTER TABLE jobs ALTER COLUMN title SET NOT NULL",
        "ALTER TABLE jobs ADD CONSTRAINT one CHECK (attempts >= 0)",
        "ALTER TABLE jobs ADD COLUMN a TEXT NOT NULL",
        "ALTER TABLE jobs ADD COLUMN a TEXT NOT NULL DEFAULT NULL",
        "ALTER TABLE jobs ADD COLUMN a TEXT UNIQUE",
        "ALTER TABLE jobs ADD COLUMN a BIGINT CHECK (a > 0)",
        "ALTER TABLE jobs ADD COLUMN a TEXT REFERENCES transcripts (job_id)",
        "CREATE UNIQUE INDEX one ON jobs (handle)",
        "CREATE TRIGGER no BEFORE UPDATE ON jobs BEGIN SELECT RAISE(ABORT, 'no'); END",
        "UPDATE jobs SET state = 'waiting' WHERE state = 'received'",
        "INSERT INTO schema_floor (oldest) VALUES (12)",
        "DELETE FROM presence",
    ],
)
def test_what_would_leave_the_release_before_behind_is_seen(statement: str) -> None:
    assert narrows(statement, own={"fresh"})


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE fresh (id TEXT PRIMARY KEY CHECK (id <> ''))",
        "ALTER TABLE jobs ADD COLUMN a TEXT",
        "ALTER TABLE jobs ADD COLUMN a BIGINT NOT NULL DEFAULT 0",
        "CREATE INDEX some ON jobs (handle) WHERE forgotten > 0",
        "CREATE UNIQUE INDEX one ON fresh (id)",
        "CREATE TRIGGER kept AFTER INSERT ON fresh BEGIN DELETE FROM fresh; END",
    ],
)
def test_what_only_adds_is_let_through(statement: str) -> None:
    assert not narrows(statement, own={"fresh"})


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    opened: Database
    if request.param == "sqlite":
        opened = await SQLite.open(tmp_path / "jobs.db", own=True)
    else:
        server: Server = request.getfixturevalue("postgresql")
        opened = await PostgreSQL.open(await asyncio.to_thread(server.empty_database))
    yield opened
    await opened.close()


async def test_what_the_release_before_knows_of_the_schema_is_there_and_asks_no_more(empty: Database) -> None:
    """As the database itself says it, so whatever the statements look like."""
    files = released()
    for name in sorted(name for name in files if name.count(".") == 1):
        await empty.write(lambda tx, name=name: _apply(tx, files, name))  # type: ignore[misc]
    known = await empty.read(described)
    assert len(known.columns) > 50
    assert len(known.rules) > 10
    assert await migrate(empty) == [path.name for path in later() if path.name.count(".") == 1]
    now = await empty.read(described)
    tables = {table for table, *_ in known.columns}
    assert known.columns <= now.columns
    assert {rule for rule in now.rules if rule[0] in tables} == known.rules
    added = {column for column in now.columns - known.columns if column[0] in tables}
    assert [column for column in added if column.is_needed] == []


def _apply(tx: Transaction, files: dict[str, bytes], name: str) -> None:
    own = files.get(name.replace(".sql", f".{tx.dialect.name}.sql"), b"")
    for statement in statements((files[name] + own).decode()):
        tx.run(statement)
    tx.run("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)")
    tx.run("INSERT INTO schema_version (version) VALUES (:number)", number=int(name[:4]))
