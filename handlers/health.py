"""Health checks: `/healthz` (the process is alive) and `/readyz` (it can work; lists each check)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from aiohttp import web

from storage.database import Database, StorageUnavailable

Check = Callable[[], bool]


def register(app: web.Application, *, database: Database, checks: Mapping[str, Check]) -> None:
    """Serve `/healthz` and `/readyz`. `checks` are named conditions in addition to a writable database."""

    async def alive(_: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    writable = _Writable(database)

    async def ready(_: web.Request) -> web.Response:
        states = {name: check() for name, check in checks.items()}
        states["database"] = await writable.check()
        good = all(states.values())
        return web.json_response({"ready": good, "checks": states}, status=200 if good else 503)

    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)


class _Writable:
    """Check whether the database can be written, at most once a second however many requests come."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._checked_at = float("-inf")
        self._answer = False

    async def check(self) -> bool:
        now = time.monotonic()
        if now - self._checked_at >= 1:
            self._checked_at = now
            self._answer = await self._write()
        return self._answer

    async def _write(self) -> bool:
        try:
            # A write, because reads still work on a full or read-only disk.
            await self._database.write(lambda tx: tx.run("UPDATE schema_version SET version = version"))
        except StorageUnavailable:
            return False
        return True
