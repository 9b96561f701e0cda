"""A provider's webhook: who is let in, what is kept, and when the provider is asked to come again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import aiohttp
import httpx
import pytest

from bot.web.server import Listening, make_server
from handlers import webhooks
from storage import inbox
from storage.database import Database, StorageUnavailable, Work
from storage.job import JobState
from tests.bot.job_fixtures import a_job, new_database
from transcription.gowajee.transcriber import Gowajee
from transcription.transcriber import Handle

T = TypeVar("T")

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
OLD, NEW = "token-before", "token-after"
HOOK = "invented-registration"


class FullDisk:
    """A database that can do nothing now."""

    async def write(self, work: Work[T]) -> T:
        del work
        raise StorageUnavailable("database or disk is full")

    async def read(self, work: Work[T]) -> T:
        return await self.write(work)

    is_shared = False

    async def search(self, work: Work[T]) -> T:
        return await self.read(work)

    def on_due(self, call: Callable[[], None]) -> None:
        """Nothing becomes due."""

    async def time(self) -> datetime | None:
        return None

    async def scrub(self) -> bool:
        return True

    async def close(self) -> None:
        """Nothing is held."""


class Door:
    """The route on a real port, and how often the worker was woken."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1

    def address(self, *, provider: str = "gowajee", query: str = f"?token={NEW}") -> str:
        return f"http://127.0.0.1:{self.port}/webhooks/{provider}{query}"


@asynccontextmanager
async def door(database: Database, *, largest: int = webhooks.LARGEST_BODY) -> AsyncIterator[Door]:
    server = make_server()
    made = Door(0)
    async with httpx.AsyncClient(trust_env=False) as client:
        gowajee = Gowajee(
            client=client,
            base_url="http://127.0.0.1",
            api_key="key",
            model="pulse",
            webhook_ids=[HOOK],
            webhook_tokens=[OLD, NEW],
        )
        webhooks.register(
            server, providers={"gowajee": gowajee}, database=database, clock=lambda: NOON, largest=largest
        )
        listening = await Listening.start(server, host="127.0.0.1", port=0)
        made.port = listening.port
        database.on_due(made.wake)
        try:
            yield made
        finally:
            await listening.stop()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with new_database(tmp_path / "bot.db") as opened:
        yield opened


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


def sample(name: str) -> bytes:
    path = Path(__file__).parents[1] / "transcription" / "samples" / f"gowajee_webhook_{name}.json"
    return path.read_bytes()


def notice(name: str = "success", **changed: object) -> bytes:
    return json.dumps(json.loads(sample(name)) | {"webhookId": HOOK} | changed).encode()


def handle_of(body: bytes) -> Handle:
    return Handle(json.loads(body)["jobId"])


async def kept(database: Database) -> list[bytes]:
    return await database.read(lambda tx: inbox.orphans(tx, provider="gowajee", since=NOON - timedelta(days=1)))


async def post(session: aiohttp.ClientSession, address: str, body: bytes) -> int:
    async with session.post(address, data=body) as response:
        return response.status


async def test_a_webhook_is_answered_as_the_vendors_page_does(
    database: Database, session: aiohttp.ClientSession
) -> None:
    async with door(database) as here:
        for body in (notice(), b"not json"):
            async with session.post(here.address(), data=body) as response:
                assert (response.status, await response.json()) == (200, True)


@pytest.mark.parametrize("token", [OLD, NEW])
async def test_a_webhook_is_kept_as_it_came_and_the_worker_woken(
    database: Database, session: aiohttp.ClientSession, token: str
) -> None:
    body = notice()
    async with door(database) as here:
        assert await post(session, here.address(query=f"?token={token}"), body) == 200
        assert here.woken == 1
    assert await kept(database) == [body]


async def test_the_same_webhook_again_is_answered_and_kept_once(
    database: Database, session: aiohttp.ClientSession
) -> None:
    body = notice()
    async with door(database) as here:
        assert [await post(session, here.address(), body) for _ in range(3)] == [200, 200, 200]
    assert await kept(database) == [body]


