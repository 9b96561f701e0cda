"""The providers' webhook on a real port: whatever is posted, it is answered as documented and can be read later."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.web.server import Listening, make_server
from handlers import webhooks
from storage.database import Database
from tests.bot.job_fixtures import new_database
from tests.fuzz.strategies import TEXT, VALUES, Beside, bodies, tries, written
from tests.transcription.partners import SAMPLES, Partner, Reply, sample
from transcription.errors import TranscriptionError
from transcription.gowajee.transcriber import Gowajee
from transcription.gowajee.wire import claimed
from transcription.transcriber import Handle, Inquiry, Pending
from transcription.transcript import Transcript

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOOK = "c0ffee00-1111-4222-8333-944445555666"
TOKEN = "invented-webhook-token"
LARGEST = 16 * 1024

NOTICES = sorted(path.stem for path in SAMPLES.glob("gowajee_webhook_*.json"))
BODIES = st.one_of(
    *[st.sampled_from(NOTICES).flatmap(lambda name: bodies(sample(name)))] * 4,
    st.binary(max_size=300),
    st.sampled_from((b" " * LARGEST, b" " * (LARGEST + 1))),
)


def gowajee(partner: Partner) -> Gowajee:
    return Gowajee(
        client=partner.client,
        base_url="https://api.example",
        api_key="key",
        model="pulse",
        webhook_ids=[HOOK],
        webhook_tokens=[TOKEN],
    )


class Route:
    """The route on a real port, and what it has kept."""

    def __init__(self, beside: Beside, stack: AsyncExitStack) -> None:
        self._beside = beside
        self._stack = stack
        # A connection for each: after a broken body the server closes the one it came by.
        self._client = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0))

    async def start(self, folder: Path) -> None:
        self._database: Database = await self._stack.enter_async_context(new_database(folder / "bot.db"))
        server = make_server()
        webhooks.register(
            server,
            providers={"gowajee": gowajee(Partner({}))},
            database=self._database,
            clock=lambda: NOON,
            largest=LARGEST,
        )
        listening = await Listening.start(server, host="127.0.0.1", port=0)
        self._stack.push_async_callback(listening.stop)
        self.address = f"http://127.0.0.1:{listening.port}/webhooks/"

    def post(self, body: bytes, *, provider: str = "gowajee", **more: Any) -> int:
        asked = {"params": {"token": TOKEN}} | more
        return self._client.post(self.address + provider, content=body, **asked).status_code

    def kept(self) -> list[tuple[str, bytes]]:
        """Handle and body of what was kept since it was last asked for."""

        async def take() -> list[tuple[str, bytes]]:
            rows = await self._database.read(lambda tx: tx.all("SELECT handle, body FROM inbox"))
            await self._database.write(lambda tx: tx.run("DELETE FROM inbox"))
            return [(str(row["handle"]), bytes(row["body"])) for row in rows]

        return self._beside.do(take())

    def close(self) -> None:
        self._client.close()
        self._beside.do(self._stack.aclose())


@pytest.fixture(scope="module")
def route(beside: Beside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Route]:
    made = Route(beside, AsyncExitStack())
    try:
        beside.do(made.start(tmp_path_factory.mktemp("webhooks")))
        yield made
    finally:
        made.close()


def assert_readable_later(handle: str, body: bytes) -> None:
    """What was kept is read again by a look, with and without the status' help, and by a search for its owner."""
    assert handle
    assert handle.isascii()
    assert handle.isprintable()
    claimed(body, webhook_ids=[HOOK], length=timedelta(seconds=8))
    for status in (Reply(status=404), Reply(body=sample("gowajee_status_waiting"))):
        partner = Partner({"GET /v1/speech-to-text/job/status": [status]})
        try:
            look = gowajee(partner).check(Handle(handle), Inquiry(age=timedelta(hours=1), notice=body))
            assert isinstance(asyncio.run(look), Transcript | Pending)
        except TranscriptionError:
            pass


@given(body=BODIES)
@tries(150)
def test_any_body_is_answered_and_what_is_kept_can_be_read_later(route: Route, body: bytes) -> None:
    status = route.post(body)
    kept = route.kept()
    # 401 for another registration than ours; 200 also for nonsense, which would only come again.
    assert status in ({413} if len(body) > LARGEST else {200, 401})
    assert len(kept) <= (status == 200)
    for handle, same in kept:
        assert same == body
        assert_readable_later(handle, same)


CODINGS = st.sampled_from(("gzip", "deflate", "br", "identity", "klingon", "gzip, gzip"))
SENDABLE = TEXT.filter(lambda text: text.isascii() and text.isprintable() and text == text.strip())
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Content-Encoding": CODINGS,
        "Content-Type": st.one_of(st.just("multipart/form-data"), SENDABLE),
        "Expect": st.one_of(st.just("100-continue"), SENDABLE),
        "Cookie": SENDABLE,
        "X-Token": SENDABLE,
    },
)
ENCODABLE = TEXT.map(lambda text: text.encode(errors="replace").decode())
QUERIES = st.one_of(
    st.just({"token": TOKEN}), st.dictionaries(st.sampled_from(("token", "Token", "webhook", "")), ENCODABLE)
)
PROVIDERS = st.sampled_from(("gowajee", "gowajee", "gowajee", "botlhale", "%00", "..%2f", "é"))


@given(headers=HEADERS, query=QUERIES, provider=PROVIDERS)
@example(headers={"Content-Encoding": "gzip"}, query={"token": TOKEN}, provider="gowajee")
@tries(100)
def test_any_address_and_any_headers_are_answered(
    route: Route, headers: dict[str, str], query: dict[str, str], provider: str
) -> None:
    status = route.post(sample("gowajee_webhook_success"), provider=provider, headers=headers, params=query)
    kept = route.kept()
    # 400 and 417 are HTTP's own: compressed otherwise than the headers say, an expectation that nobody knows.
    assert status in {200, 400, 401, 404, 417}
    assert not kept or (status, provider, query.get("token")) == (200, "gowajee", TOKEN)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress], ids=["gzip", "deflate"])
def test_a_body_that_unpacks_to_far_more_is_refused_at_the_limit(route: Route, pack: Any) -> None:
    coding = {"Content-Encoding": "gzip" if pack is gzip.compress else "deflate"}
    assert route.post(pack(bytes(50 * 2**20)), headers=coding) == 413
    assert route.kept() == []
    assert route.post(pack(sample("gowajee_webhook_success")), headers=coding) == 200
    assert [body for _, body in route.kept()] == [sample("gowajee_webhook_success")]


@given(job=VALUES)
@tries(50)
def test_a_job_of_any_name_is_kept_under_a_name_or_not_at_all(route: Route, job: object) -> None:
    notice = json.loads(sample("gowajee_webhook_success")) | {"jobId": job}
    assert route.post(written(notice).encode()) in {200, 413}
    for handle, body in route.kept():
        assert_readable_later(handle, body)
