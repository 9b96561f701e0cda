"""Migrate the schema: numbered files in `storage/schema`, each applied once in one transaction.

SQL for one database only is in a second file, such as `0009_passages.sqlite.sql`, and runs after the common file.
"""

from __future__ import annotations

import sqlite3
from importlib import resources

from storage.database import Database, StorageUnavailable, Transaction

_VERSIONS = "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)"


class TooNew(StorageUnavailable):
    """The schema needs a newer release of this program."""


async def migrate(database: Database) -> list[str]:
    """Apply the missing migrations and return their names. Several processes may call this at the same time.

    A newer schema is accepted: migrations only add, so the previous release keeps working. A migration that removes
    something writes the oldest compatible version into `schema_floor`. Raises `TooNew` if this program is older.
    """
    migrations = _migrations()
    await database.write(_begin)
    tried = [await _next(database, version, *migrations[version]) for version in sorted(migrations)]
    await database.read(lambda tx: _refuse_if_left_behind(tx, newest=max(migrations)))
    return [name for name in tried if name]


def _begin(tx: Transaction) -> None:
    tx.be_alone()
    tx.run(_VERSIONS)


async def _next(database: Database, version: int, name: str, sql: str) -> str | None:
    return name if await database.write(lambda tx: _apply(tx, version, name, sql)) else None


def _apply(tx: Transaction, version: int, name: str, sql: str) -> bool:
    tx.be_alone()
    if tx.one("SELECT version FROM schema_version WHERE version >= :version", version=version):
        return False
    for statement in statements(sql + _own(name, tx.dialect.name)):
        tx.run(statement)
    tx.run("INSERT INTO schema_version (version) VALUES (:version)", version=version)
    return True


def _refuse_if_left_behind(tx: Transaction, *, newest: int) -> None:
    floor = tx.one("SELECT max(oldest) AS oldest FROM schema_floor")
    if floor is not None and floor["oldest"] is not None and int(floor["oldest"]) > newest:
        raise TooNew(f"the database needs migration {floor['oldest']}, this program knows up to {newest}: update it")


def _own(name: str, dialect: str) -> str:
    file = resources.files("storage.schema") / name.replace(".sql", f".{dialect}.sql")
    return file.read_text() if file.is_file() else ""


def statements(sql: str) -> list[str]:
    """Return the statements of a file without comments."""
    found, begun = list[str](), ""
    for line in sql.splitlines():
        if not line.lstrip().startswith("--"):
            begun += f"{line}\n"
        if sqlite3.complete_statement(begun):  # this handles triggers, which contain statements
            found.append(begun.strip().removesuffix(";"))
            begun = ""
    return found


def _migrations() -> dict[int, tuple[str, str]]:
    files = [file for file in resources.files("storage.schema").iterdir() if file.name.count(".") == 1]
    numbered = [file for file in files if file.name.endswith(".sql")]
    return {int(file.name.split("_")[0]): (file.name, file.read_text()) for file in numbered}
