"""Moves the schema forward: numbered files in `storage/schema`, each applied once, each in one transaction.

What only one database knows stands in a file beside it, as in `0009_passages.sqlite.sql`, and comes after it.
"""

from __future__ import annotations

import sqlite3
from importlib import resources

from storage.database import Database, StorageUnavailable, Transaction

_VERSIONS = "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)"


class TooNew(StorageUnavailable):
    """The schema has left this program behind."""


async def migrate(database: Database) -> list[str]:
    """Apply what is missing and name it; several processes may do so at once.

    A schema that is newer than this program is left as it is: a migration only adds, so that the release before it
    goes on working, and one that takes away says in `schema_floor` whom it leaves behind: those get `TooNew`.
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
    """The statements of a file, one by one, without comments."""
    found, begun = list[str](), ""
    for line in sql.splitlines():
        if not line.lstrip().startswith("--"):
            begun += f"{line}\n"
        if sqlite3.complete_statement(begun):  # it knows that a trigger has statements inside
            found.append(begun.strip().removesuffix(";"))
            begun = ""
    return found


def _migrations() -> dict[int, tuple[str, str]]:
    files = [file for file in resources.files("storage.schema").iterdir() if file.name.count(".") == 1]
    numbered = [file for file in files if file.name.endswith(".sql")]
    return {int(file.name.split("_")[0]): (file.name, file.read_text()) for file in numbered}
