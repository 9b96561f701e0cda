"""`/healthz`: the process answers. `/readyz`: it can do its work, and if not, what is missing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from aiohttp import web

from storage.database import Database, StorageUnavailable

Check = Callable[[], bool]


def register(app: web.Application, *, database: Database, checks: Mapping[str, Check]) -> None:
    """Serve both; `checks` are named conditions that must hold besides the database's answer."""

    async def alive(_: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    writable = _Writable(database)

    async def ready(_: web.Request) -> web.Response:
        states = {name: check() for name, check in checks.items()}
        states["database"] = await writable.look()
        good = all(states.values())
        return web.json_response({"ready": good, "checks": states}, status=200 if good else 503)

    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)


class _Writable:
    """Whether the database can be written; looked at once a second at most, whoever asks how often."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looked = float("-inf")
        self._answer = False

    async def look(self) -> bool:
        now = time.monotonic()
        if now - self._looked >= 1:
            self._looked = now
            self._answer = await self._ask()
        return self._answer

    async def _ask(self) -> bool:
        try:
            # A write, because a full or read-only disk still reads.
            await self._database.write(lambda tx: tx.run("UPDATE schema_version SET version = version"))
        except StorageUnavailable:
            return False
        return True
