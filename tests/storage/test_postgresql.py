"""What is of PostgreSQL alone: its sessions, its migrations beside others, the order of its texts."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime

import pytest

from storage import claiming, job_lists, jobs
from storage.claiming import FairShare
from storage.database import Transaction, Work
from storage.job import Job, Origin
from storage.migrations import migrate
from tests.postgresql import Server
from tests.storage.machines import MINUTE, origin_of, sorted_as_people_do
from tests.storage.sessions import ask, opened


@pytest.fixture(scope="module")
def shared_url(postgresql: Server) -> str:
    return postgresql.new_database()


async def test_every_session_has_limits_and_keeps_what_it_acknowledged(postgresql: Server) -> None:
    url = await asyncio.to_thread(postgresql.empty_database)
    for setting in ("synchronous_commit = off", "client_encoding = LATIN1"):
        ask(url, f"ALTER DATABASE {url.rpartition('/')[2]} SET {setting}")
    names = (
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
        "synchronous_commit",
        "client_encoding",
    )
    async with opened(url) as database:
        rows = [await database.read(lambda tx, name=name: tx.one(f"SHOW {name}")) for name in names]  # type: ignore[misc]
        assert [row[name] for row, name in zip(rows, names, strict=True) if row] == ["30s", "10s", "1min", "on", "UTF8"]


async def test_a_migration_may_take_its_time_and_wait_for_another_but_not_for_a_table(shared_url: str) -> None:
    def alone(tx: Transaction) -> list[str]:
        tx.be_alone()
        rows = [tx.one(f"SHOW {name}") for name in ("statement_timeout", "lock_timeout")]
        return [str(value) for row in rows if row for value in dict(row).values()]

    async with opened(shared_url, size=1) as database:
        assert await database.write(alone) == ["0", "10s"]
        after = await database.write(lambda tx: tx.one("SHOW statement_timeout"))
        assert after is not None
        assert after["statement_timeout"] == "30s"


async def test_a_named_lock_is_held_until_its_transaction_ends_and_nobody_waits_for_it(shared_url: str) -> None:
    taken = asyncio.Event()
    let_go = threading.Event()
    loop = asyncio.get_running_loop()

    def hold(tx: Transaction) -> bool:
        held = tx.try_lock("one")
        loop.call_soon_threadsafe(taken.set)
        let_go.wait(30)
        return held

    async with opened(shared_url, size=1) as first, opened(shared_url, size=1) as second:
        holding = asyncio.create_task(first.write(hold))
        await taken.wait()
        assert not await second.write(lambda tx: tx.try_lock("one"))
        assert await second.write(lambda tx: tx.try_lock("other"))
        let_go.set()
        assert await holding
        assert await second.write(lambda tx: tx.try_lock("one"))


async def test_a_process_does_not_notice_that_another_one_migrates(postgresql: Server, noon: datetime) -> None:
    url = await asyncio.to_thread(postgresql.new_database)

    def add(file: str) -> Work[object]:
        def work(tx: Transaction) -> Job | None:
            tx.run("SELECT pg_sleep(0.02)")  # so that all connections are in use at once
            return jobs.add(tx, origin=origin_of(file), now=noon)

        return work

    async with opened(url) as database:
        # So often that the server keeps the statements, on every connection.
        for round_ in range(8):
            await asyncio.gather(*(database.write(add(f"F{round_}.{n}")) for n in range(8)))
        ask(url, "ALTER TABLE jobs ADD COLUMN added TEXT")
        for number in range(8):
            assert await database.write(add(f"G{number}"))
        found = await database.read(lambda tx: job_lists.newest(tx, limit=100))
        assert len(found) == 72


async def test_every_channel_has_its_turn_however_the_server_sorts(postgresql: Server, noon: datetime) -> None:
    names = ("a", "B", "_b", "-a", "Z", "b", "A")
    where = [
        Origin(team=team, channel=name, file=f"F{n}", occasion="1.0", user="U1")
        for team in names
        for name in names
        for n in range(2)
    ]

    def share(tx: Transaction) -> None:
        for origin in where:
            jobs.add(tx, origin=origin, now=noon)

    def take(tx: Transaction, turns: FairShare) -> tuple[str, str]:
        job = claiming.claim(tx, fair_share=turns, now=noon, until=noon + MINUTE)
        assert job is not None
        return job.origin.team, job.origin.channel

    async with opened(await asyncio.to_thread(sorted_as_people_do, postgresql)) as database:
        await migrate(database)
        await database.write(share)
        turns = FairShare()
        taken = [await database.write(lambda tx: take(tx, turns)) for _ in where]
    half = len(where) // 2
    assert len(set(taken[:7])) == len({team for team, _ in taken[:7]}) == 7
    assert len(set(taken[:half])) == len(set(taken[half:])) == half
