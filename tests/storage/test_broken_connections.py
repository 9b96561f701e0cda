"""Connections break and servers go away, and every time it works again by itself."""

from __future__ import annotations

import asyncio
import shutil
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from storage.database import StorageUnavailable, Transaction, Work
from storage.postgresql import PostgreSQL
from tests.journeys.bench import eventually
from tests.postgresql import Server, new_folder, programs
from tests.storage.sessions import OTHERS, ask, at_once, kill_all, note, notes, opened

PASSWORD = "correct-horse"


@pytest.fixture(scope="module")
def server(postgresql: Server) -> Iterator[Server]:
    """One of this file's own, to be stopped and spoilt. The shared one knows whether there can be one."""
    found = programs()
    assert found is not None
    assert postgresql.pid
    folder = new_folder()
    server = Server(folder, bin_folder=found)
    server.prepare()
    server.start()
    _ask_for_a_password(server)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _ask_for_a_password(server: Server) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}' CONNECTION LIMIT 2")
        row = admin.execute("SHOW hba_file").fetchone()
        assert row is not None
        Path(row[0]).write_text("host all guest 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n")
        admin.execute("SELECT pg_reload_conf()")


@pytest.fixture(scope="module")
def shared_url(postgresql: Server) -> str:
    return postgresql.new_database()


@pytest.fixture(scope="module")
def own_url(server: Server) -> str:
    return server.new_database()


async def test_connections_that_died_unused_are_replaced_without_a_word(shared_url: str) -> None:
    async with opened(shared_url) as database:
        await at_once(database, 8)
        before = await database.read(notes)
        assert await asyncio.to_thread(kill_all, shared_url) > 1
        await asyncio.gather(*(database.write(note) for _ in range(8)))
        assert await database.read(notes) == before + 8


async def test_of_a_unit_whose_connection_is_killed_nothing_is_left_and_the_next_one_works(shared_url: str) -> None:
    def cut(tx: Transaction) -> None:
        note(tx)
        tx.run("SELECT pg_terminate_backend(pg_backend_pid())")

    async with opened(shared_url) as database:
        before = await database.read(notes)
        with pytest.raises(StorageUnavailable):
            await database.write(cut)
        assert await database.read(notes) == before
        assert await database.write(note) == 1


async def test_a_connection_that_is_cut_in_the_very_commit_is_told_and_the_next_unit_works(postgresql: Server) -> None:
    url = await asyncio.to_thread(postgresql.new_database)
    ask(
        url,
        "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'",
    )
    ask(
        url,
        "CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON inbox DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION cut()",
    )
    async with opened(url) as database:
        with pytest.raises(StorageUnavailable):
            await database.write(note)
        assert await database.read(notes) == 0
        ask(url, "DROP TRIGGER cut ON inbox")
        assert await database.write(note) == 1


async def test_a_unit_that_the_server_breaks_off_is_told_and_not_begun_again(shared_url: str) -> None:
    begun: list[int] = []

    def long(tx: Transaction) -> None:
        begun.append(1)
        tx.run("SELECT pg_sleep(30)")

    async with opened(shared_url) as database:
        unit = asyncio.create_task(database.write(long))
        asleep = f"SELECT pg_cancel_backend(pid) {OTHERS} AND query LIKE '%pg_sleep(30)'"
        async with asyncio.timeout(20):
            while not await asyncio.to_thread(ask, shared_url, asleep):  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.01)
        with pytest.raises(StorageUnavailable, match="cancel"):
            await unit
        assert len(begun) == 1
        assert await database.write(note) == 1


