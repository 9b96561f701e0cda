"""The time from a webhook on one machine to the claim by a worker on another, next to the database's own latency.

A `threadscribe run --only web` receives Gowajee's webhook, a `threadscribe run --only worker` claims the job, and a
trigger in the measured database records the time. For comparison, the same run measures round trips with LISTEN and
NOTIFY between two connections to the same server. All clocks are this machine's.

    python -m benchmarks.wake [--rounds 50] [--database postgresql://…]

Without the URL of an empty database it starts a PostgreSQL server, if one is installed. Like the tests, that server
runs without fsync, which saves some milliseconds per commit.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from http import HTTPStatus
from pathlib import Path

import click
import psycopg

from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.slack import Slack
from storage.job import Job, JobState
from tests.journeys.bench import WEBHOOK_TOKEN, gowajee_settings, recording, tone
from tests.journeys.machines import Ledger, Machine, at_work, slack_settings
from tests.postgresql import Server, new_folder, programs

WITHIN = 100.0
"""The promised maximum in milliseconds."""

WARM_UP = 3
"""Rounds that are not counted, because connections are opened in them."""

NOTE_CLAIMS = """
CREATE TABLE claims (job TEXT NOT NULL, at DOUBLE PRECISION NOT NULL);
CREATE FUNCTION note_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO claims VALUES (NEW.id, extract(epoch FROM clock_timestamp())); RETURN NULL; END $$;
CREATE TRIGGER note_claim AFTER UPDATE OF lease ON jobs FOR EACH ROW
    WHEN (OLD.lease IS NULL AND NEW.lease IS NOT NULL AND NEW.state = 'submitted') EXECUTE FUNCTION note_claim();
"""


class Wake:
    """Slack, a Gowajee whose webhooks are sent by hand, one web process and one worker process."""

    def __init__(self, url: str, *, slack: Slack, gowajee: Gowajee, ledger: Ledger) -> None:
        self._url = url
        self._slack = slack
        self._gowajee = gowajee
        self._ledger = ledger

    @classmethod
    @asynccontextmanager
    async def up(cls, url: str, folder: Path) -> AsyncIterator[Wake]:
        """Start everything."""
        port = free_port()
        async with AsyncExitStack() as stack:
            slack = await stack.enter_async_context(Slack())
            webhook = f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}"
            gowajee = await stack.enter_async_context(Gowajee(webhook_url=webhook, webhook_mode="never"))
            slack.events_url = f"http://127.0.0.1:{port}/slack/events"
            settings = slack_settings(slack, mode="http") | gowajee_settings(gowajee)
            # Polls are so rare that only the webhook can have woken the worker.
            settings |= {"database_url": url, "soonest_look": 600}
            web = Machine(folder / "web", only="web", port=port, **settings)
            worker = Machine(folder / "worker", only="worker", **settings)
            await stack.enter_async_context(at_work(web, worker))
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
                await connection.execute(NOTE_CLAIMS.encode())
            ledger = await stack.enter_async_context(Ledger.open(url))
            yield cls(url, slack=slack, gowajee=gowajee, ledger=ledger)

    async def round(self, number: int) -> tuple[float, float]:
        """Return the milliseconds from the start of the webhook to the claim, and from its 200 to the claim."""
        job = await self._sent(number)
        self._gowajee.release(job.handle)
        await asyncio.sleep(0.2)  # until the worker sleeps
        called = time.time()
        status = await self._gowajee.call_back(job.handle or "")
        told = time.time()
        if status != HTTPStatus.OK:
            raise click.ClickException(f"the webhook was answered {status}")
        claimed = await self._claimed(job)
        return (claimed - called) * 1000, (claimed - told) * 1000

    async def _sent(self, number: int) -> Job:
        self._gowajee.hold = True
        wav = recording(content=tone(seconds=1, hertz=300 + number), name="t.wav", mimetype="audio/wav", filetype="wav")
        share = await self._slack.share(self._slack.channel(f"channel-{number}"), [wav])
        return await self._ledger.waits(share, JobState.SUBMITTED)

    async def _claimed(self, job: Job) -> float:
        async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
            while True:
                cursor = await connection.execute("SELECT min(at) FROM claims WHERE job = %s", [job.id])
                row = await cursor.fetchone()
                if row is not None and row[0] is not None:
                    return float(row[0])
                await asyncio.sleep(0.02)


async def bare_round_trip(near: psycopg.AsyncConnection, far: psycopg.AsyncConnection) -> float:
    """Return the milliseconds from a NOTIFY on one connection to the answering NOTIFY on it."""

    async def answer() -> None:
        await anext(far.notifies())
        await far.execute("NOTIFY pong")

    answering = asyncio.create_task(answer())
    await asyncio.sleep(0.02)  # until it listens
    began = time.perf_counter()
    await near.execute("NOTIFY ping")
    await anext(near.notifies())
    took = (time.perf_counter() - began) * 1000
    await answering
    return took


async def bare(url: str, *, rounds: int) -> list[float]:
    """Return the times of `rounds` plain round trips."""
    async with (
        await psycopg.AsyncConnection.connect(url, autocommit=True) as near,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as far,
    ):
        await near.execute("LISTEN pong")
        await far.execute("LISTEN ping")
        return [await bare_round_trip(near, far) for _ in range(rounds)]


async def measure(url: str, *, rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        async with Wake.up(url, Path(folder)) as wake:
            found = [await wake.round(number) for number in range(WARM_UP + rounds)][WARM_UP:]
            trips = (await bare(url, rounds=WARM_UP + rounds))[WARM_UP:]
    from_call, from_200 = [call for call, _ in found], [told for _, told in found]
    print(f"{rounds} rounds, milliseconds; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print(f"{'':44}{'median':>9}{'95 %':>9}{'most':>9}")
    _print("webhook called → claimed by the worker", from_call)
    _print("webhook answered 200 → claimed by the worker", from_200)
    _print("bare NOTIFY there and back", trips)
    for what, values in (("called", from_call), ("200", from_200)):
        ratio = statistics.median(values) / statistics.median(trips)
        print(f"{what} → claimed is {ratio:.1f} bare round trips (medians)")
    late = sum(told > WITHIN for told in from_200)
    print(f"later than {WITHIN:.0f} ms after the 200: {late} of {rounds}")


def _print(what: str, values: Sequence[float]) -> None:
    high = statistics.quantiles(values, n=20)[-1]
    print(f"{what:44}{statistics.median(values):9.1f}{high:9.1f}{max(values):9.1f}")


@contextmanager
def own_server() -> Iterator[str]:
    """Yield the URL of a new database on a temporary server."""
    found = programs()
    if found is None:
        raise click.ClickException("this machine has no PostgreSQL server; give --database")
    folder = new_folder()
    server = Server(folder, bin_folder=found)
    server.prepare()
    server.start()
    try:
        yield server.new_database()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@click.command()
@click.option("--rounds", default=50, show_default=True)
@click.option("--database", help="An empty database to measure with; without it a server is started.")
def main(rounds: int, database: str | None) -> None:
    """Measure how soon a webhook wakes a worker on another machine."""
    if database:
        asyncio.run(measure(database, rounds=rounds))
        return
    with own_server() as url:
        asyncio.run(measure(url, rounds=rounds))


if __name__ == "__main__":
    main()
