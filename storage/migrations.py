"""Moves the schema forward: numbered files in `storage/schema`, each applied once, each in one transaction."""

from __future__ import annotations

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
    return name if await database.write(lambda tx: _apply(tx, version, sql)) else None


def _apply(tx: Transaction, version: int, sql: str) -> bool:
    tx.be_alone()
    if tx.one("SELECT version FROM schema_version WHERE version >= :version", version=version):
        return False
    for statement in _statements(sql):
        tx.run(statement)
    tx.run("INSERT INTO schema_version (version) VALUES (:version)", version=version)
    return True


def _refuse_if_left_behind(tx: Transaction, *, newest: int) -> None:
    floor = tx.one("SELECT max(oldest) AS oldest FROM schema_floor")
    if floor is not None and floor["oldest"] is not None and int(floor["oldest"]) > newest:
        raise TooNew(f"the database needs migration {floor['oldest']}, this program knows up to {newest}: update it")


def _statements(sql: str) -> list[str]:
    lines = [line for line in sql.splitlines() if not line.lstrip().startswith("--")]
    return [statement for part in "\n".join(lines).split(";") if (statement := part.strip())]


def _migrations() -> dict[int, tuple[str, str]]:
    files = [file for file in resources.files("storage.schema").iterdir() if file.name.endswith(".sql")]
    return {int(file.name.split("_")[0]): (file.name, file.read_text()) for file in files}
