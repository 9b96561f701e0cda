"""`/healthz`: the process answers. `/readyz`: it can do its work, and if not, what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web

from storage.database import Database, StorageUnavailable

Check = Callable[[], bool]


def register(app: web.Application, *, database: Database, checks: Mapping[str, Check]) -> None:
    """Serve both; `checks` are named conditions that must hold besides the database's answer."""

    async def alive(_: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def ready(_: web.Request) -> web.Response:
        states = {name: check() for name, check in checks.items()}
        states["database"] = await _answers(database)
        good = all(states.values())
        return web.json_response({"ready": good, "checks": states}, status=200 if good else 503)

    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)


async def _answers(database: Database) -> bool:
    try:
        # A write, because a full or read-only disk still reads.
        await database.write(lambda tx: tx.run("UPDATE schema_version SET version = version"))
    except StorageUnavailable:
        return False
    return True