async def test_a_database_that_was_read_only_for_a_while_is_written_again(postgresql: Server) -> None:
    url = await asyncio.to_thread(postgresql.new_database)
    name = url.rpartition("/")[2]
    ask(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    async with opened(url, size=2) as database:
        for _ in range(2):
            with pytest.raises(StorageUnavailable, match="read-only"):
                await database.write(note)
        assert await database.read(notes) == 0
        ask(url.replace(name, "postgres"), f"ALTER DATABASE {name} RESET default_transaction_read_only")
        async with asyncio.timeout(20):
            while await outcome(database.write, note) != 1:
                pass


async def outcome(do: Callable[[Work[int]], object], work: Work[int]) -> object:
    try:
        return await do(work)  # type: ignore[misc]
    except StorageUnavailable as unavailable:
        return unavailable


async def test_whoever_stops_waiting_for_units_takes_no_connection_along(shared_url: str) -> None:
    async with opened(shared_url, size=4) as database:
        units = [asyncio.create_task(database.write(lambda tx: tx.run("SELECT pg_sleep(0.02)"))) for _ in range(30)]
        await asyncio.sleep(0.03)
        for unit in units:
            unit.cancel()
        await asyncio.gather(*units, return_exceptions=True)
        await at_once(database, 4)
        await eventually(lambda: ask(shared_url, f"SELECT state {OTHERS}") == [("idle",)] * 4)


async def test_closing_waits_for_what_was_begun_and_leaves_no_connection(postgresql: Server) -> None:
    url = await asyncio.to_thread(postgresql.new_database)
    database = await PostgreSQL.open(url, size=2)
    database.on_due(lambda: None)
    units = [asyncio.create_task(database.write(note)) for _ in range(10)]
    await asyncio.sleep(0)
    await database.close()
    assert await asyncio.gather(*units) == [1] * 10
    await eventually(lambda: ask(url, f"SELECT count(*) {OTHERS}") == [(0,)])
    with pytest.raises(StorageUnavailable):
        await database.write(note)


async def test_whoever_listens_hears_again_after_the_connection_for_it_broke(shared_url: str) -> None:
    heard: list[int] = []
    async with opened(shared_url) as database:
        database.on_due(lambda: heard.append(1))
        await eventually(lambda: heard)
        heard.clear()
        assert await asyncio.to_thread(kill_all, shared_url, only="query LIKE 'LISTEN%'") == 1
        await eventually(lambda: heard)  # for what it may have missed
        heard.clear()
        await database.write(lambda tx: tx.announce())
        await eventually(lambda: heard)


async def test_while_the_server_is_away_units_are_refused_and_afterwards_all_is_as_before(
    server: Server, own_url: str
) -> None:
    heard: list[int] = []
    async with opened(own_url) as database:
        database.on_due(lambda: heard.append(1))
        await at_once(database, 8)
        before = await database.read(notes)
        await asyncio.to_thread(server.stop)
        for _ in range(12):  # so long that whoever waits longer each time would now wait very long
            with pytest.raises(StorageUnavailable):
                await database.write(note)
        await asyncio.to_thread(server.start)
        heard.clear()
        assert await database.write(note) == 1
        assert await database.read(notes) == before + 1
        await database.write(lambda tx: tx.announce())
        await eventually(lambda: heard)


async def test_a_server_with_fewer_connections_than_wanted_is_used_with_those(own_url: str) -> None:
    ask(own_url, "GRANT ALL ON inbox TO guest")
    url = own_url.replace("bot@", f"guest:{PASSWORD}@")
    async with opened(url, size=6, patience=20) as database:
        assert await asyncio.gather(*(database.write(note) for _ in range(30))) == [1] * 30


def wrong(url: str) -> list[str]:
    """Addresses that lead nowhere, each with the word "secret" in the place of its password."""
    there = url.partition("@")[2]
    host = there.partition("/")[0]
    return [
        f"postgresql://guest:secret@{there}",
        f"postgresql://bot:secret@{host}/nowhere",
        "postgresql://bot:secret@127.0.0.1:1/x",
        "postgresql://bot:secret@127.0.0.1:port/x",
        f"postgresql://bot:secret@{there}?sslmode=never",
        *(f"postgresql://bot:{odd}@{there}" for odd in ("a/secret", "a@secret", "a secret", "a%secret", "1/secret")),
        f"postgresql://bot:secret@[::1/{there}",
        f"postgresql://bot@{there}?pasword=secret",
        f"postgresql://bot@{there}?password=secret%",
    ]


async def test_an_address_that_leads_nowhere_is_told_without_its_password(own_url: str) -> None:
    for address in wrong(own_url):
        with pytest.raises(StorageUnavailable) as told:
            await PostgreSQL.open(address, patience=0.05)
        assert "secret" not in "".join(traceback.format_exception(told.value)).replace(address, ""), address
