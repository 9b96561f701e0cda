"""What every database promises about units of work."""

import asyncio

import pytest

from storage.database import Database, StorageUnavailable, Taken, Transaction
from tests.journeys.bench import eventually


def _count(tx: Transaction) -> int:
    row = tx.one("SELECT count(*) AS n FROM schema_version WHERE version > 100")
    assert row is not None
    return int(row["n"])


def _insert(tx: Transaction, version: int) -> None:
    tx.run("INSERT INTO schema_version (version) VALUES (:version)", version=version)


async def test_what_is_written_is_read_on_the_other_connection(database: Database) -> None:
    await database.write(lambda tx: _insert(tx, 101))
    assert await database.read(_count) == 1


async def test_a_unit_of_work_that_raises_leaves_nothing_and_harms_nobody_beside_it(database: Database) -> None:
    def broken(tx: Transaction) -> None:
        _insert(tx, 200)
        raise LookupError("on purpose")

    outcomes = await asyncio.gather(
        database.write(lambda tx: _insert(tx, 101)),
        database.write(broken),
        database.write(lambda tx: _insert(tx, 102)),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), LookupError, type(None)]
    assert await database.read(_count) == 2


async def test_a_broken_statement_is_told_to_its_own_author_only(database: Database) -> None:
    outcomes = await asyncio.gather(
        database.write(lambda tx: tx.run("INSERT INTO nowhere VALUES (1)")),
        database.write(lambda tx: _insert(tx, 101)),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], StorageUnavailable)
    assert await database.read(_count) == 1


async def test_many_writers_share_transactions_and_none_is_lost(database: Database) -> None:
    await asyncio.gather(*(database.write(lambda tx, n=n: _insert(tx, 1000 + n)) for n in range(300)))  # type: ignore[misc]
    assert await database.read(_count) == 300


async def test_the_reader_cannot_write(database: Database) -> None:
    with pytest.raises(StorageUnavailable):
        await database.read(lambda tx: _insert(tx, 101))


async def test_a_row_that_is_there_already_is_told_to_whoever_came_second(database: Database) -> None:
    await database.write(lambda tx: _insert(tx, 101))
    with pytest.raises(Taken):
        await database.write(lambda tx: _insert(tx, 101))
    assert await database.read(_count) == 1


async def test_an_announcement_is_heard_once_its_unit_of_work_is_committed(database: Database) -> None:
    heard: list[int] = []
    database.on_due(lambda: heard.append(1))

    def announced(tx: Transaction) -> None:
        _insert(tx, 101)
        tx.announce()

    await database.write(announced)
    await eventually(lambda: heard)


async def test_an_announcement_of_a_unit_that_failed_is_not_heard(database: Database) -> None:
    heard: list[int] = []

    def failing(tx: Transaction) -> None:
        tx.announce()
        raise LookupError("on purpose")

    def announced(tx: Transaction) -> None:
        tx.announce()

    database.on_due(lambda: heard.append(1))
    await database.write(announced)
    await eventually(lambda: heard)  # from here on somebody listens
    await asyncio.sleep(0.05)
    before = len(heard)
    with pytest.raises(LookupError):
        await database.write(failing)
    await database.write(lambda tx: _insert(tx, 101))
    await asyncio.sleep(0.05)
    assert len(heard) == before


async def test_a_value_is_never_part_of_the_statement(database: Database) -> None:
    text = "'; DROP TABLE jobs; --"
    rows = await database.read(lambda tx: tx.all("SELECT :text AS text, '100 %' AS other", text=text))
    assert [(row["text"], row["other"]) for row in rows] == [(text, "100 %")]
