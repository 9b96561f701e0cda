"""Child processes that use a SQLite database: `python -m tests.storage.children WHAT FILE`.

Every function here is one such process. Most of them crash; `test_ending.py` checks the result.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sqlite3
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from storage.database import Database, StorageUnavailable, Transaction
from storage.migrations import migrate
from storage.sqlite import SQLite
from tests.bot.job_fixtures import new_database, open_file

_kept: list[object] = []
"""Whatever is in here lives until the process ends."""


def _write(tx: Transaction) -> None:
    tx.run("INSERT INTO schema_version (version) VALUES (1000)")
    tx.announce()


def _read(tx: Transaction) -> int:
    return len(tx.all("SELECT version FROM schema_version"))


# --- endings --------------------------------------------------------------------------------------------------------


def an_error_while_it_is_open(path: Path) -> None:
    async def main() -> None:
        async with new_database(path) as database:
            _kept.append(database)
            await database.write(_write)
            raise LookupError("on purpose")

    asyncio.run(main())


def an_interrupt_while_it_is_open(path: Path) -> None:
    async def main() -> None:
        async with new_database(path) as database:
            _kept.append(database)
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(60)

    asyncio.run(main())


def two_interrupts_while_a_unit_of_work_is_under_way(path: Path) -> None:
    async def main() -> None:
        async with new_database(path) as database:
            _kept.append(database)
            unit = asyncio.create_task(database.write(_slow))
            await asyncio.sleep(0.1)
            os.kill(os.getpid(), signal.SIGINT)
            asyncio.get_running_loop().call_later(0.1, os.kill, os.getpid(), signal.SIGINT)
            await unit

    asyncio.run(main())


def _slow(tx: Transaction) -> None:
    _write(tx)
    time.sleep(1)


def nobody_closes_it(path: Path) -> None:
    async def main() -> None:
        database = await SQLite.open(path, own=True)
        _kept.append(database)
        await migrate(database)
        await database.write(_write)

    asyncio.run(main())


def nobody_closes_it_after_an_error(path: Path) -> None:
    async def main() -> None:
        database = await SQLite.open(path, own=True)
        _kept.append(database)
        raise LookupError("on purpose")

    asyncio.run(main())


def _opened(path: Path) -> tuple[Database, asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    return loop.run_until_complete(SQLite.open(path, own=True)), loop


def the_event_loop_is_closed_first_and_the_database_dropped(path: Path) -> None:
    database, loop = _opened(path)
    loop.run_until_complete(migrate(database))
    loop.close()
    del database


def the_event_loop_is_closed_first_and_the_database_on_another_one(path: Path) -> None:
    database, loop = _opened(path)
    _kept.append(database)
    loop.run_until_complete(migrate(database))
    loop.close()
    asyncio.run(database.close())


def the_migration_fails(path: Path) -> None:
    async def main() -> None:
        async with new_database(path):
            pass

    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE jobs (in_the TEXT)")
    connection.close()
    asyncio.run(main())


# --- too few file descriptors ---------------------------------------------------------------------------------------


def every_number_of_file_descriptors_that_is_too_small(path: Path) -> None:
    """Prints how many connections were begun before each failure; after each of them all has to be as before."""
    begun = list[int]()

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "sqlite3.connect" and arguments[0] != ":memory:":
            begun[-1] += 1

    sys.addaudithook(heard)
    asyncio.run(_with_few_descriptors(path, begun))
    print(*begun)  # noqa: T201 - the answer


async def _with_few_descriptors(path: Path, begun: list[int]) -> None:
    begun.append(0)
    async with new_database(path):
        pass  # and everything is imported
    before, (limit, hard) = _descriptors(), resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = min(set(range(256)) - before)
    for more in range(100):
        begun.append(0)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + more, hard))
        try:
            database = await SQLite.open(path, own=True)
        except StorageUnavailable:
            for thread in set(threading.enumerate()) - {threading.main_thread()}:
                thread.join()  # which hangs where nobody let it end
        else:
            await database.close()
            return
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            assert _descriptors() == before


def _descriptors() -> set[int]:
    return {number for number in range(256) if _is_open(number)}


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


# --- statements -----------------------------------------------------------------------------------------------------


def a_real_use(path: Path) -> None:
    """Prints the thread of everything that is done with SQLite, and what it is."""
    connections: list[sqlite3.Connection] = []

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "sqlite3.connect":
            _note(f"connect {arguments[0]}")
        elif event == "sqlite3.connect/handle":
            connections.append(arguments[0])

    def trace(_: Transaction) -> None:
        for connection in connections:
            with suppress(sqlite3.ProgrammingError):  # it is closed, or another thread's
                connection.set_trace_callback(_note)

    async def main() -> None:
        async with open_file(path) as database:
            await database.write(trace)
            await database.read(trace)
            await migrate(database)
            await asyncio.gather(*(database.write(work) for work in (_write, _broken, _read)), return_exceptions=True)
            await database.read(_read)

    sys.addaudithook(heard)
    asyncio.run(main())


def _note(what: str) -> None:
    print(threading.current_thread().name, " ".join(what.split()), sep="\t")  # noqa: T201 - the answer


def _broken(tx: Transaction) -> None:
    _write(tx)
    raise LookupError("on purpose")


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]))
