"""A process of the previous release that runs commands on a database with its own code.

It is started in a folder with that code and imports nothing else. It looks up imports by name, because its functions
differ from the current ones. A command is a line of JSON, and so is the answer: the job's state, or the name of the
exception. Like a worker, it remembers the jobs that it has claimed.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

START = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
MINUTE = timedelta(minutes=1)


class Hand:
    """`known` are the jobs in hand as last written."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self._known: dict[str, Any] = {}

    async def do(self, name: str, *, now: int, job: str = "", **more: Any) -> Any:
        """Follow an order; the job as it stands afterwards."""
        work = getattr(self, f"_{name}")
        done = await self._database.write(lambda tx: work(tx, job, START + now * MILLISECOND, **more))
        found = await self._database.read(lambda tx: _of("jobs").get(tx, job or str(done)))
        return {"state": str(found.state), "attempts": found.attempts, "looks": found.looks} if found else None

    def _add(self, tx: Any, _: str, now: datetime, *, file: str) -> str:
        origin = _of("job").Origin(team="T1", channel="C1", file=file, occasion="1.0", user="U1", thread="1.0")
        return str(_of("jobs").add(tx, origin=origin, now=now).id)

    def _claim(self, tx: Any, job: str, now: datetime) -> str:
        found = _of("claiming").claim(tx, turns=_of("claiming").Turns(), now=now, until=now + MINUTE)
        assert found is not None
        assert job in {"", found.id}
        self._known[found.id] = found
        return str(found.id)

    def _save(self, tx: Any, job: str, now: datetime, **changes: Any) -> None:
        before = self._known[job]
        kinds = {"state": _of("job").JobState, "duration": lambda span: span * MILLISECOND}
        after = replace(before, **{name: kinds.get(name, lambda same: same)(to) for name, to in changes.items()})
        self._known[job] = _of("jobs").save(tx, before, after, now=now)

    def _release(self, tx: Any, job: str, now: datetime, *, attempts: int = 0, looks: int = 0) -> None:
        held = self._known[job]
        _of("claiming").release(tx, held, now=now, due=now, attempts=attempts, looks=held.looks + looks)

    def _retry(self, tx: Any, job: str, now: datetime) -> None:
        assert _of("again").retry(tx, _of("jobs").get(tx, job), now=now)

    def _forget(self, tx: Any, job: str, now: datetime) -> None:
        wish = _of("forgetting").Wish(by="Slack", why="the file was deleted", reason=_of("job").Reason.FILE_GONE)
        assert _of("forgetting").forget(tx, _of("jobs").get(tx, job), wish, now=now)


def _of(module: str) -> Any:
    return import_module(f"storage.{module}")


async def _open(address: str) -> Any:
    if address.startswith("postgresql"):
        return await _of("postgresql").PostgreSQL.open(address, size=2)
    return await _of("sqlite").SQLite.open(Path(address), own=False)


async def _serve(address: str) -> None:
    database = await _open(address)
    hand = Hand(database)
    while line := await asyncio.to_thread(sys.stdin.readline):
        try:
            answer = {"done": await hand.do(**json.loads(line))}
        except Exception as error:  # noqa: BLE001 - the test says what it expects
            answer = {"raised": type(error).__name__, "said": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    await database.close()


if __name__ == "__main__":
    assert Path(_of("job").__file__).is_relative_to(Path.cwd()), "the release before is not the one that runs"
    asyncio.run(_serve(sys.argv[1]))
