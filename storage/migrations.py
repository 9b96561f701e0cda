"""Moves the schema forward: numbered files in `storage/schema`, each applied once, each in one transaction."""

from __future__ import annotations

from importlib import resources

from storage.database import Database, StorageUnavailable, Transaction

_VERSIONS = "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY)"


async def migrate(database: Database) -> list[str]:
    """Apply what is missing and name it. Raises `StorageUnavailable` when the database is newer than this program."""
    applied: list[str] = []
    await database.write(lambda tx: tx.run(_VERSIONS))
    current = await database.read(_version)
    migrations = _migrations()
    newest = max(migrations)
    if current > newest:
        raise StorageUnavailable(f"the database is at version {current}, this program knows up to {newest}: update it")
    for version in sorted(migrations):
        if version > current:
            name, sql = migrations[version]
            await database.write(lambda tx, version=version, sql=sql: _apply(tx, version, sql))  # type: ignore[misc]
            applied.append(name)
    return applied


def _version(tx: Transaction) -> int:
    row = tx.one("SELECT max(version) AS version FROM schema_version")
    return 0 if row is None or row["version"] is None else int(row["version"])


def _apply(tx: Transaction, version: int, sql: str) -> None:
    if _version(tx) >= version:
        return  # another process was faster
    for statement in _statements(sql):
        tx.run(statement)
    tx.run("INSERT INTO schema_version (version) VALUES (:version)", version=version)


def _statements(sql: str) -> list[str]:
    lines = [line for line in sql.splitlines() if not line.lstrip().startswith("--")]
    return [statement for part in "\n".join(lines).split(";") if (statement := part.strip())]


def _migrations() -> dict[int, tuple[str, str]]:
    files = [file for file in resources.files("storage.schema").iterdir() if file.name.endswith(".sql")]
    return {int(file.name.split("_")[0]): (file.name, file.read_text()) for file in files}