async def test_another_body_about_the_same_job_is_kept_beside_it(
    database: Database, session: aiohttp.ClientSession
) -> None:
    first, second = notice(), notice() + b" "
    async with door(database) as here:
        for body in (first, second):
            assert await post(session, here.address(), body) == 200
    assert sorted(await kept(database)) == sorted([first, second])


@pytest.mark.parametrize(
    "query",
    ["", "?token=", "?token=wrong", f"?token={NEW}x", f"?token={NEW.upper()}", f"?Token={NEW}", "?token=%FF%00"],
)
async def test_without_the_right_token_nobody_is_let_in_and_nothing_kept(
    database: Database, session: aiohttp.ClientSession, query: str
) -> None:
    async with door(database) as here:
        assert await post(session, here.address(query=query), notice()) == 401
        assert here.woken == 0
    assert await kept(database) == []


async def test_without_the_right_token_not_even_the_body_is_waited_for(database: Database) -> None:
    async with door(database) as here:
        reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
        head = "POST /webhooks/gowajee?token=wrong HTTP/1.1\r\nHost: bot\r\nContent-Length: 20000000\r\n\r\n"
        writer.write(head.encode())
        async with asyncio.timeout(10):
            assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")
        writer.close()
        await writer.wait_closed()


async def test_a_webhook_about_another_registration_is_refused(
    database: Database, session: aiohttp.ClientSession
) -> None:
    async with door(database) as here:
        assert await post(session, here.address(), notice(webhookId="somebody-elses")) == 401
    assert await kept(database) == []


@pytest.mark.parametrize("provider", ["botlhale", "embedded", "nobody", "..", "%2e%2e", "gowajee%2f"])
async def test_a_provider_that_does_not_call_is_not_there(
    database: Database, session: aiohttp.ClientSession, provider: str
) -> None:
    async with door(database) as here:
        assert await post(session, here.address(provider=provider), notice()) == 404


@pytest.mark.parametrize(
    "body", [b"", b"{half", b"[]", b"null", b"\xff\xfe", json.dumps({"webhookId": HOOK}).encode()], ids=repr
)
async def test_what_cannot_be_read_is_acknowledged_because_it_would_come_again(
    database: Database, session: aiohttp.ClientSession, body: bytes
) -> None:
    async with door(database) as here:
        assert await post(session, here.address(), body) == 200
        assert here.woken == 0
    assert await kept(database) == []


async def test_a_body_that_is_too_large_is_refused_and_not_kept(
    database: Database, session: aiohttp.ClientSession
) -> None:
    async with door(database, largest=2000) as here:
        assert await post(session, here.address(), notice(padding="x" * 2000)) == 413
        assert here.woken == 0
    assert await kept(database) == []


async def test_when_it_cannot_be_kept_the_provider_is_asked_to_come_again(session: aiohttp.ClientSession) -> None:
    async with door(FullDisk()) as here, session.post(here.address(), data=notice()) as response:
        assert response.status == 503
        assert response.headers["Retry-After"].isdigit()
        assert here.woken == 0


async def test_the_job_it_is_about_becomes_due_at_once(database: Database, session: aiohttp.ClientSession) -> None:
    job = await a_job(database, JobState.SUBMITTED)
    body = notice()
    await database.write(
        lambda tx: tx.run(
            "UPDATE jobs SET provider = 'gowajee', handle = :handle WHERE id = :id", handle=handle_of(body), id=job.id
        )
    )
    async with door(database) as here:
        assert await post(session, here.address(), body) == 200
    due = await database.read(lambda tx: tx.one("SELECT due_at FROM jobs WHERE id = :id", id=job.id))
    assert due is not None
    assert due["due_at"] == int(NOON.timestamp() * 1000)


async def test_a_failure_notice_is_kept_like_any_other(database: Database, session: aiohttp.ClientSession) -> None:
    body = notice("failure")
    async with door(database) as here:
        assert await post(session, here.address(), body) == 200
    assert await kept(database) == [body]
